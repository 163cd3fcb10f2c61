//! Records of `name: value` lines: Format-List of PowerShell, `zmprov gaa -v`, Domino's structured text.
use super::columns::{Role, role};
use super::sheet::{Records, take};
use super::taken::Taken;
use super::words;

/// By how many lines the format is told.
const SAMPLE: usize = 400;

/// Which of them it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// `Name   : value`, the colons below each other.
    FormatList,
    /// `# name a@contoso.com`, and the attributes of the account below it.
    Zimbra,
    /// `InternetAddress:  a@contoso.com`, with a form feed or an empty line between the documents.
    Domino,
}

/// Whether it is one.
pub fn tells(text: &str) -> bool {
    dialect(text).is_some()
}

fn dialect(text: &str) -> Option<Dialect> {
    let lines = || text.lines().take(SAMPLE).filter(|line| !line.trim().is_empty() && !is_prompt(line));
    if lines().any(|line| zimbra_head(line).is_some()) {
        return Some(Dialect::Zimbra);
    }
    if lines().next().is_some_and(|line| padded(line).is_some()) {
        return Some(Dialect::FormatList);
    }
    // An alias file may have a `mail:` too; here the name is Domino's, or comes again and again with an address.
    let fields = lines().filter_map(field);
    let known = fields.filter(|(name, value)| matches!(role(name), Role::Primary(_)) && words::is_addresses(value));
    let names: Vec<&str> = known.map(|(name, _)| name).collect();
    let sure = names.iter().any(|name| name.eq_ignore_ascii_case("InternetAddress"));
    let again = names.first().is_some_and(|first| names.iter().filter(|name| *name == first).count() > 1);
    (sure || again).then_some(Dialect::Domino)
}

/// Reads it.
pub fn read(text: &str, taken: &mut Taken) -> Result<String, String> {
    let dialect = dialect(text).unwrap_or(Dialect::Domino);
    let mut records = Records::default();
    let mut open = false;
    let mut colon = None;
    for (at, whole) in text.lines().enumerate() {
        let line = whole.trim_start_matches('\u{c}');
        if line.trim().is_empty() || is_prompt(line) || line.len() < whole.len() {
            // A value of several lines may have empty ones at Zimbra.
            open &= dialect == Dialect::Zimbra;
            if line.trim().is_empty() || is_prompt(line) {
                continue;
            }
        }
        if let (Dialect::Zimbra, Some(name)) = (dialect, zimbra_head(line)) {
            records.begin(at + 1);
            open = true;
            records.field("zimbra name", name)?;
            continue;
        }
        let found = match dialect {
            Dialect::FormatList => padded(line).filter(|_| !open || line.find(':') == colon),
            _ => field(line),
        };
        let Some((name, value)) = found else {
            // The rest of a value. What Format-List breaks elsewhere than behind a comma is one word, which no address goes
            // beyond: a part of one must never be taken for another.
            if let (true, Some(last)) = (open && dialect != Dialect::Zimbra, records.last()) {
                let between = if dialect == Dialect::FormatList && !last.ends_with(',') { "" } else { " " };
                let last = last.to_mut();
                last.push_str(between);
                last.push_str(line.trim());
            }
            continue;
        };
        let again = dialect == Dialect::Domino && records.has(name) && matches!(role(name), Role::Primary(_));
        if !open || again {
            records.begin(at + 1);
            open = true;
            colon = line.find(':');
        }
        // Domino takes mail for every name of a person; those that are addresses are further ones of it.
        let names = dialect == Dialect::Domino && ["fullname", "shortname"].contains(&&*name.to_ascii_lowercase());
        for part in value.split([',', ';']).map(str::trim).filter(|part| names && words::is_addresses(part)) {
            records.field("aliases", part)?;
        }
        if !names {
            records.field(name, value)?;
        }
    }
    take(&records.sheet(), taken)?;
    Ok(match dialect {
        Dialect::FormatList => "Format-List",
        Dialect::Zimbra => "zmprov -v",
        Dialect::Domino => "structured text",
    }
    .into())
}

/// `# name a@contoso.com`, `# distributionList a@contoso.com memberCount=3`.
fn zimbra_head(line: &str) -> Option<&str> {
    let (kind, rest) = line.strip_prefix("# ")?.split_once(' ')?;
    let name = rest.split_whitespace().next()?;
    (matches!(kind, "name" | "distributionList") && name.contains('@')).then_some(name)
}

/// `name: value`, the name without blanks.
fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '-');
    (!name.is_empty() && name.chars().all(fits)).then_some((name, value.trim()))
}

/// `Name   : value`, with a blank on either side of the colon.
fn padded(line: &str) -> Option<(&str, &str)> {
    let (head, value) = line.split_once(':')?;
    let name = head.trim_end();
    let is_name =
        name.starts_with(|c: char| c.is_alphabetic()) && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let fits = is_name && head.len() > name.len() && (value.is_empty() || value.starts_with(' '));
    fits.then_some((name, value.trim()))
}

/// The prompt of a shell, and the command behind it.
pub fn is_prompt(line: &str) -> bool {
    line.strip_prefix("[PS] ").or_else(|| line.strip_prefix("PS ")).is_some_and(|rest| rest.contains('>'))
}
