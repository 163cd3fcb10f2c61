//! What servers may do wrong, act by act, and what is to be recorded of it.

/// What a server does, in order.
#[derive(Clone)]
pub enum Act {
    /// Sends these bytes.
    Say(Vec<u8>),
    /// Waits for a line from the client.
    Hear,
    /// Sends the bytes one at a time, so slowly that each step would never end.
    Drip(Vec<u8>),
    /// Sends the bytes again and again until the client leaves.
    Forever(Vec<u8>),
    /// Says nothing more, and keeps the connection.
    Silence,
    /// Closes.
    Close,
    /// Resets the connection.
    Reset,
}
pub use Act::*;

/// The text, with the line ends of SMTP.
pub fn say(text: &str) -> Act {
    Say(text.replace('\n', "\r\n").into_bytes())
}

fn rows() -> Vec<(&'static str, Vec<Act>, &'static str)> {
    let hello = || vec![say("220 hi\n"), Hear, say("250-h\n250 SIZE\n")];
    let mail = || [hello(), vec![Hear, say("250 ok\n")]].concat();
    let at = |before: Vec<Act>, more: Vec<Act>| [before, more].concat();
    let rest = || vec![Hear, say("250 ok\n"), Hear, say("221 bye\n")];
    let starttls = || vec![say("220 hi\n"), Hear, say("250-h\n250 STARTTLS\n"), Hear];
    let long = |count: usize| [b"220 ".to_vec(), vec![b'x'; count], b"\r\n".to_vec()].concat();
    let lines = |count: usize| Say(b"220-x\r\n".repeat(count));
    vec![
        (
            "a sound dialogue",
            at(mail(), [vec![Hear, say("550 5.1.1 no\n")], rest()].concat()),
            "220 250 250 550 250 221 |  | -",
        ),
        ("silence at connect", vec![Silence], " |  | TimedOut: no reply in time (waiting for the greeting)"),
        (
            "a hang-up at connect",
            vec![Close],
            " |  | HungUp: the server closed the connection (waiting for the greeting)",
        ),
        ("a reset at connect", vec![Reset], " |  | HungUp: the server reset the connection…"),
        (
            "a greeting drop by drop",
            vec![Drip(b"220 this greeting never comes to its end".repeat(20))],
            " |  | TimedOut: no whole reply in time (waiting for the greeting)",
        ),
        (
            "an endless greeting line",
            vec![Forever(vec![b'x'; 1000])],
            " |  | TooLarge: a reply line has more than 2048 bytes (waiting for the greeting)",
        ),
        (
            "a line of 10 MB",
            vec![Say(long(10_000_000))],
            " |  | TooLarge: a reply line has more than 2048 bytes (waiting for the greeting)",
        ),
        (
            "endless lines of one reply",
            vec![Forever(b"220-x\r\n".to_vec())],
            "? |  | TooLarge: the reply has more than 128 lines (waiting for the greeting)",
        ),
        (
            "129 lines",
            vec![lines(129), say("220 x\n")],
            "? |  | TooLarge: the reply has more than 128 lines (waiting for the greeting)",
        ),
        (
            "a half reply, then silence",
            vec![say("220-x\n"), Silence],
            "? |  | TimedOut: no whole reply in time (waiting for the greeting)",
        ),
        (
            "a half reply, then a hang-up",
            vec![say("220-x\n220"), Close],
            "? |  | HungUp: the server closed the connection in the middle of a line (waiting for the greeting)",
        ),
        (
            "another protocol",
            vec![say("HTTP/1.1 400 Bad Request\n")],
            "? |  | Protocol: what came is not an SMTP reply (waiting for the greeting)",
        ),
        (
            "an SSH banner",
            vec![say("SSH-2.0-OpenSSH_9.2\n")],
            "? |  | Protocol: what came is not an SMTP reply (waiting for the greeting)",
        ),
        (
            "a code of two digits",
            vec![say("22 hi\n")],
            "? |  | Protocol: what came is not an SMTP reply (waiting for the greeting)",
        ),
        (
            "a code beyond all codes",
            vec![say("999 hi\n")],
            "? |  | Protocol: what came is not an SMTP reply (waiting for the greeting)",
        ),
        (
            "an empty line",
            vec![say("\n")],
            "? |  | Protocol: what came is not an SMTP reply (waiting for the greeting)",
        ),
        ("a refusal in the greeting", vec![say("554 no\n"), Hear, say("221 bye\n")], "554 221 |  | -"),
        ("a refusal and a hang-up", vec![say("554 no\n"), Close], "554 |  | -"),
        (
            "421 in the greeting",
            vec![say("421 4.3.2 busy\n")],
            "421 |  | HungUp: the server ended the session: 421 4.3.2 busy (waiting for the greeting)",
        ),
        (
            "a bare code",
            at(vec![say("220\n")], at(vec![Hear, say("250\n"), Hear, say("250\n"), Hear, say("250\n")], rest())),
            "220 250 250 250 250 221 |  | -",
        ),
        (
            "bare LF",
            at(
                vec![
                    Say(b"220 hi\n".to_vec()),
                    Hear,
                    Say(b"250 h\n".to_vec()),
                    Hear,
                    say("250 ok\n"),
                    Hear,
                    say("250 ok\n"),
                ],
                rest(),
            ),
            "220 250 250 250 250 221 | a line ends in a bare LF | -",
        ),
        (
            "Latin-1",
            at(
                vec![
                    Say(b"220 gr\xfcn\r\n".to_vec()),
                    Hear,
                    say("250 h\n"),
                    Hear,
                    say("250 ok\n"),
                    Hear,
                    say("250 ok\n"),
                ],
                rest(),
            ),
            "220 250 250 250 250 221 | it holds bytes that are not UTF-8 | -",
        ),
        (
            "NUL and escapes",
            at(
                vec![
                    Say(b"220 \x00\x1b[31m\r\n".to_vec()),
                    Hear,
                    say("250 h\n"),
                    Hear,
                    say("250 ok\n"),
                    Hear,
                    say("250 ok\n"),
                ],
                rest(),
            ),
            "220 250 250 250 250 221 | it holds control characters | -",
        ),
        (
            "a line longer than allowed",
            at(vec![Say(long(600)), Hear, say("250 h\n"), Hear, say("250 ok\n"), Hear, say("250 ok\n")], rest()),
            "220 250 250 250 250 221 | a line is longer than the 512 bytes that RFC 5321 allows | -",
        ),
        (
            "mixed codes",
            at(mail(), at(vec![Hear, say("550-no\n250 yes\n")], rest())),
            "220 250 250 ? 250 221 | its lines bear different codes, and so it means nothing | -",
        ),
        (
            "EHLO refused, HELO taken",
            at(
                vec![
                    say("220 hi\n"),
                    Hear,
                    say("502 no\n"),
                    Hear,
                    say("250 h\n"),
                    Hear,
                    say("250 ok\n"),
                    Hear,
                    say("250 ok\n"),
                ],
                rest(),
            ),
            "220 502 250 250 250 250 221 |  | -",
        ),
        (
            "EHLO and HELO refused",
            vec![say("220 hi\n"), Hear, say("550 no\n"), Hear, say("550 no\n"), Hear, say("221 bye\n")],
            "220 550 550 221 |  | -",
        ),
        ("EHLO put off", vec![say("220 hi\n"), Hear, say("450 later\n"), Hear, say("221 bye\n")], "220 450 221 |  | -"),
        ("silence at EHLO", vec![say("220 hi\n"), Hear, Silence], "220 |  | TimedOut: no reply in time (at EHLO)"),
        (
            "421 at EHLO",
            vec![say("220 hi\n"), Hear, say("421 bye\n")],
            "220 421 |  | HungUp: the server ended the session: 421 bye (at EHLO)",
        ),
        (
            "a hang-up at EHLO",
            vec![say("220 hi\n"), Hear, Close],
            "220 |  | HungUp: the server closed the connection (at EHLO)",
        ),
        (
            "STARTTLS refused",
            at(starttls(), at(vec![say("454 no\n"), Hear, say("250 ok\n"), Hear, say("250 ok\n")], rest())),
            "220 250 454 250 250 250 221 |  | -",
        ),
        ("silence at STARTTLS", at(starttls(), vec![Silence]), "220 250 |  | TimedOut: no reply in time (at STARTTLS)"),
        (
            "injection before TLS",
            at(starttls(), vec![say("220 go\n250 injected\n")]),
            "220 250 220 |  | TlsInjection: 14 bytes in clear text followed the reply to STARTTLS",
        ),
        (
            "garbage for TLS",
            at(starttls(), vec![say("220 go\n"), Hear, Say(b"\x00\x01garbage that is no TLS at all".to_vec()), Close]),
            "220 250 220 |  | TlsFailed…",
        ),
        (
            "silence for TLS",
            at(starttls(), vec![say("220 go\n"), Silence]),
            "220 250 220 |  | TimedOut: the TLS handshake after STARTTLS did not end in time",
        ),
        ("a hang-up for TLS", at(starttls(), vec![say("220 go\n"), Close]), "220 250 220 |  | TlsFailed…"),
        (
            "MAIL refused",
            at(hello(), vec![Hear, say("550 5.7.1 no\n"), Hear, say("221 bye\n")]),
            "220 250 550 221 |  | -",
        ),
        ("silence at MAIL", at(hello(), vec![Hear, Silence]), "220 250 |  | TimedOut: no reply in time (at MAIL)"),
        (
            "421 at MAIL",
            at(hello(), vec![Hear, say("421 bye\n")]),
            "220 250 421 |  | HungUp: the server ended the session: 421 bye (at MAIL)",
        ),
        ("silence at RCPT", at(mail(), vec![Hear, Silence]), "220 250 250 |  | TimedOut: no reply in time (at RCPT)"),
        (
            "421 at RCPT",
            at(mail(), vec![Hear, say("421 4.7.0 too many\n")]),
            "220 250 250 421 |  | HungUp: the server ended the session: 421 4.7.0 too many (at RCPT)",
        ),
        (
            "a hang-up at RCPT",
            at(mail(), vec![Hear, Close]),
            "220 250 250 |  | HungUp: the server closed the connection (at RCPT)",
        ),
        (
            "a reset at RCPT",
            at(mail(), vec![Hear, Reset]),
            "220 250 250 |  | HungUp: the server reset the connection (at RCPT)",
        ),
        (
            "a reply drop by drop at RCPT",
            at(mail(), vec![Hear, Drip(b"250 it takes its time, and more than that\r\n".to_vec())]),
            "220 250 250 |  | TimedOut: no whole reply in time (at RCPT)",
        ),
        (
            "a reply before its command",
            at(hello(), at(vec![Hear, say("250 ok\n550 early\n"), Hear, say("250 ok\n")], rest())),
            "220 250 250 ? 250 250 221 | it came before RCPT was sent and answers nothing | -",
        ),
        (
            "an acceptance before its command",
            at(hello(), at(vec![Hear, say("250 ok\n250 early\n"), Hear, say("550 no\n")], rest())),
            "220 250 250 ? 550 250 221 | it came before RCPT was sent and answers nothing | -",
        ),
        (
            "half a reply before its command",
            at(hello(), vec![Hear, say("250 ok\n550-early\n"), Silence]),
            "220 250 250 ? |  | TimedOut: no whole reply in time (at RCPT)",
        ),
        (
            "all replies at once",
            vec![say("220 hi\n250 h\n250 ok\n250 ok\n250 ok\n221 bye\n"), Silence],
            "220 ? ? ? ? ? | it came before EHLO was sent and answers nothing | TimedOut: no reply in time (at EHLO)",
        ),
        ("chatter without end", vec![say("220 hi\n"), Forever(b"250 more\r\n".to_vec())], "220 ?…"),
        (
            "421 unasked",
            at(hello(), vec![Hear, say("250 ok\n421 idle\n")]),
            "220 250 250 421 |  | HungUp: the server ended the session: 421 idle (at RCPT)",
        ),
        ("a greeting of 3yz", vec![say("354 go on\n"), Hear, say("221 bye\n")], "354 221 |  | -"),
        (
            "silence at RSET",
            at(mail(), vec![Hear, say("250 ok\n"), Hear, Silence]),
            "220 250 250 250 |  | TimedOut: no reply in time (at RSET)",
        ),
        (
            "a hang-up at QUIT",
            at(mail(), vec![Hear, say("250 ok\n"), Hear, say("250 ok\n"), Hear, Close]),
            "220 250 250 250 250 |  | -",
        ),
        (
            "silence at QUIT",
            at(mail(), vec![Hear, say("250 ok\n"), Hear, say("250 ok\n"), Hear, Silence]),
            "220 250 250 250 250 |  | -",
        ),
    ]
}

