//! Makes transport rules, remote domains and the transport configuration out of exported objects.
use super::fields::{
    Decoded, Undecoded, changed, choice, domain, domain_of, flag, flag_or_false, needed, size, text, text_or_none,
    texts,
};
use super::value::{Object, Value};
use nsdiag_checks::evidence::reading::Unread;
use nsdiag_checks::evidence::transport::{
    RemoteDomain, RuleAction, RuleActionKind, RuleScope, Side, TransportConfig, TransportRule,
};

/// The actions that keep a message from its recipient: what `Actions` calls each, what it is, and the properties that show
/// it, the one that shows to whom first (Microsoft, "New-TransportRule"). A disclaimer, a copy, a header or a rating is none.
const ACTIONS: [(&str, RuleActionKind, &[&str]); 10] = [
    ("RejectMessage", RuleActionKind::Reject, &["RejectMessageReasonText", "RejectMessageEnhancedStatusCode"]),
    (
        "SmtpRejectMessage",
        RuleActionKind::Reject,
        &["SmtpRejectMessageRejectText", "SmtpRejectMessageRejectStatusCode"],
    ),
    ("Disconnect", RuleActionKind::Reject, &["Disconnect"]),
    ("DeleteMessage", RuleActionKind::Delete, &["DeleteMessage"]),
    ("RedirectMessage", RuleActionKind::Redirect, &["RedirectMessageTo"]),
    ("AddManagerAsRecipientType", RuleActionKind::Redirect, &["AddManagerAsRecipientType"]),
    ("Quarantine", RuleActionKind::Quarantine, &["Quarantine"]),
    ("ModerateMessageByUser", RuleActionKind::Approval, &["ModerateMessageByUser"]),
    ("ModerateMessageByManager", RuleActionKind::Approval, &["ModerateMessageByManager"]),
    ("RouteMessageOutboundConnector", RuleActionKind::Connector, &["RouteMessageOutboundConnector"]),
];

/// A transport rule. What it does and what it applies to is read as far as the export shows it: what is not there is
/// unreadable, never nothing.
pub fn rule(object: &Object) -> Decoded<TransportRule> {
    let mut unreadable = Unread::default();
    let state = choice(object, "State", &[(-1, "Enabled", true), (-2, "Disabled", false)]);
    // Their numbers are not published: they are told by name alone. Exchange 2010 has no modes.
    let modes = [(-1, "Audit", false), (-2, "AuditAndNotify", false), (-3, "Enforce", true)];
    let mode = choice(object, "Mode", &modes);
    let acts = match (state, mode) {
        (Ok(Some(false)), _) | (Ok(Some(true)), Ok(Some(false))) => false,
        (Ok(Some(true)), Ok(_)) => true,
        (state, mode) => {
            let why = state.err().or(mode.err()).map_or_else(|| "State is not there".into(), |one| in_words(&one));
            unreadable.add("acts", why);
            true
        }
    };
    let mut scope = |all, properties, field: &str| {
        scope(object, all, properties).unwrap_or_else(|wrong| {
            unreadable.add(field, in_words(&wrong));
            RuleScope::default()
        })
    };
    let only = scope("Conditions", ["RecipientDomainIs", "SentTo", "SentToScope", "FromScope"], "only");
    let but = ["ExceptIfRecipientDomainIs", "ExceptIfSentTo", "ExceptIfSentToScope", "ExceptIfFromScope"];
    let except = scope("Exceptions", but, "except");
    let actions = actions(object).unwrap_or_else(|wrong| {
        unreadable.add("actions", in_words(&wrong));
        vec![]
    });
    Ok(TransportRule {
        name: text(object, "Name")?,
        acts,
        stops: flag_or_false(object, "StopRuleProcessing")?,
        from: text_or_none(object, "ActivationDate")?,
        until: text_or_none(object, "ExpiryDate")?,
        actions,
        only,
        except,
        changed: changed(object),
        unreadable,
    })
}

fn in_words(wrong: &Undecoded) -> String {
    format!("{}: {}", wrong.field, wrong.why)
}

fn actions(object: &Object) -> Decoded<Vec<RuleAction>> {
    let mut named = names(object, "Actions", "Action")?;
    let mut found = Vec::new();
    for (name, kind, properties) in ACTIONS {
        let mut shown = None;
        for property in properties {
            shown = match shown {
                None => set(object, property)?,
                shown => shown,
            };
        }
        let is_named = named.iter().any(|own| own == name);
        match &shown {
            Some(_) if !is_named => explain(&mut named, name),
            None if !is_named => continue,
            _ => {}
        }
        // The manager may also be added to the recipients, which takes nothing away from them.
        if name == "AddManagerAsRecipientType" {
            match shown.as_deref() {
                Some([how]) if ["To", "Cc", "Bcc"].contains(&&**how) => continue,
                Some([how]) if how == "Redirect" => shown = Some(vec!["the sender's manager".into()]),
                _ => return Err(Undecoded { field: properties[0], why: "it is not understood".into() }),
            }
        }
        let shows = matches!(kind, RuleActionKind::Redirect | RuleActionKind::Approval | RuleActionKind::Connector);
        let to = shown.filter(|_| shows && name != "ModerateMessageByManager").unwrap_or_default();
        found.push(RuleAction { kind, to });
    }
    match named.iter().any(|name| name == UNNAMED) {
        true => Err(Undecoded { field: "Actions", why: "the export does not show what it holds".into() }),
        false => Ok(found),
    }
}

