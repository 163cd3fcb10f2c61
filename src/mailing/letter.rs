//! The mail that carries a report, built by lettre.
use super::Fate;
use crate::report::format::View;
use crate::report::{safe, safe_lines, table, words};
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, SinglePart};
use lettre::{Address, message};
use nsdiag_checks::report::Report;

/// The longest subject in characters: it stays one line of a list of mails.
const SUBJECT: usize = 150;

/// A mail that is ready to go.
#[derive(Clone, Debug)]
pub struct Letter {
    id: String,
    bytes: Vec<u8>,
    envelope: Envelope,
}

impl Letter {
    /// The report as people read it, from `from` to `to`. `host` is in its Message-ID; `thread` the Message-ID of the mail
    /// that it goes on from.
    ///
    /// # Errors
    /// In words, where lettre builds no mail of it.
    pub fn of_report(
        report: &Report,
        from: &Address,
        to: &[Address],
        host: &str,
        thread: Option<&str>,
    ) -> Result<Self, String> {
        let text = table::table(report, &View::of_file(false));
        let subject = format!("nsdiag: {}", words::verdict_line(report));
        Self::new(from, to, &subject, &text, host, thread)
    }

    /// A mail of plain text. Its subject and text may hold what any server said.
    ///
    /// # Errors
    /// In words, where lettre builds no mail of it.
    pub fn new(
        from: &Address,
        to: &[Address],
        subject: &str,
        text: &str,
        host: &str,
        thread: Option<&str>,
    ) -> Result<Self, String> {
        let unique: String = std::iter::repeat_with(fastrand::alphanumeric).take(24).collect();
        let id = format!("<{unique}@{host}>");
        let subject: String =
            safe(&subject.split_whitespace().collect::<Vec<_>>().join(" ")).chars().take(SUBJECT).collect();
        let auto = HeaderName::new_from_ascii_str("Auto-Submitted");
        let mut builder = Message::builder()
            .from(Mailbox::new(Some("nsdiag".into()), from.clone()))
            .subject(subject)
            .message_id(Some(id.clone()))
            .date_now()
            // No vacation notice comes back (RFC 3834, 5).
            .raw_header(HeaderValue::new(auto, "auto-generated".into()));
        // lettre writes all on one line, and a line has 998 characters at most (RFC 5322, 2.1.1).
        let all = to.iter().map(Address::to_string).collect::<Vec<_>>();
        let name = HeaderName::new_from_ascii_str("To");
        builder = builder.raw_header(HeaderValue::dangerous_new_pre_encoded(name, all.join(", "), all.join(",\r\n ")));
        if let Some(thread) = thread.filter(|thread| is_message_id(thread)) {
            builder = builder.in_reply_to(thread.into()).references(thread.into());
        }
        let envelope = Envelope::new(Some(from.clone()), to.to_vec()).map_err(|error| error.to_string())?;
        let body = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(message::Body::new(safe_lines(text)));
        let built = builder.envelope(envelope.clone()).singlepart(body).map_err(|error| error.to_string())?;
        Ok(Self { id, bytes: built.formatted(), envelope })
    }

    /// Its Message-ID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole of it, as it is stored.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Who sends it.
    pub(super) fn from(&self) -> Option<&Address> {
        self.envelope.from()
    }

    /// Who is to have it.
    pub(super) fn to(&self) -> &[Address] {
        self.envelope.to()
    }

    /// The same fate for everybody.
    pub(super) fn every(&self, fate: &Fate) -> Vec<(Address, Fate)> {
        self.to().iter().map(|address| (address.clone(), fate.clone())).collect()
    }
}

