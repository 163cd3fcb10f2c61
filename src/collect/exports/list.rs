//! Reads what Format-List shows of a cmdlet's objects, as people paste it: a block of `Name : value` lines for each.
//!
//! It is made for people, and so it is read only where it says one thing: a collection that is cut short, or a line that
//! is broken where nobody can tell what stood there, is no value.
use super::Take;
use super::text::{Fault, Meter, Text, shown};
use super::value::{Object, Value};
use nsdiag_checks::evidence::How;
use std::io::{BufRead, Read};

/// What is wrong with a value that is shown in part.
const SHORT: &str = "the console shows a part of it alone";
/// What is wrong with one that it breaks.
const BROKEN: &str = "it is broken into lines, and what stood between them cannot be told";
/// And with one inside of another.
const NESTED: &str = "it holds braces within braces";

/// Whether `ahead` begins like such a list: perhaps behind the prompt and the command that gave it.
pub fn begins(ahead: &str) -> bool {
    let mut lines = ahead.lines().filter(|line| !line.trim().is_empty() && !is_prompt(line));
    lines.next().is_some_and(|line| property(line).is_some())
}

/// The prompt of a shell, and the command behind it.
pub(super) fn is_prompt(line: &str) -> bool {
    let rest = line.strip_prefix("[PS] ").or_else(|| line.strip_prefix("PS "));
    rest.is_some_and(|rest| rest.contains('>'))
}

/// A property's name, where its colon is, and its value.
fn property(line: &str) -> Option<(&str, usize, &str)> {
    let (head, value) = line.split_once(':')?;
    let name = head.trim_end();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && head.len() > name.len();
    let value = if value.is_empty() { value } else { value.strip_prefix(' ')? };
    is_name.then_some((name, head.len(), value))
}

/// A block that is being read.
struct Block {
    place: (u64, u64),
    /// Where its colons are.
    colon: usize,
    /// Each property's name, and the lines of its value.
    fields: Vec<(String, Vec<String>)>,
}

/// Hands every object of `text` to `take`.
pub fn read<R: Read>(text: &mut Text<R>, take: &mut dyn Take) -> Result<(), Fault> {
    let mut block = None;
    let done = blocks(text, &mut block, take);
    if let (Err(_), Some(block)) = (&done, &block) {
        take.begun(&object(block));
    }
    done
}

fn blocks<R: Read>(text: &mut Text<R>, block: &mut Option<Block>, take: &mut dyn Take) -> Result<(), Fault> {
    let meter = text.meter();
    let mut names: Option<Vec<String>> = None;
    loop {
        let place = meter.place();
        let mut bytes = Vec::new();
        if let Err(error) = text.read_until(b'\n', &mut bytes) {
            return Err(meter.taken().unwrap_or_else(|| meter.fault(How::Unreadable, &error.to_string())));
        }
        let ended = bytes.is_empty();
        let whole = String::from_utf8_lossy(&bytes);
        let line = whole.trim_end();
        if !whole.ends_with('\n') && !line.is_empty() && !is_prompt(line) {
            if let Some(block) = block {
                block.fields.extend(property(line).map(|(name, ..)| (name.into(), vec![])));
            }
            return Err(meter.fault_at(place, How::Unreadable, "the last line does not end: the text is cut off"));
        }
        let odd = |what: &str| meter.fault_at(place, How::Unreadable, what);
        if ended || line.is_empty() || is_prompt(line) {
            if let Some(block) = block.take() {
                hand_over(&block, &mut names, &meter, take)?;
            }
            if ended {
                return Ok(());
            }
            continue;
        }
        meter.value()?;
        match (&mut *block, property(line)) {
            (None, Some((name, colon, value))) => {
                meter.begin();
                *block = Some(Block { place, colon, fields: vec![(name.into(), vec![value.trim().into()])] });
            }
            (Some(block), Some((name, colon, value))) if colon == block.colon => {
                if block.fields.iter().any(|(own, _)| own == name) {
                    return Err(odd(&format!("{name} twice in one object: an empty line is lost between two")));
                }
                block.fields.push((name.into(), vec![value.trim().into()]));
            }
            // The rest of a value stands under its beginning.
            (Some(block), _) if line.get(..block.colon + 2).is_some_and(|head| head.trim().is_empty()) => {
                if let Some((_, lines)) = block.fields.last_mut() {
                    lines.push(line.trim().into());
                }
            }
            _ => {
                let said = format!("'{}' is no line that Format-List writes; use Export-Clixml", shown(line.trim()));
                return Err(odd(&said));
            }
        }
    }
}

