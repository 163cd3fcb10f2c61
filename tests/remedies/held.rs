//! A call held against the table of cmdlets: what of it the shell would refuse.
use crate::cmdlets::{Cmdlet, Kind, Parameter, Version};
use crate::value::{Argument, Call, Value};
use std::collections::BTreeMap;

/// What stands for a `<placeholder>`: something has to be filled in.
pub const BLANK: &str = "__placeholder__";

/// Attributes that may be written with the cmdlets of the directory, by their LDAP display names.
const ATTRIBUTES: [&str; 7] = [
    "targetAddress",
    "proxyAddresses",
    "mail",
    "mailNickname",
    "altRecipient",
    "legacyExchangeDN",
    "msExchHideFromAddressLists",
];

/// How long a recipient's values may be, in characters (New-MailContact: -Name, -Alias and -DisplayName).
const LONGEST: [(&str, usize); 3] = [("Name", 64), ("Alias", 64), ("DisplayName", 256)];

/// The cmdlets that give recipients them.
const NAMING: [&str; 8] = [
    "New-MailContact",
    "Set-MailContact",
    "Enable-MailContact",
    "New-MailUser",
    "Set-MailUser",
    "Enable-MailUser",
    "Set-Mailbox",
    "Set-RemoteMailbox",
];

/// What each parameter is given, by name.
pub type Bound = BTreeMap<String, Value>;

/// `call`, with its values by parameter; what is wrong with it in any of `versions`, whatever comes down the pipeline.
pub fn held(call: &Call, piped: bool, table: &BTreeMap<String, Cmdlet>, versions: &[Version]) -> (Bound, Vec<String>) {
    let (mut bound, mut faults) = (Bound::new(), Vec::new());
    let Some(cmdlet) = table.get(&call.name) else {
        let nearly = table.keys().find(|name| name.eq_ignore_ascii_case(&call.name));
        let hint = nearly.map(|name| format!("; it is written {name}")).unwrap_or_default();
        faults.push(format!("{} is not in fixtures/cmdlets.tsv{hint}", call.name));
        return (bound, faults);
    };
    let lacking = |known: &[Version]| {
        let all: Vec<String> = versions.iter().filter(|one| !known.contains(one)).map(ToString::to_string).collect();
        (!all.is_empty()).then(|| all.join(", "))
    };
    if let Some(where_not) = lacking(&cmdlet.versions) {
        faults.push(format!("{} is not there in {where_not}", cmdlet.name));
        return (bound, faults);
    }
    if cmdlet.is_program {
        program(call, cmdlet, &mut faults);
        return (bound, faults);
    }
    let mut arguments = call.arguments.iter().peekable();
    let mut loose: Vec<Value> = Vec::new();
    while let Some(argument) = arguments.next() {
        let (name, set) = match argument {
            Argument::Value(value) => {
                loose.push(value.clone());
                continue;
            }
            Argument::Named(name) => (name, None),
            Argument::Set(name, value) => (name, Some(value.clone())),
        };
        let Some(parameter) = cmdlet.parameter(name).or_else(|| table["(common)"].parameter(name)) else {
            let nearly = cmdlet.parameters.iter().find(|one| one.name.eq_ignore_ascii_case(name));
            let hint = nearly.map(|one| format!("; it is written -{}", one.name)).unwrap_or_default();
            faults.push(format!("{} has no parameter -{name}{hint}", cmdlet.name));
            // Its value, if it was to have one, is no further fault.
            arguments.next_if(|next| matches!(next, Argument::Value(_)));
            continue;
        };
        let value = match (parameter.kind, set) {
            (_, Some(value)) => value,
            (Kind::Switch, None) => Value::Bool(true),
            (_, None) => match arguments.next() {
                Some(Argument::Value(value)) => value.clone(),
                _ => {
                    faults.push(format!("{} -{name} has no value", cmdlet.name));
                    continue;
                }
            },
        };
        put(&mut bound, cmdlet, parameter, value, versions, &mut faults);
    }
    // Values without a name go to the parameters that have a position, in their order.
    let mut places: Vec<&Parameter> = cmdlet.parameters.iter().filter(|one| one.position.is_some()).collect();
    places.sort_by_key(|one| one.position);
    places.dedup_by_key(|one| one.position);
    for value in loose {
        match places.iter().find(|place| !bound.contains_key(&place.name)) {
            Some(place) => put(&mut bound, cmdlet, place, value, versions, &mut faults),
            None => faults.push(format!("{} takes no value {value:?} without a parameter's name", cmdlet.name)),
        }
    }
    sets(&bound, cmdlet, piped, versions, &mut faults);
    (bound, faults)
}