/// Whether it can be a Message-ID, as one that was kept in a file should be (RFC 5322, 3.6.4).
pub fn is_message_id(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or_default();
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"<>".contains(&byte);
    inner.contains('@') && inner.len() < 250 && inner.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    /// A mail's header fields, unfolded, and its body.
    fn parts(letter: &Letter) -> (Vec<(String, String)>, String) {
        let text = String::from_utf8(letter.bytes().to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ");
        let fields = head.split("\r\n").map(|line| line.split_once(": ").unwrap());
        (fields.map(|(name, value)| (name.to_string(), value.to_string())).collect(), body.to_string())
    }

    const FIELDS: [&str; 9] = [
        "From",
        "Subject",
        "Message-ID",
        "Date",
        "Auto-Submitted",
        "To",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];

    #[test]
    fn a_mail_has_what_mail_programs_look_for() {
        let to = [address("anna@contoso.com"), address("\"b.\"@xn--bcher-kva.example")];
        let from = address("nsdiag@contoso.com");
        let thread = Some("<first@adm01.contoso.com>");
        let letter = Letter::new(
            &from,
            &to,
            "CRITICAL  grün",
            &format!("grün\n.\n{}", "a".repeat(60)),
            "adm01.contoso.com",
            thread,
        )
        .unwrap();
        let (fields, body) = parts(&letter);
        let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        assert_eq!(field("From"), Some("nsdiag <nsdiag@contoso.com>"));
        assert_eq!(field("To"), Some("anna@contoso.com, \"b.\"@xn--bcher-kva.example"));
        assert_eq!(field("Subject"), Some("CRITICAL =?utf-8?b?Z3LDvG4=?="));
        assert_eq!(field("Message-ID"), Some(letter.id()));
        assert!(letter.id().ends_with("@adm01.contoso.com>") && is_message_id(letter.id()));
        assert_eq!((field("In-Reply-To"), field("References")), (thread, thread));
        assert_eq!(field("Auto-Submitted"), Some("auto-generated"));
        assert_eq!(field("Content-Type"), Some("text/plain; charset=utf-8"));
        assert_eq!(
            (field("MIME-Version"), field("Content-Transfer-Encoding")),
            (Some("1.0"), Some("quoted-printable"))
        );
        assert!(field("Date").unwrap().ends_with(" +0000"));
        assert_eq!(body.trim_end(), format!("gr=C3=BCn\r\n.\r\n{}", "a".repeat(60)));
        let again = Letter::new(&from, &to, "", "", "adm01.contoso.com", None).unwrap();
        assert_ne!(again.id(), letter.id());
    }

    #[test]
    fn nothing_that_a_server_says_becomes_a_header_field_or_a_line_of_smtp() {
        let long = "x".repeat(5000);
        let wide = "日本".repeat(2000);
        let hostile = [
            "a\r\nBcc: eve@fabrikam.com",
            "a\nBcc: eve@fabrikam.com",
            "a\rBcc: eve@fabrikam.com",
            "a\r\n\r\nbody",
            "a\r\n.\r\nMAIL FROM:<eve@fabrikam.com>",
            "a\u{85}Bcc: eve",
            "a\u{2028}Bcc: eve",
            "a\u{2029}b",
            "a\u{b}Bcc: eve\u{c}",
            "a\0b\u{7f}",
            "a\u{1b}[31mb\u{9b}1m",
            "\u{202e}moc.osotnoc\u{200b}",
            "=?utf-8?b?DQpCY2M6IGV2ZQ==?=",
            "=?utf-8?q?=0D=0ABcc:_eve?=",
            ": \t ",
            "",
            "\u{feff}a\u{fffd}",
            "\"<eve@fabrikam.com>, ",
            &long,
            &wide,
        ];
        let odd = [
            "\"a, b\"@contoso.com",
            "\"<eve@fabrikam.com>\"@contoso.com",
            "\"a\\\"b\"@contoso.com",
            "grün@contoso.com",
            "a@[IPv6:2001:db8::1]",
        ];
        for said in hostile {
            let to = odd.map(address);
            let letter = Letter::new(&address("a@b.example"), &to, said, said, "h.example", Some(said)).unwrap();
            let (fields, _) = parts(&letter);
            let (_, shown) = fields.iter().find(|(name, _)| name == "To").unwrap();
            assert!(odd.iter().all(|one| shown.contains(one)), "{shown}");
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, FIELDS, "{said:?}");
            let text = String::from_utf8(letter.bytes().to_vec()).unwrap();
            assert!(
                text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])),
                "{said:?}: {text}"
            );
            let shown: Vec<char> = text.chars().filter(|c| c.is_control() && !"\r\n".contains(*c)).collect();
            assert!(shown.is_empty(), "{said:?}: {shown:?}");
        }
    }

    #[test]
    fn many_recipients_stand_on_many_lines() {
        let to: Vec<Address> = (0..100).map(|at| address(&format!("{}{at}@contoso.com", "a".repeat(50)))).collect();
        let letter = Letter::new(&address("nsdiag@contoso.com"), &to, "OK", "x", "adm01.contoso.com", None).unwrap();
        let text = String::from_utf8(letter.bytes().to_vec()).unwrap();
        assert!(text.split("\r\n").all(|line| line.len() < 100), "{text}");
        let (fields, _) = parts(&letter);
        let field = fields.iter().find(|(name, _)| name == "To").unwrap();
        assert!(to.iter().all(|one| field.1.contains(&one.to_string())) && letter.to().len() == 100, "{field:?}");
    }

    #[test]
    fn a_message_id_that_was_kept_is_looked_at_before_it_is_used() {
        let cases = [
            ("<a@b>", true),
            ("<a@[192.0.2.1]>", true),
            ("a@b", false),
            ("<ab>", false),
            ("<a@b> <c@d>", false),
            ("<a@b\r\nBcc: c>", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_message_id(text), expected, "{text}");
        }
        assert!(!is_message_id(&format!("<{}@b>", "a".repeat(300))));
    }
}
