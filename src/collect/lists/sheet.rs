//! A table of people, wherever it came from: which columns hold addresses, and what each row gives.
use super::columns::{Role, called, plain, role, tells_of_mail, tells_of_others};
use super::encoding::LOST;
use super::taken::{Taken, is_local, is_nothing};
use super::words::{self, Kind, Word, shown};
use crate::report::safe;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// The most cells of a list.
const CELLS: usize = 16_000_000;
/// The most columns of a table.
pub const COLUMNS: usize = 10_000;
/// How long a name may be, in characters (Microsoft, "New-MailContact": -DisplayName).
const LONGEST_NAME: usize = 256;
/// Where the fields go that are too many, and none that is known.
const REST: &str = "other fields";
/// In how many rows a heading is looked for: reports have a title above it.
const TITLE: usize = 20;

/// One row, without its empty cells.
#[derive(Debug, Default)]
pub struct Row<'a> {
    /// Its line, or its number.
    pub line: usize,
    /// Each cell with its column; a column may have several.
    pub cells: Vec<(usize, Cow<'a, str>)>,
    /// How many columns it has, empty ones counted.
    pub width: usize,
    /// What is wrong with the row as a whole.
    pub wrong: Option<&'static str>,
}

impl Row<'_> {
    fn of(&self, column: usize) -> impl Iterator<Item = &str> {
        self.cells.iter().filter(move |(own, _)| *own == column).map(|(_, cell)| &**cell)
    }
}

/// A table, or records with fields.
#[derive(Debug, Default)]
pub struct Sheet<'a> {
    /// Its name, where there may be several.
    pub name: String,
    /// What its columns are called; none where there is no heading.
    pub columns: Vec<String>,
    /// Whether each row has every column, so that one that is too short is broken.
    pub rigid: bool,
    /// Its rows.
    pub rows: Vec<Row<'a>>,
}

impl<'a> Sheet<'a> {
    /// A table of which the heading, if there is one, is among the first rows.
    pub fn with_heading_inside(name: String, mut rows: Vec<Row<'a>>) -> Self {
        let head = heading_of(&rows);
        let columns = head.map(|at| names(&rows[at])).unwrap_or_default();
        rows.drain(..head.map_or(0, |at| at + 1));
        Self { name, columns, rigid: true, rows }
    }

    /// How many rows hold something that looks like an address.
    pub fn rows_with_addresses(&self) -> usize {
        self.rows.iter().filter(|row| row.cells.iter().any(|(_, cell)| words::is_addresses(cell))).count()
    }
}

/// The names in a row.
fn names(row: &Row) -> Vec<String> {
    let mut all = vec![String::new(); row.width.min(COLUMNS)];
    for (column, cell) in &row.cells {
        if let Some(name) = all.get_mut(*column) {
            *name = cell.trim().into();
        }
    }
    all
}

/// The row that is the heading: one that names what is known, before the first address; else the first, if it has none.
pub fn heading_of(rows: &[Row]) -> Option<usize> {
    let address = |row: &Row| row.cells.iter().any(|(_, cell)| words::is_addresses(cell));
    let before = rows.iter().take(TITLE).take_while(|row| !address(row)).count();
    let telling = |row: &Row| row.cells.iter().any(|(_, cell)| role(cell).is_telling());
    let nothing = |row: &Row| row.wrong.is_some() || row.cells.iter().any(|(_, cell)| is_nothing(cell));
    rows[..before].iter().position(telling).or((before > 0 && !nothing(&rows[0])).then_some(0))
}

/// Counts the cells of a list, of which there is a limit.
#[derive(Default)]
pub struct Count(usize);

impl Count {
    /// Counts a row of so many more.
    pub fn more(&mut self, cells: usize) -> Result<(), String> {
        self.0 += cells + 1;
        match self.0 > CELLS {
            true => Err(format!(": it has more than {CELLS} cells: leave columns out, or split it")),
            false => Ok(()),
        }
    }
}

/// Puts records together whose fields have names.
#[derive(Default)]
pub struct Records<'a> {
    sheet: Sheet<'a>,
    places: HashMap<String, usize>,
    count: Count,
}

impl<'a> Records<'a> {
    /// Begins a record.
    pub fn begin(&mut self, line: usize) {
        match self.sheet.rows.last_mut().filter(|row| row.cells.is_empty()) {
            Some(row) => row.line = line,
            None => self.sheet.rows.push(Row { line, ..Row::default() }),
        }
    }

