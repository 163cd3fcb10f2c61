//! `fixtures/cmdlets.tsv`: which cmdlets there are, with which parameters, in which versions of Exchange.
use std::collections::BTreeMap;
use std::fmt;

/// What a command is run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    V2013,
    V2016,
    V2019,
    Se,
    Online,
}

impl Version {
    /// Exchange Server's, all of them.
    pub const ON_PREMISES: [Self; 4] = [Self::V2013, Self::V2016, Self::V2019, Self::Se];

    fn of(word: &str) -> Self {
        match word {
            "2013" => Self::V2013,
            "2016" => Self::V2016,
            "2019" => Self::V2019,
            "SE" => Self::Se,
            "Online" => Self::Online,
            other => panic!("{other} is no version"),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::V2013 => "Exchange 2013",
            Self::V2016 => "Exchange 2016",
            Self::V2019 => "Exchange 2019",
            Self::Se => "Exchange SE",
            Self::Online => "Exchange Online",
        })
    }
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Switch,
    Bool,
    Text,
    List,
    Enum,
    Enums,
    Number,
    Size,
    Limit,
    TimeSpan,
    Date,
    Credential,
    Table,
    Block,
    Any,
    Other,
}

#[derive(Debug)]
pub struct Parameter {
    pub name: String,
    pub versions: Vec<Version>,
    pub kind: Kind,
    /// The sets that it is in, and whether it is mandatory there; empty: all of them.
    sets: Vec<(String, bool)>,
    mandatory: bool,
    pub position: Option<u32>,
    /// The values that it takes, and the versions that have each; empty: all.
    pub values: Vec<(String, Vec<Version>)>,
}

impl Parameter {
    /// Whether it may stand in a command of `set`.
    pub fn is_in(&self, set: &str) -> bool {
        self.sets.is_empty() || self.sets.iter().any(|(name, _)| name == set)
    }

    /// Whether a command of `set` must have it.
    pub fn is_mandatory_in(&self, set: &str) -> bool {
        self.mandatory || self.sets.iter().any(|(name, mandatory)| name == set && *mandatory)
    }
}

#[derive(Debug)]
pub struct Cmdlet {
    pub name: String,
    pub versions: Vec<Version>,
    pub is_program: bool,
    pub sets: Vec<String>,
    pub page: String,
    pub parameters: Vec<Parameter>,
}

impl Cmdlet {
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|one| one.name == name)
    }
}

/// All of them, by name.
pub fn read() -> BTreeMap<String, Cmdlet> {
    let mut all: BTreeMap<String, Cmdlet> = BTreeMap::new();
    for line in include_str!("../../fixtures/cmdlets.tsv").lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let [name, parameter, versions, kind, sets, position, last] =
            [(); 7].map(|()| columns.next().unwrap_or_default());
        assert_eq!(columns.next(), None, "{line}");
        let versions: Vec<Version> = versions.split_whitespace().map(Version::of).collect();
        let words = || sets.split_whitespace();
        if parameter.is_empty() {
            assert!(!versions.is_empty() && !last.is_empty(), "{line}");
            let cmdlet = Cmdlet {
                name: name.into(),
                versions,
                is_program: kind == "program",
                sets: if sets.is_empty() { vec![String::new()] } else { words().map(String::from).collect() },
                page: last.into(),
                parameters: Vec::new(),
            };
            assert!(all.insert(name.into(), cmdlet).is_none(), "twice: {line}");
            continue;
        }
        let cmdlet = all.get_mut(name).unwrap_or_else(|| panic!("before its cmdlet: {line}"));
        assert!(cmdlet.parameter(parameter).is_none(), "twice: {line}");
        assert!(versions.iter().all(|version| cmdlet.versions.contains(version)), "{line}");
        let parameter = Parameter {
            name: parameter.into(),
            versions: if versions.is_empty() { cmdlet.versions.clone() } else { versions },
            kind: kind_of(kind),
            sets: words().filter(|word| *word != "!").map(|word| set(word, &cmdlet.sets)).collect(),
            mandatory: sets == "!",
            position: (!position.is_empty()).then(|| position.parse().unwrap()),
            values: last.split_whitespace().map(value).collect(),
        };
        let has_values = !parameter.values.is_empty();
        assert_eq!(has_values, matches!(parameter.kind, Kind::Enum | Kind::Enums), "{line}");
        cmdlet.parameters.push(parameter);
    }
    all
}

fn set(word: &str, known: &[String]) -> (String, bool) {
    let (name, mandatory) = word.strip_suffix('!').map_or((word, false), |name| (name, true));
    assert!(known.iter().any(|one| one == name), "{name} is none of the sets {known:?}");
    (name.into(), mandatory)
}

fn value(word: &str) -> (String, Vec<Version>) {
    let Some((value, versions)) = word.strip_suffix(']').and_then(|word| word.split_once('[')) else {
        return (word.into(), Vec::new());
    };
    (value.into(), versions.split(',').map(Version::of).collect())
}

fn kind_of(word: &str) -> Kind {
    match word {
        "switch" => Kind::Switch,
        "bool" => Kind::Bool,
        "text" => Kind::Text,
        "list" => Kind::List,
        "enum" => Kind::Enum,
        "enums" => Kind::Enums,
        "number" => Kind::Number,
        "size" => Kind::Size,
        "limit" => Kind::Limit,
        "timespan" => Kind::TimeSpan,
        "date" => Kind::Date,
        "credential" => Kind::Credential,
        "table" => Kind::Table,
        "block" => Kind::Block,
        "any" => Kind::Any,
        "other" => Kind::Other,
        other => panic!("{other} is no kind of parameter"),
    }
}
