//! What a directory said: over LDAP, or in exports that stand in for it.
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// One system's directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Directory {
    /// The system.
    pub system: String,
    /// Where it was read: an LDAP URL, or the export's path.
    pub source: String,
    /// Over which way. A system may have a directory of each.
    #[serde(default)]
    pub origin: Origin,
    /// The export files, each with what was made of it.
    #[serde(default)]
    pub exports: Vec<ExportFile>,
    /// The servers that were tried, in order, each with what came of it.
    pub servers: Vec<Server>,
    /// The rootDSE of the server that answered (RFC 4512, 5.1).
    pub root: Observed<RootDse>,
    /// The bind: as whom.
    pub bind: Observed<String>,
    /// The Exchange organisation.
    pub organisation: Observed<Organisation>,
    /// A mailbox of the domain that may serve as known-good control.
    pub known_good: Observed<Option<String>>,
    /// The global catalog that was asked for the whole forest, as a URL.
    #[serde(default)]
    pub catalog: Observed<String>,
    /// Which of the attributes that gateways ask for are in the global catalog (`isMemberOfPartialAttributeSet`), lower
    /// case.
    #[serde(default)]
    pub catalog_attributes: Observed<Vec<String>>,
    /// Recipients looked up, by address.
    pub lookups: Vec<Lookup>,
    /// Objects that were asked for by what they are and not by their address, by distinguished name: mailboxes with a
    /// `targetAddress`, contacts and mail users that target the domain or nothing, objects that forward and those that
    /// they forward to, objects with the domain in `mail` and no proxy address, objects that share a proxy address.
    #[serde(default)]
    pub noteworthy: Observed<Vec<Entry>>,
    /// Why there may be more of them than `noteworthy` holds.
    #[serde(default)]
    pub noteworthy_incomplete: Option<Miss>,
    /// How many recipients there are, where all were read.
    #[serde(default)]
    pub population: Observed<Population>,
    /// Addresses of the domain that the directory itself names, each looked up: everybody's, or of each kind of recipient
    /// some.
    #[serde(default)]
    pub roster: Observed<Vec<String>>,
    /// Why there may be more of them than `roster` holds.
    #[serde(default)]
    pub roster_incomplete: Option<Miss>,
}

/// Over which way a directory was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// LDAP.
    #[default]
    Ldap,
    /// Exports from PowerShell.
    Export,
}

/// One export file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExportFile {
    /// Its path.
    pub path: String,
    /// The cmdlet that it came from, told from its content: `Get-AcceptedDomain`; empty where that cannot be told.
    pub cmdlet: String,
    /// `CLIXML`, `JSON`, `CSV` or `Format-List`, with its encoding: `JSON, UTF-16LE`.
    pub format: String,
    /// How many objects it holds, or why it cannot be used, with line and column.
    pub objects: Observed<usize>,
}

/// Recipients, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Population {
    /// All of them.
    pub total: usize,
    /// By what they are: `mailbox`, `contact` …, the words of a recipient's state.
    pub by_state: BTreeMap<String, usize>,
}

/// A server that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Server {
    /// Its URL.
    pub url: String,
    /// Whether a usable connection stood.
    pub outcome: Observed<()>,
}

/// What matters of a rootDSE.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RootDse {
    /// `dnsHostName`.
    pub host: Option<String>,
    /// `defaultNamingContext`.
    pub default_context: Option<String>,
    /// `configurationNamingContext`.
    pub configuration_context: Option<String>,
    /// `rootDomainNamingContext`.
    pub root_domain_context: Option<String>,
    /// `schemaNamingContext`.
    #[serde(default)]
    pub schema_context: Option<String>,
    /// `namingContexts`.
    pub contexts: Vec<String>,
    /// `isGlobalCatalogReady`.
    pub global_catalog: Option<bool>,
    /// The server's AD site, by name, from `dsServiceName`.
    #[serde(default)]
    pub site: Option<String>,
}

/// One address looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lookup {
    /// The address.
    pub address: String,
    /// Where the search began.
    pub base: String,
    /// The filter, as RFC 4515 writes it.
    pub filter: String,
    /// The objects that matched.
    pub entries: Observed<Vec<Entry>>,
    /// The objects that matched in the whole forest, where a global catalog was asked: these and those of other domains.
    #[serde(default)]
    pub forest: Observed<Vec<Entry>>,
    /// Those that matched by `userPrincipalName` alone: accounts of that name, to whom no mail of the address goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Entry>,
    /// Such as the global catalog showed, those of other domains among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forest_accounts: Vec<Entry>,
}

/// One directory object, with the attributes that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Its distinguished name.
    pub dn: String,
    /// Its attributes by lower-case name.
    pub attributes: BTreeMap<String, Vec<String>>,
}

impl Entry {
    /// The values of attribute `name` (any case), empty where it is absent.
    pub fn values(&self, name: &str) -> &[String] {
        // Of the few that an object has, one is found sooner by its length than in the order of a tree.
        let found = self.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or(&[], |(_, values)| values)
    }

    /// The first value of attribute `name`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).first().map(String::as_str)
    }

    /// Attribute `name` as an integer.
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.value(name)?.parse().ok()
    }

    /// Attribute `name` as a boolean (`TRUE`, `FALSE`; RFC 4517, 3.3.3).
    pub fn boolean(&self, name: &str) -> Option<bool> {
        let value = self.value(name)?;
        (value.eq_ignore_ascii_case("true"))
            .then_some(true)
            .or_else(|| value.eq_ignore_ascii_case("false").then_some(false))
    }

    /// Whether the object is of class `class`.
    pub fn is(&self, class: &str) -> bool {
        self.values("objectclass").iter().any(|value| value.eq_ignore_ascii_case(class))
    }
}
