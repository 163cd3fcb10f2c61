//! What broken and hostile directory servers send, row by row, with the outcome that nsdiag's report has for it.
pub use Act::*;
use std::sync::LazyLock;
use std::time::Duration;

/// What is asked when the row has its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The extended request, in the clear.
    StartTls,
    Bind,
    RootDse,
    /// The look-up of the first addresses, not in pages.
    Search,
    /// The same in pages, after the server had shown a part.
    Paging,
    /// All recipients, in pages: what a long list leads to.
    Sweep,
    /// None of those.
    Other,
}

/// What a server does.
pub enum Act {
    Say(Vec<u8>),
    /// What a sound server says.
    Sound,
    /// One byte after the other.
    Drip(Vec<u8>, Duration),
    /// Piece after piece; each is given its number.
    Forever(fn(&Asked, usize) -> Vec<u8>),
    /// Waits for whatever comes.
    Hear,
    /// Its side of a TLS handshake.
    Shake,
    Silence,
    Close,
}

/// A behaviour: in a sentence, where, and what comes of it.
pub struct Row {
    pub name: String,
    pub place: Place,
    pub says: fn(&Asked) -> Vec<Act>,
    pub outcome: String,
}

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub id: i32,
    pub place: Place,
    /// Whether it asks about a@contoso.com.
    pub about_a: bool,
    /// How often the row has had its turn in this session, this one included.
    pub times: usize,
}

/// One element, its length in as few bytes as possible.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let bytes = u32::try_from(content.len()).unwrap().to_be_bytes();
    let few = &bytes[bytes.iter().take_while(|byte| **byte == 0).count().min(3)..];
    let head = match content.len() {
        0..=0x7f => vec![tag, bytes[3]],
        _ => [&[tag, 0x80 | few.len() as u8], few].concat(),
    };
    [&head, content].concat()
}

/// One element of parts.
pub fn of(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(tag, &parts.concat())
}

const PAGED: &[u8] = b"1.2.840.113556.1.4.319";
const DISCONNECTION: &[u8] = b"1.3.6.1.4.1.1466.20036";
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const INTERMEDIATE: u8 = 0x79;

fn number(id: i32) -> Vec<u8> {
    tlv(2, &id.to_be_bytes())
}

/// An LDAPResult as operation `tag`.
fn result(tag: u8, code: u8, text: &[u8]) -> Vec<u8> {
    of(tag, &[tlv(10, &[code]), tlv(4, b""), tlv(4, text)])
}

fn attribute(name: &[u8], values: &[&[u8]]) -> Vec<u8> {
    let values: Vec<Vec<u8>> = values.iter().map(|value| tlv(4, value)).collect();
    of(0x30, &[tlv(4, name), of(0x31, &values)])
}

fn entry(name: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
    of(ENTRY, &[tlv(4, name), of(0x30, attributes)])
}

/// An entry with these values under a name that is asked for, at the rootDSE as elsewhere.
fn with_values(values: Vec<u8>) -> Vec<u8> {
    let both = [&b"mail"[..], b"defaultNamingContext"].map(|name| of(0x30, &[tlv(4, name), values.clone()]));
    entry(b"CN=a,DC=contoso,DC=com", &both)
}

/// A mailbox with this local part.
fn mailbox(local: &str) -> Vec<u8> {
    let (name, smtp) = (format!("CN={local},DC=contoso,DC=com"), format!("SMTP:{local}@contoso.com"));
    let address = smtp[5..].to_string();
    entry(
        name.as_bytes(),
        &[
            attribute(b"objectClass", &[b"user"]),
            attribute(b"mail", &[address.as_bytes()]),
            attribute(b"proxyAddresses", &[smtp.as_bytes()]),
            attribute(b"homeMDB", &[b"CN=DB,DC=contoso,DC=com"]),
            attribute(b"msExchRecipientTypeDetails", &[b"1"]),
        ],
    )
}

/// The controls that say from where the next page goes on.
fn cookie(bytes: &[u8]) -> Vec<u8> {
    paging(&of(0x30, &[tlv(2, &[0]), tlv(4, bytes)]))
}

/// The controls with a paging control of this value.
fn paging(value: &[u8]) -> Vec<u8> {
    of(0xa0, &[of(0x30, &[tlv(4, PAGED), tlv(4, value)])])
}

impl Asked {
    /// Reads a request; how long it was.
    pub fn read(buffer: &[u8]) -> Option<(Self, usize)> {
        let (message, length) = element(buffer)?;
        let (id, from) = element(message)?;
        let operation = message[from];
        let (content, behind) = element(&message[from..])?;
        let paged = message.len() > from + behind;
        let about = |text: &[u8]| content.windows(text.len()).any(|part| part == text);
        let place = match operation {
            0x77 => Place::StartTls,
            0x60 => Place::Bind,
            // Its base is empty, and its scope the base.
            0x63 if content.starts_with(&[4, 0, 10, 1, 0]) => Place::RootDse,
            0x63 if paged && about(b"smtp:a@contoso.com") => Place::Paging,
            0x63 if paged => Place::Sweep,
            0x63 if about(b"smtp:a@contoso.com") => Place::Search,
            _ => Place::Other,
        };
        let id = id.iter().fold(0, |id, byte| id << 8 | i32::from(*byte));
        Some((Self { id, place, about_a: about(b"smtp:a@contoso.com"), times: 0 }, length))
    }

    /// The operation that answers the request.
    fn due(&self) -> u8 {
        match self.place {
            Place::StartTls => 0x78,
            Place::Bind => 0x61,
            _ => DONE,
        }
    }

    /// An operation under the request's id.
    fn with(&self, operation: Vec<u8>) -> Vec<u8> {
        of(0x30, &[number(self.id), operation])
    }

    /// An operation with controls.
    fn and(&self, operation: Vec<u8>, controls: Vec<u8>) -> Vec<u8> {
        of(0x30, &[number(self.id), operation, controls])
    }

    /// A result.
    fn result(&self, code: u8, text: &[u8]) -> Vec<u8> {
        self.with(result(self.due(), code, text))
    }

    fn done(&self) -> Vec<u8> {
        self.result(0, b"")
    }

    /// The operation that is due, of these parts.
    fn bent(&self, parts: &[Vec<u8>]) -> Vec<Act> {
        vec![Say(self.with(of(self.due(), parts)))]
    }

    /// These operations, and then a result.
    fn then_done(&self, operations: &[Vec<u8>]) -> Vec<Act> {
        let sent = operations.iter().map(|operation| self.with(operation.clone()));
        vec![Say(sent.chain([self.done()]).collect::<Vec<_>>().concat())]
    }

    /// What a sound server answers, on the way to `place`.
    pub fn sound(&self, place: Place) -> Vec<u8> {
        match self.place {
            Place::StartTls => self.result(2, b"no StartTLS here"),
            Place::RootDse => [self.with(root()), self.done()].concat(),
            // There is more than can be shown: it is asked for in pages.
            Place::Search if place == Place::Paging => self.result(4, b""),
            Place::Search => [self.with(mailbox("a")), self.done()].concat(),
            Place::Paging | Place::Sweep => {
                [self.with(mailbox("a")), self.and(result(DONE, 0, b""), cookie(b""))].concat()
            }
            Place::Bind | Place::Other => self.done(),
        }
    }
}

