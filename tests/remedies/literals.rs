//! A line as PowerShell divides it into what stands outside quotes and what stands within: the grammar of tree-sitter knows
//! the straight quotes alone, and the language has four single and three double ones more.

/// What a line is made of.
#[derive(Debug, PartialEq, Eq)]
pub struct Divided {
    /// The line with `'0'`, `'1'` and so on in the place of its literals; empty for a comment.
    pub frame: String,
    /// What the literals stand for.
    pub literals: Vec<String>,
}

/// `line` in its parts.
///
/// # Errors
/// In words, where it is more than one line, a string does not end, one in double quotes expands something, or something
/// stands outside quotes that no command of ours has there.
pub fn divided(line: &str) -> Result<Divided, String> {
    if line.contains(['\r', '\n']) {
        return Err("it is more than one line".into());
    }
    if line.starts_with('#') {
        return Ok(Divided { frame: String::new(), literals: Vec::new() });
    }
    let (mut frame, mut literals) = (String::new(), Vec::new());
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        // CharTraits.cs of PowerShell: IsSingleQuote, IsDoubleQuote.
        let ends: &[char] = match c {
            '\'' | '\u{2018}'..='\u{201b}' => &['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'],
            '"' | '\u{201c}'..='\u{201e}' => &['"', '\u{201c}', '\u{201d}', '\u{201e}'],
            _ if c.is_ascii_alphanumeric() || " -,.:;=@{}()$|<>/_\\".contains(c) => {
                frame.push(c);
                continue;
            }
            _ => return Err(format!("{c:?} stands outside quotes")),
        };
        let mut literal = String::new();
        loop {
            match rest.next() {
                None => return Err("a string does not end".into()),
                Some(c) if ends.contains(&c) => match rest.next_if(|next| ends.contains(next)) {
                    // The first of the two stands for itself (tokenizer.cs: ScanStringLiteral).
                    Some(_) => literal.push(c),
                    None => break,
                },
                Some('$' | '`') if ends[0] == '"' => return Err("a string expands something".into()),
                Some(c) => literal.push(c),
            }
        }
        frame += &format!("'{}'", literals.len());
        literals.push(literal);
    }
    Ok(Divided { frame, literals })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nsdiag_checks::remedy::quoting;
    use proptest::prelude::*;

    #[test]
    fn a_string_ends_where_powershell_ends_it() {
        let cases = [
            ("A 'x'", "A '0'", vec!["x"]),
            ("A 'x''y' 'z'", "A '0' '1'", vec!["x'y", "z"]),
            ("A 'x\u{2019}\u{2019}y'", "A '0'", vec!["x\u{2019}y"]),
            // Whichever of them opens it, any other ends it.
            ("A 'x\u{2019}|calc", "A '0'|calc", vec!["x"]),
            ("A \u{2018}x'", "A '0'", vec!["x"]),
            ("A \"it's\"", "A '0'", vec!["it's"]),
            ("# 'x", "", vec![]),
        ];
        for (line, frame, literals) in cases {
            let literals = literals.into_iter().map(String::from).collect();
            assert_eq!(divided(line), Ok(Divided { frame: frame.into(), literals }), "{line}");
        }
        for line in ["A 'x", "A \u{201c}x", "A \"$x\"", "A 'x'\n", "A x\u{2013}y", "A %x%", "A a&b"] {
            assert!(divided(line).is_err(), "{line}");
        }
    }

    /// What is special to one shell or another, and can be quoted for PowerShell.
    const SAFE: &str = "'\"`$%!^&|<>;#(){}@\\/-\u{2018}\u{2019}\u{201a}\u{201b}\u{201c}\u{201d}\u{201e}\u{2013}\
                           \u{2014}\u{2015} aZé";

    /// Texts in which what is special to a shell is not rare, with and without what no quotes make safe.
    fn hostile() -> impl Strategy<Value = String> {
        const UNSAFE: &str = "\r\n\0\u{1b}\u{85}\u{200e}\u{202e}\u{2028}\u{2066}\u{fffd}\u{ffff}";
        let of = |set: &str| prop::sample::select(set.chars().collect::<Vec<_>>());
        let quotable = prop::collection::vec(of(SAFE), 0..24);
        let any = prop::collection::vec(prop_oneof![of(SAFE), of(UNSAFE), any::<char>()], 0..8);
        prop_oneof![quotable, any].prop_map(|all| all.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) })]

        #[test]
        fn what_is_quoted_is_one_literal_of_powershell_and_means_itself(value in hostile()) {
            for quote in [quoting::powershell, quoting::argument] {
                let Ok(quoted) = quote(&value) else { continue };
                let line = format!("A -B {quoted} -C");
                let expected = Divided { frame: "A -B '0' -C".into(), literals: vec![value.clone()] };
                prop_assert_eq!(divided(&line), Ok(expected));
            }
            let refused = quoting::powershell(&value).is_err();
            prop_assert!(!refused || !value.chars().all(|c| SAFE.contains(c)), "refused, though it could be quoted");
        }

        #[test]
        fn what_is_quoted_for_cmd_expands_nothing_and_ends_at_its_own_quote(value in hostile()) {
            if let Ok(quoted) = quoting::cmd(&value) {
                prop_assert_eq!(&quoted, &format!("\"{value}\""));
                prop_assert!(!value.contains(['"', '%', '!', '^', '&', '|', '<', '>', '\r', '\n', '\0']) && !value.ends_with('\\'));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn what_is_quoted_for_sh_is_one_argument_and_means_itself(value in hostile()) {
            if let Ok(quoted) = quoting::sh(&value) {
                let script = format!("printf '%s|' {quoted} end");
                let said = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
                prop_assert_eq!(String::from_utf8_lossy(&said.stdout), format!("{value}|end|"));
            }
        }
    }
}
