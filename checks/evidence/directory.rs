//! What a directory said: over LDAP, or in exports that stand in for it.
use crate::prelude::*;
use alloc::collections::BTreeMap;

/// One system's directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Directory {
    /// The system.
    pub system: String,
    /// Where it was read: an LDAP URL, or the export's path.
    pub source: String,
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
    /// Recipients looked up.
    pub lookups: Vec<Lookup>,
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
    /// `namingContexts`.
    pub contexts: Vec<String>,
    /// `isGlobalCatalogReady`.
    pub global_catalog: Option<bool>,
}

/// One address looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lookup {
    /// The address.
    pub address: String,
    /// Where the search began.
    pub base: String,
    /// The filter, as RFC 4515 writes it.
    pub filter: String,
    /// The objects that matched.
    pub entries: Observed<Vec<Entry>>,
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
        self.attributes.get(&*name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
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
