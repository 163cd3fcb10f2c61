//! The paths of single addresses: predicted beside observed, hop by hop (contract, section 4).
use crate::evidence::address;
use crate::model::path::{self, Asked, Disposition, Origin, Prediction};
use crate::model::recipients;
use crate::model::{Model, Recipient};
use crate::prelude::*;
use crate::report::{FORMAT_VERSION, HopAnswer, Report, Tool, answers};

/// The whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Traces {
    /// `nsdiag/trace`.
    pub kind: String,
    /// The layout's version; consumers ignore fields that they don't know.
    pub format_version: String,
    /// What wrote it.
    pub tool: Tool,
    /// The shared domain.
    pub domain: String,
    /// When the evidence was collected, RFC 3339 in UTC. JSON Pointers point into that report.
    pub started_at: String,
    /// The traces, in the order in which they were asked for.
    pub traces: Vec<Traced>,
}

/// One trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Traced {
    /// The address; of the question `unknown` one that nobody has.
    pub address: String,
    /// What is asked.
    pub question: Question,
    /// Where the message comes from: `internet`, or the system whose user sends it.
    pub from: String,
    /// The message's size in bytes; 0 where it does not matter.
    pub size: u64,
    /// What configuration, directories and lists make of it.
    pub predicted: Prediction,
    /// What the hops said of the address.
    pub observed: Vec<HopAnswer>,
    /// The same way where what the hops said fills in what is missing; none where there is nothing to fill in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concluded: Option<Prediction>,
    /// Whether the replies agree with the prediction; none where nothing could be compared.
    pub agree: Option<bool>,
    /// The first place where they part.
    pub contradiction: Option<Parting>,
}

/// Whose path is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// That of the address.
    Recipient,
    /// That of an address that nobody knows.
    Unknown,
}

/// Where a reply is not what the model has the hop say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Parting {
    /// At which step.
    pub at: String,
    /// The hop.
    pub hop: String,
    /// What the model says.
    pub predicted: String,
    /// What the hop said.
    pub reply: String,
    /// Which fact is wrong or missing.
    pub fact: String,
    /// JSON Pointers to both.
    pub evidence: Vec<String>,
}

/// What is to be traced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The addresses, folded.
    pub addresses: Vec<String>,
    /// Whether an unknown recipient is traced as well.
    pub unknown: bool,
    /// The sender, folded; none is somebody on the Internet.
    pub from: Option<String>,
    /// The message's size in bytes; 0 where it does not matter.
    pub bytes: u64,
}

impl Traced {
    /// How the way ends, as far as prediction and replies together tell.
    pub fn disposition(&self) -> Disposition {
        self.concluded.as_ref().unwrap_or(&self.predicted).disposition
    }
}

/// Traces what is wished for through the evidence of `report`.
///
/// # Errors
/// In words, where a sender in the shared domain has no home that the evidence shows.
pub fn trace(tool_version: &str, report: &Report, wish: &Wish) -> Result<Traces, String> {
    let question = &report.run.settings;
    let model = Model::new(question, &report.evidence);
    let from = origin(&model, &question.domain, wish.from.as_deref())?;
    let mut traces = Vec::new();
    for given in &wish.addresses {
        let own = recipients::one(question, &report.evidence, given);
        let recipient = model.recipient(given).unwrap_or(&own);
        traces.push(traced(&model, recipient, from, wish.bytes));
    }
    if wish.unknown {
        let asked = Asked { recipient: None, address: &question.random, from, bytes: wish.bytes };
        traces.push(Traced {
            address: question.random.clone(),
            question: Question::Unknown,
            from: of(from),
            size: wish.bytes,
            predicted: path::predict(&model, asked).told(),
            observed: answers(&model, &question.random),
            concluded: None,
            agree: None,
            contradiction: None,
        });
    }
    Ok(Traces {
        kind: "nsdiag/trace".into(),
        format_version: FORMAT_VERSION.into(),
        tool: Tool { name: "nsdiag".into(), version: tool_version.into() },
        domain: question.domain.clone(),
        started_at: report.run.started_at.clone(),
        traces,
    })
}