/// What stands for a condition, an exception or an action of which an export shows that it is there, and not which it is.
const UNNAMED: &str = "?";

/// A property that is set is what one of the unnamed is.
fn explain(named: &mut [String], name: &str) {
    if let Some(unnamed) = named.iter_mut().find(|own| *own == UNNAMED) {
        *unnamed = name.into();
    }
}

/// The conditions in `all`, or the exceptions, whose properties begin with `ExceptIf`.
fn scope(object: &Object, all: &'static str, properties: [&'static str; 4]) -> Decoded<RuleScope> {
    let mut named = names(object, all, "Predicate")?;
    let mut values = Vec::new();
    for (name, property) in ["RecipientDomainIs", "SentTo", "SentToScope", "FromScope"].into_iter().zip(properties) {
        let shown = set(object, property)?;
        if shown.is_some() && !named.iter().any(|own| own == name) {
            explain(&mut named, name);
        }
        values.push(shown.unwrap_or_default());
    }
    let side = |at: usize| {
        Some(match &*values.get(at)?.first()?.to_ascii_lowercase() {
            "inorganization" => Side::Inside,
            "notinorganization" => Side::Outside,
            _ => Side::Elsewhere,
        })
    };
    let mut domains = Vec::new();
    for text in &values[0] {
        let domain = domain_of(text);
        domains.push(domain.ok_or_else(|| Undecoded { field: properties[0], why: format!("'{text}' is no domain") })?);
    }
    Ok(RuleScope {
        domains,
        recipients: values[1].iter().map(|text| text.to_lowercase()).collect(),
        to: side(2),
        from: side(3),
        named,
    })
}

/// The names of what a collection of conditions, exceptions or actions holds, in its order, without their namespace and
/// `tail`.
fn names(object: &Object, field: &'static str, tail: &str) -> Decoded<Vec<String>> {
    let value = needed(object, field)?;
    let lost = || Undecoded { field, why: "the export does not show what it holds".into() };
    let name = |text: &str| {
        let last = text.trim().rsplit('.').next().unwrap_or_default();
        let bare = last.strip_suffix(tail).filter(|bare| !bare.is_empty())?;
        bare.chars().all(|c| c.is_ascii_alphanumeric()).then(|| bare.to_string())
    };
    match value {
        Value::Nil => Ok(vec![]),
        Value::Text(text) => text
            .split([',', ' ', '\n', '\r'])
            .filter(|part| !part.is_empty())
            .map(|part| name(part).ok_or_else(lost))
            .collect(),
        value => {
            let member = |one: &Value| match one {
                Value::Text(text) => name(text).ok_or_else(lost),
                Value::Object(inner) => {
                    let told = name(&inner.kind).or_else(|| name(inner.text.as_deref()?));
                    Ok(told.unwrap_or_else(|| UNNAMED.into()))
                }
                _ => Err(lost()),
            };
            value.members().ok_or_else(lost)?.into_iter().map(member).collect()
        }
    }
}

/// The texts of a property that is set: neither null nor empty nor false. None of them may be lost.
fn set(object: &Object, field: &'static str) -> Decoded<Option<Vec<String>>> {
    let unclear = || Undecoded { field, why: "the export does not show what it holds".into() };
    let texts = match object.field(field) {
        None | Some(Value::Flag(false)) => return Ok(None),
        Some(value) if value.is_nil() || value.text().as_deref() == Some("False") => return Ok(None),
        Some(Value::Flag(true)) => vec!["True".into()],
        // Lists that a person joined; addresses and domains have no commas.
        Some(Value::Text(text)) if !super::value::is_type_name(text.trim()) => {
            text.split(',').map(|part| part.trim().to_string()).filter(|part| !part.is_empty()).collect()
        }
        Some(value) => {
            let members = value.members().ok_or_else(unclear)?;
            members.into_iter().map(|one| one.text().ok_or_else(unclear)).collect::<Decoded<Vec<String>>>()?
        }
    };
    Ok((!texts.is_empty()).then_some(texts))
}

/// A remote domain.
pub fn remote_domain(object: &Object) -> Decoded<RemoteDomain> {
    let domain = domain(object, "DomainName")?;
    Ok(RemoteDomain {
        name: text_or_none(object, "Name")?.unwrap_or_else(|| domain.clone()),
        reports: flag(object, "NDREnabled")?,
        forwards: flag(object, "AutoForwardEnabled")?,
        changed: changed(object),
        domain,
    })
}

/// The transport configuration. The script of an older nsdiag has nothing of it, and others export it in part.
pub fn config(object: &Object) -> Decoded<TransportConfig> {
    let mut unreadable = Unread::default();
    let mut limit = |property, field: &str| {
        size(object, property).unwrap_or_else(|wrong| {
            unreadable.add(field, in_words(&wrong));
            None
        })
    };
    let (max_send, max_receive) = (limit("MaxSendSize", "max_send"), limit("MaxReceiveSize", "max_receive"));
    let internal_servers = texts(object, "InternalSMTPServers").unwrap_or_else(|wrong| {
        unreadable.add("internal_servers", in_words(&wrong));
        vec![]
    });
    Ok(TransportConfig { internal_servers, max_send, max_receive, unreadable })
}
