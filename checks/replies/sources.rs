//! Where the replies and the marks of products are known from: the keys of their tables, in words.
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

const SOURCES: [(&str, &str); 46] = [
    ("PFX", "Postfix's source and documentation"),
    ("EXM", "Exim's source and specification"),
    ("STW", "Stalwart's source"),
    ("HAR", "Haraka's source"),
    ("OSM", "OpenSMTPD's source"),
    ("HMS", "hMailServer's source"),
    ("MSX", "Microsoft's Exchange documentation"),
    ("MSS", "Microsoft's support documentation"),
    ("SOE", "real bounces of the set-of-emails collection"),
    ("SGO", "go-sisimai"),
    ("SRB", "rb-sisimai"),
    ("REA", "check-if-email-exists"),
    ("FEM", "forwardemail"),
    ("ZMT", "zone-mta"),
    ("NMP", "nmap's service probes"),
    ("RCG", "recog"),
    ("MXI", "mx-intel's list of providers"),
    ("PDM", "parsedmarc's map of reverse names"),
    ("VPT", "a public list of MX and SPF names"),
    ("SEGL", "a public list of mail gateways"),
    ("SFM", "a public list of bounces by provider"),
    ("OEMM", "a mailing product's bounce rules"),
    ("NE163", "NetEase's list of return codes"),
    ("U-EC1", "EveryCloud's list of reason codes"),
    ("U-TM1", "Trend Micro on forward paths in InterScan"),
    ("U-IS1", "InfoSphere on its replies"),
    ("U-SP1", "a host's list of common bounces"),
    ("U-CS9", "a host on T-Online's refusals"),
    ("U-AL1", "Alibaba's list of return codes"),
    ("U-CM1", "Coremail's list of return codes"),
    ("U-SM1", "public source code"),
    ("U-RS1", "a public list of Rackspace's codes"),
    ("words", "the words themselves"),
    ("U-NA1", "N-able on recipient callouts"),
    ("U-AV1", "Avira MailGate's manual"),
    ("U-CS4", "Cisco's AsyncOS 9.7 user guide, page 7-18"),
    ("U-FM3", "Fortinet's community page on recipient verification"),
    ("U-MC3", "Mimecast on unknown internal users of advanced and federated accounts"),
    ("U-MC4", "Mimecast's list of SMTP error codes"),
    ("U-MC5", "a session with Mimecast"),
    ("U-MP1", "Mailprotector on invalid recipients"),
    ("U-MS3", "Microsoft KB 321721"),
    ("U-OP1", "OPSWAT on recipient verification"),
    ("U-PE1", "Proofpoint Essentials on addresses marked as invalid"),
    ("U-SY1", "Broadcom knowledge article 165163"),
    ("U-VP1", "VPOP3's wiki on \"Recipient Prohibited\""),
];

/// A row's source in words: `Postfix's source and documentation (smtpd_check.c); go-sisimai`.
pub(crate) fn in_words(source: &str) -> String {
    let one = |part: &str| {
        let (key, detail) = part.split_once(' ').unwrap_or((part, ""));
        match SOURCES.iter().find(|(known, _)| *known == key) {
            Some((_, words)) if detail.is_empty() => (*words).to_string(),
            Some((_, words)) => format!("{words} ({detail})"),
            None => part.to_string(),
        }
    };
    source.split([',', ';']).map(|part| one(part.trim())).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_words() {
        assert_eq!(
            in_words("PFX smtpd_check.c, SGO"),
            "Postfix's source and documentation (smtpd_check.c); go-sisimai"
        );
        for row in crate::replies::catalogue() {
            let words = row.source_in_words();
            let key = |word: &str| word.len() == 3 && word.chars().all(|c| c.is_ascii_uppercase()) && word != "RFC";
            assert!(!words.split(' ').any(key) && !words.contains("U-"), "row {}: {words}", row.number);
        }
    }
}
