//! Reads what Format-Table shows of a cmdlet's objects, as people paste it: names, dashes under them, a row for each.
//!
//! Where a value begins and ends is told by the dashes alone, and so every row must keep to them: what stands across a
//! border, or a row that is the rest of the one above, is no table.
use super::Take;
use super::list::{is_prompt, made_of, value};
use super::text::{Fault, Text, shown};
use nsdiag_checks::evidence::How;
use std::io::{BufRead, Read};

/// The least character that may take two columns of the console (Unicode Standard Annex 11).
const WIDE: char = '\u{1100}';

/// Whether `ahead` begins like such a table: perhaps behind the prompt and the command that gave it.
pub fn begins(ahead: &str) -> bool {
    let mut lines = ahead.lines().filter(|line| !line.trim().is_empty() && !is_prompt(line));
    lines.next().is_some() && lines.next().is_some_and(is_dashes)
}

fn is_dashes(line: &str) -> bool {
    line.contains("--") && line.trim_end().chars().all(|c| c == '-' || c == ' ')
}

/// A column: its name, and where its dashes begin and end, in characters.
struct Column {
    name: String,
    from: usize,
    to: usize,
}

/// Hands every object of `text` to `take`.
pub fn read<R: Read>(text: &mut Text<R>, take: &mut dyn Take) -> Result<(), Fault> {
    let meter = text.meter();
    let mut heading = None;
    let mut columns: Vec<Column> = Vec::new();
    let mut ended = false;
    loop {
        let place = meter.place();
        let mut bytes = Vec::new();
        if let Err(error) = text.read_until(b'\n', &mut bytes) {
            return Err(meter.taken().unwrap_or_else(|| meter.fault(How::Unreadable, &error.to_string())));
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let whole = String::from_utf8_lossy(&bytes);
        let line: Vec<char> = whole.trim_end().chars().collect();
        if line.is_empty() || is_prompt(whole.trim_end()) {
            ended = !columns.is_empty();
            continue;
        }
        let odd = |what: &str| Err(meter.fault_at(place, How::Unreadable, what));
        if !whole.ends_with('\n') {
            take.begun(&made_of(columns.iter().map(|column| (column.name.clone(), value(&[])))));
            return odd("the last line does not end: the text is cut off");
        }
        if ended {
            return odd("text behind the table: put each cmdlet into a file of its own, without the shell's warnings");
        }
        let Some(heading) = &heading else {
            heading = Some(line);
            continue;
        };
        if columns.is_empty() {
            columns = match under(heading, &line) {
                Some(columns) => columns,
                None => return odd("the dashes do not stand under the names; use Export-Clixml"),
            };
            continue;
        }
        meter.begin();
        if columns.first().is_some_and(|first| cell(&line, first, columns.get(1)).is_some_and(|text| text.is_empty())) {
            return odd("a row without its first value, perhaps the rest of the one above; use Export-Clixml");
        }
        let mut fields = Vec::new();
        for (at, column) in columns.iter().enumerate() {
            meter.value()?;
            match cell(&line, column, columns.get(at + 1)) {
                Some(text) => fields.push((column.name.clone(), value(&[text]))),
                None => {
                    let said = format!("what stands at {} does not keep to its column", shown(&column.name));
                    return odd(&format!("{said}; use Export-Clixml"));
                }
            }
        }
        take.object(made_of(fields.into_iter()), place)?;
        meter.end();
    }
}

/// The columns, where each dash stands under a letter of a name.
fn under(heading: &[char], dashes: &[char]) -> Option<Vec<Column>> {
    let mut columns: Vec<Column> = Vec::new();
    let mut at = 0;
    while at < dashes.len() {
        let to = at + dashes[at..].iter().take_while(|c| **c == '-').count();
        if to > at {
            let name: String = heading.get(at..to)?.iter().collect();
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return None;
            }
            columns.push(Column { name, from: at, to });
        }
        at = to.max(at + 1);
    }
    let letters = |line: &[char]| line.iter().filter(|c| **c != ' ').count();
    let twice = |one: &Column| columns.iter().filter(|other| other.name == one.name).count() > 1;
    (letters(heading) == letters(dashes) && !columns.iter().any(twice)).then_some(columns)
}

/// What a row has in a column; none where that cannot be told. Text begins under its name, a number ends there.
fn cell(line: &[char], column: &Column, next: Option<&Column>) -> Option<String> {
    if line.iter().any(|c| *c == '\t' || *c >= WIDE) {
        return None;
    }
    let empty = |at: usize| line.get(at).is_none_or(|c| *c == ' ');
    let behind = next.map_or(line.len(), |next| next.from).min(line.len());
    let border = column.from == 0 || empty(column.from - 1);
    let text: String = line.get(column.from..behind).unwrap_or_default().iter().collect();
    let kept = text.trim();
    let is_number = !kept.is_empty() && kept.bytes().all(|byte| byte.is_ascii_digit());
    let begins = !text.starts_with(' ') || kept.is_empty();
    let ends = is_number && column.from + text.trim_end().chars().count() == column.to;
    (border && (begins || ends)).then(|| kept.into())
}

