//! Reads what Export-Clixml writes, object by object (MS-PSRP, 2.2.5: the serialization of PowerShell objects).
use super::Take;
use super::text::{Fault, Meter, Text, printable, shown};
use super::value::{Object, Value};
use nsdiag_checks::evidence::How;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;

const NAMESPACE: &str = "http://schemas.microsoft.com/powershell/2004/04";
/// How many objects of those before are kept for references from a later one: what many share comes early.
const SHARED: usize = 20_000;
/// How many values an object may hold to be kept for references.
const SMALL: usize = 64;
/// How many lists of types are kept.
const TYPES: usize = 10_000;

/// Hands every object of `text` to `take`.
pub fn read<R: Read>(text: &mut Text<R>, take: &mut dyn Take) -> Result<(), Fault> {
    let meter = text.meter();
    let mut reader = Reader::from_reader(text);
    reader.config_mut().expand_empty_elements = true;
    let mut clixml = Clixml {
        reader,
        meter,
        buffer: Vec::new(),
        types: HashMap::new(),
        shared: HashMap::new(),
        own: HashMap::new(),
        open: 0,
        kind: String::new(),
    };
    clixml.file(take)
}

/// What comes next.
enum Step {
    /// An element begins.
    Begin(Element),
    /// The element that was begun last ends.
    End,
    Text(String),
    Eof,
}

struct Element {
    tag: String,
    /// `N`: the name of the property.
    name: String,
    /// `RefId`.
    id: String,
    /// `xmlns`.
    namespace: String,
    place: (u64, u64),
}

struct Clixml<'t, R: Read> {
    reader: Reader<&'t mut Text<R>>,
    meter: Rc<Meter>,
    buffer: Vec<u8>,
    types: HashMap<String, String>,
    /// Objects of those before that were small, by their number.
    shared: HashMap<String, Value>,
    /// Objects inside the one that is read.
    own: HashMap<String, Value>,
    /// How many elements are open.
    open: usize,
    /// The type of the object that is read.
    kind: String,
}

