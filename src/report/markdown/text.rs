//! Text from outside in Markdown (CommonMark, and what GitHub, GitLab and chats make of more): a word that is not plainly one
//! stands in backquotes, where no dialect finds markup, HTML, a link, a mention or a reference.
use crate::report::safe;

/// What may stand before and behind a word.
const BEFORE: [char; 4] = ['(', '"', '\'', '['];
const BEHIND: [char; 10] = [')', '"', '\'', ']', ',', '.', ';', ':', '!', '?'];

/// Text in a paragraph, an item of a list or a heading.
pub fn inline(text: &str) -> String {
    safe(text).split(' ').filter(|word| !word.is_empty()).map(word).collect::<Vec<_>>().join(" ")
}

/// The same in a cell of a table.
pub fn cell(text: &str) -> String {
    // GitHub takes this escape away before it looks for anything else, backquotes included.
    inline(text).replace('|', "\\|")
}

/// A name as it is.
pub fn code(text: &str) -> String {
    let text = safe(text);
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(text) + 1);
    // A space at both ends is taken away again.
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Lines that are shown as they are, in a fence that none of them ends. `language` is one of ours.
pub fn block(language: &str, lines: impl IntoIterator<Item = String>) -> String {
    let text: String = lines.into_iter().map(|line| format!("{}\n", safe(&line))).collect();
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}{language}\n{text}{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

fn word(word: &str) -> String {
    let core = word.trim_start_matches(BEFORE);
    let (before, core) = (&word[..word.len() - core.len()], core.trim_end_matches(BEHIND));
    let behind = &word[before.len() + core.len()..];
    let number = !core.is_empty() && core.bytes().all(|byte| byte.is_ascii_digit());
    // `1.` begins a list.
    let dot = if number && behind.starts_with(['.', ')']) { "\\" } else { "" };
    let core = if is_plain(core) { core.to_string() } else { code(core) };
    format!("{}{core}{dot}{}", escaped(before), escaped(behind))
}

/// Whether it is letters and digits, or several such with a hyphen, a slash or an apostrophe between letters. `GH-1` is a
/// reference.
fn is_plain(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    letters.iter().enumerate().all(|(at, c)| match c {
        '-' | '/' | '\'' => {
            let around = [at.checked_sub(1).and_then(|at| letters.get(at)), letters.get(at + 1)];
            around.iter().all(|other| other.is_some_and(|other| other.is_alphabetic()))
        }
        c => c.is_ascii_alphanumeric() || !c.is_ascii() && *c != '\u{ff20}',
    })
}

fn escaped(marks: &str) -> String {
    marks.replace('[', "\\[").replace(']', "\\]").replace('!', "\\!")
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::report::sample::HOSTILE;
    use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

    /// The text that a reader sees, with a line for each block; panics where there is markup that we never write.
    pub fn seen(markdown: &str) -> String {
        let mut options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
        options |= Options::ENABLE_FOOTNOTES | Options::ENABLE_MATH | Options::ENABLE_GFM | Options::ENABLE_WIKILINKS;
        let mut text = String::new();
        for event in Parser::new_ext(markdown, options) {
            match event {
                Event::Text(words) | Event::Code(words) => text.push_str(&words),
                Event::SoftBreak | Event::HardBreak | Event::Rule => text.push('\n'),
                Event::End(TagEnd::TableCell) => text.push_str(" / "),
                Event::Start(
                    Tag::Paragraph
                    | Tag::Heading { .. }
                    | Tag::List(_)
                    | Tag::Item
                    | Tag::CodeBlock(_)
                    | Tag::Table(_)
                    | Tag::TableHead
                    | Tag::TableRow
                    | Tag::TableCell
                    | Tag::Strong,
                )
                | Event::End(TagEnd::Strong | TagEnd::Table) => {}
                Event::End(_) => text.push('\n'),
                other => panic!("{other:?} in {markdown}"),
            }
        }
        text
    }

    fn squeezed(text: &str) -> String {
        text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    const WORDS: [&str; 30] = [
        "a plain sentence, with \"quotes\" (and brackets); it's and/or GW-side: why?",
        "1. not a list",
        "1) nor this",
        "- nor this",
        "+ x",
        "* x",
        "# x",
        "> x",
        "=== x",
        "--- x",
        "a\\",
        "``",
        "`",
        "`a",
        "a`",
        "[a](b) [c] ![d](e)",
        "[[x]] [^1] [ ]",
        "<b>x</b> <a@b.c> &amp; &#64; <!-- x",
        "**a** __b__ _c_ ~~d~~ $e$ ==f==",
        "a | b",
        "@user (@user) \"@user\" x@user",
        "#1 !1 $1 %1 &1 ~1 GH-1 a/b#1",
        "http://x www.x.y a.b",
        ":smile: :x",
        "C:\\new\\table",
        "``` ```",
        "\u{ff20}user",
        "🎉 grün – ok 日本",
        "a\nb\tc",
        "\u{202e}x",
    ];

    #[test]
    fn a_parser_sees_what_was_meant_and_no_markup() {
        for text in WORDS.into_iter().chain([HOSTILE]) {
            let expected = squeezed(&safe(text));
            for (markdown, prefix) in [(format!("x {}", inline(text)), "x "), (format!("- {}", inline(text)), "")] {
                assert_eq!(seen(&markdown).trim(), format!("{prefix}{expected}").trim(), "{markdown}");
            }
            assert_eq!(seen(&format!("### {}", inline(text))).trim(), expected, "{text}");
            let table = format!("| a | b |\n|---|---|\n| {} | y |\n", cell(text));
            assert_eq!(seen(&table).trim(), format!("a / b / \n{expected} / y /"), "{table}");
            assert_eq!(seen(&code(text)).trim(), safe(text).trim(), "{text}");
            assert_eq!(seen(&block("text", [text.to_string(), "x".into()])), format!("{}\nx\n\n", safe(text)));
        }
    }

    #[test]
    fn no_word_that_could_be_a_reference_stands_outside_of_backquotes() {
        for text in WORDS.into_iter().chain([HOSTILE]) {
            let markdown = inline(text);
            let mut rest = &*markdown;
            let mut outside = String::new();
            while let Some(start) = rest.find('`') {
                outside.push_str(&rest[..start]);
                let behind = &rest[start..];
                let run = behind.len() - behind.trim_start_matches('`').len();
                let end = run
                    + behind[run..]
                        .match_indices(&behind[..run])
                        .map(|(at, _)| at)
                        .find(|at| !behind[run + at + run..].starts_with('`') && !behind[..run + at].ends_with('`'))
                        .unwrap();
                rest = &behind[end + run..];
            }
            outside.push_str(rest);
            assert!(!outside.contains(['@', '\u{ff20}', '#', '$', '<', '&', '|', '*', '_', '~', '%']), "{outside}");
            assert!(!outside.contains("://") && !outside.contains("www") && !outside.contains("GH-1"), "{outside}");
        }
    }
}