fn root() -> Vec<u8> {
    entry(b"", &[attribute(b"defaultNamingContext", &[b"DC=contoso,DC=com"])])
}

/// The content of the first element, and how long it is with its head.
fn element(buffer: &[u8]) -> Option<(&[u8], usize)> {
    let first = usize::from(*buffer.get(1)?);
    let (length, head) = match first {
        0..=0x7f => (first, 2),
        _ => {
            let bytes = buffer.get(2..2 + (first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 2 + bytes.len())
        }
    };
    Some((buffer.get(head..head + length)?, head + length))
}

type Says = fn(&Asked) -> Vec<Act>;

/// What is said of bytes that are no sound LDAP.
const UNSOUND: &str = "protocol: the directory server sent what is not sound LDAP: ";

/// What can come in the place of any answer, what is said of it, and what of that at StartTLS, where that differs.
fn everywhere() -> Vec<(&'static str, Says, &'static str, Option<&'static str>)> {
    let gone = "hung-up: the directory server closed the connection";
    let gone_early = Some("hung-up: the server closed the connection at StartTLS");
    let late = "timed-out: LATE";
    let unasked = "UNSOUND it answers what was not asked";
    let unasked_early = Some("protocol: the reply to StartTLS is none");
    vec![
        (
            "HTTP speaks",
            |_| vec![Say(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())],
            "UNSOUND it is no LDAP message",
            None,
        ),
        ("a mail host greets", |_| vec![Say(b"220 mx1 ESMTP\r\n".to_vec())], "UNSOUND it is no LDAP message", None),
        (
            "a TLS alert comes in the clear",
            |_| vec![Say(vec![0x15, 3, 1, 0, 2, 2, 40])],
            "UNSOUND it is no LDAP message",
            None,
        ),
        ("zeros come without end", |_| vec![Forever(|_, _| vec![0; 65536])], "UNSOUND it is no LDAP message", None),
        (
            "a message is of indefinite length",
            |asked| vec![Say([&[0x30, 0x80], &asked.done()[2..], &[0, 0]].concat())],
            "UNSOUND its length is not a definite one",
            None,
        ),
        (
            "a length is of five bytes",
            |_| vec![Say(vec![0x30, 0x85, 0, 0, 0, 0, 3])],
            "UNSOUND its length is not a definite one",
            None,
        ),
        (
            "a length is of 126 bytes",
            |_| vec![Say([&[0x30, 0xfe][..], &[0; 126]].concat())],
            "UNSOUND its length is not a definite one",
            None,
        ),
        (
            "a length is the reserved one",
            |_| vec![Say(vec![0x30, 0xff, 0])],
            "UNSOUND its length is not a definite one",
            None,
        ),
        (
            "a message claims 4 GiB",
            |_| vec![Say(vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff])],
            "too-large: the directory server sent a message of more than 8 MiB",
            None,
        ),
        (
            "a message claims a byte more than 8 MiB",
            |_| vec![Say(vec![0x30, 0x84, 0, 0x80, 0, 1]), Forever(|_, _| vec![0; 65536])],
            "too-large: the directory server sent a message of more than 8 MiB",
            None,
        ),
        (
            "a message of 8 MiB does not come whole",
            |_| vec![Say(vec![0x30, 0x84, 0, 0x80, 0, 0]), Say(vec![0; 8_000_000]), Silence],
            late,
            None,
        ),
        ("a message is empty", |_| vec![Say(vec![0x30, 0])], "UNSOUND it has not the parts of a message", None),
        (
            "a message is nested forty thousand deep",
            |_| {
                let level = |inside: u32| [&[0x30, 0x84][..], &(inside * 6).to_be_bytes()].concat();
                vec![Say((0..40_000).rev().flat_map(level).collect())]
            },
            "UNSOUND its id is no integer",
            None,
        ),
        (
            "a message has an id alone",
            |asked| vec![Say(of(0x30, &[number(asked.id)]))],
            "UNSOUND it has not the parts of a message",
            None,
        ),
        (
            "an id is a string",
            |asked| vec![Say(of(0x30, &[tlv(4, &[1]), result(asked.due(), 0, b"")]))],
            "UNSOUND its id is no integer",
            None,
        ),
        (
            "an id has no bytes",
            |asked| vec![Say(of(0x30, &[tlv(2, b""), result(asked.due(), 0, b"")]))],
            "UNSOUND its id is no integer",
            None,
        ),
        (
            "an id has nine bytes",
            |asked| {
                vec![Say(of(0x30, &[tlv(2, &[0, 0, 0, 0, 0, 0, 0, 0, asked.id as u8]), result(asked.due(), 0, b"")]))]
            },
            "UNSOUND its id is no integer",
            None,
        ),
        (
            "an id has two hundred bytes",
            |asked| vec![Say(of(0x30, &[tlv(2, &[1; 200]), result(asked.due(), 0, b"")]))],
            "UNSOUND its id is no integer",
            None,
        ),
        (
            "an id is negative",
            |asked| vec![Say(of(0x30, &[tlv(2, &[0xff]), result(asked.due(), 0, b"")]))],
            "UNSOUND its id is no integer",
            None,
        ),
        (
            "an id is one under which nothing was asked",
            |asked| vec![Say(of(0x30, &[number(1_000_000), result(asked.due(), 0, b"")]))],
            unasked,
            unasked_early,
        ),
        (
            "an operation has a tag of several bytes",
            |asked| vec![Say(of(0x30, &[number(asked.id), vec![0x7f, 0x81, 0x01, 0]]))],
            "UNSOUND a tag of several bytes",
            None,
        ),
        ("a request comes for an answer", |asked| vec![Say(asked.with(of(0x63, &[])))], unasked, unasked_early),
        (
            "an operation is of no known number",
            |asked| vec![Say(asked.with(result(0x7e, 0, b"")))],
            unasked,
            unasked_early,
        ),
        (
            "an operation is not one of parts",
            |asked| vec![Say(asked.with(result(asked.due() & !0x20, 0, b"")))],
            unasked,
            unasked_early,
        ),
        (
            "a sequence comes for an operation",
            |asked| vec![Say(asked.with(result(0x30, 0, b"")))],
            unasked,
            unasked_early,
        ),
        (
            "an operation is longer than its message",
            |asked| vec![Say(of(0x30, &[number(asked.id), vec![asked.due(), 0x7f, 10, 1, 0, 4, 0, 4, 0]]))],
            "UNSOUND an element is longer than what holds it",
            None,
        ),
        (
            "an operation is of indefinite length",
            |asked| vec![Say(of(0x30, &[number(asked.id), vec![asked.due(), 0x80, 10, 1, 0, 4, 0, 4, 0, 0, 0]]))],
            "UNSOUND a length is not a definite one",
            None,
        ),
        (
            "the length of an operation is cut short",
            |asked| vec![Say(of(0x30, &[number(asked.id), vec![asked.due(), 0x84, 0]]))],
            "UNSOUND a length is cut short",
            None,
        ),
        (
            "an operation is a tag alone",
            |asked| vec![Say(of(0x30, &[number(asked.id), vec![asked.due()]]))],
            "UNSOUND an element is cut short",
            None,
        ),
        ("a result has no parts", |asked| asked.bent(&[]), "UNSOUND a result has not its three parts", None),
        (
            "a result code is an INTEGER",
            |asked| asked.bent(&[tlv(2, &[0]), tlv(4, b""), tlv(4, b"")]),
            "UNSOUND a result has not its three parts",
            None,
        ),
        (
            "a result code has no bytes",
            |asked| asked.bent(&[tlv(10, b""), tlv(4, b""), tlv(4, b"")]),
            "UNSOUND a result code is no number",
            None,
        ),
        (
            "a result code has two hundred bytes",
            |asked| asked.bent(&[tlv(10, &[0; 200]), tlv(4, b""), tlv(4, b"")]),
            "UNSOUND a result code is no number",
            None,
        ),
        (
            "a result is a code alone",
            |asked| asked.bent(&[tlv(10, &[0])]),
            "UNSOUND a result has not its three parts",
            None,
        ),
        (
            "a result lacks its message",
            |asked| asked.bent(&[tlv(10, &[0]), tlv(4, b"")]),
            "UNSOUND a result has not its three parts",
            None,
        ),
        (
            "a result's message is a set",
            |asked| asked.bent(&[tlv(10, &[0]), tlv(4, b""), tlv(0x31, b"")]),
            "UNSOUND a result has not its three parts",
            None,
        ),
        (
            "a result has a part too many",
            |asked| asked.bent(&[tlv(10, &[0]), tlv(4, b""), tlv(4, b""), tlv(4, b"")]),
            "UNSOUND a result has a part that it must not have",
            None,
        ),
        (
            "a referral is cut short",
            |asked| asked.bent(&[tlv(10, &[10]), tlv(4, b""), tlv(4, b""), tlv(0xa3, &[4, 40, b'l'])]),
            "UNSOUND an element is longer than what holds it",
            None,
        ),
        (
            "controls stand before the operation",
            |asked| vec![Say(of(0x30, &[number(asked.id), of(0xa0, &[]), result(asked.due(), 0, b"")]))],
            "UNSOUND it has not the parts of a message",
            None,
        ),
        (
            "an operation comes twice in a message",
            |asked| vec![Say(asked.and(result(asked.due(), 0, b""), result(asked.due(), 0, b"")))],
            "UNSOUND it has not the parts of a message",
            None,
        ),
        (
            "controls come twice",
            |asked| vec![Say(of(0x30, &[number(asked.id), result(asked.due(), 0, b""), cookie(b""), cookie(b"more")]))],
            "UNSOUND it has not the parts of a message",
            None,
        ),
        (
            "a control is empty",
            |asked| vec![Say(asked.and(result(asked.due(), 0, b""), of(0xa0, &[of(0x30, &[])])))],
            "UNSOUND a control has no name",
            None,
        ),
        (
            "a control's name is a number",
            |asked| vec![Say(asked.and(result(asked.due(), 0, b""), of(0xa0, &[of(0x30, &[tlv(2, &[1])])])))],
            "UNSOUND a control has no name",
            None,
        ),
        (
            "a control is a string",
            |asked| vec![Say(asked.and(result(asked.due(), 0, b""), of(0xa0, &[tlv(4, PAGED)])))],
            "UNSOUND a control is none",
            None,
        ),
        (
            "controls are cut short",
            |asked| vec![Say(asked.and(result(asked.due(), 0, b""), tlv(0xa0, &[0x30, 0x20, 4])))],
            "UNSOUND an element is longer than what holds it",
            None,
        ),
        (
            "the server takes leave",
            |_| vec![Say(notice(b"shutting down", DISCONNECTION)), Close],
            "hung-up: the directory server ended the connection: shutting down",
            None,
        ),
        (
            "the server takes leave without saying that it is that",
            |_| vec![Say(of(0x30, &[number(0), result(0x78, 52, b"shutting down")])), Close],
            "hung-up: the directory server ended the connection: shutting down",
            None,
        ),
        (
            "the server takes leave as Active Directory does, the name behind the operation",
            |_| {
                vec![
                    Say(of(0x30, &[number(0), result(0x78, 52, b"00002024: LdapErr"), tlv(0x8a, DISCONNECTION)])),
                    Close,
                ]
            },
            "hung-up: the directory server ended the connection: 00002024: LdapErr",
            None,
        ),
        (
            "the server takes leave in Latin-1",
            |_| vec![Say(notice(b"bis sp\xe4ter", DISCONNECTION)), Close],
            "hung-up: the directory server ended the connection: bis später",
            None,
        ),
        (
            "the server takes leave in no sound words",
            |_| vec![Say(of(0x30, &[number(0), of(0x78, &[])])), Close],
            "hung-up: the directory server ended the connection",
            None,
        ),
        ("half an answer comes, then nothing", |asked| vec![Say(half(asked.done())), Silence], late, None),
        ("half an answer comes, then the end", |asked| vec![Say(half(asked.done())), Close], gone, gone_early),
        ("one byte comes, then the end", |_| vec![Say(vec![0x30]), Close], gone, gone_early),
        ("nothing comes", |_| vec![Silence], late, None),
        ("the end comes", |_| vec![Close], gone, gone_early),
        (
            "an answer takes longer than a step",
            |asked| vec![Drip(asked.done(), Duration::from_millis(200)), Silence],
            late,
            None,
        ),
    ]
}