fn put(
    bound: &mut Bound,
    cmdlet: &Cmdlet,
    parameter: &Parameter,
    value: Value,
    versions: &[Version],
    faults: &mut Vec<String>,
) {
    let what = format!("{} -{}", cmdlet.name, parameter.name);
    let common = cmdlet.parameter(&parameter.name).is_none();
    for version in versions.iter().filter(|one| !common && !parameter.versions.contains(one)) {
        faults.push(format!("{what} is not there in {version}"));
    }
    if let Some(why) = misfit(parameter, &value, versions) {
        faults.push(format!("{what} takes no {value:?}: {why}"));
    }
    if NAMING.contains(&&*cmdlet.name) {
        faults.extend(misnamed(&parameter.name, &value.text()).map(|why| format!("{what} takes no {value:?}: {why}")));
    }
    if bound.insert(parameter.name.clone(), value).is_some() {
        faults.push(format!("{what} is given twice"));
    }
}

/// Whether some parameter set has all that is given and lacks nothing that it must have.
fn sets(bound: &Bound, cmdlet: &Cmdlet, piped: bool, versions: &[Version], faults: &mut Vec<String>) {
    let piped = |name: &str| piped && matches!(name, "Identity" | "InputObject" | "Object" | "Property");
    for version in versions {
        let mut least: Option<Vec<String>> = None;
        for set in &cmdlet.sets {
            let mut lacks = Vec::new();
            for parameter in &cmdlet.parameters {
                let given = bound.contains_key(&parameter.name);
                if given && !parameter.is_in(set) {
                    lacks.push(format!("-{} not together with what else is given", parameter.name));
                }
                if parameter.is_mandatory_in(set) && !given && !piped(&parameter.name) {
                    lacks.push(format!("-{}", parameter.name));
                }
            }
            if least.as_ref().is_none_or(|least| lacks.len() < least.len()) {
                least = Some(lacks);
            }
        }
        let lacks = least.unwrap_or_default();
        if !lacks.is_empty() {
            faults.push(format!("{} in {version} wants {}", cmdlet.name, lacks.join(", ")));
            return;
        }
    }
}

