//! Dumps of tables: mysqldump, pg_dump, `.dump` of sqlite3, scripts of SQL Server.
use super::columns::role;
use super::sheet::{COLUMNS, Count, Row, Sheet, take};
use super::taken::Taken;
use super::words::{self, shown};
use std::borrow::Cow;

/// Tables of mailboxes and their aliases, without what is put before their names: PostfixAdmin, iRedMail, hMailServer,
/// mailcow, the usual schemes of Postfix with Dovecot.
const LISTS: [&str; 16] = [
    "mailbox",
    "mailboxes",
    "alias",
    "aliases",
    "forwardings",
    "users",
    "user",
    "accounts",
    "account",
    "distributionlists",
    "recipients",
    "emailaddresses",
    "emails",
    "mailusers",
    "mailuser",
    "maillists",
];
const PREFIXES: [&str; 6] = ["hm_", "virtual_", "mail_", "postfix_", "vmail_", "dovecot_"];
/// The most tables of a dump, and statements of it that cannot be read.
const TABLES: usize = 1_000;
/// How far the columns of a CREATE TABLE are looked for, in bytes.
const MAXIMUM: usize = 64 * 1024;
/// The longest name, in bytes.
const NAME: usize = 500;
/// What stands between the words of a statement and a table's name.
const FILLERS: [&str; 7] = ["or ignore", "or replace", "ignore", "delayed", "into", "only", "if not exists"];

/// A statement that is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Statement {
    Create,
    Insert,
    Copy,
}

fn statement(line: &str) -> Option<(Statement, usize)> {
    let starts = |head: &str| line.get(..head.len()).is_some_and(|own| own.eq_ignore_ascii_case(head));
    let known = [
        ("create table ", Statement::Create),
        ("insert ", Statement::Insert),
        ("replace into ", Statement::Insert),
        ("copy ", Statement::Copy),
    ];
    known.into_iter().find(|(head, _)| starts(head)).map(|(head, statement)| (statement, head.len()))
}

/// Whether it is one: a line of it puts rows into a table.
pub fn tells(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim();
        match statement(line) {
            Some((Statement::Insert, head)) => {
                let line = line.to_ascii_lowercase();
                line[head..].contains("values") || line.ends_with(')') || line.starts_with("insert into ")
            }
            Some((Statement::Copy, _)) => line.to_ascii_lowercase().ends_with("from stdin;"),
            _ => false,
        }
    })
}

/// Reads it.
pub fn read(text: &str, taken: &mut Taken) -> Result<String, String> {
    // In MySQL's strings a backslash escapes; in standard SQL it stands for itself.
    let backslash = text.contains('`');
    let (sheets, count) = (Vec::new(), Count::default());
    let mut dump = Dump { text, at: 0, line: 1, counted: 0, backslash, sheets, count };
    dump.statements()?;
    dump.sheets.retain(|sheet| !sheet.rows.is_empty());
    let known = |sheet: &Sheet| LISTS.contains(&&*bare(&sheet.name));
    let any_known = dump.sheets.iter().any(known);
    let several = dump.sheets.len() > 1;
    let mut wrong = None;
    for sheet in &dump.sheets {
        let name = shown(&sheet.name);
        let telling = sheet.columns.is_empty() || sheet.columns.iter().any(|name| role(name).is_telling());
        let wanted = if any_known { known(sheet) } else { telling };
        taken.part = if several { format!("table {name}") } else { String::new() };
        let done = if wanted { take(sheet, taken) } else { Err(": no table of it is known for its mailboxes".into()) };
        if let Err(why) = done {
            let cells = sheet.rows.iter().flat_map(|row| &row.cells);
            let others = cells.filter(|(_, cell)| words::is_addresses(cell)).count();
            taken.aside(format!("addresses in the table '{name}'"), others);
            wrong.get_or_insert(why);
        }
    }
    match wrong {
        Some(why) if taken.is_empty() => Err(why),
        _ => Ok("SQL".into()),
    }
}

/// A table's name without the schema, and without what programs put before their tables' names.
fn bare(name: &str) -> String {
    let name = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    PREFIXES.iter().find_map(|own| name.strip_prefix(own)).unwrap_or(&name).replace('_', "")
}

struct Dump<'a> {
    text: &'a str,
    at: usize,
    /// The line at `counted`.
    line: usize,
    counted: usize,
    /// Whether a backslash escapes in strings.
    backslash: bool,
    sheets: Vec<Sheet<'a>>,
    count: Count,
}