impl<R: Read> Clixml<'_, R> {
    fn file(&mut self, take: &mut dyn Take) -> Result<(), Fault> {
        let root = loop {
            match self.step()? {
                Step::Begin(root) => break root,
                Step::Text(text) if text.trim().is_empty() => {}
                _ => return Err(self.wrong("not CLIXML: it has no root element")),
            }
        };
        if root.tag != "Objs" || root.namespace != NAMESPACE {
            let what = format!("not CLIXML: its root is <{}>, not <Objs xmlns=\"{NAMESPACE}\">", shown(&root.tag));
            return Err(self.meter.fault_at(root.place, How::Unreadable, &what));
        }
        loop {
            match self.step()? {
                Step::End => break,
                Step::Text(text) if text.trim().is_empty() => {}
                Step::Text(_) | Step::Eof => return Err(self.wrong("text between the objects")),
                Step::Begin(element) => self.top(element, take)?,
            }
        }
        match self.step()? {
            Step::Eof => Ok(()),
            Step::Text(text) if text.trim().is_empty() => Ok(()),
            _ => Err(self.wrong("more behind the end of </Objs>: two exports in one file")),
        }
    }

    fn top(&mut self, element: Element, take: &mut dyn Take) -> Result<(), Fault> {
        self.meter.begin();
        let place = element.place;
        let tag = element.tag.clone();
        self.kind.clear();
        let value = self.value(element, 1).inspect_err(|_| {
            take.begun(&Object { kind: self.kind.clone(), ..Object::default() });
        })?;
        self.meter.end();
        for (id, value) in self.own.drain() {
            if self.shared.len() < SHARED && small(&value, &mut 0) {
                self.shared.insert(id, value);
            }
        }
        match value {
            Value::Nil => Ok(()),
            Value::Object(object) => take.object(object, place),
            // An array that was handed over as one: -InputObject instead of the pipe.
            Value::List(values) => values.into_iter().try_for_each(|value| match value {
                Value::Object(object) => take.object(object, place),
                Value::Nil => Ok(()),
                _ => Err(self.meter.fault_at(place, How::Unreadable, "a list of something other than objects")),
            }),
            _ => {
                let what = format!(
                    "<{}> where an object should be: Export-Clixml of a cmdlet's output gives objects",
                    shown(&tag)
                );
                Err(self.meter.fault_at(place, How::Unreadable, &what))
            }
        }
    }

    /// The value that begins with `element`, to its end.
    fn value(&mut self, element: Element, depth: usize) -> Result<Value, Fault> {
        self.meter.value()?;
        self.meter.level(depth)?;
        if depth == 2 && !element.name.is_empty() {
            self.meter.field.borrow_mut().clone_from(&element.name);
        }
        match &*element.tag {
            "Obj" => self.object(element, depth),
            "Ref" => {
                self.content()?;
                let known = self.own.get(&element.id).or_else(|| self.shared.get(&element.id));
                Ok(known.cloned().unwrap_or(Value::Lost))
            }
            "Nil" => self.content().map(|_| Value::Nil),
            "B" => Ok(match &*self.content()? {
                "true" => Value::Flag(true),
                "false" => Value::Flag(false),
                other => return Err(self.at(element.place, &format!("<B> holds '{}', no boolean", shown(other)))),
            }),
            "By" | "SB" | "I16" | "U16" | "I32" | "U32" | "I64" | "U64" => {
                let text = self.content()?;
                Ok(text.parse().map_or(Value::Text(text), Value::Number))
            }
            "S" | "C" | "D" | "Db" | "Sg" | "DT" | "TS" | "G" | "URI" | "Version" | "XD" | "SBK" | "BA" | "SS"
            | "PR" => self.content().map(Value::Text),
            other => Err(self.at(element.place, &format!("<{}> is no element of CLIXML", shown(other)))),
        }
    }

    fn object(&mut self, element: Element, depth: usize) -> Result<Value, Fault> {
        let mut object = Object::default();
        let mut list: Option<Vec<Value>> = None;
        let mut bare = None;
        loop {
            let child = match self.step()? {
                Step::End => break,
                Step::Text(text) if text.trim().is_empty() => continue,
                Step::Begin(child) => child,
                Step::Text(_) | Step::Eof => return Err(self.wrong("text between the elements of an object")),
            };
            match &*child.tag {
                "TN" => {
                    let id = child.id.clone();
                    object.kind = self.type_names()?;
                    if depth == 1 {
                        self.kind.clone_from(&object.kind);
                    }
                    if self.types.len() < TYPES {
                        self.types.insert(id, object.kind.clone());
                    }
                }
                "TNRef" => {
                    self.content()?;
                    object.kind = self.types.get(&child.id).cloned().unwrap_or_default();
                    if depth == 1 {
                        self.kind.clone_from(&object.kind);
                    }
                }
                "ToString" => object.text = Some(self.content()?),
                "Props" | "MS" => {
                    self.meter.level(depth + 1)?;
                    self.members(&mut |name, value| object.fields.push((name, value)), depth + 1)?;
                }
                "LST" | "STK" | "QUE" | "IE" => {
                    self.meter.level(depth + 1)?;
                    let values = list.get_or_insert_default();
                    self.members(&mut |_, value| values.push(value), depth + 1)?;
                }
                "DCT" => {
                    self.meter.level(depth + 1)?;
                    self.dictionary(&mut object, depth + 1)?;
                }
                _ => bare = Some(self.value(child, depth + 1)?),
            }
        }
        if let (Some(value), true) = (&bare, object.fields.is_empty()) {
            object.number = value.number();
            object.text = object.text.or_else(|| value.text());
        }
        let value = match list {
            Some(list) => Value::List(list),
            None => Value::Object(object),
        };
        if !element.id.is_empty() && depth > 1 && small(&value, &mut 0) {
            self.own.insert(element.id, value.clone());
        }
        Ok(value)
    }

    /// The values up to the end of the element that holds them, each with its name.
    fn members(&mut self, add: &mut dyn FnMut(String, Value), depth: usize) -> Result<(), Fault> {
        loop {
            match self.step()? {
                Step::End => return Ok(()),
                Step::Text(text) if text.trim().is_empty() => {}
                Step::Begin(element) => {
                    let name = element.name.clone();
                    let value = self.value(element, depth)?;
                    if depth == 2 {
                        self.meter.field.borrow_mut().clear();
                    }
                    // Exchange's own binary form of the object, which nobody here reads.
                    if name != "SerializationData" {
                        add(name, value);
                    }
                }
                Step::Text(_) | Step::Eof => return Err(self.wrong("text between values")),
            }
        }
    }

    /// `<En><S N="Key">…</S><… N="Value">…</En>`, as properties.
    fn dictionary(&mut self, object: &mut Object, depth: usize) -> Result<(), Fault> {
        loop {
            match self.step()? {
                Step::End => return Ok(()),
                Step::Text(text) if text.trim().is_empty() => {}
                Step::Begin(element) if element.tag == "En" => {
                    let mut pair = Vec::new();
                    self.members(&mut |_, value| pair.push(value), depth + 1)?;
                    let mut pair = pair.into_iter();
                    if let (Some(key), Some(value)) = (pair.next(), pair.next()) {
                        object.fields.push((key.text().unwrap_or_default(), value));
                    }
                }
                _ => return Err(self.wrong("something other than entries in a dictionary")),
            }
        }
    }

    /// The first of the type names; the others are its ancestors.
    fn type_names(&mut self) -> Result<String, Fault> {
        let mut first = String::new();
        loop {
            match self.step()? {
                Step::End => return Ok(first),
                Step::Begin(element) if element.tag == "T" => {
                    self.meter.value()?;
                    let name = self.content()?;
                    if first.is_empty() {
                        first = name;
                    }
                }
                Step::Text(text) if text.trim().is_empty() => {}
                _ => return Err(self.wrong("something other than names in a list of types")),
            }
        }
    }

    /// The text up to the end of the element.
    fn content(&mut self) -> Result<String, Fault> {
        let mut all = String::new();
        loop {
            match self.step()? {
                Step::End => return Ok(unescaped(&all)),
                Step::Text(text) => all.push_str(&text),
                Step::Begin(element) => {
                    return Err(self.at(element.place, &format!("<{}> inside a text", shown(&element.tag))));
                }
                Step::Eof => return Err(self.wrong("the file ends")),
            }
        }
    }

    fn step(&mut self) -> Result<Step, Fault> {
        loop {
            self.buffer.clear();
            let place = self.meter.place();
            let meter = self.meter.clone();
            let wrong = |what: &str| meter.fault_at(place, How::Unreadable, what);
            let event = match self.reader.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(error) => return Err(told(&meter, place, &error)),
            };
            return Ok(match event {
                Event::Start(start) => {
                    self.open += 1;
                    Step::Begin(element(&start, place).map_err(|what| wrong(&what))?)
                }
                Event::End(_) => {
                    self.open -= 1;
                    Step::End
                }
                Event::Text(text) => Step::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Step::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(character)) => Step::Text(character.to_string()),
                    Err(error) => return Err(wrong(&not_xml(&error))),
                    Ok(None) => Step::Text(match &*reference {
                        "lt" => "<".into(),
                        "gt" => ">".into(),
                        "amp" => "&".into(),
                        "quot" => "\"".into(),
                        "apos" => "'".into(),
                        other => {
                            return Err(wrong(&format!(
                                "the entity &{};: CLIXML defines none, and none is expanded",
                                shown(other)
                            )));
                        }
                    }),
                },
                Event::DocType(_) => {
                    return Err(wrong("a document type declaration: CLIXML has none, and no entity is expanded"));
                }
                Event::Eof if self.open > 0 => {
                    return Err(
                        meter.fault(How::Unreadable, "the file ends in the middle of an element: it is cut off")
                    );
                }
                Event::Eof => Step::Eof,
                Event::Empty(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => continue,
            });
        }
    }

    fn wrong(&self, what: &str) -> Fault {
        self.meter.fault(How::Unreadable, what)
    }

    fn at(&self, place: (u64, u64), what: &str) -> Fault {
        self.meter.fault_at(place, How::Unreadable, what)
    }
}