/// A notice that is answered to nobody (RFC 4511, 4.4).
fn notice(text: &[u8], name: &[u8]) -> Vec<u8> {
    let parts = [tlv(10, &[52]), tlv(4, b""), tlv(4, text), tlv(0x8a, name)];
    of(0x30, &[number(0), of(0x78, &parts)])
}

fn half(bytes: Vec<u8>) -> Vec<u8> {
    bytes[..bytes.len() / 2].to_vec()
}

/// What can come at a bind.
fn at_bind() -> Vec<(&'static str, Says, &'static str)> {
    vec![
        ("an answer comes byte by byte, in time", |asked| vec![Drip(asked.done(), Duration::ZERO)], HEALTHY),
        (
            "a notice of another kind comes first",
            |asked| vec![Say(notice(b"by the way", b"1.2.3.4")), Say(asked.done())],
            HEALTHY,
        ),
        (
            "credentials for SASL come with the answer",
            |asked| asked.bent(&[tlv(10, &[0]), tlv(4, b""), tlv(4, b""), tlv(0x87, &[0xff; 40])]),
            HEALTHY,
        ),
        (
            "a part comes that a later standard may define",
            |asked| asked.bent(&[tlv(10, &[0]), tlv(4, b""), tlv(4, b""), tlv(0x9e, b"new")]),
            HEALTHY,
        ),
        (
            "a control comes that nobody knows",
            |asked| {
                vec![Say(asked.and(result(0x61, 0, b""), of(0xa0, &[of(0x30, &[tlv(4, b"1.2.3"), tlv(1, &[0xff])])])))]
            },
            HEALTHY,
        ),
        (
            "the bind goes on without end",
            |asked| vec![Say(asked.result(14, b""))],
            "protocol: it wants to go on where there is nothing more to say (saslBindInProgress) (result 14)",
        ),
        (
            "the bind goes on without end, with credentials",
            |asked| asked.bent(&[tlv(10, &[14]), tlv(4, b""), tlv(4, b""), tlv(0x87, b"more")]),
            "protocol: it wants to go on where there is nothing more to say (saslBindInProgress) (result 14)",
        ),
        (
            "the refusal is in Latin-1",
            |asked| vec![Say(asked.result(49, b"ung\xfcltig"))],
            "2 NSD333 | bind: wrong-password: invalid credentials (result 49); it says: ungültig",
        ),
        (
            "the refusal is of 7 MB",
            |asked| vec![Say(asked.result(49, &vec![b'x'; 7_000_000]))],
            "2 NSD333 | bind: wrong-password: invalid credentials (result 49); it says: xxxxxxxx…",
        ),
        (
            "the refusal is of 7 MB of bytes that are no text",
            |asked| vec![Say(asked.result(53, &vec![0xff; 7_000_000]))],
            "busy: it is unwilling to perform this (result 53); it says: ÿÿÿÿÿÿÿÿ…",
        ),
        ("the result code is negative", |asked| vec![Say(asked.result(0xff, b""))], "protocol: it refuses (result -1)"),
        (
            "the result code is the largest",
            |asked| asked.bent(&[tlv(10, &[0x7f, 0xff, 0xff, 0xff]), tlv(4, b""), tlv(4, b"")]),
            "protocol: it refuses (result 2147483647)",
        ),
        (
            "the result code is none of the standard's",
            |asked| vec![Say(asked.result(99, b"\x1b[31m\r\n"))],
            "protocol: it refuses (result 99); it says: \u{1b}[31m\r\n",
        ),
        (
            "it refers to two million other servers",
            |asked| asked.bent(&[tlv(10, &[10]), tlv(4, b""), tlv(4, b""), tlv(0xa3, &[4, 0].repeat(2_000_000))]),
            "too-large: the directory server refers to more places than can be told",
        ),
        (
            "it refers to a server with a name of 7 MB",
            |asked| {
                asked.bent(&[tlv(10, &[10]), tlv(4, b""), tlv(4, b""), of(0xa3, &[tlv(4, &vec![b'l'; 7_000_000])])])
            },
            "too-large: the directory server refers to more places than can be told",
        ),
        (
            "it refers to a server in Latin-1",
            |asked| asked.bent(&[tlv(10, &[10]), tlv(4, b""), tlv(4, b""), of(0xa3, &[tlv(4, b"ldap://h\xf6st")])]),
            "referral: it refers to another server, which is not followed (ldap://höst) (result 10)",
        ),
        ("an entry comes", |asked| vec![Say(asked.with(mailbox("a")))], "UNSOUND it answers what was not asked"),
        (
            "a reference comes",
            |asked| vec![Say(asked.with(of(REFERENCE, &[tlv(4, b"ldap://h")])))],
            "UNSOUND it answers what was not asked",
        ),
        (
            "an intermediate response comes",
            |asked| vec![Say(asked.with(of(INTERMEDIATE, &[])))],
            "UNSOUND it answers what was not asked",
        ),
        (
            "the result of a search comes",
            |asked| vec![Say(asked.with(result(DONE, 0, b"")))],
            "UNSOUND it answers what was not asked",
        ),
        (
            "an extended response comes",
            |asked| vec![Say(asked.with(result(0x78, 0, b"")))],
            "UNSOUND it answers what was not asked",
        ),
        (
            "the answer comes twice",
            |asked| vec![Say([asked.done(), asked.done()].concat())],
            "3 NSD331 | rootDSE: UNSOUND it answers what was not asked",
        ),
        (
            "bytes follow the answer",
            |asked| vec![Say([asked.done(), b"garbage".to_vec()].concat())],
            "3 NSD331 | rootDSE: UNSOUND it is no LDAP message",
        ),
        (
            "the connection ends behind the answer",
            |asked| vec![Say(asked.done()), Close],
            "3  | rootDSE: hung-up: the directory server closed the connection",
        ),
        (
            "the server takes leave behind the answer",
            |asked| vec![Say([asked.done(), notice(b"bye", DISCONNECTION)].concat()), Close],
            "3  | rootDSE: hung-up: the directory server ended the connection: bye",
        ),
        (
            "entries come without end that nobody asked for",
            |asked| {
                vec![Say(asked.done()), Forever(|asked, _| of(0x30, &[number(asked.id + 1), mailbox("a")]).repeat(100))]
            },
            // By when they come the rootDSE may have been asked for.
            "3 NSD331 | rootDSE: UNSOUND it answers what was not asked || 3 NSD331 | rootDSE: UNSOUND one object was asked \
             for, and it sends several",
        ),
        (
            "it refers to four other servers",
            |asked| {
                let places = of(0xa3, &[b"ldap://a", b"ldap://b", b"ldap://c", b"ldap://d"].map(|url| tlv(4, url)));
                asked.bent(&[tlv(10, &[10]), tlv(4, b""), tlv(4, b""), places])
            },
            "referral: it refers to another server, which is not followed (ldap://a and 3 more) (result 10)",
        ),
    ]
}