impl<'a> Dump<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn line(&mut self) -> usize {
        self.line += self.text[self.counted..self.at].bytes().filter(|byte| *byte == b'\n').count();
        self.counted = self.at;
        self.line
    }

    fn skip_blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn next_line(&mut self) -> &'a str {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or_default();
        self.at += (line.len() + 1).min(rest.len());
        line.trim_end_matches('\r')
    }

    /// Takes a word or a sign that comes next, whatever its case.
    fn word(&mut self, word: &str) -> bool {
        self.skip_blank();
        let rest = self.rest();
        let found = rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        let whole = !word.ends_with(char::is_alphanumeric)
            || !rest.get(word.len()..).unwrap_or_default().starts_with(|c: char| c.is_alphanumeric() || c == '_');
        self.at += if found && whole { word.len() } else { 0 };
        found && whole
    }

    /// A name, in whichever quotes, with its schema.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            self.skip_blank();
            let rest = self.rest();
            let close = match rest.bytes().next()? {
                b'`' => Some('`'),
                b'"' => Some('"'),
                b'[' => Some(']'),
                _ => None,
            };
            let (inside, used) = match close {
                Some(close) => {
                    let length = rest.bytes().skip(1).take(NAME).position(|byte| byte == close as u8)?;
                    (&rest[1..=length], length + 2)
                }
                None => {
                    let fits = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '$');
                    let length = rest.chars().take(NAME).take_while(fits).map(char::len_utf8).sum();
                    (&rest[..length], length)
                }
            };
            name.push_str(inside);
            self.at += used;
            if name.is_empty() || name.len() > NAME {
                return None;
            }
            if !self.rest().starts_with('.') {
                return Some(name);
            }
            name.push('.');
            self.at += 1;
        }
    }

    fn statements(&mut self) -> Result<(), String> {
        let mut failed = 0;
        while self.at < self.text.len() {
            self.skip_blank();
            let Some((statement, head)) = statement(self.rest()) else {
                self.next_line();
                continue;
            };
            self.at += head;
            while FILLERS.iter().any(|filler| self.word(filler)) {}
            let start = self.at;
            let done = match statement {
                Statement::Create => {
                    let done = self.create();
                    // What it swallowed may be other statements.
                    self.at = if done.is_some() { self.at } else { start };
                    done
                }
                Statement::Insert => self.insert()?,
                Statement::Copy => self.copy()?,
            };
            if done.is_none() {
                failed += 1;
                // What cannot be read ends with its line; no other begins in the middle of one.
                self.next_line();
            }
            if failed > TABLES || self.sheets.len() > TABLES {
                return Err(format!(": it has more than {TABLES} tables, or statements that cannot be read"));
            }
        }
        Ok(())
    }

    fn sheet(&mut self, name: String, columns: Vec<String>) -> usize {
        let same = |sheet: &Sheet| {
            sheet.name == name && (columns.is_empty() || sheet.columns.is_empty() || sheet.columns == columns)
        };
        let at = self.sheets.iter().position(same).unwrap_or_else(|| {
            self.sheets.push(Sheet { name, rigid: true, ..Sheet::default() });
            self.sheets.len() - 1
        });
        if !columns.is_empty() {
            self.sheets[at].columns = columns;
        }
        at
    }

    /// The columns that a statement names, if it does.
    fn columns(&mut self) -> Option<Vec<String>> {
        let mut all = Vec::new();
        if !self.word("(") {
            return Some(all);
        }
        loop {
            all.push(self.name()?);
            if self.word(")") {
                return Some(all);
            }
            if !self.word(",") {
                return None;
            }
        }
    }

    /// The columns of a table, for the statements that do not name them.
    fn create(&mut self) -> Option<()> {
        const KEYS: [&str; 10] =
            ["primary", "key", "unique", "constraint", "index", "fulltext", "foreign", "check", "spatial", "exclude"];
        let name = self.name()?;
        if !self.word("(") {
            return None;
        }
        let end = self.at + MAXIMUM;
        let mut columns = Vec::new();
        loop {
            self.skip_blank();
            let quoted = self.rest().starts_with(['`', '"', '[']);
            let column = self.name()?;
            if quoted || !KEYS.contains(&&*column.to_ascii_lowercase()) {
                columns.push(column);
            }
            // The type and the rest, up to the comma that is not in parentheses or quotes.
            let mut depth = 0;
            loop {
                let next = self.rest().find(['(', ')', ',', '\'', '"', '`'])?;
                let found = self.rest().as_bytes()[next];
                self.at += next + 1;
                if self.at > end {
                    return None;
                }
                match found {
                    b'(' => depth += 1,
                    b')' if depth == 0 => {
                        self.sheet(name, columns);
                        return Some(());
                    }
                    b')' => depth -= 1,
                    b',' if depth == 0 => break,
                    b',' => {}
                    quote => self.at += self.rest().find(char::from(quote))? + 1,
                }
            }
        }
    }

    fn insert(&mut self) -> Result<Option<()>, String> {
        let Some(name) = self.name() else { return Ok(None) };
        let Some(columns) = self.columns() else { return Ok(None) };
        self.word("overriding system value");
        if !self.word("values") && !self.word("value") {
            return Ok(None);
        }
        let sheet = self.sheet(name, columns);
        while self.word("(") {
            let line = self.line();
            let row = self.tuple();
            let broken = row.is_none();
            if broken {
                // With it goes what the rest of the line holds.
                let rest = self.rest().split('\n').next().unwrap_or_default();
                for _ in 0..=rest.matches("),(").count() {
                    self.count.more(0)?;
                    let wrong = Some("the statement cannot be read to its end");
                    self.sheets[sheet].rows.push(Row { line, wrong, ..Row::default() });
                }
                return Ok(None);
            }
            let row = row.unwrap_or_default();
            self.count.more(row.cells.len())?;
            self.sheets[sheet].rows.push(Row { line, ..row });
            if !self.word(",") {
                self.word(";");
                return Ok(Some(()));
            }
        }
        Ok(None)
    }

    /// The values of a row, behind its opening parenthesis.
    fn tuple(&mut self) -> Option<Row<'a>> {
        let mut row = Row::default();
        loop {
            self.skip_blank();
            // N'…' of SQL Server, E'…' of PostgreSQL, _utf8'…' of MySQL.
            let rest = self.rest();
            let lead = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(0);
            let escapes = self.backslash || rest[..lead].eq_ignore_ascii_case("e");
            let value = match rest[lead..].starts_with('\'') {
                true => {
                    self.at += lead + 1;
                    Some(self.string(escapes)?)
                }
                false => {
                    self.bare_value()?;
                    let text = rest[..rest.len() - self.rest().len()].trim();
                    (!text.eq_ignore_ascii_case("null")).then_some(Cow::Borrowed(text))
                }
            };
            if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
                row.cells.push((row.width, value));
            }
            row.width += 1;
            if row.width > COLUMNS {
                return None;
            }
            if self.word(")") {
                return Some(row);
            }
            if !self.word(",") {
                return None;
            }
        }
    }

    /// A string, behind its opening quote.
    fn string(&mut self, escapes: bool) -> Option<Cow<'a, str>> {
        let text = self.rest();
        let mut owned: Option<String> = None;
        let (mut from, mut at) = (0, 0);
        loop {
            at += text[at..].find(['\'', '\\'])?;
            let doubled = text[at..].starts_with("''");
            if text[at..].starts_with('\\') && !escapes {
                at += 1;
                continue;
            }
            if text[at..].starts_with('\'') && !doubled {
                self.at += at + 1;
                return Some(match owned {
                    None => Cow::Borrowed(&text[..at]),
                    Some(value) => Cow::Owned(value + &text[from..at]),
                });
            }
            let next = text[at + 1..].chars().next()?;
            let value = owned.get_or_insert_default();
            value.push_str(&text[from..at]);
            value.push(match next {
                'n' | 'r' if !doubled => '\n',
                't' | '0' if !doubled => ' ',
                other => other,
            });
            at += 1 + next.len_utf8();
            from = at;
        }
    }

    /// A number, NULL, a date, a function: up to the comma or the parenthesis that ends it.
    fn bare_value(&mut self) -> Option<()> {
        let mut depth = 0;
        loop {
            let next = self.rest().find([',', '(', ')', '\'', '\n'])?;
            let found = self.rest().as_bytes()[next];
            match found {
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b',' if depth > 0 => {}
                b'\'' => {
                    self.at += next + 1;
                    self.string(self.backslash)?;
                    continue;
                }
                _ => {
                    self.at += next;
                    return Some(());
                }
            }
            self.at += next + 1;
        }
    }

    /// `public.mailbox (username, …) FROM stdin;`, the rows below it with tabs, and `\.` behind them.
    fn copy(&mut self) -> Result<Option<()>, String> {
        let Some(name) = self.name() else { return Ok(None) };
        let Some(columns) = self.columns() else { return Ok(None) };
        if !self.word("from stdin") {
            return Ok(None);
        }
        self.next_line();
        let sheet = self.sheet(name, columns);
        while self.at < self.text.len() {
            let line = self.line();
            let text = self.next_line();
            if text == "\\." {
                break;
            }
            let mut row = Row { line, ..Row::default() };
            for cell in text.split('\t').take(COLUMNS) {
                if cell != "\\N" && !cell.trim().is_empty() {
                    row.cells.push((row.width, Cow::Borrowed(cell.trim())));
                }
                row.width += 1;
            }
            self.count.more(row.cells.len())?;
            self.sheets[sheet].rows.push(row);
        }
        Ok(Some(()))
    }
}
