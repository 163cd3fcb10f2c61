//! The marks, icons and letters that both drawings share. Nothing is styled here: a strict policy allows the style sheet alone.
use super::landscape::{Beside, BesideKind, Landscape, Mark, Place};
use maud::{Markup, PreEscaped, html};

/// Where a box is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Area {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Area {
    pub(super) fn right(self) -> i32 {
        self.x + self.width
    }

    pub(super) fn bottom(self) -> i32 {
        self.y + self.height
    }
}

/// The height of a line.
pub(super) const LINE: i32 = 17;
/// The height of a directory or a list.
pub(super) const BESIDE: i32 = 42;

/// The whole drawing. Whoever cannot see it has the same in words below.
pub(super) fn sheet(class: &str, width: i32, height: i32, inside: &Markup) -> Markup {
    html! {
        svg class={ "path " (class) } viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height) role="img"
            aria-labelledby={ (class) "-title" } aria-describedby={ (class) "-desc" } {
            title id={ (class) "-title" } { "The path of the mail" }
            desc id={ (class) "-desc" } { "From the Internet to the mail systems. The same in words follows below it." }
            (inside)
        }
    }
}

/// A mark in a line of text.
pub(super) fn badge(mark: Mark) -> Markup {
    html! { svg.badge viewBox="-11 -11 22 22" width="18" height="18" aria-hidden="true" focusable="false" { (mark_at(mark, 0, 0)) } }
}

/// A mark: each has a form of its own.
pub(super) fn mark_at(mark: Mark, x: i32, y: i32) -> Markup {
    let shape = match mark {
        Mark::Fine => r#"<circle r="8"/><path d="M-4 0l3 3 5-6"/>"#,
        Mark::Unknown => {
            r#"<path class="plate" d="M0-10L10 0 0 10-10 0z"/><path d="M-2.6-2.2a2.7 2.7 0 1 1 4 2.4q-1.4.8-1.4 2M0 4.8v.4"/>"#
        }
        Mark::Warned => r#"<path class="plate" d="M0-10L10.5 8.5h-21z"/><path d="M0-4v6M0 5.2v.4"/>"#,
        Mark::Loop => r#"<circle r="10"/><path d="M5-1.5A5.2 5.2 0 1 0 4 3.6M5.6-5.4V-1.2H1.4"/>"#,
        Mark::Broken => {
            r#"<path class="plate" d="M-4.2-10h8.4L10-4.2v8.4L4.2 10h-8.4L-10 4.2v-8.4z"/><path d="M-4-4l8 8M4-4l-8 8"/>"#
        }
    };
    html! { g class={ "mark " (mark.class()) } transform=(format!("translate({x} {y})")) { (PreEscaped(shape)) } }
}

/// Letters from `x` on.
pub(super) fn letters(x: i32, y: i32, class: &str, text: &str) -> Markup {
    html! { text x=(x) y=(y) class=(class) { (text) } }
}

/// How tall a box is, without what stands below it; its text is `letters` wide.
pub(super) fn height_of(place: &Place, letters: usize) -> i32 {
    let wrong: usize = place.wrong.iter().map(|(_, words)| lines(words, letters - 3, 2).len()).sum();
    let rows = place.lines.len() + wrong + usize::from(!place.title.is_empty());
    22 + LINE + LINE * i32::try_from(rows).unwrap_or(0)
}

/// A box with what it says.
pub(super) fn boxed(place: &Place, area: Area, letters_wide: usize) -> Markup {
    let Area { x, y, width, height } = area;
    let mut rows = vec![("what", place.what.clone(), None)];
    if !place.title.is_empty() {
        rows.push(("name", place.title.clone(), None));
    }
    rows.extend(place.lines.iter().map(|line| ("line", line.clone(), None)));
    for (mark, words) in &place.wrong {
        let said = lines(words, letters_wide - 3, 2).into_iter().enumerate();
        rows.extend(said.map(|(nth, line)| ("line wrong", line, Some((*mark, nth == 0)))));
    }
    let full = std::iter::once(&place.title).chain(&place.lines).map(String::as_str).collect::<Vec<_>>().join("\n");
    html! {
        g class=(if place.title.is_empty() { "box outside" } else { "box" }) {
            @if !full.is_empty() { title { (full) } }
            rect x=(x) y=(y) width=(width) height=(height) rx="9" {}
            @for (nth, (class, words, wrong)) in rows.iter().enumerate() {
                @let at = y + 24 + LINE * i32::try_from(nth).unwrap_or(0);
                @match wrong {
                    None => (letters(x + 14, at, class, &cut(words, letters_wide))),
                    Some((mark, first)) => {
                        @if *first { (mark_at(*mark, x + 24, at - 4)) }
                        (letters(x + 40, at, &format!("{class} {}", mark.class()), words))
                    }
                }
            }
        }
    }
}