    /// Adds a field to the record.
    pub fn field(&mut self, name: &str, value: impl Into<Cow<'a, str>>) -> Result<(), String> {
        self.count.more(1)?;
        let many = self.sheet.columns.len();
        let full = many >= COLUMNS && !role(name).is_telling() || many >= 2 * COLUMNS;
        let name = if full && !self.places.contains_key(&name.to_lowercase()) { REST } else { name };
        let place = *self.places.entry(name.to_lowercase()).or_insert_with(|| {
            self.sheet.columns.push(name.into());
            many
        });
        if let Some(row) = self.sheet.rows.last_mut() {
            row.cells.push((place, value.into()));
        }
        Ok(())
    }

    /// The value that was added last.
    pub fn last(&mut self) -> Option<&mut Cow<'a, str>> {
        self.sheet.rows.last_mut()?.cells.last_mut().map(|(_, value)| value)
    }

    /// Whether the current record has a field of that name.
    pub fn has(&self, name: &str) -> bool {
        let place = self.places.get(&name.to_lowercase());
        place.zip(self.sheet.rows.last()).is_some_and(|(place, row)| row.of(*place).next().is_some())
    }

    /// All of them.
    pub fn sheet(mut self) -> Sheet<'a> {
        self.sheet.rows.retain(|row| !row.cells.is_empty());
        self.sheet
    }
}

/// Which columns are read, and how. Each is asked for by the cells that a row has: a hostile table has more columns than that.
struct Plan {
    /// Columns of the mailbox's address by their rank: the first that a row has counts.
    primary: Vec<Option<usize>>,
    /// Columns that are read whatever the others hold.
    more: Vec<Option<Kind>>,
    /// Columns of names without a domain.
    locals: Vec<Option<Kind>>,
    /// Where their domain stands.
    domain: Option<usize>,
}

impl Plan {
    fn reads(&self, column: usize) -> bool {
        self.primary[column].is_some() || self.more[column].is_some() || self.locals[column].is_some()
    }
}

/// Takes a table in.
///
/// # Errors
/// Why no column of it can be read, behind the file's name.
pub fn take(sheet: &Sheet, taken: &mut Taken) -> Result<(), String> {
    let width = sheet.rows.iter().flat_map(|row| row.cells.iter().map(|(column, _)| column + 1)).max().unwrap_or(0);
    let width = width.max(sheet.columns.len());
    let mut roles: Vec<Role> =
        (0..width).map(|at| sheet.columns.get(at).map_or(Role::Unknown, |name| role(name))).collect();
    // Whatever its name in the language of the program: what holds several proxy addresses holds all of a mailbox.
    for (column, _) in sheet.rows.iter().flat_map(|row| &row.cells).filter(|(_, cell)| words::has_proxies(cell)) {
        if roles[*column] == Role::Unknown {
            roles[*column] = Role::Every;
        }
    }
    let mut hits = vec![0; width];
    for row in &sheet.rows {
        for (column, _) in row.cells.iter().filter(|(_, cell)| words::has_address(cell)) {
            hits[*column] += 1;
        }
    }
    let plan = plan(sheet, &roles, &hits, taken)?;
    for column in (0..width).filter(|column| plan.reads(*column)) {
        taken.column(&name_of(sheet, column));
    }
    // What is read as an address is no name.
    let called = called(&sheet.columns).into_iter().filter(|column| !plan.reads(*column)).collect();
    let reads =
        Reads { sheet, plan, roles, called, kinds: sheet.columns.iter().position(|name| plain(name) == "type") };
    for row in &sheet.rows {
        reads.row(row, taken);
    }
    Ok(())
}

fn name_of(sheet: &Sheet, column: usize) -> String {
    match sheet.columns.get(column).filter(|name| !name.is_empty()) {
        Some(name) => shown(name),
        None => format!("column {}", column + 1),
    }
}

