//! Secrets of which a text shows the beginning alone: whoever wrote a server's words down cut them there, at a `…`.
use std::ops::Range;

/// What stands where a text was cut.
const SIGN: char = '…';
/// So many letters of a secret are hidden at a cut; fewer are in innocent words too, and help nobody.
const LEAST: usize = 4;

/// Whether `text` was cut anywhere.
pub(super) fn is_in(text: &str) -> bool {
    text.contains(SIGN)
}

/// Where `text` is cut within `form`, which is in the same case: what is there of it, before each sign.
pub(super) fn places<'t>(text: &'t str, form: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    text.match_indices(SIGN).filter_map(move |(at, _)| {
        let length = beginning(&text[..at], form)?;
        Some(at - length..at)
    })
}

/// How much of `form`, which is not there whole, `head` ends in.
fn beginning(head: &str, form: &str) -> Option<usize> {
    // A server may send millions of signs: most are passed over at a glance.
    let last = head.as_bytes().last_chunk::<LEAST>()?;
    if !last.iter().all(|byte| form.as_bytes().contains(byte)) {
        return None;
    }
    let ends = form.char_indices().map(|(at, _)| at).skip(LEAST);
    ends.filter(|end| head.ends_with(&form[..*end])).last()
}

#[cfg(test)]
mod tests {
    use super::super::Secrets;
    use super::*;
    use crate::collect::directory::Password;

    #[test]
    fn what_is_left_of_a_secret_at_a_cut_is_masked() {
        let mut hide = Secrets::default();
        hide.add("svc@contoso.com", &Password::new("geheim-7391ü".into()), "contoso.com");
        let cases = [
            ("it says: geheim-7391…", "it says: ***…"),
            ("it says: xGEHEIM-739… (result 49)", "it says: x***… (result 49)"),
            ("gehe… and geheim…", "***… and ***…"),
            // Three letters are no secret, and neither are those of its middle, nor a beginning that nobody cut off.
            ("geh… heim-7391… geheim-7391.", "geh… heim-7391… geheim-7391."),
            ("a geheim-7391ü… b", "a ***… b"),
            ("67656865696d2d37…", "***…"),
            // In base64, at each place of what was encoded, and in SASL PLAIN.
            ("a Z2VoZWltLTcz… b", "a ***… b"),
            ("a eGdlaGVpbS03Mzk… b", "a ***… b"),
            ("a AHN2Y0Bjb250b3NvLmNvbQBnZWhlaW0… b", "a ***… b"),
            ("…", "…"),
            ("…………", "…………"),
        ];
        for (text, expected) in cases {
            assert_eq!(hide.mask(text), expected, "{text}");
            let document = serde_json::to_string(&[text]).unwrap();
            let masked: Vec<String> = serde_json::from_str(&hide.mask_json(&document)).unwrap();
            assert_eq!(masked, [expected], "in a document, {text}");
        }
    }

    #[test]
    fn a_common_word_is_masked_at_a_cut_where_it_stands_alone() {
        let mut hide = Secrets::default();
        hide.add("svc", &Password::new("contoso".into()), "contoso.com");
        assert_eq!(hide.mask("it says: conto…"), "it says: ***…");
        assert_eq!(hide.mask("it says: xconto…"), "it says: xconto…");
    }

    #[test]
    fn signs_without_end_are_passed_over() {
        let began = std::time::Instant::now();
        let text = "a…b…………".repeat(300_000);
        assert_eq!(places(&text, &"geheim-7391".repeat(10)).count(), 0);
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    }

    #[test]
    fn the_longest_beginning_counts() {
        for (head, expected) in
            [("aaaaaa", Some(6)), ("xaaaab", None), ("aaa", None), ("", None), ("baaaaaaaa", Some(7))]
        {
            assert_eq!(beginning(head, "aaaaaaab"), expected, "{head}");
        }
    }
}