fn told(meter: &Meter, place: (u64, u64), error: &quick_xml::Error) -> Fault {
    use quick_xml::errors::{IllFormedError, SyntaxError};
    if let Some(fault) = meter.taken() {
        return fault;
    }
    match error {
        quick_xml::Error::IllFormed(IllFormedError::MissingEndTag(tag)) => {
            let what = format!("the file ends before </{}>: it is cut off", shown(tag));
            meter.fault(How::Unreadable, &what)
        }
        quick_xml::Error::Syntax(
            SyntaxError::UnclosedTag
            | SyntaxError::UnclosedCData
            | SyntaxError::UnclosedComment
            | SyntaxError::UnclosedPI
            | SyntaxError::UnclosedSingleQuotedAttributeValue
            | SyntaxError::UnclosedDoubleQuotedAttributeValue,
        ) => meter.fault(How::Unreadable, "the file ends in the middle of a tag: it is cut off"),
        error => meter.fault_at(place, How::Unreadable, &not_xml(&error)),
    }
}

fn element(start: &BytesStart, place: (u64, u64)) -> Result<Element, String> {
    let tag = start.name().0.to_string();
    let mut element = Element { tag, name: String::new(), id: String::new(), namespace: String::new(), place };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| not_xml(&error))?;
        let wanted = match attribute.key.0 {
            "N" => &mut element.name,
            "RefId" => &mut element.id,
            "xmlns" => &mut element.namespace,
            _ => continue,
        };
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| not_xml(&error))?;
        *wanted = unescaped(&value);
    }
    Ok(element)
}