fn plan(sheet: &Sheet, roles: &[Role], hits: &[usize], taken: &Taken) -> Result<Plan, String> {
    let none = || vec![None; roles.len()];
    let mut plan = Plan { primary: vec![None; roles.len()], more: none(), locals: none(), domain: None };
    let mut any_address = false;
    let mut any = false;
    for (at, role) in roles.iter().enumerate().filter(|(at, _)| hits[*at] > 0) {
        match role {
            Role::Primary(rank) => plan.primary[at] = Some(*rank),
            Role::Every => plan.more[at] = Some(Kind::Untold),
            Role::Alias => plan.more[at] = Some(Kind::Alias),
            _ => continue,
        }
        any = true;
        any_address |= *role != Role::Alias;
    }
    // Where a column of addresses stands beside it, a name to log on with is no address: not all who log on have mail.
    for other in [Role::Local, Role::Principal] {
        let first = roles.iter().enumerate().position(|(at, role)| *role == other && hits[at] > 0);
        if let (false, Some(at)) = (any_address, first) {
            plan.primary[at] = Some(0);
            (any, any_address) = (true, true);
        }
    }
    if any {
        return Ok(plan);
    }
    // Names without a domain. Kerio calls them Name, and more of them MailAddress ("Importing users in Kerio Connect").
    let named = |wanted: &str| sheet.columns.iter().position(|name| plain(name) == wanted);
    let more = named("mailaddress");
    let local = roles.iter().position(|role| *role == Role::Local);
    let local = local.or_else(|| named("name").filter(|_| more.is_some() || named("fullname").is_some()));
    if let Some(local) = local {
        let aliases = roles.iter().enumerate().filter(|(_, role)| **role == Role::Alias).map(|(at, _)| at);
        more.into_iter().chain(aliases).for_each(|at| plan.locals[at] = Some(Kind::Alias));
        plan.locals[local] = Some(Kind::Primary);
        // GroupWise calls a part of its system a domain, which has no dot.
        let dotted = |at: &usize| {
            let mut cells = sheet.rows.iter().flat_map(|row| row.of(*at)).peekable();
            cells.peek().is_some() && cells.all(|cell| cell.trim().contains('.'))
        };
        plan.domain = roles.iter().position(|role| *role == Role::Domain).filter(dotted);
        if plan.domain.is_some() || taken.list_domain.is_some() {
            return Ok(plan);
        }
        plan.locals = none();
        let elsewhere = |at: &usize| hits[*at] == 0 || roles[*at] != Role::Unknown;
        if (0..hits.len()).all(|at| elsewhere(&at)) {
            let name = name_of(sheet, local);
            return Err(format!(": '{name}' holds names without a domain; --list-domain says which is theirs"));
        }
    }
    let name = |at: usize| sheet.columns.get(at).map_or("", String::as_str);
    let guess = |at: &usize| roles[*at] == Role::Unknown && hits[*at] > 0 && !tells_of_others(name(*at));
    match (0..hits.len()).filter(guess).rev().max_by_key(|at| (tells_of_mail(name(*at)), hits[*at])) {
        Some(at) => plan.primary[at] = Some(0),
        None => match hits.iter().position(|count| *count > 0) {
            Some(at) => {
                return Err(format!(": its only addresses are in '{}', which names no mailboxes", name_of(sheet, at)));
            }
            None => return Err(": no column holds addresses".into()),
        },
    }
    Ok(plan)
}

/// What rows are read with.
struct Reads<'s> {
    sheet: &'s Sheet<'s>,
    plan: Plan,
    roles: Vec<Role>,
    /// The columns that say what a mailbox is called.
    called: Vec<usize>,
    /// The column that says what kind of address the row has.
    kinds: Option<usize>,
}