/// What can come at StartTLS, where nothing may go in the clear.
fn at_start_tls() -> Vec<(&'static str, Says, &'static str)> {
    vec![
        ("StartTLS is sound", |asked| vec![Say(asked.done()), Shake], HEALTHY),
        (
            "StartTLS is answered with its name",
            |asked| {
                let named = of(0x78, &[tlv(10, &[0]), tlv(4, b""), tlv(4, b""), tlv(0x8a, b"1.3.6.1.4.1.1466.20037")]);
                vec![Say(asked.with(named)), Shake]
            },
            HEALTHY,
        ),
        (
            "StartTLS is answered byte by byte, in time",
            |asked| vec![Drip(asked.done(), Duration::ZERO), Shake],
            HEALTHY,
        ),
        (
            "StartTLS is refused",
            |asked| vec![Say(asked.result(2, b"no"))],
            "tls-missing: the server refuses StartTLS (result 2); use ldaps://, or --ldap-plaintext on a wire that you trust",
        ),
        (
            "StartTLS is refused in Latin-1",
            |asked| vec![Say(asked.result(52, b"sp\xe4ter"))],
            "tls-missing: the server refuses StartTLS (result 52); use ldaps://, or --ldap-plaintext on a wire that you trust",
        ),
        (
            "StartTLS is refused in 7 MB",
            |asked| vec![Say(asked.result(52, &vec![b'x'; 7_000_000]))],
            "tls-missing: the server refuses StartTLS (result 52); use ldaps://, or --ldap-plaintext on a wire that you trust",
        ),
        (
            "StartTLS refers to another server",
            |asked| asked.bent(&[tlv(10, &[10]), tlv(4, b""), tlv(4, b""), of(0xa3, &[tlv(4, b"ldap://h")])]),
            "tls-missing: the server refuses StartTLS (result 10); use ldaps://, or --ldap-plaintext on a wire that you trust",
        ),
        (
            "bytes in the clear follow the answer",
            |asked| vec![Say([asked.done(), of(0x30, &[number(2), result(0x61, 0, b"")])].concat()), Shake],
            "tls-injection: bytes in clear text followed the reply to StartTLS",
        ),
        (
            "one byte in the clear follows the answer",
            |asked| vec![Say([asked.done(), vec![0]].concat()), Shake],
            "tls-injection: bytes in clear text followed the reply to StartTLS",
        ),
        (
            "StartTLS is answered twice",
            |asked| vec![Say([asked.done(), asked.done()].concat()), Shake],
            "tls-injection: bytes in clear text followed the reply to StartTLS",
        ),
        (
            "LDAP in the clear comes in place of TLS",
            |asked| vec![Say(asked.done()), Hear, Say(of(0x30, &[number(2), result(0x61, 0, b"")])), Silence],
            "tls-failed: the TLS handshake failed: …",
        ),
        (
            "silence comes in place of TLS",
            |asked| vec![Say(asked.done()), Silence],
            "timed-out: the TLS handshake took longer than 2 s",
        ),
        (
            "the end comes in place of TLS",
            |asked| vec![Say(asked.done()), Close],
            "tls-failed: the TLS handshake failed: …",
        ),
        (
            "the result of a bind comes",
            |asked| vec![Say(asked.with(result(0x61, 0, b"")))],
            "protocol: the reply to StartTLS is none",
        ),
        (
            "the result of a search comes",
            |asked| vec![Say(asked.with(result(DONE, 0, b"")))],
            "protocol: the reply to StartTLS is none",
        ),
        ("an entry comes", |asked| vec![Say(asked.with(mailbox("a")))], "protocol: the reply to StartTLS is none"),
        (
            "an intermediate response comes",
            |asked| vec![Say(asked.with(of(INTERMEDIATE, &[])))],
            "protocol: the reply to StartTLS is none",
        ),
        (
            "entries come without end",
            |_| vec![Forever(|asked, _| asked.with(mailbox("a")).repeat(100))],
            "tls-injection: bytes in clear text followed the reply to StartTLS",
        ),
    ]
}

