//! Amazon SES's notifications: JSON in the text of a message.
use super::heard::hear;
use nsdiag_checks::evidence::address;
use nsdiag_checks::evidence::bounce::{Action, Said, Speaker};
use serde_json::Value;

/// What the notification in `text` says: who reports, and of each recipient what became of it. None where it is none.
pub(super) fn read(text: &str) -> Option<(Option<String>, Vec<Said>)> {
    let at = text.find("{\"notificationType\"").or_else(|| text.find("{\"eventType\""))?;
    // Its mails are cut into lines of a thousand characters.
    let joined = text[at..].replace("!\r\n ", "").replace("!\n ", "");
    let document: Value = serde_json::Deserializer::from_str(&joined).into_iter().next()?.ok()?;
    let kind = document["notificationType"].as_str().or(document["eventType"].as_str())?;
    let host = |value: &Value| {
        value["reportingMTA"].as_str().map(|host| host.rsplit(';').next().unwrap_or(host).trim().to_string())
    };
    let mailbox = |value: &Value| value.as_str().and_then(|one| address::fold(one).ok());
    match kind {
        "Bounce" => {
            let bounce = &document["bounce"];
            let all = bounce["bouncedRecipients"].as_array()?.iter().take(super::text::MOST).map(|one| {
                let mut said = Said { address: mailbox(&one["emailAddress"]), ..Said::default() };
                said.status = one["status"].as_str().map(String::from).filter(|status| !status.is_empty());
                if one["action"].as_str() == Some("delayed") {
                    said.action = Action::Delayed;
                }
                if let Some(reply) = one["diagnosticCode"].as_str() {
                    hear(&mut said, reply.split_once(';').map_or(reply, |(_, reply)| reply));
                    if said.by == Speaker::Untold {
                        said.by = Speaker::Unnamed;
                    }
                }
                said
            });
            Some((host(bounce), all.collect()))
        }
        "Delivery" => {
            let delivery = &document["delivery"];
            let all = delivery["recipients"].as_array()?.iter().take(super::text::MOST).map(|one| {
                let mut said = Said { address: mailbox(one), action: Action::Delivered, ..Said::default() };
                if let Some(reply) = delivery["smtpResponse"].as_str() {
                    hear(&mut said, reply);
                }
                said
            });
            Some((host(delivery), all.collect()))
        }
        // A complaint is about a message that arrived.
        _ => Some((None, Vec::new())),
    }
}
