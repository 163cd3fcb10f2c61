//! What the domain promises senders about TLS at its MX hosts, and which hosts break it: DANE (RFC 7672) and MTA-STS
//! (RFC 8461). Senders that look skip a host that does.
use super::tls::covers;
use super::{HopView, Model};
use crate::evidence::dns::{Record, RecordKind};
use crate::evidence::smtp::Certificate;
use crate::prelude::*;

/// A promise that a host breaks.
pub struct Breach {
    /// How.
    pub how: Breaking,
    /// What was seen: of `NoTls` and `NotValid` a clause, of the others a whole sentence.
    pub said: String,
    /// What mends it on the side of the promise.
    pub step: String,
    /// The pointers to the promise.
    pub seen: Vec<String>,
}

/// How a promise is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaking {
    /// The host does not offer STARTTLS.
    NoTls,
    /// The certificate is not good for everybody.
    NotValid,
    /// No TLSA record names the certificate.
    OtherCertificate,
    /// The policy does not name the host.
    Outside,
}

/// An MTA-STS policy (RFC 8461, 3.2), as far as it binds senders.
#[derive(Debug, PartialEq, Eq)]
pub struct Policy<'a> {
    /// `enforce`, `testing` or `none`.
    pub mode: &'a str,
    /// The hosts, or patterns of hosts.
    pub mx: Vec<&'a str>,
}

impl<'a> Policy<'a> {
    /// Reads a policy; none where it is none that a sender would take.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut policy = Self { mode: "", mx: vec![] };
        let mut version = None;
        let mut age = None;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let (key, value) = line.split_once(':')?;
            let value = value.trim();
            match key.trim() {
                "version" => version = version.or(Some(value)),
                "mode" if policy.mode.is_empty() => policy.mode = value,
                "mx" => policy.mx.push(value),
                "max_age" => age = value.parse::<u64>().ok(),
                _ => {}
            }
        }
        let whole = version == Some("STSv1") && age.is_some() && matches!(policy.mode, "enforce" | "testing" | "none");
        (whole && (policy.mode == "none" || !policy.mx.is_empty())).then_some(policy)
    }
}

/// What DANE says of one host: the validated records that a sender can use, who validates them, and their pointers.
/// Records that no sender can use still promise TLS (RFC 7672, 2.2).
struct Dane<'a> {
    records: Vec<&'a Record>,
    resolver: &'a str,
    seen: Vec<String>,
}

impl<'a> Model<'a> {
    /// The promises that `hop` breaks; none at a hop that is no MX host of the domain, or was not heard.
    pub fn breaches(&self, hop: &HopView<'a>) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let mx = self.mx_hosts().any(|host| host.eq_ignore_ascii_case(&hop.hop.host));
        let Some((_, offered)) = hop.encrypts().filter(|_| mx && hop.hop.role == Role::Gateway) else {
            return breaches;
        };
        let mut add = |how, said: String, step: String, seen| breaches.push(Breach { how, said, step, seen });
        let (name, host) = (hop.name(), &hop.hop.host);
        if let Some(Dane { records, resolver, seen }) = self.dane(hop) {
            let take_out = format!("Take the TLSA records of {host} out until it keeps them");
            if !offered {
                let said = "its TLSA records promise it: senders that validate DANE send it nothing";
                add(Breaking::NoTls, said.into(), take_out, seen);
            } else if let Some(leaf) = hop.certificate().filter(|leaf| !self.names(hop, leaf, &records)) {
                let told: Vec<_> = records.iter().map(|record| in_words(record)).collect();
                let said = format!(
                    "{name} shows a certificate that its TLSA records do not name ({}; {resolver} validates them): senders \
                     that validate DANE send it nothing",
                    listed(&told, 3)
                );
                let step = format!("_{}._tcp.{host}. IN TLSA 3 1 1 {}", hop.hop.port, leaf.key_sha256);
                add(Breaking::OtherCertificate, said, step, seen);
            }
        }
        let Some(policy) = self.sts_policy().filter(|policy| policy.mode == "enforce") else { return breaches };
        let seen = vec!["/evidence/sts_policy".to_string()];
        let testing =
            "Set the MTA-STS policy to 'mode: testing', and give its TXT record a new id, until that is mended";
        if !policy.mx.iter().any(|pattern| covers(pattern, host)) {
            let said = format!(
                "{name} is not among the hosts of the MTA-STS policy, which is enforced ({}): senders that follow it skip \
                 the host",
                listed(&policy.mx, 4)
            );
            let step = format!("Add the line 'mx: {host}' to the policy, and give its TXT record a new id");
            add(Breaking::Outside, said, step, seen);
        } else if !offered {
            let said = "the MTA-STS policy enforces it: senders that follow it send it nothing";
            add(Breaking::NoTls, said.into(), testing.into(), seen);
        } else if !hop.certificate_faults().is_empty() || private(hop) {
            let said = "the MTA-STS policy is enforced: senders that follow it skip the host";
            add(Breaking::NotValid, said.into(), testing.into(), seen);
        }
        breaches
    }

