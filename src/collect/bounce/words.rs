//! What the text of a notice says, whichever of the forms it has.
use super::forms::{PRODUCT, REPORTER};
use super::heard::{cut, hear, tidy};
use super::{dsn, notifications, received, text, transcript};
use nsdiag_checks::evidence::address;
use nsdiag_checks::evidence::bounce::Said;

/// What the text of a notice says.
#[derive(Default)]
pub(super) struct FromText {
    pub(super) said: Vec<Said>,
    pub(super) reporter: Option<String>,
    pub(super) dialogue: Vec<transcript::Refused>,
    pub(super) returned: Vec<(String, String)>,
    pub(super) copy: String,
    pub(super) note: Option<&'static str>,
}

/// Reads a notice's texts. Where nothing marks the message as a notice, only what holds a reply counts. `failed` are the
/// addresses that its headers call failed.
pub(super) fn of_text(
    texts: &[String],
    subject: &str,
    is_notice: bool,
    sender: Option<&str>,
    failed: &[String],
) -> FromText {
    if let Some((reporter, said)) = texts.iter().find_map(|text| notifications::read(text)) {
        let note = said.is_empty().then_some("it is a complaint about a message that arrived, or another notification");
        return FromText { said, reporter, note, ..FromText::default() };
    }
    let (mut notice, mut copy) = (String::new(), String::new());
    for text in texts {
        let plain = text::unquoted(text);
        let (own, of_message) = text::split(plain.as_deref().unwrap_or(text));
        notice.push_str(&own);
        notice.push_str("\n\n");
        copy.push_str(&of_message);
    }
    let first = FromText { returned: received::headers(skip_to_header(&copy)), copy, ..FromText::default() };
    let reporter = REPORTER.first(&notice).and_then(|(caught, _)| caught.name("host").map(|host| tidy(host.as_str())));
    if dsn::is_in(&notice) {
        let (by, said) = dsn::read(&notice);
        return FromText { said, reporter: by.or(reporter), ..first };
    }
    let (mut said, before, dialogue) = text::read(&notice);
    let action = text::action(subject, &notice);
    let known = said.iter().any(|one| one.code.is_some() || one.status.is_some())
        || is_notice
        || PRODUCT.fits(cut(&notice, 64 * 1024));
    if !known {
        said.clear();
    }
    if said.is_empty() {
        let about = dialogue.iter().filter(|one| one.address.is_some());
        said = about
            .map(|refused| {
                let mut one = Said { address: refused.address.clone(), ..Said::default() };
                text::apply(&mut one, refused);
                one
            })
            .collect();
    }
    if said.is_empty() {
        let mut one = Said::default();
        hear(&mut one, &before);
        if one.code.is_some() || one.status.is_some() || is_notice && !before.trim().is_empty() {
            // Who reports is not who was written to.
            let own = |address: &String| {
                sender.is_some_and(|host| address::domain(address) == host)
                    || address.starts_with("postmaster@")
                    || address.starts_with("mailer-daemon@")
            };
            let named = text::addresses(&one.text);
            let named = if named.is_empty() { text::addresses(&before) } else { named };
            let mut named: Vec<String> = named.into_iter().filter(|address| !own(address)).collect();
            one.address = match failed {
                [failed] => Some(failed.clone()),
                _ => (named.len() == 1).then(|| named.remove(0)),
            };
            said.push(one);
        }
    }
    for one in &mut said {
        one.action = action;
    }
    FromText { said, reporter, dialogue, ..first }
}

/// From the first header on: a line or two stand before a copy of a message.
pub(super) fn skip_to_header(copy: &str) -> &str {
    let mut at = 0;
    for line in copy.split_inclusive('\n').take(12) {
        let named = line.split_once(':').is_some_and(|(name, _)| received::is_name(name) && !name.starts_with('-'));
        if named && !line.starts_with([' ', '\t']) {
            return &copy[at..];
        }
        at += line.len();
    }
    ""
}
