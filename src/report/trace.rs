//! Renders traces: the predicted path beside the observed one.
use super::table::layout::pairs;
use super::{escaped, safe};
use nsdiag_checks::judge::listed;
use nsdiag_checks::model::Outcome;
use nsdiag_checks::model::path::{Branch, Prediction, Step};
use nsdiag_checks::report::HopAnswer;
use nsdiag_checks::trace::{Question, Traced, Traces};

/// How wide the picture is.
const WIDTH: u16 = 80;

/// The document as JSON.
pub fn json(traces: &Traces) -> String {
    let mut text = serde_json::to_string_pretty(traces).expect("a trace holds nothing that JSON cannot");
    text.push('\n');
    escaped(&text)
}

/// The JSON Schema of the document.
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Traces)).expect("a schema is JSON");
    text.push('\n');
    text
}

/// For people: a picture of each way, 80 columns wide.
pub fn table(traces: &Traces) -> String {
    let each = traces.traces.iter().map(|one| {
        let mut out = format!("{}\n\n", safe(&title(one)));
        let (placed, elsewhere) = placed(one);
        for (at, step) in one.predicted.steps.iter().enumerate() {
            out.push_str(&line(&format!("[{}]", step.at), &step.says));
            for answer in placed.iter().filter(|(place, _)| *place == at).map(|(_, answer)| answer) {
                out.push_str(&line("   |", &heard(answer)));
            }
            out.push_str(if at + 1 < one.predicted.steps.len() { "     |\n" } else { "     v\n" });
        }
        for (label, text) in ends(one) {
            out.push_str(&line(label, &text));
        }
        for answer in elsewhere {
            out.push_str(&line("beside", &heard(answer)));
        }
        out
    });
    each.collect::<Vec<_>>().join("\n")
}

/// For a ticket.
pub fn markdown(traces: &Traces) -> String {
    let mut out = String::new();
    for one in &traces.traces {
        out.push_str(&format!("### {}\n\n", plain(&title(one))));
        let (placed, elsewhere) = placed(one);
        for (at, step) in one.predicted.steps.iter().enumerate() {
            out.push_str(&format!("{}. {}: {}\n", at + 1, plain(&step.at), plain(&step.says)));
            for answer in placed.iter().filter(|(place, _)| *place == at).map(|(_, answer)| answer) {
                out.push_str(&format!("   - {}\n", plain(&heard(answer))));
            }
        }
        out.push('\n');
        for (label, text) in ends(one) {
            out.push_str(&format!("- {label}: {}\n", plain(&text)));
        }
        for answer in elsewhere {
            out.push_str(&format!("- beside: {}\n", plain(&heard(answer))));
        }
        out.push('\n');
    }
    out
}

fn line(label: &str, text: &str) -> String {
    let mut lines = pairs(WIDTH, &[("", safe(text))]);
    // The label stands where the layout leaves room, or on a line of its own.
    let label = format!("  {label}");
    match label.chars().count() {
        ..=8 => {
            lines.replace_range(..label.len().min(lines.len()), &label);
            lines
        }
        _ => format!("{label}\n{lines}"),
    }
}

fn title(one: &Traced) -> String {
    let who = match one.question {
        Question::Recipient => one.address.clone(),
        Question::Unknown => format!("somebody whom nobody knows ({})", one.address),
    };
    let from = match &*one.from {
        "internet" => "from the Internet".into(),
        system => format!("from a user of {system}"),
    };
    let size = if one.size > 0 { format!(", {} bytes", one.size) } else { String::new() };
    format!("{who}, {from}{size}")
}

/// What stands below the steps.
fn ends(one: &Traced) -> Vec<(&'static str, String)> {
    let mut all = vec![("ends", end(&one.predicted))];
    for branch in &one.predicted.otherwise {
        all.push(("or", other(branch)));
    }
    if let Some(concluded) = one.concluded.as_ref().filter(|told| told.disposition != one.predicted.disposition) {
        let last = concluded.steps.last().map(|step| format!(" ({}: {})", step.at, step.says)).unwrap_or_default();
        all.push(("heard", format!("with what the hops said it is {} instead{last}", concluded.disposition.word())));
    }
    let agree = match one.agree {
        Some(true) => "the replies that can be compared agree",
        Some(false) => "a reply contradicts the prediction",
        None => "no reply can be compared with it",
    };
    all.push(("agree", agree.into()));
    if let Some(parting) = &one.contradiction {
        let says =
            format!("at {}: predicted: {}; heard: {}; {}", parting.at, parting.predicted, parting.reply, parting.fact);
        all.push(("but", says));
    }
    all
}

fn end(predicted: &Prediction) -> String {
    let mut out = predicted.disposition.word().to_string();
    if let Some(missing) = &predicted.missing {
        out += &format!(": missing is {missing}");
    }
    if let Some(supply) = &predicted.supply {
        out += &format!(" (would help: {supply})");
    }
    if !predicted.supposes.is_empty() {
        let all: Vec<&str> = predicted.supposes.iter().map(String::as_str).collect();
        out += &format!(", supposed that {}", listed(&all, 4));
    }
    out
}

fn other(branch: &Branch) -> String {
    let how = match (branch.from_other_site, branch.likelier) {
        (true, _) => "from another AD site: ",
        (false, true) => "likelier: ",
        (false, false) => "",
    };
    let last = branch.steps.last().map(|step| format!(" ({}: {})", step.at, step.says)).unwrap_or_default();
    format!("{how}{}{last}", branch.disposition.word())
}

/// Each reply beside the step at which it was given, and those that belong to none.
fn placed(one: &Traced) -> (Vec<(usize, &HopAnswer)>, Vec<&HopAnswer>) {
    let steps = &one.predicted.steps;
    let is = |names: &'static [&'static str]| move |step: &Step| names.contains(&&*step.at);
    let (mut placed, mut elsewhere) = (Vec::new(), Vec::new());
    for answer in one.observed.iter().filter(|answer| answer.outcome != Outcome::NotProbed) {
        let at = match answer.hop.split('/').next() {
            Some("gateway") => steps.iter().position(is(&["gateway"])).or_else(|| steps.iter().position(is(&["mx"]))),
            Some("exchange") => steps.iter().position(is(&["recipient", "accepted-domain", "transport-rule"])),
            Some("other") => steps.iter().rposition(is(&["other-system", "mailbox", "smart-host"])),
            _ => None,
        };
        match at {
            Some(at) => placed.push((at, answer)),
            None => elsewhere.push(answer),
        }
    }
    (placed, elsewhere)
}

fn heard(answer: &HopAnswer) -> String {
    let host = answer.hop.split('/').nth(1).unwrap_or(&answer.hop);
    let said = answer.reply.as_ref().map(|reply| {
        let enhanced = reply.enhanced.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
        format!("{}{enhanced} {}", reply.code, reply.text).trim_end().to_string()
    });
    match (answer.outcome, said) {
        (Outcome::Unreachable, _) => format!("heard: {host} was not reached"),
        (_, Some(said)) => format!("heard: {said} ({host})"),
        (_, None) => format!("heard: nothing from {host}"),
    }
}

/// Text that Markdown takes for nothing but text.
fn plain(text: &str) -> String {
    super::diff::plain(text)
}
