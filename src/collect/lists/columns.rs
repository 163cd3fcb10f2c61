//! What a column, field or attribute of an export is for, told by its name.

/// The names that hold the address of a mailbox, those that are surest first.
const PRIMARY: [&str; 32] = [
    // Exchange; Google; Zimbra; Domino; GroupWise.
    "primarysmtpaddress",
    "primaryemail",
    "primaryemailaddress",
    "primaryaddress",
    "primresmtpadresse",
    "primäresmtpadresse",
    "zimbramaildeliveryaddress",
    "zimbraname",
    "internetaddress",
    "preferredemailaddress",
    "preferredemail",
    "preferredemailid",
    // LDAP; hMailServer; Kerio.
    "mail",
    "accountaddress",
    "distributionlistaddress",
    "mailaddress",
    "emailaddress",
    "emailadresse",
    "adresseemail",
    "adresseelectronique",
    "adresseemailprincipale",
    "indirizzoemail",
    "direccióndecorreoelectrónico",
    "correoelectrónico",
    "email",
    "courriel",
    "smtpaddress",
    "windowsemailaddress",
    "recipient",
    "smtp",
    "address",
    "mailprimaryaddress",
];
/// Those that hold all addresses of a mailbox, each with its kind.
const EVERY: [&str; 8] = [
    "emailaddresses",
    "proxyaddresses",
    "emailadressen",
    "proxyadressen",
    "adressesproxy",
    "smtpaddresses",
    "emails",
    "mails",
];
/// Those that hold more addresses of a mailbox.
const ALIAS: [&str; 19] = [
    "aliases",
    "alias",
    "noneditablealiases",
    "emailaliases",
    "emailalias",
    "aliasemail",
    "aliasaddress",
    "aliasname",
    "mailalias",
    "mailaliases",
    "zimbramailalias",
    "mailalternateaddress",
    "gosamailalternateaddress",
    "mailalternativeaddress",
    "nicknames",
    "secondaryaddresses",
    "source",
    "maillocaladdress",
    "shadowaddress",
];
/// Names to log on with, which often are addresses, and are none by themselves.
const PRINCIPAL: [&str; 5] =
    ["userprincipalname", "upn", "benutzerprinzipalname", "benutzerprincipalname", "nomprincipaldelutilisateur"];
/// Names of mailboxes, often without a domain.
const LOCAL: [&str; 16] = [
    "localpart",
    "mailbox",
    "username",
    "userid",
    "login",
    "loginname",
    "account",
    "accountname",
    "mailboxname",
    "user",
    "uid",
    "postfach",
    "samaccountname",
    "konto",
    "benutzername",
    "benutzer",
];
/// Where mail goes on to, and other addresses of the person: none of a mailbox here.
const ELSEWHERE: [&str; 30] = [
    "targetaddress",
    "target",
    "forwardingaddress",
    "forwardingsmtpaddress",
    "forwardto",
    "forward",
    "forwards",
    "forwarding",
    "mailforwardingaddress",
    "zimbramailforwardingaddress",
    "zimbraprefmailforwardingaddress",
    "zimbrapreffromaddress",
    "zimbraprefreplytoaddress",
    "zimbramailcatchalladdress",
    "zimbramailcatchallforwardingaddress",
    "goto",
    "destination",
    "aliasvalue",
    "externalemailaddress",
    "remoteroutingaddress",
    "recoveryemail",
    "homesecondaryemail",
    "worksecondaryemail",
    "alternateemailaddress",
    "othermails",
    "othermailbox",
    "replyto",
    "manager",
    "member",
    "rfc822mailmember",
];
/// Domains of names beside them.
const DOMAIN: [&str; 6] = ["domain", "domainname", "maildomain", "emaildomain", "internetdomain", "primarydomain"];
/// Whether a mailbox takes mail, and the values that say no.
const SWITCH: [(&str, &[&str]); 8] = [
    ("accountactive", &["0", "false"]),
    ("aliasactive", &["0", "false"]),
    ("distributionlistenabled", &["0", "false"]),
    ("active", &["0", "false", "f", "n", "no"]),
    // MDaemon's disabled accounts take no mail; to Google's suspended users it bounces.
    ("accountdisabled", &["1", "true", "y", "yes"]),
    ("suspended", &["true"]),
    ("status", &["suspended"]),
    // Zimbra's administrator's guide, "Account status": of a closed or pending account messages are bounced.
    ("zimbraaccountstatus", &["closed", "pending"]),
];

/// The names of columns that hold what a mailbox is called, those that are surest first. A plain `name` is the last: it may
/// be a surname or a name to log on with.
const CALLED: [&str; 16] = [
    "displayname",
    "anzeigename",
    "nomaffiché",
    "nomcomplet",
    "nombreparamostrar",
    "nomevisualizzato",
    "fullname",
    "vollständigername",
    "namefullname",
    "completename",
    "recipientname",
    "cn",
    "commonname",
    "realname",
    "gecos",
    "name",
];
/// Those of its parts.
const GIVEN: [&str; 6] = ["firstname", "givenname", "vorname", "prénom", "nombre", "namegivenname"];
const FAMILY: [&str; 8] =
    ["lastname", "surname", "sn", "familyname", "nachname", "nomdefamille", "apellidos", "namefamilyname"];

