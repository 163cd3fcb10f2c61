//! An answer of DNS, asked for again at the same server.
use super::places;
use crate::evidence::dns::RecordKind;
use crate::prelude::*;
use crate::remedy::Program;
use core::net::SocketAddr;

/// How many questions a person asks for one finding.
const QUESTIONS: usize = 6;

/// How a person asks DNS what `finding` rests on.
pub fn again(case: &Case, finding: &Finding) -> Option<Remedy> {
    let mut questions: Vec<Program> = Vec::new();
    let mut ask = |question: Program| {
        if !questions.contains(&question) && questions.len() < QUESTIONS {
            questions.push(question);
        }
    };
    for pointer in &finding.evidence {
        if let Some([at]) = places(pointer, "/evidence/dns/*")
            && let Some(lookup) = case.evidence.dns.get(at)
        {
            let plain = || dig(&lookup.name, lookup.kind, &lookup.resolver);
            let signed = lookup.authenticated || lookup.unvalidated.is_some() || lookup.kind == RecordKind::Tlsa;
            ask(if signed { plain().word("+dnssec") } else { plain() });
            // What a validating resolver tells unchecked alone (RFC 4035, 3.2.2).
            if let Some(unchecked) = &lookup.unvalidated {
                ask(dig(&lookup.name, lookup.kind, &unchecked.resolver).word("+dnssec").word("+cd"));
            }
        }
        if let Some([at]) = places(pointer, "/evidence/mx_views/*")
            && let Some(view) = case.evidence.mx_views.get(at)
        {
            let plain = dig(&case.question.domain, RecordKind::Mx, &view.server);
            ask(if view.authority.is_some() { plain.word("+norecurse") } else { plain });
        }
    }
    (!questions.is_empty()).then(|| Remedy::proof("here", "Ask DNS, from this host", questions))
}

/// The name behind `-q`, where nothing else can be read into it.
fn dig(name: &str, kind: RecordKind, server: &str) -> Program {
    let ask = Program::new("dig");
    let ask = match server.parse::<SocketAddr>() {
        Ok(at) if at.port() == 53 => ask.value(format!("@{}", at.ip())),
        Ok(at) => ask.value(format!("@{}", at.ip())).word("-p").value(at.port().to_string()),
        Err(_) => ask,
    };
    ask.word("-t").word(kind.word()).word("-q").value(name)
}
