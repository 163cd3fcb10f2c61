//! Whether one domain may be another one mistyped.
use crate::prelude::*;

/// Whether `typed` is `meant` with one letter left out, added, changed or swapped with its neighbour, under the same
/// top-level domain: contoso.com and contoso.org are two domains and no typing error.
pub fn mistyped(typed: &str, meant: &str) -> bool {
    let (Some((typed, top)), Some((meant, of_meant))) = (typed.rsplit_once('.'), meant.rsplit_once('.')) else {
        return false;
    };
    // In a short name one letter makes another name.
    top == of_meant && typed != meant && meant.chars().count() >= 5 && one_step(typed, meant)
}

fn one_step(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let head = short.iter().zip(&long).take_while(|(a, b)| a == b).count();
    match long.len() - short.len() {
        1 => short[head..] == long[head + 1..],
        0 => {
            let changed = short[head + 1..] == long[head + 1..];
            let swapped = head + 1 < short.len()
                && short[head] == long[head + 1]
                && short[head + 1] == long[head]
                && short[head + 2..] == long[head + 2..];
            changed || swapped
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_makes_a_typing_error_and_two_make_another_name() {
        let cases = [
            ("contosso.com", true),
            ("contso.com", true),
            ("cotnoso.com", true),
            ("kontoso.com", true),
            ("contosoo.com", true),
            ("contoso.com", false),
            ("contoso.org", false),
            ("contoso.co", false),
            ("kontosso.com", false),
            ("mail.contoso.com", false),
            ("com", false),
            ("", false),
        ];
        for (typed, expected) in cases {
            assert_eq!(mistyped(typed, "contoso.com"), expected, "{typed}");
        }
        assert!(!mistyped("abd.com", "abc.com"), "too short to tell");
    }
}