/// A directory or a list.
pub(super) fn beside(one: &Beside, area: Area, letters_wide: usize) -> Markup {
    let Area { x, y, width, height } = area;
    let icon = match one.kind {
        BesideKind::Directory => {
            "M-7-6v12c0 2 3.1 3.5 7 3.5S7 8 7 6V-6M7-6c0 2-3.1 3.5-7 3.5S-7-4-7-6s3.1-3.5 7-3.5S7-8 7-6zM-7 0c0 2 3.1 3.5 7 3.5S7 2 7 0"
        }
        BesideKind::List => "M-6-9h8l4 4V9H-6zM-3-3h6M-3 1h6M-3 5h4",
    };
    let says = format!("{}, {}", one.kind.word(), one.says);
    // The mark has room of its own.
    let letters_wide = if one.mark == Mark::Fine { letters_wide } else { letters_wide - 6 };
    html! {
        g.beside {
            title { (one.name) "\n" (says) }
            rect x=(x) y=(y) width=(width) height=(height) rx="6" {}
            path.icon transform=(format!("translate({} {})", x + 18, y + height / 2)) d=(icon) {}
            (letters(x + 34, y + 17, "line", &cut(&one.name, letters_wide)))
            (letters(x + 34, y + 33, "line says", &cut(&says, letters_wide)))
            @if one.mark != Mark::Fine { (mark_at(one.mark, x + width - 14, y + height / 2)) }
        }
    }
}

/// The codes of the findings of a way.
pub(super) fn codes(landscape: &Landscape, findings: &[usize]) -> String {
    let mut all: Vec<&str> = Vec::new();
    for at in findings {
        let code = landscape.codes.get(*at).map_or("", String::as_str);
        if !all.contains(&code) {
            all.push(code);
        }
    }
    match all.len() {
        0..=2 => all.join(", "),
        more => format!("{} and {} more", all[0], more - 1),
    }
}

/// Whether nothing is seen of the way.
pub(super) fn line_class(mark: Mark) -> &'static str {
    match mark {
        Mark::Fine => "way fine",
        Mark::Unknown => "way unknown",
        Mark::Warned => "way warned",
        Mark::Loop => "way loop",
        Mark::Broken => "way broken",
    }
}

/// How much room a character takes, in tenths of the height of the letters: a guess that no usual font exceeds.
fn room(c: char) -> usize {
    match c {
        'i' | 'j' | 'l' | 'I' | 't' | 'f' | 'r' | ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | '(' | ')' => 4,
        'm' | 'w' | 'M' | 'W' | '@' => 10,
        'A'..='Z' => 8,
        c if c.is_ascii() => 6,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'.. => 11,
        _ => 8,
    }
}

/// As much of `text` as has room where `most` common letters have, without its middle.
pub(super) fn cut(text: &str, most: usize) -> String {
    let most = most * 6;
    if text.chars().map(room).sum::<usize>() <= most {
        return text.into();
    }
    let half = |chars: &mut dyn Iterator<Item = char>| {
        let mut used = 10;
        let fits = |c: &char| {
            used += 2 * room(*c);
            used <= most
        };
        chars.take_while(fits).collect::<String>()
    };
    let (head, tail) = (half(&mut text.chars()), half(&mut text.chars().rev()));
    format!("{head}…{}", tail.chars().rev().collect::<String>())
}

/// `text` in at most `most` lines of `width` letters.
pub(super) fn lines(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match all.last_mut() {
            Some(last) if last.chars().count() + 1 + word.chars().count() <= width => {
                last.push(' ');
                last.push_str(word);
            }
            _ => all.push(cut(word, width)),
        }
    }
    if all.len() > most {
        let rest = all.split_off(most - 1).join(" ");
        all.push(cut_end(&rest, width));
    }
    all
}

fn cut_end(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text.chars().take(width - 1).chain(['…']).collect(),
        false => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_loses_its_middle() {
        assert_eq!(cut("mx1.contoso.com", 26), "mx1.contoso.com");
        for long in [
            "a-host-with-a-very-long-name.department.contoso.com",
            "WWWWWWWWWWWWWWWWWWWWWWWWWWW",
            "日本語日本語日本語日本語日本語",
        ] {
            let cut = cut(long, 26);
            assert!(cut.contains('…') && cut.chars().map(room).sum::<usize>() <= 26 * 6, "{cut}");
            assert!(cut.starts_with(&long[..3]) && cut.ends_with(&long[long.len() - 3..]), "{cut}");
        }
        assert_eq!(cut("anything", 0), "…");
    }

    #[test]
    fn words_are_broken_between_lines_and_the_last_one_is_cut() {
        assert_eq!(lines("send connector missing", 17, 3), ["send connector", "missing"]);
        assert_eq!(lines("one two three four five", 9, 2), ["one two", "three fo…"]);
        assert_eq!(lines("", 17, 3), [""]);
    }
}