/// The parser's words, which may quote the file.
fn not_xml(error: &dyn std::fmt::Display) -> String {
    format!("not XML: {}", printable(&error.to_string(), 120))
}

/// Takes `_x000D_` back to the character that it stands for (MS-PSRP, 2.2.5.3.2).
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let unit = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        let unit = unit.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(unit) = unit.and_then(|hex| u16::from_str_radix(hex, 16).ok()) else {
            out.extend(char::decode_utf16(units.drain(..)).map(|decoded| decoded.unwrap_or('\u{fffd}')));
            out.push_str(&rest[..at + 2]);
            rest = &rest[at + 2..];
            continue;
        };
        out.push_str(&rest[..at]);
        rest = &rest[at + 7..];
        units.push(unit);
        // A character beyond the first plane is escaped as two.
        if (0xd800..0xdc00).contains(&unit) && rest.starts_with("_x") {
            continue;
        }
        out.extend(char::decode_utf16(units.drain(..)).map(|decoded| decoded.unwrap_or('\u{fffd}')));
    }
    out.extend(char::decode_utf16(units).map(|decoded| decoded.unwrap_or('\u{fffd}')));
    out.push_str(rest);
    out
}

/// Whether a value holds few others.
fn small(value: &Value, count: &mut usize) -> bool {
    *count += 1;
    *count <= SMALL
        && match value {
            Value::List(list) => list.iter().all(|value| small(value, count)),
            Value::Object(object) => object.fields.iter().all(|(_, value)| small(value, count)),
            Value::Text(text) => text.len() <= 1024,
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_characters_are_taken_back() {
        let cases = [
            ("a_x000D__x000A_b", "a\r\nb"),
            ("_xD83D__xDE00_!", "😀!"),
            ("_x005F_x000D_", "_x000D_"),
            ("_xyz_ _x12_", "_xyz_ _x12_"),
            ("grün_x", "grün_x"),
            ("_xD83D_", "\u{fffd}"),
        ];
        for (text, expected) in cases {
            assert_eq!(unescaped(text), expected, "{text}");
        }
    }
}