/// Hands one object over. All of a cmdlet have the same properties: one that has others is cut off, or of another.
fn hand_over(block: &Block, names: &mut Option<Vec<String>>, meter: &Meter, take: &mut dyn Take) -> Result<(), Fault> {
    let own: Vec<String> = block.fields.iter().map(|(name, _)| name.clone()).collect();
    if names.get_or_insert_with(|| own.clone()) != &own {
        let said = "its properties are not those of the object before it: it is cut off, or of another cmdlet; use \
                    Export-Clixml";
        return Err(meter.fault_at(block.place, How::Unreadable, said));
    }
    take.object(object(block), block.place)?;
    meter.end();
    Ok(())
}

fn object(block: &Block) -> Object {
    let fields = block.fields.iter().map(|(name, lines)| (name.clone(), value(lines)));
    made_of(fields)
}

/// The object of what is shown.
pub(super) fn made_of(fields: impl Iterator<Item = (String, Value)>) -> Object {
    // A name that cannot be told is none; what an object is does not hang on it.
    let fields = fields.filter(|(name, value)| name != "DistinguishedName" || !matches!(value, Value::Unclear(_)));
    Object { fields: fields.collect(), ..Object::default() }
}

/// The value that these lines of its text show.
pub(super) fn value(lines: &[String]) -> Value {
    let (first, rest) = lines.split_first().map_or(("", lines), |(first, rest)| (first.as_str(), rest));
    let mut whole = first.to_string();
    for line in rest {
        // Between two members of a collection there is ", ", unless the comma is one of a distinguished name.
        if !whole.starts_with('{') || !whole.ends_with(',') || whole.contains('=') || line.contains('=') {
            return Value::Unclear(BROKEN);
        }
        whole.push(' ');
        whole.push_str(line);
    }
    // Numbers, which stand at the right, are cut short at their beginning.
    let dots = ["...", "…"];
    let is_short = |text: &str| dots.iter().any(|dots| text.ends_with(dots) || text.starts_with(dots));
    let Some(inside) = whole.strip_prefix('{') else {
        return if is_short(&whole) { Value::Unclear(SHORT) } else { Value::Text(whole) };
    };
    let Some(inside) = inside.strip_suffix('}') else { return Value::Unclear(SHORT) };
    if inside.contains(['{', '}']) {
        return Value::Unclear(NESTED);
    }
    let members: Vec<&str> = inside.split(", ").map(str::trim).filter(|member| !member.is_empty()).collect();
    match members.iter().any(|member| is_short(member)) {
        true => Value::Unclear(SHORT),
        false => Value::List(members.into_iter().map(|member| Value::Text(member.into())).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_where_it_says_one_thing() {
        let list = |all: &[&str]| Value::List(all.iter().map(|one| Value::Text((*one).into())).collect());
        let cases: [(&[&str], Value); 14] = [
            (&["InternalRelay"], Value::Text("InternalRelay".into())),
            (&[""], Value::Text(String::new())),
            (&["35 MB (36,700,160 bytes)"], Value::Text("35 MB (36,700,160 bytes)".into())),
            (&["{}"], list(&[])),
            (&["{SMTP:contoso.com;1}"], list(&["SMTP:contoso.com;1"])),
            (&["{smtp:a@c.com, SMTP:b@c.com}"], list(&["smtp:a@c.com", "SMTP:b@c.com"])),
            (&["{smtp:a@c.com,", "SMTP:b@c.com}"], list(&["smtp:a@c.com", "SMTP:b@c.com"])),
            (&["{smtp:a@c.com, smtp:b@c.com...}"], Value::Unclear(SHORT)),
            (&["{smtp:a@c.com, smtp:b@c.com…}"], Value::Unclear(SHORT)),
            (&["{smtp:a@c.com, smtp:b@"], Value::Unclear(SHORT)),
            (&["...7160"], Value::Unclear(SHORT)),
            (&["{smtp:a@c.com, smtp:b@", "c.com}"], Value::Unclear(BROKEN)),
            (&["{CN=a,", "CN=b}"], Value::Unclear(BROKEN)),
            (&["{{a, b}, c}"], Value::Unclear(NESTED)),
        ];
        for (lines, expected) in cases {
            let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            assert_eq!(value(&lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_list_is_told_from_prose() {
        let cases = [
            ("\r\nName                 : contoso.com\r\n", true),
            ("[PS] C:\\>Get-AcceptedDomain | fl\r\n\r\n\r\nName : a\r\n", true),
            ("Name  DomainName\n----  ----------\n", false),
            ("Subject: what I found\n\nDear all\n", false),
            ("Note: see below\n", false),
            ("http://contoso.com/ : the site\n", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(begins(text), expected, "{text}");
        }
    }
}