fn traced(model: &Model, recipient: &Recipient, from: Origin, bytes: u64) -> Traced {
    let asked = Asked { recipient: Some(recipient), address: recipient.address, from, bytes };
    let predicted = path::predict(model, asked).told();
    let observed = answers(model, recipient.address);
    let heard = observed.iter().any(|answer| answer.reply.is_some());
    let concluded = heard.then(|| path::concluded(model, asked).told()).filter(|told| *told != predicted);
    let compared = path::compare(model, recipient);
    let agree = compared.agree();
    let contradiction = compared.contradictions.into_iter().next().and_then(|one| {
        Some(Parting {
            at: one.at.into(),
            hop: model.hops.get(one.hop)?.id().into(),
            predicted: one.predicted,
            reply: one.reply,
            fact: one.fact.into(),
            evidence: one.evidence,
        })
    });
    Traced {
        address: recipient.address.into(),
        question: Question::Recipient,
        from: of(from),
        size: bytes,
        predicted,
        observed,
        concluded,
        agree,
        contradiction,
    }
}

fn of(from: Origin) -> String {
    match from {
        Origin::Internet => "internet".into(),
        Origin::Inside(system) => system.into(),
    }
}

/// Where mail of the sender comes from: of somebody in the shared domain the system that has the mailbox.
fn origin<'m>(model: &'m Model, domain: &str, from: Option<&str>) -> Result<Origin<'m>, String> {
    let Some(from) = from.filter(|from| address::domain(from) == domain) else { return Ok(Origin::Internet) };
    let known = model.recipient(from);
    let held = known.and_then(|one| one.own_directory()).map(|held| held.system);
    let listed = known.and_then(|one| one.listed()).map(|list| list.system);
    match held.or(listed) {
        Some(system) => Ok(Origin::Inside(system)),
        None => Err(format!("{from} is in {domain}, and no directory or list that was read says where its mailbox is")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{GATEWAY, World};

    fn report(world: World) -> Report {
        let run = crate::report::Run {
            started_at: "2026-11-24T12:00:00Z".into(),
            duration_ms: 1,
            complete: true,
            vantage: crate::report::Vantage::default(),
            settings: world.question,
            redacted: None,
            estimate: None,
            vantages: Vec::new(),
            notes: Vec::new(),
        };
        let judge = |check: &'static Check, case: &Case| {
            let mut notes = Notes::new(check);
            (check.judge)(case, &mut notes);
            Ok(notes)
        };
        crate::report::report("0", run, world.evidence, &judge).0
    }

    /// `address from: predicted, concluded, agree`.
    fn lines(world: World, wish: &Wish) -> Vec<String> {
        let found = match trace("0", &report(world), wish) {
            Ok(found) => found,
            Err(wrong) => return vec![wrong],
        };
        let told = |one: &Traced| {
            let agree = one.agree.map_or("nothing to compare".into(), |agree| agree.to_string());
            format!(
                "{} from {}: {}, {}, {agree}",
                one.address,
                one.from,
                one.predicted.disposition.word(),
                one.disposition().word()
            )
        };
        found.traces.iter().map(told).collect()
    }

    #[test]
    fn the_prediction_stands_beside_what_was_heard() {
        let wish = |address: &str, from: Option<&str>| Wish {
            addresses: vec![address.into()],
            unknown: true,
            from: from.map(String::from),
            bytes: 0,
        };
        let (orders, random) = ("orders@contoso.com", crate::stories::RANDOM);
        let unknown = |from: &str, end: &str| format!("{random} from {from}: {end}, {end}, nothing to compare");
        assert_eq!(
            lines(World::broken_gateway(), &wish(orders, None)),
            [
                format!("{orders} from internet: delivered, rejected-at-gateway, true"),
                unknown("internet", "rejected-at-gateway")
            ]
        );
        assert_eq!(
            lines(World::healthy(), &wish(orders, Some("helpdesk@contoso.com"))),
            [format!("{orders} from corp: delivered, delivered, true"), unknown("corp", "rejected-by-other")]
        );
        assert_eq!(
            lines(World::healthy(), &wish("nobody@contoso.com", Some("ghost@contoso.com"))),
            ["ghost@contoso.com is in contoso.com, and no directory or list that was read says where its mailbox is"]
        );
        let mut world = World::healthy();
        world.rcpt(GATEWAY, orders, "450 4.2.0 Greylisted");
        assert_eq!(lines(world, &wish(orders, None))[0], format!("{orders} from internet: delivered, delivered, true"));
    }
}
