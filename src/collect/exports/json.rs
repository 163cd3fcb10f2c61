//! Reads what ConvertTo-Json writes, object by object: one or an array, several documents in a row, or our own wrapper.
//!
//! The wrapper is `{"cmdlet": "Get-SendConnector", "resultSize": "Unlimited", "objects": […]}`, in this order: it names
//! the cmdlet where there is no object to tell it from.
use super::Take;
use super::text::{Fault, Meter, Text};
use super::value::{Object, Value};
use nsdiag_checks::evidence::How;
use serde::de::{DeserializeSeed, Deserializer as _, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::io::Read;

/// Hands every object of `text` to `take`.
pub fn read<R: Read>(text: &mut Text<R>, take: &mut dyn Take) -> Result<(), Fault> {
    let meter = text.meter();
    while text.next_visible()?.is_some() {
        let (line, column) = meter.place();
        let mut parser = serde_json::Deserializer::from_reader(&mut *text);
        let done = parser.deserialize_any(Top { meter: &meter, take, inside: false });
        if let Err(error) = done {
            return Err(meter.taken().unwrap_or_else(|| told(&meter, &error, line, column)));
        }
    }
    Ok(())
}

fn told(meter: &Meter, error: &serde_json::Error, line: u64, column: u64) -> Fault {
    if error.is_eof() {
        return meter.fault(How::Unreadable, "the file ends in the middle of a value: it is cut off");
    }
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(&*text, |(what, _)| what);
    // serde_json counts from where the document begins.
    let (at_line, at_column) = (error.line() as u64, error.column() as u64);
    let place =
        (line + at_line.saturating_sub(1), if at_line <= 1 { column + at_column.saturating_sub(1) } else { at_column });
    meter.fault_at(place, How::Unreadable, &format!("not JSON: {what}"))
}

/// Lets a fault of ours pass through serde_json.
fn kept<E: Error>(meter: &Meter, fault: Fault) -> E {
    meter.keep(fault);
    E::custom("kept")
}

/// A document, or a member of the array that it is.
struct Top<'a> {
    meter: &'a Meter,
    take: &'a mut dyn Take,
    inside: bool,
}

impl Top<'_> {
    fn no_object<E: Error>(&self, what: &str) -> E {
        let said = format!("{what} where an object should be: ConvertTo-Json of a cmdlet's output gives objects");
        kept(self.meter, self.meter.fault(How::Unreadable, &said))
    }
}

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, parser: D) -> Result<(), D::Error> {
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("objects")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Err(self.no_object("a boolean"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Err(self.no_object("a number"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Err(self.no_object("a number"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Err(self.no_object("a number"))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Err(self.no_object("a text"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.inside {
            return Err(self.no_object("an array inside the array"));
        }
        let Self { meter, take, .. } = self;
        while list.next_element_seed(Top { meter, take: &mut *take, inside: true })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { meter, take, inside } = self;
        meter.begin();
        let place = meter.place();
        let Some(first) = map.next_key::<String>()? else {
            meter.end();
            return take.object(Object::default(), place).map_err(|fault| kept(meter, fault));
        };
        if !inside && first.eq_ignore_ascii_case("cmdlet") {
            meter.end();
            meter.object.set(meter.object.get() - 1);
            return wrapper(meter, take, map);
        }
        let mut object = Object::default();
        match properties(meter, first, &mut map, &mut object) {
            Ok(()) => {
                meter.end();
                take.object(object, place).map_err(|fault| kept(meter, fault))
            }
            Err(error) => {
                take.begun(&object);
                Err(error)
            }
        }
    }
}

/// The properties of an object, from the first on, of which the name is known.
fn properties<'de, A: MapAccess<'de>>(
    meter: &Meter,
    first: String,
    map: &mut A,
    object: &mut Object,
) -> Result<(), A::Error> {
    let mut key = Some(first);
    while let Some(name) = key {
        meter.field.borrow_mut().clone_from(&name);
        let value = map.next_value_seed(Any { meter, depth: 1 })?;
        meter.field.borrow_mut().clear();
        object.fields.push((name, value));
        key = map.next_key::<String>()?;
    }
    Ok(())
}

fn wrapper<'de, A: MapAccess<'de>>(meter: &Meter, take: &mut dyn Take, mut map: A) -> Result<(), A::Error> {
    let cmdlet: String = map.next_value()?;
    let placed = |fault: Fault| match fault.how {
        How::NotTried => fault,
        how => meter.fault(how, fault.said.trim_start_matches([':', ' '])),
    };
    take.cmdlet(&cmdlet).map_err(|fault| kept(meter, placed(fault)))?;
    let mut whole = false;
    while let Some(name) = map.next_key::<String>()? {
        match &*name.to_ascii_lowercase() {
            "objects" => {
                whole = true;
                map.next_value_seed(Top { meter, take: &mut *take, inside: false })?;
            }
            "resultsize" => {
                let size = map.next_value_seed(Any { meter, depth: 1 })?;
                if size.text().is_some_and(|text| text.eq_ignore_ascii_case("unlimited")) {
                    take.unlimited();
                }
            }
            _ => drop(map.next_value_seed(Any { meter, depth: 1 })?),
        }
    }
    match whole {
        true => Ok(()),
        false => Err(kept(meter, meter.fault(How::Unreadable, "it names a cmdlet and has no \"objects\""))),
    }
}

/// Any value inside an object.
struct Any<'a> {
    meter: &'a Meter,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Any<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, parser: D) -> Result<Value, D::Error> {
        self.meter.value().map_err(|fault| kept(self.meter, fault))?;
        parser.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.into()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        self.meter.level(self.depth).map_err(|fault| kept(self.meter, fault))?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Any { meter: self.meter, depth: self.depth + 1 })? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        self.meter.level(self.depth).map_err(|fault| kept(self.meter, fault))?;
        let mut object = Object::default();
        while let Some(name) = map.next_key::<String>()? {
            object.fields.push((name, map.next_value_seed(Any { meter: self.meter, depth: self.depth + 1 })?));
        }
        Ok(Value::Object(object))
    }
}
