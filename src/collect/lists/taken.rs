//! What is taken out of a list, and what is not, with a word about each row.
use super::words::{Kind, Word, shown};
use nsdiag_checks::evidence::{Aside, LeftOut, List, Observed, address};
use std::collections::BTreeMap;

/// The most addresses of one list.
const MOST: usize = 5_000_000;
/// How many entries outside the domain, and rows that were left out, are named.
const NAMED: usize = 20;
/// How many kinds of things that were not taken are told apart, and how many columns are named.
const KINDS: usize = 50;

/// What the readers of formats fill in.
pub struct Taken<'a> {
    /// The domain of names without one, where the user gave it.
    pub list_domain: Option<&'a str>,
    /// The sheet or table that is read, where there are several.
    pub part: String,
    /// Columns, fields or attributes that addresses came from.
    columns: Vec<String>,
    /// Each address: whether it was an alias wherever it stood, and the last row that named it.
    addresses: BTreeMap<String, (bool, usize)>,
    /// What each is called.
    names: BTreeMap<String, String>,
    /// The name that the current row gives, and the addresses, other than aliases, that it gives it to.
    row_name: Option<String>,
    row_addresses: Vec<String>,
    repeated: usize,
    rows: usize,
    left_out: usize,
    left_out_rows: Vec<LeftOut>,
    aside: BTreeMap<String, usize>,
}

impl<'a> Taken<'a> {
    /// Nothing so far.
    pub fn new(list_domain: Option<&'a str>) -> Self {
        Self {
            list_domain,
            part: String::new(),
            columns: vec![],
            addresses: BTreeMap::new(),
            names: BTreeMap::new(),
            row_name: None,
            row_addresses: vec![],
            repeated: 0,
            rows: 0,
            left_out: 0,
            left_out_rows: vec![],
            aside: BTreeMap::new(),
        }
    }

    /// Begins a row.
    pub fn row(&mut self) {
        self.close();
        self.rows += 1;
    }

    /// Says what the row calls its mailbox.
    pub fn name(&mut self, name: String) {
        self.row_name = Some(name);
    }

    /// Ends a row: a name is of the one address beside it, and of nobody where there are several.
    fn close(&mut self) {
        let name = self.row_name.take();
        let addresses = std::mem::take(&mut self.row_addresses);
        if let (Some(name), [address]) = (name, &addresses[..]) {
            self.names.entry(address.clone()).or_insert(name);
        }
    }

    /// Takes a word of the row in, or leaves the row out for it. A name gets the domain that was given, where it can be one
    /// of a mailbox.
    pub fn word(&mut self, line: usize, word: Word, kind: Kind) {
        match word {
            Word::Address(folded, Kind::Untold) => self.address(folded, kind),
            Word::Address(folded, own) => self.address(folded, own),
            Word::Folder => self.aside("folders of mailboxes", 1),
            Word::Pattern => self.aside("patterns that stand for many addresses", 1),
            Word::Name(name) => match self.list_domain {
                Some(domain) if is_local(name) => self.address(format!("{}@{domain}", name.to_lowercase()), kind),
                Some(_) => self.leave(line, format!("'{}' is no name of a mailbox", shown(name))),
                None => self.leave(line, format!("'{}' has no @", shown(name))),
            },
            Word::Wrong(why) => self.leave(line, why),
        }
    }

    fn address(&mut self, folded: String, kind: Kind) {
        let alias = kind == Kind::Alias;
        if self.row_name.is_some() && !alias && !self.row_addresses.contains(&folded) {
            self.row_addresses.push(folded.clone());
        }
        let full = self.addresses.len() >= MOST;
        match self.addresses.get_mut(&folded) {
            Some((known, row)) => {
                *known &= alias;
                self.repeated += usize::from(*row != self.rows);
                *row = self.rows;
            }
            None if full => self.leave(0, format!("there are more than {MOST} addresses, and only so many were taken")),
            None => {
                self.addresses.insert(folded, (alias, self.rows));
            }
        }
    }

    /// Leaves a row out.
    pub fn leave(&mut self, line: usize, why: String) {
        self.left_out += 1;
        if self.left_out_rows.len() < NAMED {
            let part = if self.part.is_empty() { String::new() } else { format!("{}: ", self.part) };
            self.left_out_rows.push(LeftOut { line, why: format!("{part}{why}") });
        }
    }

    /// Says that it holds so many of something that is not taken; in the plural.
    pub fn aside(&mut self, what: impl Into<String>, count: usize) {
        if count == 0 {
            return;
        }
        let what = what.into();
        let full = self.aside.len() >= KINDS && !self.aside.contains_key(&what);
        *self.aside.entry(if full { "other things".into() } else { what }).or_default() += count;
    }

    /// Names a column, field or attribute that addresses are taken from.
    pub fn column(&mut self, name: &str) {
        let name = shown(name);
        if self.columns.len() < KINDS && !self.columns.contains(&name) {
            self.columns.push(name);
        }
    }

    /// Whether no address was taken so far.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// Folds it all into a list of `system`, from `source`. The error begins behind the file's name.
    pub fn list(mut self, system: &str, source: &str, format: String, domain: &str) -> Result<List, String> {
        self.close();
        if self.addresses.is_empty() {
            return Err(match self.left_out_rows.first() {
                Some(LeftOut { line: 0, why }) => format!(": {why}"),
                Some(LeftOut { line, why }) => format!(":{line}: {why}"),
                None => ": it holds no address".into(),
            });
        }
        let (mut addresses, mut aliases, mut outside, mut outside_count) = (vec![], vec![], vec![], 0);
        for (each, (alias, _)) in self.addresses {
            if address::domain(&each) != domain {
                outside_count += 1;
                if outside.len() < NAMED {
                    outside.push(each);
                }
                continue;
            }
            if alias {
                aliases.push(each.clone());
            }
            addresses.push(each);
        }
        if outside_count > outside.len() {
            outside.push(format!("and {} more", outside_count - outside.len()));
        }
        Ok(List {
            system: system.into(),
            source: source.into(),
            addresses: Observed::Known(addresses),
            aliases,
            names: self.names.into_iter().filter(|(each, _)| address::domain(each) == domain).collect(),
            outside,
            outside_count,
            repeated: self.repeated,
            format,
            columns: self.columns,
            rows: self.rows,
            left_out: self.left_out,
            left_out_rows: self.left_out_rows,
            aside: self.aside.into_iter().map(|(what, count)| Aside { what, count }).collect(),
        })
    }
}

/// Whether a name alone can be one of a mailbox: what stands in cells for nothing is none.
pub fn is_local(name: &str) -> bool {
    name.len() <= 64
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '\''))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && !name.contains("..")
        && !name.ends_with('.')
        && !is_nothing(name)
}

/// Whether a cell says that there is nothing.
pub fn is_nothing(cell: &str) -> bool {
    let cell = cell.trim().trim_start_matches('#').to_ascii_lowercase();
    ["n/a", "na", "null", "none", "nil", "-", "--", "unknown"].contains(&&*cell)
}