    /// What could not be seen of the promises.
    pub fn unseen_promises(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let tlsa = self.evidence.dns.iter().filter(|lookup| lookup.kind == RecordKind::Tlsa);
        for (lookup, miss) in tlsa.filter_map(|lookup| Some((lookup, lookup.answer.miss()?))) {
            gaps.push(no_dns(
                format!("the TLSA records at {}, without which a sender with DANE waits", lookup.name),
                miss,
            ));
        }
        let Some(found) = &self.evidence.sts_policy else { return gaps };
        let why = match (&found.text, self.sts_policy()) {
            (Observed::Unknown(miss), _) => miss.said.clone(),
            (Observed::Known(_), None) => "what came is no policy (RFC 8461, 3.2)".into(),
            _ => return gaps,
        };
        // Many a host that may talk SMTP may not talk HTTPS: a policy that was not seen spoils no verdict.
        let what = format!("the MTA-STS policy of {}", self.domain);
        let supply = format!("a way from here to {}", found.url);
        gaps.push(Gap { what, why, supply, asked: false });
        gaps
    }

    /// Whether no MX host that was heard is left to a sender who looks.
    pub fn no_host_is_left(&self) -> bool {
        self.hops_of(Role::Gateway).filter(|hop| hop.heard_from()).all(|hop| !self.breaches(hop).is_empty())
    }

    /// The policy, where it was fetched and is one.
    pub fn sts_policy(&self) -> Option<Policy<'a>> {
        Policy::parse(self.evidence.sts_policy.as_ref()?.text.known()?)
    }

    /// What DANE says of the host: only where the MX, the address and the TLSA records are all validated (RFC 7672, 2.2).
    fn dane(&self, hop: &HopView<'a>) -> Option<Dane<'a>> {
        let host = &hop.hop.host;
        let family = if hop.hop.address?.is_ipv4() { RecordKind::A } else { RecordKind::Aaaa };
        let secure = |name: &str, kind| {
            let (at, lookup) = self.evidence.dns_of(name, kind)?;
            let answer = lookup.answer.known().filter(|answer| lookup.authenticated && answer.aliases.is_empty())?;
            Some((format!("/evidence/dns/{at}"), answer, &*lookup.resolver))
        };
        let (mx, ..) = secure(self.domain, RecordKind::Mx)?;
        let (address, ..) = secure(host, family)?;
        let (tlsa, answer, resolver) = secure(&format!("_{}._tcp.{host}", hop.hop.port), RecordKind::Tlsa)?;
        let usable =
            |record: &&Record| matches!(record, Record::Tlsa { usage: 2 | 3, selector: 0 | 1, matching: 0..=2, .. });
        let records = answer.records.iter().filter(usable).collect();
        (!answer.records.is_empty()).then_some(Dane { records, resolver, seen: vec![tlsa, mx, address] })
    }

    /// Whether one of the records names the host's certificate, or an authority in the chain that it showed. Where no
    /// record can be used, any certificate does.
    fn names(&self, hop: &HopView, leaf: &Certificate, records: &[&Record]) -> bool {
        let Some((_, session, tls)) = hop.handshake() else { return false };
        // Below an authority a certificate must be good in all else (RFC 7672, 3.1.2); pinned itself, it need not (3.1.1).
        let named = tls.names_host != Observed::Known(false) || leaf.names_domain(self.domain);
        let dated = leaf.not_before <= session.started_at && session.started_at <= leaf.not_after;
        let fits = |record: &&Record| match record {
            Record::Tlsa { usage: 3, selector, matching, digest } => digest_is(leaf, *selector, *matching, digest),
            // An authority that DNS holds whole need not be in the chain: whether it signed it is more than we can tell.
            Record::Tlsa { usage: 2, matching: 0, .. } => named && dated,
            Record::Tlsa { usage: 2, selector, matching, digest } => {
                named && dated && tls.chain.iter().any(|one| digest_is(one, *selector, *matching, digest))
            }
            _ => false,
        };
        records.is_empty() || records.iter().any(fits)
    }
}