/// What can come at any search.
fn in_searches() -> Vec<(&'static str, Says, &'static str)> {
    vec![
        (
            "the result of a bind comes",
            |asked| vec![Say(asked.with(result(0x61, 0, b"")))],
            "UNSOUND it answers what was not asked",
        ),
        (
            "an extended response comes",
            |asked| vec![Say(asked.with(result(0x78, 0, b"")))],
            "UNSOUND it answers what was not asked",
        ),
        ("an entry is empty", |asked| asked.then_done(&[of(ENTRY, &[])]), "UNSOUND an entry has not its two parts"),
        (
            "an entry has no attributes",
            |asked| asked.then_done(&[of(ENTRY, &[tlv(4, b"CN=a")])]),
            "UNSOUND an entry has not its two parts",
        ),
        (
            "an entry's name is a number",
            |asked| asked.then_done(&[of(ENTRY, &[tlv(2, b"1"), of(0x30, &[])])]),
            "UNSOUND an entry has not its two parts",
        ),
        (
            "an entry has a part too many",
            |asked| asked.then_done(&[of(ENTRY, &[tlv(4, b""), of(0x30, &[]), of(0x30, &[])])]),
            "UNSOUND an entry has not its two parts",
        ),
        (
            "an attribute is a string",
            |asked| asked.then_done(&[entry(b"", &[tlv(4, b"mail")])]),
            "UNSOUND an element is longer than what holds it",
        ),
        (
            "an attribute is empty",
            |asked| asked.then_done(&[entry(b"", &[of(0x30, &[])])]),
            "UNSOUND an attribute has not its two parts",
        ),
        (
            "an attribute has no values' set",
            |asked| asked.then_done(&[entry(b"", &[of(0x30, &[tlv(4, b"mail")])])]),
            "UNSOUND an attribute's values are no set of strings",
        ),
        (
            "an attribute's values are a sequence",
            |asked| asked.then_done(&[entry(b"", &[of(0x30, &[tlv(4, b"mail"), of(0x30, &[])])])]),
            "UNSOUND an attribute's values are no set of strings",
        ),
        (
            "an attribute has a part too many",
            |asked| asked.then_done(&[entry(b"", &[of(0x30, &[tlv(4, b"mail"), of(0x31, &[]), of(0x31, &[])])])]),
            "UNSOUND an attribute has not its two parts",
        ),
        (
            "an attribute's name is not UTF-8",
            |asked| asked.then_done(&[entry(b"", &[attribute(b"ma\xefl", &[])])]),
            "UNSOUND the name of an attribute is not UTF-8",
        ),
        (
            "a value is a number",
            |asked| asked.then_done(&[with_values(of(0x31, &[tlv(2, &[1])]))]),
            "UNSOUND an attribute's values are no set of strings",
        ),
        (
            "a value is longer than its set",
            |asked| asked.then_done(&[with_values(tlv(0x31, &[4, 9, b'a']))]),
            "UNSOUND an element is longer than what holds it",
        ),
        (
            "a value is of indefinite length",
            |asked| asked.then_done(&[with_values(tlv(0x31, &[4, 0x80, b'a', 0, 0]))]),
            "UNSOUND a length is not a definite one",
        ),
        (
            "a reference is cut short",
            |asked| asked.then_done(&[tlv(REFERENCE, &[4, 30, b'l'])]),
            "UNSOUND an element is longer than what holds it",
        ),
        (
            "intermediate responses come without end",
            |_| vec![Forever(|asked, _| asked.with(of(INTERMEDIATE, &[])).repeat(100))],
            "timed-out: LATE",
        ),
        ("an entry comes, then nothing", |asked| vec![Say(asked.with(mailbox("a"))), Silence], "timed-out: LATE"),
        (
            "an entry comes, then the end",
            |asked| vec![Say(asked.with(mailbox("a"))), Close],
            "hung-up: the directory server closed the connection",
        ),
        (
            "an entry comes, then half of one",
            |asked| vec![Say(asked.with(mailbox("a"))), Say(half(asked.with(mailbox("b")))), Close],
            "hung-up: the directory server closed the connection",
        ),
        (
            "an entry comes, then a refusal",
            |asked| vec![Say(asked.with(mailbox("a"))), Say(asked.result(51, b"later"))],
            "busy: it is busy (result 51); it says: later",
        ),
        (
            "the search goes on elsewhere",
            |asked| asked.bent(&[tlv(10, &[10]), tlv(4, b""), tlv(4, b""), of(0xa3, &[tlv(4, b"ldap://h\xf6st")])]),
            "referral: it refers to another server, which is not followed (ldap://höst) (result 10)",
        ),
        (
            "the result code is none of the standard's",
            |asked| vec![Say(asked.result(0x80, b""))],
            "protocol: it refuses (result -128)",
        ),
    ]
}