/// Whom the pipelining rows ask about.
pub const FOUR: [&str; 4] = ["a@contoso.com", "b@contoso.com", "c@contoso.com", "d@contoso.com"];

/// Servers that are given four RCPT commands at once.
fn pipelined_rows() -> Vec<(&'static str, Vec<Act>, &'static str)> {
    let hello = || vec![say("220 hi\n"), Hear, say("250-h\n250 PIPELINING\n")];
    let mail = || [hello(), vec![Hear, say("250 ok\n")]].concat();
    let all = || [mail(), vec![Hear, Hear, Hear, Hear]].concat();
    let at = |before: Vec<Act>, more: Vec<Act>| [before, more].concat();
    let rest = || vec![Hear, say("250 ok\n"), Hear, say("221 bye\n")];
    let four = "250 a\n550 5.1.1 <b@contoso.com> unknown\n250 c\n250 d\n";
    let void = "it answers nothing: the server said more replies than it had been given commands";
    let too_many = "Protocol: the server said more replies than it had been given commands";
    let fewer = "it answers nothing: the server answered fewer commands than it was given";
    let other = "it answers nothing: a reply names another recipient than the one that it would answer";
    let line = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    vec![
        (
            "four commands, four replies",
            at(all(), [vec![say(four)], rest()].concat()),
            "220 250 250 250 550 250 250 250 221 |  | -",
        ),
        (
            "four replies one by one",
            at(
                mail(),
                [[Hear, say("250 a\n")], [Hear, say("550 b\n")], [Hear, say("250-c\n250 c\n")], [Hear, say("452 d\n")]]
                    .concat(),
            )
            .into_iter()
            .chain(rest())
            .collect(),
            "220 250 250 250 550 250 452 250 221 |  | -",
        ),
        (
            "three replies to four commands",
            at(all(), vec![say("250 a\n250 b\n250 c\n"), Silence]),
            line(format!("220 250 250 ? ? ? | {fewer} | TimedOut: no reply in time (at RCPT)")),
        ),
        (
            "no reply to four commands",
            at(all(), vec![Silence]),
            "220 250 250 |  | TimedOut: no reply in time (at RCPT)",
        ),
        (
            "five replies to four commands",
            at(all(), vec![say(four), say("250 e\n"), Silence]),
            line(format!("220 250 250 ? ? ? ? ? | {void}, nobody had asked for it | {too_many}…")),
        ),
        (
            "a fifth reply after RSET",
            at(all(), vec![say(four), Hear, say("250 e\n250 ok\n"), Silence]),
            line(format!("220 250 250 ? ? ? ? 250 ? | {void}, nobody had asked for it | {too_many}…")),
        ),
        (
            "a fifth reply after QUIT",
            at(all(), vec![say(four), Hear, say("250 e\n"), Hear, say("250 ok\n221 bye\n"), Silence]),
            line(format!("220 250 250 ? ? ? ? 250 250 | {void} | {too_many}")),
        ),
        (
            "replies without end",
            at(all(), vec![Forever(b"250 more\r\n".to_vec())]),
            line(format!("220 250 250 ? ? ? ? ? | {void}, nobody had asked for it | {too_many}…")),
        ),
        (
            "421 in the middle",
            at(all(), vec![say("250 a\n250 b\n421 4.7.0 too many errors\n"), Close]),
            "220 250 250 250 250 421 |  | HungUp: the server ended the session: 421 4.7.0 too many errors (at RCPT)",
        ),
        (
            "421 after the last",
            at(all(), vec![say(four), say("421 4.7.0 too many errors\n"), Close]),
            "220 250 250 250 550 250 250 421 |  | HungUp: the server ended the session: 421 4.7.0 too many errors (at RCPT)",
        ),
        (
            "a hang-up in the middle",
            at(all(), vec![say("250 a\n250 b\n"), Close]),
            "220 250 250 250 250 |  | HungUp: the server closed the connection (at RCPT)",
        ),
        (
            "a hang-up in the middle of a line",
            at(all(), vec![say("250 a\n25"), Close]),
            "220 250 250 250 |  | HungUp: the server closed the connection in the middle of a line (at RCPT)",
        ),
        (
            "a reset in the middle",
            at(mail(), vec![Hear, Reset]),
            "220 250 250 |  | HungUp: the server reset the connection…",
        ),
        (
            "replies in another order",
            at(all(), vec![say("250 a\n550 5.1.1 <c@contoso.com> unknown\n250 b\n250 d\n"), Silence]),
            line(format!(
                "220 250 250 ? ? ? ? | {other} | Protocol: the server's replies are not in the order of our commands (at RCPT)"
            )),
        ),
        (
            "a reply before its command",
            at(hello(), vec![Hear, say("250 ok\n250 early\n"), Hear, Hear, Hear, Hear, say(four)])
                .into_iter()
                .chain(rest())
                .collect(),
            "220 250 250 ? 250 550 250 250 250 221 | it came before RCPT was sent and answers nothing | -",
        ),
        (
            "all replies before their commands",
            at(hello(), vec![Hear, say("250 ok\n250 a\n250 b\n250 c\n250 d\n"), Hear, Hear, Hear, Hear, Silence]),
            "220 250 250 ? ? ? ? | it came before RCPT was sent and answers nothing | TimedOut: no reply in time (at RCPT)",
        ),
        (
            "what is no reply in the middle",
            at(all(), vec![say("250 a\nhello\n250 c\n250 d\n"), Silence]),
            "220 250 250 250 ? |  | Protocol: what came is not an SMTP reply (at RCPT)",
        ),
        (
            "an endless line in the middle",
            at(all(), vec![say("250 a\n"), Forever(vec![b'x'; 1000])]),
            "220 250 250 250 |  | TooLarge: a reply line has more than 2048 bytes (at RCPT)",
        ),
        (
            "a reply drop by drop in the middle",
            at(all(), vec![say("250 a\n"), Drip(b"250 it takes its time, and more than that\r\n".to_vec())]),
            line(format!("220 250 250 ? | {fewer} | TimedOut: no whole reply in time (at RCPT)")),
        ),
        (
            "pipelining that is not offered",
            vec![say("220 hi\n"), Hear, say("250 h\n"), Hear, say("250 ok\n"), Hear, say(four), Silence],
            "220 250 250 250 ? ? ? | it came before RCPT was sent and answers nothing | TimedOut: no reply in time (at RCPT)",
        ),
        (
            "injection before TLS where pipelining is offered",
            vec![
                say("220 hi\n"),
                Hear,
                say("250-h\n250-PIPELINING\n250 STARTTLS\n"),
                Hear,
                say("220 go\n250-h\n250 PIPELINING\n250 ok\n"),
            ],
            "220 250 220 |  | TlsInjection: 31 bytes in clear text followed the reply to STARTTLS",
        ),
    ]
}

/// A behaviour by its name, the acts, the outcome, who is asked about, and how many at once.
pub type Row = (&'static str, Vec<Act>, &'static str, &'static [&'static str], usize);

/// Every row, with whom it is asked about and how many at once.
pub fn every_row() -> Vec<Row> {
    let one = rows().into_iter().map(|(name, acts, expected)| (name, acts, expected, &FOUR[..1], 1));
    let four = pipelined_rows().into_iter().map(|(name, acts, expected)| (name, acts, expected, &FOUR[..], 8));
    one.chain(four).collect()
}
