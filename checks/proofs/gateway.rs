//! What a gateway's own tables say of somebody whom it refused, where its product is known.
use super::rcpt::Asked;
use crate::prelude::*;
use crate::products::postfix;
use crate::remedy::Program;

/// How a person asks there.
pub fn looked_up(asked: &[Asked]) -> Vec<Remedy> {
    let mut all: Vec<Remedy> = Vec::new();
    for one in asked.iter().filter(|one| one.hop.hop.role == Role::Gateway) {
        let Some((address, turn)) = one.refused else { continue };
        let proof = match one.hop.product() {
            Some("Postfix") => in_postfix(address, &turn.text()),
            Some("Exim") => Some(Remedy::proof(
                "gateway",
                "See how Exim routes the address, on the gateway; nothing is sent",
                vec![Program::new("exim").word("-bt").value(address)],
            )),
            _ => None,
        };
        all.extend(proof.filter(|proof| !all.contains(proof)));
    }
    all
}

/// The maps that the refusal names; none where it names none, as where Postfix asks the next host.
fn in_postfix(address: &str, text: &str) -> Option<Remedy> {
    let maps = postfix::maps(text)?;
    // The key is an address: a map that is asked by domain or local part as well is asked so by Postfix alone.
    let ask = Program::new("postmap").word("-q").value(address);
    Some(Remedy::proof(
        "gateway",
        "See what Postfix's own maps say, on the gateway; no output means that a map does not know the address",
        vec![
            Program::new("postconf").word(maps),
            ask.placeholder("each map that it lists, such as ldap:/etc/postfix/recipients.cf"),
        ],
    ))
}
