//! How a report is shown, whatever its format: how wide, in which characters, how much of it.
use super::nagios::Limits;
use std::env::var_os;
use std::ops::RangeInclusive;

/// Where nobody says how wide it may be.
const WIDTH: u16 = 80;
/// Narrower than this no table can be read, and wider than that no sentence.
const WIDTHS: RangeInclusive<u16> = 60..=160;

/// How a report is shown.
#[derive(Clone, Debug)]
pub struct View {
    /// Whether it is coloured.
    pub colour: bool,
    /// Whether all of it is shown: nothing is folded or left out, and the dialogues are there.
    pub verbose: bool,
    /// Whether one line is all that is wanted.
    pub brief: bool,
    /// Whether lines may be drawn with characters beyond ASCII. What others wrote is shown as it is.
    pub unicode: bool,
    /// How many columns there are for everything but commands.
    pub width: u16,
    /// The thresholds of a monitoring plugin's state.
    pub limits: Limits,
}

impl View {
    /// As it is written to a file or mailed: for nobody's terminal, and in UTF-8.
    pub fn of_file(verbose: bool) -> Self {
        Self { colour: false, verbose, brief: false, unicode: true, width: WIDTH, limits: Limits::default() }
    }

    /// As standard output shows it, without colour.
    pub fn of_output(verbose: bool, brief: bool) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(text_of);
        Self {
            colour: false,
            verbose,
            brief,
            unicode: is_utf8(&locale),
            width: width_of_output(),
            limits: Limits::default(),
        }
    }
}

/// The columns of the terminal that standard output leads to; COLUMNS where it leads to none.
pub fn width_of_output() -> u16 {
    let terminal = terminal_size::terminal_size_of(std::io::stdout());
    width(terminal.map(|(columns, _)| columns.0), &text_of("COLUMNS"))
}

fn text_of(name: &str) -> String {
    var_os(name).unwrap_or_default().to_string_lossy().into_owned()
}

/// A terminal that has no columns knows no better than a pipe.
fn width(terminal: Option<u16>, columns: &str) -> u16 {
    let known = terminal.or_else(|| columns.parse().ok()).filter(|columns| *columns > 0);
    known.map_or(WIDTH, |columns| columns.clamp(*WIDTHS.start(), *WIDTHS.end()))
}

/// Whether the locale writes UTF-8: the first of these values that is not empty names it (POSIX, XBD 8.2).
fn is_utf8(values: &[String]) -> bool {
    let Some(locale) = values.iter().find(|value| !value.is_empty()) else { return false };
    let without_modifier = locale.split('@').next().unwrap_or_default();
    // macOS has locales that are nothing but a set of characters.
    let charset = without_modifier.rsplit('.').next().unwrap_or_default();
    charset.replace('-', "").eq_ignore_ascii_case("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_says_how_wide_it_is_and_else_columns() {
        let cases = [
            (Some(100), "70", 100),
            (Some(20), "", 60),
            (Some(400), "", 160),
            (Some(0), "", 80),
            (None, "120", 120),
            (None, "9", 60),
            (None, "99999", 80),
            (None, "wide", 80),
            (None, "", 80),
        ];
        for (terminal, columns, expected) in cases {
            assert_eq!(width(terminal, columns), expected, "{terminal:?} {columns:?}");
        }
    }

    #[test]
    fn the_first_locale_that_is_set_says_whether_it_is_utf_8() {
        let cases = [
            (["", "", "de_DE.UTF-8"], true),
            (["", "", "C.utf8"], true),
            (["C", "", "de_DE.UTF-8"], false),
            (["", "UTF-8", "C"], true),
            (["", "", "de_DE.UTF-8@euro"], true),
            (["", "", "de_DE@euro"], false),
            (["", "de_DE.ISO-8859-1", "C.UTF-8"], false),
            (["", "", ""], false),
        ];
        for (values, expected) in cases {
            assert_eq!(is_utf8(&values.map(String::from)), expected, "{values:?}");
        }
    }
}