/// What can come at any search, and much of it.
fn much_in_searches() -> Vec<(&'static str, Says, &'static str, &'static str)> {
    vec![
        (
            "the refusal is of 7 MB",
            |asked| vec![Say(asked.result(51, &vec![b'x'; 7_000_000]))],
            "busy: it is busy (result 51); it says: xxxxxxxx…",
            "busy: it is busy (result 51); it says: xxxxxxxx…",
        ),
        (
            "entries come without end",
            |_| {
                vec![Forever(|asked, number| {
                    (0..100)
                        .map(|more| asked.with(mailbox(&format!("user{}", number * 100 + more))))
                        .collect::<Vec<_>>()
                        .concat()
                })]
            },
            "UNSOUND one object was asked for, and it sends several",
            "too-large: the directory server sent more than 9 MiB",
        ),
        (
            "the same entry comes without end",
            |_| vec![Forever(|asked, _| asked.with(mailbox("a")).repeat(100))],
            "UNSOUND one object was asked for, and it sends several",
            "too-large: the directory server sent more than 9 MiB",
        ),
        (
            "a value of 3.5 MB is three times as long as text",
            |asked| asked.then_done(&[with_values(of(0x31, &[tlv(4, &vec![0x80; 3_500_000])]))]),
            "too-large: the directory server sent an object of more than 4 MiB",
            "too-large: the directory server sent an object of more than 4 MiB",
        ),
        (
            "new objects come, each of 3 MB as text",
            |_| {
                vec![Forever(|asked, number| {
                    let values = [&b"smtp:"[..], &vec![0x80; 1_000_000]].concat();
                    let name = format!("CN=new{number},DC=contoso,DC=com");
                    asked.with(entry(name.as_bytes(), &[attribute(b"proxyAddresses", &[&values])]))
                })]
            },
            "UNSOUND one object was asked for, and it sends several",
            "too-large: the directory server sent more than 9 MiB",
        ),
        (
            "a value is of 3 MB",
            |asked| asked.then_done(&[with_values(of(0x31, &[tlv(4, &vec![b'x'; 3_500_000])]))]),
            "protocol: the rootDSE names what is longer than a name can be",
            "3 NSD331 | found: 0",
        ),
        (
            "an entry's name is of 7 MB",
            |asked| asked.then_done(&[entry(&vec![0xfc; 7_000_000], &[])]),
            "too-large: the directory server sent an object with a name of more than 16 KiB",
            "too-large: the directory server sent an object with a name of more than 16 KiB",
        ),
        (
            "an attribute has a million values",
            |asked| asked.then_done(&[with_values(tlv(0x31, &[4, 0].repeat(1_000_000)))]),
            "too-large: the directory server sent an object of more than 4 MiB",
            "too-large: the directory server sent an object of more than 4 MiB",
        ),
        (
            "an entry has half a million attributes",
            |asked| {
                asked.then_done(&[entry(
                    b"",
                    &[attribute(b"mail", &[]).repeat(500_000), attribute(b"namingContexts", &[]).repeat(100_000)],
                )])
            },
            "too-large: the directory server sent an object of more than 4 MiB",
            "too-large: the directory server sent an object of more than 4 MiB",
        ),
        (
            "references come without end",
            |_| {
                vec![Forever(|asked, _| {
                    asked.with(of(REFERENCE, &[tlv(4, b"ldap://emea/DC=emea,DC=contoso,DC=com")])).repeat(100)
                })]
            },
            "timed-out: LATE",
            "timed-out: LATE",
        ),
        (
            "a reference has three million addresses",
            |asked| asked.then_done(&[tlv(REFERENCE, &[4, 0].repeat(3_000_000))]),
            "too-large: the directory server refers to more places than can be told",
            "too-large: the directory server refers to more places than can be told",
        ),
        (
            "a reference has an address of 7 MB",
            |asked| asked.then_done(&[of(REFERENCE, &[tlv(4, &vec![b'l'; 7_000_000])])]),
            "too-large: the directory server refers to more places than can be told",
            "too-large: the directory server refers to more places than can be told",
        ),
    ]
}

/// What can come at the rootDSE alone.
fn at_root() -> Vec<(&'static str, Says, &'static str)> {
    vec![
        (
            "an answer comes byte by byte, in time",
            |asked| vec![Drip(asked.sound(Place::RootDse), Duration::ZERO)],
            HEALTHY,
        ),
        (
            "there is no rootDSE",
            |asked| asked.then_done(&[]),
            "3 NSD331 | rootDSE: protocol: the server shows no rootDSE",
        ),
        (
            "there are two of them",
            |asked| asked.then_done(&[root(), root()]),
            "UNSOUND one object was asked for, and it sends several",
        ),
        (
            "its name is not UTF-8",
            |asked| asked.then_done(&[entry(b"\xff", &[attribute(b"defaultNamingContext", &[b"DC=contoso,DC=com"])])]),
            HEALTHY,
        ),
        (
            "its naming context is not UTF-8",
            |asked| asked.then_done(&[entry(b"", &[attribute(b"defaultNamingContext", &[b"DC=cont\xf6so"])])]),
            HEALTHY,
        ),
        (
            "an intermediate response comes first",
            |asked| vec![Say(asked.with(of(INTERMEDIATE, &[tlv(0x80, b"1.2.3")]))), Sound],
            HEALTHY,
        ),
        (
            "it comes twice",
            |asked| vec![Say([asked.sound(Place::RootDse), asked.sound(Place::RootDse)].concat())],
            "3 NSD331 | look-up: UNSOUND it answers what was not asked",
        ),
        (
            "its result comes twice",
            |asked| vec![Say([asked.sound(Place::RootDse), asked.done()].concat())],
            "3 NSD331 | look-up: UNSOUND it answers what was not asked",
        ),
        (
            "bytes follow it",
            |asked| vec![Say([asked.sound(Place::RootDse), b"garbage".to_vec()].concat())],
            "3 NSD331 | look-up: UNSOUND it is no LDAP message",
        ),
        (
            "the connection ends behind it",
            |asked| vec![Say(asked.sound(Place::RootDse)), Close],
            "3 NSD331 | look-up: hung-up: the directory server closed the connection",
        ),
        (
            "a cookie comes though no pages were asked for",
            |asked| vec![Say([asked.with(root()), asked.and(result(DONE, 0, b""), cookie(b"more"))].concat())],
            HEALTHY,
        ),
    ]
}

