//! Points in time as directories, exports and sessions write them, as far as comparing two of them needs it.

/// The hours from `earlier` to `later`, both in UTC; none where one of them cannot be read, or they are the other way round.
pub fn hours_between(earlier: &str, later: &str) -> Option<u64> {
    minutes(later)?.checked_sub(minutes(earlier)?).map(|minutes| minutes / 60)
}

/// Minutes since the year 0, from generalized time (`20261124103000.0Z`, RFC 4517, 3.3.13) or RFC 3339.
fn minutes(text: &str) -> Option<u64> {
    let text = text.trim();
    let zone = text.ends_with('Z') || !text.contains('+');
    let mut digits = text.chars().filter(char::is_ascii_digit);
    let mut number = |width: usize| -> Option<u64> {
        let taken = digits.by_ref().take(width);
        taken.map(|digit| digit.to_digit(10).map(u64::from)).try_fold(0, |sum, digit| Some(sum * 10 + digit?))
    };
    let plain = text.get(..8)?.bytes().all(|byte| byte.is_ascii_digit());
    let dashed = text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
    if !zone || !(plain || dashed) || text.len() < 12 {
        return None;
    }
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    let (hour, minute) = (number(2)?, number(2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 {
        return None;
    }
    // Years that begin in March, so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    Some((days * 24 + hour) * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_moments_are_compared_in_whichever_way_they_are_written() {
        let cases = [
            ("20261124103000.0Z", "2026-11-24T12:00:00Z", Some(1)),
            ("2026-11-24T10:00:00Z", "2026-11-24T12:00:00.5Z", Some(2)),
            ("20240228120000.0Z", "2024-03-01T12:00:00Z", Some(48)),
            ("20230228120000.0Z", "2023-03-01T12:00:00Z", Some(24)),
            ("20251231230000.0Z", "2026-01-01T01:00:00Z", Some(2)),
            ("2026-11-24T12:00:00Z", "20261124103000.0Z", None),
            ("24.11.2026 10:30", "2026-11-24T12:00:00Z", None),
            ("2026-11-24T10:00:00+02:00", "2026-11-24T12:00:00Z", None),
            ("20261324103000.0Z", "2026-11-24T12:00:00Z", None),
            ("", "2026-11-24T12:00:00Z", None),
        ];
        for (earlier, later, expected) in cases {
            assert_eq!(hours_between(earlier, later), expected, "{earlier} {later}");
        }
    }
}
