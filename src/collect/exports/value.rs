//! What an exported object is made of, whatever the format it came in.

/// One value of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `$null`.
    Nil,
    /// A boolean.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// A collection.
    List(Vec<Value>),
    /// An object.
    Object(Object),
    /// A reference to an object that is not at hand.
    Lost,
    /// Text for people, of which it cannot be told what the value is, and why.
    Unclear(&'static str),
}

/// One object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// The name of its .NET type, where the format has it.
    pub kind: String,
    /// What its `ToString` gave.
    pub text: Option<String>,
    /// Its number, where it is an enumeration.
    pub number: Option<i64>,
    /// Its properties, in their order.
    pub fields: Vec<(String, Value)>,
}

impl Object {
    /// A property by its name; PowerShell folds case, so the exact name is only the first choice.
    pub fn field(&self, name: &str) -> Option<&Value> {
        let exact = self.fields.iter().find(|(own, _)| own == name);
        let folded = || self.fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        exact.or_else(folded).map(|(_, value)| value)
    }

    /// Whether it has a property of this name, null or not.
    pub fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// A property as a short text, for names.
    pub fn short(&self, name: &str) -> Option<String> {
        self.field(name)?.text().filter(|text| !text.is_empty())
    }
}

impl Value {
    /// Whether it is null, or the empty text that CSV has for it.
    pub fn is_nil(&self) -> bool {
        match self {
            Self::Nil => true,
            Self::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// It as a text: its own, or what `ToString` gave; none where it is null, a collection, or its type's name.
    pub fn text(&self) -> Option<String> {
        let text = match self {
            Self::Text(text) => text.trim().to_string(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Object(object) => match &object.text {
                Some(text) => text.trim().to_string(),
                // `{value, Value}` pairs, and what JSON makes of objects whose text it leaves out.
                None => {
                    let members = ["ProxyAddressString", "SmtpAddress", "Address", "Value", "Name", "Expression"];
                    members.iter().find_map(|name| match object.field(name)? {
                        Self::Text(text) => Some(text.trim().to_string()),
                        _ => None,
                    })?
                }
            },
            _ => return None,
        };
        (!is_type_name(&text)).then_some(text)
    }

    /// It as a boolean.
    pub fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Number(number @ (0 | 1)) => Some(*number == 1),
            _ => match &*self.text()?.to_ascii_lowercase() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
        }
    }

    /// It as a whole number.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Object(object) => object
                .number
                .or_else(|| match object.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("value")) {
                    Some((_, Self::Number(number))) => Some(*number),
                    _ => None,
                })
                .or_else(|| object.text.as_ref()?.trim().parse().ok()),
            _ => None,
        }
    }

    /// Its members, where it is a collection; one alone where it is no collection; none where it cannot be told.
    pub fn members(&self) -> Option<Vec<&Value>> {
        match self {
            Self::Nil => Some(vec![]),
            Self::List(list) => Some(list.iter().collect()),
            // What Windows PowerShell makes of a list that it has wrapped: {"value": […], "Count": 2}.
            Self::Object(object) if object.has("Count") => match object.field("value") {
                Some(Self::List(list)) => Some(list.iter().collect()),
                _ => None,
            },
            // `{}` may be an empty collection, or one that was not written out.
            Self::Object(object) if object.fields.is_empty() && object.text.is_none() => None,
            Self::Object(_) => Some(vec![self]),
            Self::Text(text) if text.trim().is_empty() => Some(vec![]),
            Self::Text(text) => (!is_type_name(text.trim())).then(|| vec![self]),
            Self::Number(_) => Some(vec![self]),
            Self::Flag(_) | Self::Lost | Self::Unclear(_) => None,
        }
    }
}

/// Whether a text is only the name of a .NET type: what CSV and a shallow JSON have for a collection.
pub fn is_type_name(text: &str) -> bool {
    let bare = text.strip_prefix("Deserialized.").unwrap_or(text);
    let head = ["System.", "Microsoft.Exchange.", "Selected."].iter().any(|head| bare.starts_with(head));
    text.starts_with("@{") || head && (bare.contains('`') || !bare.contains([' ', '@', '/', ':', ';', ',']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enumeration_is_understood_in_every_shape() {
        let pair = |number, text: &str| {
            let fields = vec![("value".into(), Value::Number(number)), ("Value".into(), Value::Text(text.into()))];
            Value::Object(Object { fields, ..Object::default() })
        };
        let typed = Value::Object(Object { text: Some("InternalRelay".into()), number: Some(2), ..Object::default() });
        let cases = [
            (Value::Number(2), Some(2), Some("2")),
            (Value::Text("InternalRelay".into()), None, Some("InternalRelay")),
            (Value::Text("2".into()), Some(2), Some("2")),
            (typed, Some(2), Some("InternalRelay")),
            (pair(2, "InternalRelay"), Some(2), Some("InternalRelay")),
            (Value::Nil, None, None),
        ];
        for (value, number, text) in cases {
            assert_eq!((value.number(), value.text().as_deref()), (number, text), "{value:?}");
        }
    }

    #[test]
    fn the_name_of_a_type_is_no_value() {
        let cases = [
            ("Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.AddressSpace]", true),
            ("Microsoft.Exchange.Data.ProxyAddressCollection", true),
            ("System.Collections.ArrayList", true),
            ("System.String[]", true),
            ("Deserialized.Microsoft.Exchange.Data.SmartHost", true),
            ("@{Address=*; Type=SMTP}", true),
            ("SMTP:contoso.com;1", false),
            ("System Mailbox", false),
            ("microsoft.com", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_type_name(text), expected, "{text}");
        }
    }
}