/// What can come at a look-up that is not in pages.
fn at_search() -> Vec<(&'static str, Says, &'static str)> {
    vec![
        (
            "an answer comes byte by byte, in time",
            |asked| vec![Drip(asked.sound(Place::Search), Duration::ZERO)],
            HEALTHY,
        ),
        ("nobody is found", |asked| asked.then_done(&[]), "3 NSD331 | found: 0"),
        ("an entry comes that was not asked for", |asked| asked.then_done(&[mailbox("nobody")]), "3 NSD331 | found: 0"),
        ("the same entry comes twice", |asked| asked.then_done(&[mailbox("a"), mailbox("a")]), HEALTHY),
        (
            "an entry's name is not UTF-8",
            |asked| {
                asked.then_done(&[entry(
                    b"CN=\xfc,DC=contoso,DC=com",
                    &[attribute(b"objectClass", &[b"user"]), attribute(b"proxyAddresses", &[b"SMTP:a@contoso.com"])],
                )])
            },
            "3 NSD331 NSD415 | found: 1",
        ),
        (
            "an entry has attributes that nobody asked for",
            |asked| {
                asked.then_done(&[entry(
                    b"CN=a,DC=contoso,DC=com",
                    &[
                        attribute(b"unicodePwd", &[&[0xff; 1000]]),
                        attribute(b"proxyAddresses", &[b"SMTP:a@contoso.com"]),
                    ],
                )])
            },
            "3 NSD331 NSD415 | found: 1",
        ),
        (
            "a result comes twice",
            |asked| vec![Say([asked.sound(Place::Search), asked.done()].concat())],
            "3 NSD331 NSD407 | look-up: UNSOUND it answers what was not asked",
        ),
        (
            "an entry follows the result",
            |asked| vec![Say([asked.sound(Place::Search), asked.with(mailbox("b"))].concat())],
            "3 NSD331 NSD407 | look-up: UNSOUND it answers what was not asked",
        ),
        (
            "a reference has no address",
            |asked| asked.then_done(&[of(REFERENCE, &[])]),
            "referral: not in this domain, and a server that is not named was not searched; ask a global catalog (port 3269)",
        ),
        (
            "a reference is not UTF-8",
            |asked| asked.then_done(&[of(REFERENCE, &[tlv(4, b"ldap://h\xf6st/DC=emea,DC=contoso,DC=com")])]),
            "referral: not in this domain, and ldap://höst/DC=emea,DC=contoso,DC=com was not searched; ask a global catalog (port 3269)",
        ),
        (
            "values come in a range that is none",
            |asked| {
                asked.then_done(&[entry(b"CN=a", &[attribute(b"proxyAddresses;range=x", &[b"smtp:a@contoso.com"])])])
            },
            "protocol: the server gives values in a range that is none: 'x'",
        ),
        (
            "values come in a range of 7 MB",
            |asked| {
                asked.then_done(&[entry(
                    b"CN=a",
                    &[attribute(
                        &[b"proxyAddresses;range=".to_vec(), vec![b'x'; 7_000_000]].concat(),
                        &[b"smtp:a@contoso.com"],
                    )],
                )])
            },
            "protocol: the server gives values in a range that is none: 'xxxxxxxx…",
        ),
        (
            "values come in a range beyond all numbers",
            |asked| {
                asked.then_done(&[entry(
                    b"CN=a",
                    &[attribute(b"proxyAddresses;range=0-99999999999", &[b"smtp:a@contoso.com"])],
                )])
            },
            "protocol: the server gives values in a range that is none: '0-99999999999'",
        ),
        (
            "the rest of a range never comes",
            |asked| {
                asked.then_done(&[entry(b"CN=a", &[attribute(b"proxyAddresses;range=0-0", &[b"smtp:a@contoso.com"])])])
            },
            "protocol: the server does not give all values of proxyaddresses",
        ),
        (
            "a cookie comes though no pages were asked for",
            |asked| vec![Say([asked.with(mailbox("a")), asked.and(result(DONE, 0, b""), cookie(b"more"))].concat())],
            HEALTHY,
        ),
        ("there is always more than is shown", |asked| vec![Say(asked.result(4, b""))], HEALTHY),
    ]
}

/// A page with a control of this value.
fn page(asked: &Asked, value: &[u8]) -> Vec<Act> {
    vec![Say([asked.with(mailbox("a")), asked.and(result(DONE, 0, b""), paging(value))].concat())]
}

/// What can come at a page.
fn at_page() -> Vec<(&'static str, Says, &'static str)> {
    let shape = "UNSOUND a paging control of another shape";
    vec![
        ("a page comes byte by byte, in time", |asked| vec![Drip(asked.sound(Place::Paging), Duration::ZERO)], HEALTHY),
        ("a page has no control", |asked| asked.then_done(&[mailbox("a")]), HEALTHY),
        (
            "two pages come",
            |asked| {
                if asked.times == 1 {
                    page(asked, &of(0x30, &[tlv(2, &[0]), tlv(4, b"\xff\x00")]))
                } else {
                    vec![Sound]
                }
            },
            HEALTHY,
        ),
        (
            "a paging control has no value",
            |asked| vec![Say(asked.and(result(DONE, 0, b""), of(0xa0, &[of(0x30, &[tlv(4, PAGED)])])))],
            shape,
        ),
        (
            "a paging control's value is a number",
            |asked| vec![Say(asked.and(result(DONE, 0, b""), of(0xa0, &[of(0x30, &[tlv(4, PAGED), tlv(2, &[0])])])))],
            shape,
        ),
        ("a paging control is empty", |asked| page(asked, b""), shape),
        ("a paging control is a set", |asked| page(asked, &of(0x31, &[tlv(2, &[0]), tlv(4, b"")])), shape),
        ("a paging control has no parts", |asked| page(asked, &of(0x30, &[])), shape),
        ("a paging control lacks its cookie", |asked| page(asked, &of(0x30, &[tlv(2, &[0])])), shape),
        ("a cookie is a number", |asked| page(asked, &of(0x30, &[tlv(2, &[0]), tlv(2, &[0])])), shape),
        ("a size is a string", |asked| page(asked, &of(0x30, &[tlv(4, &[0]), tlv(4, b"more")])), shape),
        (
            "a cookie is longer than its control",
            |asked| page(asked, &of(0x30, &[tlv(2, &[0]), vec![4, 9, 1]])),
            "UNSOUND an element is longer than what holds it",
        ),
        (
            "a cookie is of indefinite length",
            |asked| page(asked, &of(0x30, &[tlv(2, &[0]), vec![4, 0x80, 1, 0, 0]])),
            "UNSOUND a length is not a definite one",
        ),
        (
            "a cookie is of 7 MB",
            |asked| page(asked, &of(0x30, &[tlv(2, &[0]), tlv(4, &vec![1; 7_000_000])])),
            "too-large: the directory server sent a paging cookie of more than 64 KiB",
        ),
        (
            "a cookie is of sixty thousand bytes",
            |asked| match asked.times {
                1 => page(asked, &of(0x30, &[tlv(2, &[0]), tlv(4, &[1; 60_000])])),
                _ => asked.then_done(&[mailbox("b")]),
            },
            HEALTHY,
        ),
        (
            "the second page is no LDAP",
            |asked| {
                if asked.times == 1 {
                    page(asked, &of(0x30, &[tlv(2, &[0]), tlv(4, b"1")]))
                } else {
                    vec![Say(b"HTTP/1.1 400\r\n".to_vec())]
                }
            },
            "UNSOUND it is no LDAP message",
        ),
        (
            "the second page never comes",
            |asked| {
                if asked.times == 1 { page(asked, &of(0x30, &[tlv(2, &[0]), tlv(4, b"1")])) } else { vec![Silence] }
            },
            "timed-out: LATE",
        ),
        (
            "pages come without end, all empty",
            |asked| vec![Say(asked.and(result(DONE, 0, b""), cookie(&asked.times.to_be_bytes())))],
            "protocol: the directory server shows one empty page after the other",
        ),
        (
            "pages come without end, all the same",
            |asked| page(asked, &of(0x30, &[tlv(2, &[0]), tlv(4, b"again")])),
            "protocol: the directory server shows the same page again",
        ),
        (
            "pages are not possible at all",
            |asked| vec![Say(asked.result(12, b"no"))],
            "protocol: it refuses (result 12); it says: no",
        ),
        (
            "there is more than is shown in pages too",
            |asked| vec![Say(asked.result(4, b""))],
            "too-large: there is more than the server shows (sizeLimitExceeded) (result 4)",
        ),
    ]
}