/// Why `parameter` does not take `value`.
fn misfit(parameter: &Parameter, value: &Value, versions: &[Version]) -> Option<String> {
    let text = match value {
        Value::Word(word) if word == BLANK => {
            return (parameter.kind == Kind::Switch).then(|| "a switch has nothing to fill in".into());
        }
        Value::Text(text) | Value::Word(text) => Some(&**text),
        _ => None,
    };
    let wants = |what: &str| Some(format!("it wants {what}"));
    let all_texts = |value: &Value| value.all().all(|one| matches!(one, Value::Text(_) | Value::Word(_)));
    match parameter.kind {
        Kind::Any => None,
        Kind::Other => wants("what no command of ours has"),
        Kind::Switch | Kind::Bool if matches!(value, Value::Bool(_)) => None,
        Kind::Switch | Kind::Bool => wants("$true or $false"),
        Kind::Text => match value {
            Value::Null if parameter.name != "Identity" => None,
            Value::Text(text) | Value::Word(text) if !text.is_empty() => None,
            Value::Number(_) => None,
            _ => wants("a text"),
        },
        Kind::List => match value {
            Value::Null => None,
            Value::Table(entries) => entries
                .iter()
                .find(|(key, value)| !["Add", "Remove"].contains(&&**key) || !all_texts(value))
                .and_then(|_| wants("texts to Add or Remove")),
            value if parameter.name == "Clear" => unknown_attribute(value.all().map(Value::text)),
            value if all_texts(value) && value.all().next().is_some() => None,
            _ => wants("texts"),
        },
        Kind::Enum | Kind::Enums => {
            let several: Vec<String> = match (parameter.kind, text) {
                (Kind::Enum, Some(text)) => vec![text.into()],
                (Kind::Enums, _) if all_texts(value) => value
                    .all()
                    .flat_map(|one| one.text().split(',').map(|it| it.trim().to_string()).collect::<Vec<_>>())
                    .collect(),
                _ => return wants("a word"),
            };
            several.iter().find_map(|given| match parameter.values.iter().find(|(known, _)| known == given) {
                None => Some(format!("{given} is none of its values")),
                Some((_, some)) => {
                    let lacks = versions.iter().find(|one| !some.is_empty() && !some.contains(one))?;
                    Some(format!("{given} is not there in {lacks}"))
                }
            })
        }
        Kind::Number if matches!(value, Value::Number(_)) => None,
        Kind::Number => wants("a number"),
        Kind::Size | Kind::Limit => match (value, text) {
            (Value::Number(_), _) => None,
            (_, Some(text)) if text == "unlimited" && parameter.kind == Kind::Limit => None,
            (_, Some(text)) if is_size(text) => None,
            _ => wants("a size"),
        },
        Kind::TimeSpan => match text {
            Some(text) if text.split([':', '.']).all(|part| part.parse::<u32>().is_ok()) && text.contains(':') => None,
            _ => wants("a time such as 00:05:00"),
        },
        Kind::Date if text.is_some() => None,
        Kind::Date => wants("a date"),
        Kind::Credential if *value == Value::Credential => None,
        Kind::Credential => wants("(Get-Credential)"),
        Kind::Table => match value {
            Value::Table(entries) => unknown_attribute(entries.iter().map(|(key, _)| key.clone())),
            _ => wants("@{attribute=value}"),
        },
        Kind::Block if matches!(value, Value::Block(_)) => None,
        Kind::Block => wants("a block"),
    }
}

/// Why a recipient cannot have `text` for its name or alias.
fn misnamed(parameter: &str, text: &str) -> Option<String> {
    if let Some((_, longest)) =
        LONGEST.iter().find(|(name, longest)| *name == parameter && text.chars().count() > *longest)
    {
        return Some(format!("it may have {longest} characters"));
    }
    // New-MailContact, -Alias; a full stop stands between others.
    let is_of_alias =
        |c: char| c.is_ascii_alphanumeric() || "!#%*+-/=?^_~$&'`{}|.".contains(c) || ('\u{a1}'..='\u{ff}').contains(&c);
    let stops = text.starts_with('.') || text.ends_with('.') || text.contains("..");
    let odd = parameter == "Alias" && text != BLANK && (stops || !text.chars().all(is_of_alias));
    odd.then(|| "an alias has letters, digits and some signs, and full stops between them".into())
}

fn unknown_attribute(names: impl Iterator<Item = String>) -> Option<String> {
    let odd: Vec<String> = names.filter(|name| !ATTRIBUTES.contains(&&**name)).collect();
    (!odd.is_empty()).then(|| format!("{} is no attribute that a remedy writes", odd.join(", ")))
}

fn is_size(text: &str) -> bool {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    digits.parse::<u64>().is_ok() && ["B", "KB", "MB", "GB"].contains(&&text[digits.len()..])
}

fn program(call: &Call, cmdlet: &Cmdlet, faults: &mut Vec<String>) {
    for argument in &call.arguments {
        match argument {
            Argument::Value(Value::Text(_)) => {}
            Argument::Value(Value::Word(word)) if word == BLANK || cmdlet.parameter(word).is_some() => {}
            Argument::Value(Value::Word(word)) => faults.push(format!("{} has no argument {word}", cmdlet.name)),
            Argument::Named(name) if cmdlet.parameter(&format!("-{name}")).is_some() => {}
            other => faults.push(format!("{} takes no {other:?}", cmdlet.name)),
        }
    }
}
