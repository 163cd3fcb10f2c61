//! What a monitoring plugin says where there is no report.
use super::{FIRST, cut, harmless};
use std::ffi::OsString;

/// Whether these arguments ask for a plugin's output, sound or not.
pub fn is_asked_for(arguments: impl IntoIterator<Item = OsString>) -> bool {
    let name = super::FORMAT.name;
    let mut after = false;
    for argument in arguments {
        if argument == "--" {
            return false;
        }
        let text = argument.to_string_lossy();
        if after && text == name || text.strip_prefix("--format=") == Some(name) {
            return true;
        }
        after = text == "--format";
    }
    false
}

/// The state line where `why` is all that there is to say.
pub fn unknown(why: &str) -> String {
    let why = why.trim().split('\n').map(str::trim).find(|line| !line.is_empty()).unwrap_or("no report");
    format!("{}\n", cut(&harmless(&format!("NSDIAG UNKNOWN - {why}")), FIRST - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_for_by_the_format_alone() {
        let cases = [
            ("check --format nagios contoso.com", true),
            ("check contoso.com --format=nagios --frobnicate", true),
            ("show r.json -w 3 --format nagios", true),
            ("check --format json", false),
            ("check nagios", false),
            ("check --format", false),
            ("check -- --format nagios", false),
        ];
        for (line, expected) in cases {
            assert_eq!(is_asked_for(line.split(' ').map(OsString::from)), expected, "{line}");
        }
    }

    #[test]
    fn it_is_one_line_without_performance_data() {
        assert_eq!(unknown("\nerror: a | b\n\nUsage: nsdiag\n"), "NSDIAG UNKNOWN - error: a \\u{7c} b\n");
        assert_eq!(unknown(""), "NSDIAG UNKNOWN - no report\n");
        assert!(unknown(&"ü".repeat(9_000)).len() <= FIRST);
    }
}