/// What can come where all recipients are read.
fn at_sweep() -> Vec<(&'static str, Says, &'static str)> {
    vec![
        ("the sweep is no LDAP", |_| vec![Say(b"HTTP/1.1 400\r\n".to_vec())], "UNSOUND it is no LDAP message"),
        (
            "an entry comes twice",
            |asked| vec![Say([asked.with(mailbox("a")), asked.sound(Place::Sweep)].concat())],
            HEALTHY,
        ),
        (
            "entries come without end",
            |_| {
                vec![Forever(|asked, number| {
                    (0..100)
                        .map(|more| asked.with(mailbox(&format!("user{}", number * 100 + more))))
                        .collect::<Vec<_>>()
                        .concat()
                })]
            },
            "timed-out: LATE",
        ),
        (
            "pages come without end, all new",
            |asked| {
                let entries = (0..1000).map(|more| asked.with(mailbox(&format!("new{}", asked.times * 1000 + more))));
                vec![Say(entries
                    .chain([asked.and(result(DONE, 0, b""), cookie(b"more"))])
                    .collect::<Vec<_>>()
                    .concat())]
            },
            "deadline: a directory search was not over when the run's deadline came",
        ),
        (
            "pages come without end, all empty",
            |asked| vec![Say(asked.and(result(DONE, 0, b""), cookie(b"more")))],
            "protocol: the directory server shows one empty page after the other",
        ),
        (
            "a cookie is of 7 MB",
            |asked| page(asked, &of(0x30, &[tlv(2, &[0]), tlv(4, &vec![1; 7_000_000])])),
            "too-large: the directory server sent a paging cookie of more than 64 KiB",
        ),
        (
            "references come without end",
            |_| {
                vec![Forever(|asked, _| {
                    asked.with(of(REFERENCE, &[tlv(4, b"ldap://emea/DC=emea,DC=contoso,DC=com")])).repeat(100)
                })]
            },
            "timed-out: LATE",
        ),
        (
            "an entry has a hundred thousand addresses",
            |asked| vec![Say([asked.with(many_addresses()), asked.sound(Place::Sweep)].concat())],
            "too-large: the directory server sent an object of more than 4 MiB",
        ),
        (
            "entries have values in ranges without end",
            |_| {
                vec![Forever(|asked, number| {
                    (0..100)
                        .map(|more| {
                            asked.with(entry(
                                format!("CN={number}-{more}").as_bytes(),
                                &[attribute(b"proxyAddresses;range=0-0", &[b"smtp:x@contoso.com"])],
                            ))
                        })
                        .collect::<Vec<_>>()
                        .concat()
                })]
            },
            "timed-out: LATE",
        ),
    ]
}

fn many_addresses() -> Vec<u8> {
    static ONCE: LazyLock<Vec<u8>> = LazyLock::new(too_many);
    ONCE.clone()
}

fn too_many() -> Vec<u8> {
    let values: Vec<Vec<u8>> =
        (0..100_000).map(|number| tlv(4, format!("smtp:{number}@contoso.com").as_bytes())).collect();
    entry(b"CN=a,DC=contoso,DC=com", &[of(0x30, &[tlv(4, b"proxyAddresses"), of(0x31, &values)])])
}

/// What a run says where the server behaves.
pub const HEALTHY: &str = "3 NSD331 NSD407 | found: 1";

/// The outcome in full: `words` at this place.
fn full(place: Place, words: &str) -> String {
    let late = match place {
        Place::StartTls => "StartTLS took longer than 2 s",
        Place::Bind => "the bind took longer than 2 s",
        _ => "a directory search took longer than 2 s",
    };
    let words = words.replace("UNSOUND ", UNSOUND).replace("LATE", late);
    match place {
        _ if words.starts_with(char::is_numeric) => words,
        Place::StartTls => format!("2 NSD332 | server: {}", words.replacen(": ", ": 127.0.0.1: ", 1)),
        Place::Bind => format!("3  | bind: {words}"),
        Place::RootDse => {
            // Of these it is clear that no right is missing.
            let clear = ["timed-out", "hung-up", "too-large", "busy"].iter().any(|how| words.starts_with(how));
            format!("3 {} | rootDSE: {words}", if clear { "" } else { "NSD331" })
        }
        _ => format!("3 NSD331 | look-up: {words}"),
    }
}

/// Every row.
pub fn every_row() -> Vec<Row> {
    let row = |place, (name, says, words): (&str, Says, &str)| Row {
        name: name.into(),
        place,
        says,
        outcome: full(place, words),
    };
    let mut rows = Vec::new();
    for (name, says, words, early) in everywhere() {
        for place in [Place::Bind, Place::RootDse, Place::Search, Place::Paging] {
            rows.push(row(place, (name, says, words)));
        }
        rows.push(row(Place::StartTls, (name, says, early.unwrap_or(words))));
    }
    for one in in_searches() {
        rows.extend([Place::RootDse, Place::Search, Place::Paging].map(|place| row(place, one)));
    }
    for (name, says, at_root, at_search) in much_in_searches() {
        rows.push(row(Place::RootDse, (name, says, at_root)));
        rows.push(row(Place::Search, (name, says, at_search)));
    }
    let places = [
        (Place::StartTls, at_start_tls()),
        (Place::Bind, at_bind()),
        (Place::RootDse, at_root()),
        (Place::Search, at_search()),
        (Place::Paging, at_page()),
        (Place::Sweep, at_sweep()),
    ];
    for (place, all) in places {
        rows.extend(all.into_iter().map(|one| row(place, one)));
    }
    rows
}
