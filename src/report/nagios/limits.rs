//! Thresholds in the notation of the Monitoring Plugins guidelines: how many recipients may be without mail.
use std::fmt;
use std::str::FromStr;

/// The thresholds of a run; none where the verdict alone decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Outside of it the state is a warning at least.
    pub warning: Option<Range>,
    /// Outside of it the state is critical.
    pub critical: Option<Range>,
}

impl Limits {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.warning.is_none() && self.critical.is_none()
    }
}

/// A range of numbers: `10` (0 to 10), `5:` (5 and more), `~:4` (4 and less), `@1:3` (all but 1 to 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    from: Option<u64>,
    to: Option<u64>,
    /// Whether what is in it alerts, and not what is outside.
    inside: bool,
}

impl Range {
    /// Whether this number alerts.
    pub fn alerts(&self, number: usize) -> bool {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        let within = self.from.is_none_or(|from| from <= number) && self.to.is_none_or(|to| number <= to);
        within == self.inside
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no range: 10, 5:, ~:4, 2:8 or @1:3, in whole numbers");
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse::<u64>().map_err(|_| wrong()),
            false => Err(wrong()),
        };
        let (inside, rest) = match text.strip_prefix('@') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (from, to) = match rest.split_once(':') {
            Some(("~", "")) => (None, None),
            Some(("~", to)) => (None, Some(number(to)?)),
            Some((from, "")) => (Some(number(from)?), None),
            Some(("", to)) => (Some(0), Some(number(to)?)),
            Some((from, to)) => (Some(number(from)?), Some(number(to)?)),
            None => (Some(0), Some(number(rest)?)),
        };
        match (from, to) {
            (Some(from), Some(to)) if from > to => Err(format!("'{text}' is no range: it ends before it begins")),
            _ => Ok(Self { from, to, inside }),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(if self.inside { "@" } else { "" })?;
        match (self.from, self.to) {
            (Some(0), Some(to)) => write!(f, "{to}"),
            (None, Some(to)) => write!(f, "~:{to}"),
            (Some(from), Some(to)) => write!(f, "{from}:{to}"),
            (Some(from), None) => write!(f, "{from}:"),
            (None, None) => f.write_str("~:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_alerts_as_the_guidelines_say() {
        // The range, how it is written again, and what of 0 to 12 alerts.
        let cases = [
            ("10", "10", vec![11, 12]),
            ("0", "0", (1..=12).collect()),
            ("10:", "10:", (0..10).collect()),
            ("~:10", "~:10", vec![11, 12]),
            (":10", "10", vec![11, 12]),
            ("10:11", "10:11", (0..10).chain([12]).collect()),
            ("@10:11", "@10:11", vec![10, 11]),
            ("@1:3", "@1:3", vec![1, 2, 3]),
            ("@2", "@2", vec![0, 1, 2]),
            ("~:", "~:", vec![]),
            ("@~:", "@~:", (0..=12).collect()),
        ];
        for (text, written, expected) in cases {
            let range: Range = text.parse().unwrap();
            assert_eq!(range.to_string(), written);
            assert_eq!((0..=12).filter(|number| range.alerts(*number)).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in
            ["", ":", "@", "~", "a", "3:1", "1:2:3", "-1", "1.5", "+1", "1 ", "@@1", "99999999999999999999", "٣"]
        {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
    }
}