#[cfg(test)]
mod tests {
    use super::super::value::{Object, Value};
    use super::*;

    struct Taken(Vec<String>);

    impl Take for Taken {
        fn cmdlet(&mut self, _: &str) -> Result<(), Fault> {
            Ok(())
        }
        fn unlimited(&mut self) {}
        fn begun(&mut self, _: &Object) {}
        fn object(&mut self, object: Object, _: (u64, u64)) -> Result<(), Fault> {
            let shown = |value: &Value| match value {
                Value::Text(text) => text.clone(),
                other => format!("{other:?}"),
            };
            let fields = object.fields.iter().map(|(name, value)| format!("{name}={}", shown(value)));
            self.0.push(fields.collect::<Vec<_>>().join(" "));
            Ok(())
        }
    }

    #[test]
    fn a_table_is_read_where_every_row_keeps_to_its_columns() {
        let head = "Name          Port Enabled\n----          ---- -------\n";
        let short = "Enabled=Unclear(\"the console shows a part of it alone\")";
        let across = "what stands at Port does not keep to its column; use Export-Clixml";
        let read = |rows: &str| {
            let all = format!("\n{head}{rows}");
            let mut taken = Taken(vec![]);
            let done = Text::new(all.as_bytes()).and_then(|mut text| read(&mut text, &mut taken));
            (taken.0, done.err().map(|fault| fault.said))
        };
        let cases: [(&str, &[&str], Option<String>); 13] = [
            ("To Zimbra       25 True\n\n\n", &["Name=To Zimbra Port=25 Enabled=True"], None),
            ("[PS] C:\\>exit\n", &[], None),
            ("To Zimbra     2525 True \r\n", &["Name=To Zimbra Port=2525 Enabled=True"], None),
            ("To the others      True\n", &["Name=To the others Port= Enabled=True"], None),
            ("To Zimbra       25 Tr...\n", &[&format!("Name=To Zimbra Port=25 {short}")], None),
            ("To Zimbra\n", &["Name=To Zimbra Port= Enabled="], None),
            ("To the others 25   True\n", &["Name=To the others Port=25 Enabled=True"], None),
            (
                "                25 True\n",
                &[],
                Some(":4:1: object 1: a row without its first value, perhaps the rest of the one above; use Export-Clixml".into()),
            ),
            // What crosses a border, stands askew, or holds what consoles show in two columns.
            ("To Zimbra    10025 True\n", &[], Some(format!(":4:1: object 1: {across}"))),
            ("To Zimbra      25  True\n", &[], Some(format!(":4:1: object 1: {across}"))),
            ("To Zimbra\t25\tTrue\n", &[], Some(format!(":4:1: object 1: {}", across.replace("Port", "Name")))),
            ("To 日本       25 True\n", &[], Some(format!(":4:1: object 1: {}", across.replace("Port", "Name")))),
            ("To Zimbra       25 Tr", &[], Some(":4:1: the last line does not end: the text is cut off".into())),
        ];
        for (rows, expected, fault) in cases {
            assert_eq!(read(rows), (expected.iter().map(ToString::to_string).collect(), fault), "{rows}");
        }
        let (taken, fault) = read("a               25 True\n\nWARNING: more\n");
        assert!(taken.len() == 1 && fault.is_some_and(|said| said.starts_with(":6:1: text behind the table")));
    }

    #[test]
    fn a_table_is_told_from_prose_and_its_dashes_from_a_line() {
        let cases = [
            ("PS C:\\Users\\adm> Get-AcceptedDomain\n\nName  DomainName\n----  ----------\na     b\n", true),
            ("\r\nName  DomainName\r\n----  ---------- \r\n", true),
            ("Title\n=====\n", false),
            ("Name : a\n", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(begins(text), expected, "{text}");
        }
        let columns = |heading: &str, dashes: &str| {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            under(&chars(heading), &chars(dashes))
                .map(|all| all.iter().map(|one| one.name.clone()).collect::<Vec<_>>().join(","))
        };
        let cases = [
            ("Name  Port", "----  ----", Some("Name,Port")),
            ("Name Port", "--------- ", None),
            ("Names Port", "----  ----", None),
            ("Name", "----  ----", None),
            ("Name  Port X", "----  ----", None),
            ("Name  Name", "----  ----", None),
            ("What I found", "------------", None),
        ];
        for (heading, dashes, expected) in cases {
            assert_eq!(columns(heading, dashes).as_deref(), expected, "{heading}");
        }
    }
}