impl Reads<'_> {
    fn row(&self, row: &Row, taken: &mut Taken) {
        taken.row();
        if let Some(wrong) = row.wrong {
            return taken.leave(row.line, wrong.into());
        }
        if self.is_heading(row) {
            return taken.leave(row.line, "it repeats the heading".into());
        }
        let is_off = |(column, cell): &&(usize, Cow<str>)| match self.roles[*column] {
            Role::Switch(off) => off.contains(&&*cell.trim().to_ascii_lowercase()),
            _ => false,
        };
        if let Some((column, _)) = row.cells.iter().find(is_off) {
            return taken.aside(format!("rows that '{}' says are off", name_of(self.sheet, *column)), 1);
        }
        if let Some(name) = self.name(row) {
            taken.name(name);
        }
        let mut had = BTreeSet::new();
        let mut any = self.locals(row, taken);
        let ranked = row.cells.iter().filter_map(|(column, _)| Some((self.plan.primary[*column]?, *column)));
        let primary = ranked.min().map(|(_, column)| column);
        let own = self.kind(row, primary);
        let kind_of = |column: usize| if Some(column) == primary { Some(own) } else { self.plan.more[column] };
        for (column, cell) in &row.cells {
            let Some(kind) = kind_of(*column) else { continue };
            // Google's `aliases` counts them, Exchange's `Alias` is a name.
            let number = cell.trim().bytes().all(|byte| byte.is_ascii_digit());
            let nickname = self.sheet.columns.get(*column).is_some_and(|name| plain(name) == "alias");
            let names = taken.list_domain.is_some() && !number && !nickname;
            let counts = self.roles[*column] == Role::Alias && !cell.contains('@') && !names;
            if counts || is_type_name(cell) {
                continue;
            }
            words::each(cell, &mut |word| {
                any = true;
                if let Word::Address(address, _) = &word {
                    had.insert(address.clone());
                }
                taken.word(row.line, word, kind);
            });
        }
        if !any {
            match self.is_too_short(row) {
                true => taken.leave(row.line, format!("it has {} of {} columns", row.width, self.sheet.columns.len())),
                false => taken.aside("rows without an address", 1),
            }
        }
        self.rest(row, &had, taken);
    }

    /// What the row calls its mailbox, where that is plain text and no more than a name.
    fn name(&self, row: &Row) -> Option<String> {
        let parts =
            self.called.iter().filter_map(|column| row.of(*column).map(str::trim).find(|part| !part.is_empty()));
        let name = parts.collect::<Vec<_>>().join(" ");
        let fits = name.chars().count() <= LONGEST_NAME && safe(&name) == name;
        let letters = name.contains(char::is_alphabetic) && !name.contains(['@', LOST]) && !name.ends_with("...");
        (fits && letters && !is_nothing(&name)).then_some(name)
    }

    /// What the rest of the row holds and is not taken.
    fn rest(&self, row: &Row, had: &BTreeSet<String>, taken: &mut Taken) {
        for (column, cell) in &row.cells {
            let name = || name_of(self.sheet, *column);
            if is_type_name(cell) && matches!(self.roles[*column], Role::Every | Role::Alias) {
                taken.aside(format!("cells of '{}' that show the name of a type, and no address", name()), 1);
            }
            if self.plan.more[*column].is_some() || self.plan.locals[*column].is_some() || !cell.contains('@') {
                continue;
            }
            let mut more = 0;
            words::each(cell, &mut |word| {
                more += usize::from(matches!(word, Word::Address(address, _) if !had.contains(&address)));
            });
            taken.aside(format!("addresses in '{}'", name()), more);
        }
    }

    /// Names, with the domain beside them, or with the one that was given. Says whether there were any.
    fn locals(&self, row: &Row, taken: &mut Taken) -> bool {
        let names = row.cells.iter().filter_map(|(column, cell)| Some((self.plan.locals[*column]?, cell)));
        let beside = self.plan.domain.and_then(|column| row.of(column).next()).map(|domain| domain.trim().to_string());
        let domain = beside.or(taken.list_domain.map(String::from));
        let mut any = false;
        for (kind, cell) in names {
            words::each(cell, &mut |word| {
                any = true;
                match (word, &domain) {
                    (Word::Name(name), Some(domain)) if is_local(name) => {
                        taken.word(row.line, words::one(&format!("{name}@{domain}"), kind), kind);
                    }
                    (Word::Name(name), Some(_)) => {
                        taken.leave(row.line, format!("'{}' is no name of a mailbox", shown(name)));
                    }
                    (Word::Name(_), None) => taken.leave(row.line, "there is no domain beside the name".into()),
                    (word, _) => taken.word(row.line, word, kind),
                }
            });
        }
        any
    }

    /// What the row, or its table, says of its address.
    fn kind(&self, row: &Row, primary: Option<usize>) -> Kind {
        // `gam print addresses` says UserAlias, GroupNEAlias.
        if self.kinds.is_some_and(|column| row.of(column).any(|cell| cell.ends_with("Alias"))) {
            return Kind::Alias;
        }
        let name = self.sheet.name.to_ascii_lowercase();
        if !(name.contains("alias") || name.contains("forwarding")) {
            return Kind::Untold;
        }
        // Tables of aliases hold mailboxes too, which go to themselves (PostfixAdmin, iRedMail).
        let own = primary.and_then(|column| row.of(column).next()).unwrap_or_default().trim();
        let mut goes_to = row.cells.iter().filter(|(column, _)| self.roles[*column] == Role::Elsewhere);
        let itself = goes_to.any(|(_, cell)| cell.split(',').any(|target| target.trim().eq_ignore_ascii_case(own)));
        if itself { Kind::Untold } else { Kind::Alias }
    }

    fn is_heading(&self, row: &Row) -> bool {
        let same = |(column, cell): &(usize, Cow<str>)| {
            self.sheet.columns.get(*column).is_some_and(|name| name.eq_ignore_ascii_case(cell.trim()))
        };
        self.sheet.rigid && !self.sheet.columns.is_empty() && row.cells.iter().all(same)
    }

    /// Whether the row ends before the first column that is read.
    fn is_too_short(&self, row: &Row) -> bool {
        let short = self.sheet.rigid && row.width < self.sheet.columns.len();
        short && !(0..row.width).any(|column| self.plan.reads(column))
    }
}

/// What Export-Csv and a shallow ConvertTo-Json write in place of a collection.
fn is_type_name(cell: &str) -> bool {
    ["Microsoft.Exchange.", "System."].iter().any(|head| cell.starts_with(head)) && !cell.contains('@')
}