/// Whether only the user's own roots vouch for the certificate: a stranger has others.
fn private(hop: &HopView) -> bool {
    hop.certificate().is_some()
        && hop.handshake().is_some_and(|(.., tls)| tls.publicly_trusted == Observed::Known(false))
}

fn digest_is(certificate: &Certificate, selector: u8, matching: u8, digest: &str) -> bool {
    let own = match (selector, matching) {
        (0, 0 | 1) => &certificate.sha256,
        (0, _) => &certificate.sha512,
        (_, 0 | 1) => &certificate.key_sha256,
        _ => &certificate.key_sha512,
    };
    !own.is_empty() && own.eq_ignore_ascii_case(digest)
}

fn in_words(record: &Record) -> String {
    match record {
        Record::Tlsa { usage, selector, matching, digest } => {
            format!("{usage} {selector} {matching} {}…", digest.get(..8).unwrap_or(digest))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::smtp::Tls;
    use crate::stories::{GATEWAY, World, tls};

    const DIGESTS: [&str; 4] = ["aa11", "aa22", "bb11", "bb22"];

    fn certificate(digests: [&str; 4]) -> Certificate {
        let [sha256, sha512, key_sha256, key_sha512] = digests.map(String::from);
        let good = tls("mx1.contoso.com").chain.remove(0);
        Certificate { sha256, sha512, key_sha256, key_sha512, ..good }
    }

    fn world(tlsa: &str) -> World {
        let mut world = World::healthy();
        world.dns("_25._tcp.mx1.contoso.com", RecordKind::Tlsa, tlsa);
        world.evidence.dns.iter_mut().for_each(|lookup| lookup.authenticated = true);
        let chain = vec![certificate(DIGESTS), certificate(["cc11", "cc22", "dd11", "dd22"])];
        world.last(GATEWAY).tls = Some(Tls { chain, ..tls("mx1.contoso.com") });
        world
    }

    fn broken(world: &World) -> Vec<Breaking> {
        let model = Model::new(&world.question, &world.evidence);
        model.breaches(&model.hops[0]).iter().map(|breach| breach.how).collect()
    }

    #[test]
    fn a_certificate_is_compared_as_senders_compare_it() {
        let keeps: [&str; 14] = [
            "2 0 0 0000",
            "3 0 1 aa11",
            "3 0 2 aa22",
            "3 1 1 BB11",
            "3 1 2 bb22",
            "3 0 0 aa11",
            "3 1 0 bb11",
            "2 0 1 cc11",
            "2 1 2 dd22",
            "3 1 1 0000, 3 1 1 bb11",
            "",
            "NXDOMAIN",
            "1 1 1 0000",
            "3 1 7 0000",
        ];
        for tlsa in keeps {
            assert_eq!(broken(&world(tlsa)), [], "{tlsa}");
        }
        for tlsa in ["3 1 1 0000", "3 0 1 bb11", "3 1 1 dd11", "2 1 1 0000", "1 1 1 bb11, 3 1 1 0000"] {
            assert_eq!(broken(&world(tlsa)), [Breaking::OtherCertificate], "{tlsa}");
        }
    }

    #[test]
    fn dane_rests_on_validation_all_the_way() {
        for unsigned in ["contoso.com", "mx1.contoso.com", "_25._tcp.mx1.contoso.com"] {
            let mut world = world("3 1 1 0000");
            let own = world.evidence.dns.iter_mut().filter(|lookup| lookup.name == unsigned);
            own.for_each(|lookup| lookup.authenticated = false);
            assert_eq!(broken(&world), [], "{unsigned}");
        }
        let mut expired = world("2 1 1 dd11");
        expired.last(GATEWAY).tls.as_mut().unwrap().chain[0].not_after = "2026-02-01T00:00:00Z".into();
        assert_eq!(
            broken(&expired),
            [Breaking::OtherCertificate],
            "an authority vouches for no certificate that expired"
        );
        let mut expired = world("3 1 1 bb11");
        expired.last(GATEWAY).tls.as_mut().unwrap().chain[0].not_after = "2026-02-01T00:00:00Z".into();
        assert_eq!(broken(&expired), [], "a pinned certificate has no date");
    }

    #[test]
    fn a_policy_binds_where_it_is_one_and_is_enforced() {
        let text = |mode: &str, mx: &str| format!("version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: 86400\r\n");
        let cases = [
            (text("enforce", "mx1.contoso.com"), vec![]),
            (text("enforce", "*.contoso.com"), vec![]),
            (text("enforce", "mx9.contoso.com"), vec![Breaking::Outside]),
            (text("testing", "mx9.contoso.com"), vec![]),
            ("version: STSv1\nmode: none\nmax_age: 1\n".into(), vec![]),
            ("version: STSv2\nmode: enforce\nmx: mx9\nmax_age: 1\n".into(), vec![]),
            ("mode: enforce\nmx: mx9\n".into(), vec![]),
            ("<html>".into(), vec![]),
        ];
        for (text, expected) in cases {
            let mut world = world("");
            world.policy(&text);
            assert_eq!(broken(&world), expected, "{text}");
        }
        let unseen = |world: &World| {
            let gaps = Model::new(&world.question, &world.evidence).unseen_promises();
            gaps.into_iter().map(|gap| format!("{} {}: {}", gap.asked, gap.what, gap.why)).collect::<Vec<_>>()
        };
        let mut late = world("SILENCE");
        let tlsa = "true the TLSA records at _25._tcp.mx1.contoso.com, without which a sender with DANE waits: no answer in 10 s";
        assert_eq!(unseen(&late), [tlsa]);
        late.policy("<html>");
        let policy = "false the MTA-STS policy of contoso.com: what came is no policy (RFC 8461, 3.2)";
        assert_eq!(unseen(&late), [tlsa, policy]);
        late.policy(&text("enforce", "mx1.contoso.com"));
        assert_eq!(unseen(&late), [tlsa]);
        let mut untrusted = world("");
        untrusted.policy(&text("enforce", "mx1.contoso.com"));
        untrusted.last(GATEWAY).tls.as_mut().unwrap().trusted = Observed::Known(false);
        assert_eq!(broken(&untrusted), [Breaking::NotValid]);
        let mut own_root = world("");
        own_root.policy(&text("enforce", "mx1.contoso.com"));
        own_root.last(GATEWAY).tls.as_mut().unwrap().publicly_trusted = Observed::Known(false);
        assert_eq!(broken(&own_root), [Breaking::NotValid], "a root of --ca is none of a stranger's");
    }
}
