//! JSON: an array of addresses, or objects of which fields are named like addresses; several documents in a row too.
use super::blocks::is_prompt;
use super::columns::role;
use super::sheet::{Records, take};
use super::taken::Taken;
use super::words::{self, Kind};
use serde_json::Value;

/// Whether it is that.
pub fn tells(text: &str) -> bool {
    text.trim_start().starts_with(['[', '{']) && !text.trim_start().lines().next().is_some_and(is_prompt)
}

/// Reads it.
pub fn read(text: &str, taken: &mut Taken) -> Result<String, String> {
    let mut reading = Reading { records: Records::default(), texts: Vec::new() };
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.map_err(|error| format!(":{}:{}: not JSON: {error}", error.line(), error.column()))?;
        reading.value(&value)?;
    }
    for text in &reading.texts {
        words::each(text, &mut |word| {
            taken.row();
            taken.word(0, word, Kind::Untold);
        });
    }
    let sheet = reading.records.sheet();
    match take(&sheet, taken) {
        Err(why) if taken.is_empty() && !sheet.rows.is_empty() => return Err(why),
        // Records without an address beside texts that are some.
        Err(_) => taken.aside("objects without an address", sheet.rows.len()),
        Ok(()) => {}
    }
    if taken.is_empty() && reading.texts.is_empty() {
        let wanted = "wanted is an array of addresses, or of objects with a field 'mail' or 'email'";
        return Err(format!(": it holds no address: {wanted}"));
    }
    Ok("JSON".into())
}

struct Reading {
    records: Records<'static>,
    /// Texts that stand in no object that is a person's.
    texts: Vec<String>,
}

impl Reading {
    fn value(&mut self, value: &Value) -> Result<(), String> {
        match value {
            Value::String(text) => self.texts.push(text.clone()),
            Value::Array(all) => all.iter().try_for_each(|each| self.value(each))?,
            Value::Object(fields) if fields.keys().any(|name| words::has_address(name)) => {
                for (name, value) in fields {
                    self.records.begin(0);
                    self.records.field("email", name.clone())?;
                    // What stands beside an address is an alias, or where its mail goes: no name tells.
                    match value {
                        Value::Object(inside) => inside.iter().try_for_each(|(name, value)| self.field(name, value))?,
                        other => self.field("goto", other)?,
                    }
                }
            }
            Value::Object(fields)
                if fields.iter().any(|(name, value)| role(name).is_telling() && holds_text(value)) =>
            {
                self.records.begin(0);
                fields.iter().try_for_each(|(name, value)| self.field(name, value))?;
            }
            Value::Object(fields) => {
                let inside = fields.values().filter(|value| value.is_array() || value.is_object());
                inside.into_iter().try_for_each(|each| self.value(each))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// What a person's field holds, what is inside of it by its path.
    fn field(&mut self, path: &str, value: &Value) -> Result<(), String> {
        match value {
            Value::String(text) => self.records.field(path, text.clone()),
            Value::Number(number) => self.records.field(path, number.to_string()),
            Value::Bool(truth) => self.records.field(path, truth.to_string()),
            Value::Array(all) => all.iter().try_for_each(|each| self.field(path, each)),
            Value::Object(fields) => {
                fields.iter().try_for_each(|(name, value)| self.field(&format!("{path}.{name}"), value))
            }
            Value::Null => Ok(()),
        }
    }
}

fn holds_text(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(all) => all.iter().any(Value::is_string),
        _ => false,
    }
}