/// The columns that tell what a mailbox is called, in the order in which they are put together; none where none does.
pub fn called(columns: &[String]) -> Vec<usize> {
    let columns: Vec<String> = columns.iter().map(|name| plain(name)).collect();
    let place = |name: &&str| columns.iter().position(|own| own == name);
    let given = GIVEN.iter().find_map(place);
    let family = FAMILY.iter().find_map(place);
    match (CALLED.iter().find_map(place), given) {
        // Beside a given name, `Name` is the family's.
        (Some(name), Some(given)) if columns[name] == "name" => vec![given, family.unwrap_or(name)],
        (Some(name), _) => vec![name],
        (None, Some(given)) => [given].into_iter().chain(family).collect(),
        (None, None) => vec![],
    }
}

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The address of a mailbox; the lowest number is the surest.
    Primary(usize),
    /// All its addresses.
    Every,
    /// More of its addresses.
    Alias,
    /// A name to log on with.
    Principal,
    /// A name without a domain, perhaps.
    Local,
    /// The domain of a name.
    Domain,
    /// Addresses elsewhere.
    Elsewhere,
    /// Whether it takes mail; with the values that say no.
    Switch(&'static [&'static str]),
    /// Nothing that is known.
    Unknown,
}

impl Role {
    /// Whether a heading of this role tells that a table is a list.
    pub fn is_telling(self) -> bool {
        matches!(self, Self::Primary(_) | Self::Every | Self::Alias | Self::Principal | Self::Local)
    }
}

/// The role of a column by its name.
pub fn role(name: &str) -> Role {
    let name = plain(name);
    let place = |names: &[&str]| names.iter().position(|own| *own == name);
    if let Some(rank) = place(&PRIMARY) {
        Role::Primary(rank)
    } else if place(&EVERY).is_some() {
        Role::Every
    } else if place(&ALIAS).is_some() {
        Role::Alias
    } else if place(&PRINCIPAL).is_some() {
        Role::Principal
    } else if place(&LOCAL).is_some() {
        Role::Local
    } else if place(&DOMAIN).is_some() {
        Role::Domain
    } else if place(&ELSEWHERE).is_some() {
        Role::Elsewhere
    } else {
        SWITCH.iter().find(|(own, _)| *own == name).map_or_else(|| numbered(&name), |(_, off)| Role::Switch(off))
    }
}

/// `E-Mail 2` holds a further address of the mailbox, `Email 1` the first.
fn numbered(name: &str) -> Role {
    match (name.strip_suffix('1'), name.strip_suffix(|c: char| ('2'..='9').contains(&c))) {
        (Some(base), _) if PRIMARY.contains(&base) => role(base),
        (_, Some(base)) if PRIMARY.contains(&base) => Role::Alias,
        _ => Role::Unknown,
    }
}

/// Parts of names of columns that hold somebody else's addresses, or other ones of the person.
const OTHERS: [&str; 31] = [
    "forward",
    "weiterleit",
    "umleit",
    "redirect",
    "manager",
    "mgr",
    "supervisor",
    "vorgesetz",
    "boss",
    "chef",
    "owner",
    "besitzer",
    "eigentumer",
    "eigentümer",
    "member",
    "mitglied",
    "delegat",
    "stellvertret",
    "personal",
    "privat",
    "recovery",
    "wiederherst",
    "secondary",
    "alternat",
    "reply",
    "antwort",
    "target",
    "ziel",
    "extern",
    "sender",
    "absender",
];

/// Whether a name that is not known tells all the same that its column is not of mailboxes here.
pub fn tells_of_others(name: &str) -> bool {
    let name = plain(name);
    OTHERS.iter().any(|part| name.contains(part))
}

/// Whether a name that is not known speaks of addresses.
pub fn tells_of_mail(name: &str) -> bool {
    let name = plain(name);
    ["mail", "posta", "adress", "address", "smtp", "courriel", "correo"].iter().any(|part| name.contains(part))
}

/// A name in small letters and digits: without what programs put around it (`Email Address [Required]`, `aliases.0`,
/// `mail;binary`, `"E-Mail"`).
pub fn plain(name: &str) -> String {
    let name = name.trim().trim_start_matches('\u{feff}');
    let name = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    let name = name.split(['[', '(', ';']).next().unwrap_or_default();
    let numbered = name.rsplit_once('.').filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
    let name = numbered.map_or(name, |(name, _)| name);
    name.chars().take(100).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_told_by_its_name_as_programs_write_it() {
        let cases = [
            ("Email Address [Required]", "Primary"),
            ("\"E-Mail\"", "Primary"),
            ("PrimarySmtpAddress", "Primary"),
            ("mail;lang-de", "Primary"),
            ("[accountaddress]", "Primary"),
            ("aliases.12", "Alias"),
            ("nonEditableAliases.0", "Alias"),
            ("Proxy addresses", "Every"),
            ("User principal name", "Principal"),
            ("local_part", "Local"),
            ("Home Secondary Email", "Elsewhere"),
            ("Recovery Email", "Elsewhere"),
            ("goto", "Elsewhere"),
            ("accountactive", "Switch"),
            ("AccountDisabled", "Switch"),
            ("Status [READ ONLY]", "Switch"),
            ("Mailing address", "Unknown"),
            ("Age", "Unknown"),
            ("", "Unknown"),
        ];
        for (name, expected) in cases {
            let told = format!("{:?}", role(name));
            assert!(told.starts_with(expected), "{name}: {told}");
        }
    }
}
