//! Search filters: as LDAP sends them (RFC 4511, 4.5.1.7), and as people write them (RFC 4515).
use super::ber::{OCTETS, element};
use nsdiag_checks::remedy::quoting::ldap;
use std::fmt;

/// What objects are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    /// All of these.
    And(Vec<Filter>),
    /// Any of these.
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// The attribute has this value.
    Is(&'static str, String),
    /// The attribute has a value that ends so.
    Ends(&'static str, String),
    /// The attribute has a value.
    Has(&'static str),
}

impl Filter {
    /// The attribute has no value.
    pub(super) fn lacks(attribute: &'static str) -> Self {
        Self::Not(Box::new(Self::Has(attribute)))
    }

    /// The attribute has this value.
    pub(super) fn is(attribute: &'static str, value: &str) -> Self {
        Self::Is(attribute, value.into())
    }

    /// The filter in BER.
    pub(super) fn encoded(&self) -> Vec<u8> {
        let all = |filters: &[Self]| filters.iter().flat_map(Self::encoded).collect::<Vec<_>>();
        let octets = |text: &str| element(OCTETS, text.as_bytes());
        match self {
            Self::And(filters) => element(0xa0, &all(filters)),
            Self::Or(filters) => element(0xa1, &all(filters)),
            Self::Not(filter) => element(0xa2, &filter.encoded()),
            Self::Is(attribute, value) => element(0xa3, &[octets(attribute), octets(value)].concat()),
            Self::Ends(attribute, value) => {
                let last = element(0x30, &element(0x82, value.as_bytes()));
                element(0xa4, &[octets(attribute), last].concat())
            }
            Self::Has(attribute) => element(0x87, attribute.as_bytes()),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut all = |sign: char, filters: &[Self]| {
            write!(f, "({sign}")?;
            filters.iter().try_for_each(|filter| write!(f, "{filter}"))?;
            f.write_str(")")
        };
        match self {
            Self::And(filters) => all('&', filters),
            Self::Or(filters) => all('|', filters),
            Self::Not(filter) => write!(f, "(!{filter})"),
            Self::Is(attribute, value) => write!(f, "({attribute}={})", ldap(value)),
            Self::Ends(attribute, value) => write!(f, "({attribute}=*{})", ldap(value)),
            Self::Has(attribute) => write!(f, "({attribute}=*)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_written_both_ways() {
        let filter = Filter::And(vec![
            Filter::Or(vec![Filter::is("proxyAddresses", "smtp:a*(b)@c.com"), Filter::Ends("mail", "@c.com".into())]),
            Filter::lacks("targetAddress"),
        ]);
        let text = r"(&(|(proxyAddresses=smtp:a\2a\28b\29@c.com)(mail=*@c.com))(!(targetAddress=*)))";
        assert_eq!(filter.to_string(), text);
        assert_eq!(Filter::Has("cn").encoded(), b"\x87\x02cn");
        assert_eq!(Filter::is("cn", "x").encoded(), b"\xa3\x07\x04\x02cn\x04\x01x");
        assert_eq!(Filter::Ends("cn", "x".into()).encoded(), b"\xa4\x09\x04\x02cn\x30\x03\x82\x01x");
        assert_eq!(filter.encoded()[0], 0xa0);
    }
}
