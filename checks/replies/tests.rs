//! Every row of the catalogue, and every reply that looks like another row's.
use super::*;
use alloc::collections::BTreeSet;

fn stage_of(row: &Row) -> Stage {
    if row.only_then { Stage::Data } else { Stage::Rcpt }
}

#[test]
fn every_row_decides_its_own_example() {
    for row in catalogue() {
        let (code, text) = split_code(row.example).unwrap_or_else(|| panic!("row {}: no example", row.number));
        let verdict = classify(stage_of(row), code, text);
        let by = verdict.row.map(|row| row.number);
        assert!(verdict.row.is_some_and(|by| core::ptr::eq(by, row)), "row {}: decided by {by:?}", row.number);
        if verdict.quoted.is_none() {
            assert_eq!(verdict.meaning, row.meaning, "row {}", row.number);
        }
    }
}

#[test]
fn every_number_of_the_catalogue_has_a_row_with_a_product_and_a_source() {
    let numbers: BTreeSet<u16> = catalogue().map(|row| row.number).collect();
    let missing: Vec<u16> = (1..=149).filter(|number| !numbers.contains(number)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for row in catalogue() {
        assert!(!row.product.is_empty() && !row.source.is_empty(), "row {}", row.number);
        assert!(row.texts.iter().all(|text| *text == text.to_lowercase()), "row {}", row.number);
    }
}

#[test]
fn what_means_an_unknown_recipient_is_a_5xx_with_a_known_text() {
    for row in catalogue().filter(|row| row.meaning == Meaning::UnknownRecipient) {
        let (_, text) = split_code(row.example).unwrap();
        for code in [421, 450, 451, 452] {
            let meaning = classify(stage_of(row), code, text).meaning;
            assert_ne!(meaning, Meaning::UnknownRecipient, "row {} with {code}", row.number);
        }
    }
}

/// What each tricky reply means, beside the neighbour that it must not be taken for.
#[test]
fn near_misses_are_told_apart() {
    use Meaning::*;
    let relay_table = "<a@contoso.com>: Recipient address rejected: User unknown in relay recipient table";
    let cases: &[(&str, Meaning, u16)] = &[
        // 1: edge blocking, a relay refusal with its code, and Postfix's access map with its words.
        (
            "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [X.prod.outlook.com]",
            UnknownRecipient,
            1,
        ),
        ("550 5.4.1 Recipient address rejected: Access denied. [DB5.prod.protection.outlook.com]", UnknownRecipient, 1),
        ("550 5.4.1 Relay Access Denied", RelayDenied, 63),
        ("550 5.4.1 Recipient address rejected: Access denied", UnknownRecipient, 169),
        ("550 Recipient address rejected: Access denied", Ambiguous, 156),
        ("554 5.7.1 <a@contoso.com>: Recipient address rejected: Access denied", Ambiguous, 156),
        ("541 5.4.1 Mail rejected by destination domain", Policy, 73),
        // 2, 3, 85, 88: Microsoft's "Access denied".
        ("550 5.7.504 Recipient address rejected: Access denied", UnknownRecipient, 2),
        ("550 5.7.505 Access denied, banned recipient", Disabled, 3),
        ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", Reputation, 85),
        ("550 5.7.507 Access denied, rejected by recipient", Reputation, 88),
        ("451 4.7.500 Server busy. Please try again later from [192.0.2.1].", Reputation, 127),
        // 4, 146: 5.1.10 twice.
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", UnknownRecipient, 4),
        ("550 5.1.10 Domain contoso.com does not accept mail (nullMX)", NoMail, 146),
        ("556 5.1.10 Recipient address has null MX", NoMail, 0),
        ("550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found", Ambiguous, 5),
        // 9, 50: the same words with 5xx and 4xx.
        (&*format!("550 5.1.1 {relay_table}"), UnknownRecipient, 9),
        (&*format!("450 4.1.1 {relay_table}"), UnknownRecipientTemporary, 50),
        // R6: Postfix's prefix is no meaning.
        ("450 4.2.0 <a@b.c>: Recipient address rejected: Greylisted, see http://postgrey.example", Greylisted, 117),
        ("504 5.5.2 <a>: Recipient address rejected: need fully-qualified address", Protocol, 203),
        // 13, 47: the quoted reply decides, at its own stage.
        (
            "450 4.1.1 <a@b.c>: Recipient address rejected: unverified address: host x[10.0.0.1] said: 550 \
5.1.1 User unknown in virtual mailbox table",
            UnknownRecipientTemporary,
            47,
        ),
        (
            "450 4.1.1 <a@b.c>: Recipient address rejected: unverified address: host x[10.0.0.1]:587 said: \
451 4.7.1 Greylisted, please try again",
            Greylisted,
            47,
        ),
        (
            "550 5.1.1 <a@b.c>: Recipient address rejected: undeliverable address: host x[10.0.0.1] said: 554 \
5.7.1 <a@b.c>: Relay access denied",
            RelayDenied,
            13,
        ),
        (
            "550 5.1.1 <a@b.c>: Recipient address rejected: undeliverable address: host x[10.0.0.1] said: 550 \
5.1.1 User unknown (in reply to MAIL FROM command)",
            SenderRejected,
            13,
        ),
        (
            "550 5.1.1 <a@b.c>: Recipient address rejected: undeliverable address: host \
blocked.example[10.0.0.1] said: 550 5.1.1 User unknown",
            UnknownRecipient,
            13,
        ),
        (
            "550 5.1.1 <a@b.c>: Recipient address rejected: undeliverable address: host x[10.0.0.1] said: 550 \
something in no catalogue",
            Ambiguous,
            13,
        ),
        (
            "550 5.1.1 <a@b.c>: Recipient address rejected: undeliverable address: unknown user: \"a\"",
            UnknownRecipient,
            13,
        ),
        (
            "550 5.1.1 <a@b.c>: Recipient address rejected: undeliverable address: Host or domain name not found",
            Ambiguous,
            13,
        ),
        (
            "550 5.1.7 <a@b.c>: Sender address rejected: undeliverable address: host x said: 550 User unknown",
            SenderRejected,
            107,
        ),
        ("550 5.7.1 <a@b.c>: Sender address rejected: User email address is marked as invalid", SenderRejected, 107),
        // 15: Exim asks about recipients and about senders.
        ("550 Callout verification failed: 550 5.1.1 <a@b.c>: User unknown", UnknownRecipient, 15),
        ("550 Callout verification failed", Ambiguous, 0),
        (
            "550 Verification failed for <a@b.c> Called: 192.0.2.9 Sent: RCPT TO:<a@b.c> Response: 550 no \
such user Sender verify failed",
            SenderRejected,
            108,
        ),
        ("451 Could not complete sender verify callout", VerificationFailed, 51),
        // 7, 28, 97, 157: wrappers.
        (
            "550 5.1.351 Remote server returned unknown recipient or mailbox unavailable -> 554 5.7.1 Service \
unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
            Reputation,
            7,
        ),
        (
            "550 permanent failure for one or more recipients (a@b.c:550 5.4.1 Recipient address rejected: \
Access denied)",
            UnknownRecipient,
            28,
        ),
        ("550 permanent failure for one or more recipients (a@b.c:blocked)", Policy, 97),
        ("550 5.1.0 - Unknown address error 550-'5.2.2 <a@b.c>... Mailbox Full' (delivery attempts: 0)", Full, 157),
        // 19, 34: unknown with 5.7.1; 135: a rate limit with 5.1.1.
        (
            "550 5.7.1 <a@b.c>: Recipient address rejected: User email address is marked as invalid",
            UnknownRecipient,
            19,
        ),
        ("550 5.7.1 No such user!", UnknownRecipient, 34),
        ("550 5.7.1 something in no catalogue", Ambiguous, 0),
        ("550 5.1.1 something in no catalogue", Ambiguous, 0),
        ("550 5.1.1 <a@b.c> - 192.0.2.1 has sent to too many recipients this hour. IB607", RateLimited, 135),
        // 21: Mimecast's codes are elsewhere syntax.
        ("501 Invalid address", UnknownRecipient, 21),
        ("501 5.1.3 Bad recipient address syntax: invalid address", Protocol, 203),
        ("503 User unknown", UnknownRecipient, 21),
        ("503 5.5.1 Error: need RCPT command", Protocol, 0),
        // 22, 37, 38, 39: unknown or not relayed.
        ("550 #5.1.0 Address rejected.", Ambiguous, 22),
        ("550 Invalid recipient: <a@b.c>", Ambiguous, 37),
        ("550 I cannot deliver mail for <a@b.c>", Ambiguous, 38),
        ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", RelayDenied, 71),
        ("553 sorry, that domain or user isn't in my list of allowed rcpthosts", Ambiguous, 39),
        // 33, 131: 552 is no full mailbox by itself (RFC 5321, 4.5.3.1.10).
        ("552 5.1.1 Mailbox delivery failure policy error", UnknownRecipient, 33),
        ("552 Too many recipients", RateLimited, 131),
        ("552 something in no catalogue", Ambiguous, 0),
        ("552 5.2.2 something in no catalogue", Full, 0),
        ("550 Too many recipients.", RateLimited, 131),
        ("550 Too many invalid recipients.", RateLimited, 133),
        // 35: Sendmail with 5.1.1 and with 5.2.1.
        ("550 5.1.1 <a@b.c>... User unknown", UnknownRecipient, 35),
        ("550 5.2.1 <a@b.c>... User Unknown", UnknownRecipient, 35),
        // 36, 68, 120: Stalwart's codes.
        ("550 5.1.2 Mailbox does not exist.", UnknownRecipient, 36),
        ("550 5.1.2 Relay not allowed.", RelayDenied, 68),
        ("452 4.2.2 Greylisted, please try again in a few moments.", Greylisted, 120),
        ("452 4.2.2 The recipient's inbox is out of storage space.", Full, 82),
        // 44, 113: the RFC's own words.
        ("550 Requested action not taken: mailbox unavailable", Ambiguous, 44),
        ("550 5.1.1 Requested action not taken: mailbox unavailable", UnknownRecipient, 44),
        ("550 5.7.1 Requested action not taken: mailbox unavailable", Ambiguous, 44),
        ("550 Mailbox unavailable or access denied", Ambiguous, 113),
        // 53, 54, 121: Mimecast's 451.
        (
            "451 Internal resources are temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451",
            Greylisted,
            121,
        ),
        (
            "451 Recipient temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451",
            VerificationFailed,
            53,
        ),
        ("451 Open relay not allowed - https://community.mimecast.com/docs/DOC-1369#451", RelayDenied, 66),
        // 57: final, for all that it is a 4xx.
        ("454 4.7.1 <a@b.c>: Relay access denied", RelayDenied, 57),
        ("554 5.7.1 <a@b.c>: Relay access denied", RelayDenied, 57),
        ("550 5.7.1 Unable To Relay: Blocked by Customer Allow List", Policy, 64),
        // 74, 84, 140: the recipient exists.
        ("550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", AuthenticationRequired, 74),
        ("550 5.2.2 Submission quota exceeded", RateLimited, 84),
        (
            "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery",
            RateLimited,
            140,
        ),
        // 124, 127, 142: "unavailable" thrice.
        ("450 4.3.2 Service currently unavailable", Greylisted, 124),
        ("421 4.3.2 Service not available", Temporary, 142),
        ("451 4.7.1 Service unavailable; Client host [192.0.2.1] blocked using grey.rbl.example", Greylisted, 125),
        // R5: words of trust before words about recipients, and never the words of an address.
        ("550 5.1.1 recipient unknown; your host is on a blocklist, see https://example.org/lookup", Reputation, 150),
        ("550 5.1.1 <blocked.reputation@contoso.com>: User unknown", UnknownRecipient, 43),
        ("550 5.1.1 <greylisted@contoso.com>: User unknown", UnknownRecipient, 43),
        // 43: a sender that is unknown is no recipient that is.
        ("550 5.1.8 Sender address unknown user", SenderRejected, 204),
        ("550 unknown recipient domain", RelayDenied, 206),
        ("450 4.1.1 <a@b.c>: user unknown", UnknownRecipientTemporary, 211),
        ("451 4.1.1 No such user here", UnknownRecipientTemporary, 211),
        ("450 4.7.1 user unknown", Temporary, 0),
        ("450 4.1.1 too many unknown users", RateLimited, 202),
        ("451 4.3.0 something in no catalogue", Temporary, 0),
        // No phrase overrules a code of policy or of the sender, or words about the sender, a policy or a rate.
        ("550 5.7.23 SPF fail: sender's user not found in our policy", SenderRejected, 204),
        ("550 5.7.23 user not found", SenderRejected, 0),
        ("550 5.7.1 <a@b.c>: user unknown", Ambiguous, 0),
        ("550 5.7.1 mail.b.c only accepts mail from known users", Policy, 209),
        ("550 5.1.7 <a@b.c>: user unknown", SenderRejected, 0),
        ("550 5.1.8 <a@b.c>: user unknown", SenderRejected, 0),
        ("550 too many unknown users", RateLimited, 202),
        ("550 5.1.1 too many unknown users in this session", RateLimited, 202),
        ("550 rejected by DMARC: no such user", SenderRejected, 204),
        ("550 Corporate directory: no such user", UnknownRecipient, 43),
        ("550 5.1.1 <sender.policy@b.c>: user unknown", UnknownRecipient, 43),
        ("550 5.1.1 spfuser: user not found", UnknownRecipient, 43),
    ];
    for (reply, meaning, row) in cases {
        let (code, text) = split_code(reply).unwrap();
        let verdict = classify(Stage::Rcpt, code, text);
        assert_eq!((verdict.meaning, verdict.row.map_or(0, |row| row.number)), (*meaning, *row), "{reply}");
    }
}

#[test]
fn a_reply_that_names_our_address_is_about_us() {
    let text = "5.1.1 User unknown, rejected from [192.0.2.1].";
    let with = |ours: &[&str]| classify_for(ours, Stage::Rcpt, 550, text).meaning;
    assert_eq!(with(&[]), Meaning::UnknownRecipient);
    assert_eq!(with(&["192.0.2.1"]), Meaning::Reputation);
    assert_eq!(with(&["92.0.2.1", "192.0.2", "192.0.2.10", ""]), Meaning::UnknownRecipient);
    let v6 = classify_for(&["2001:db8::1"], Stage::Rcpt, 550, "5.1.1 User unknown (2001:db8::1)").meaning;
    assert_eq!(v6, Meaning::Reputation);
}

#[test]
fn a_refusal_before_rcpt_is_no_fact_about_a_recipient() {
    assert_eq!(classify(Stage::Mail, 550, "5.1.1 User unknown").meaning, Meaning::SenderRejected);
    assert_eq!(classify(Stage::Mail, 550, "5.2.1 mailbox disabled").meaning, Meaning::SenderRejected);
    assert_eq!(classify(Stage::Greeting, 550, "no such user").meaning, Meaning::Ambiguous);
    assert_eq!(
        classify(Stage::Greeting, 554, "Blocked - see https://ipcheck.proofpoint.com/").meaning,
        Meaning::Reputation
    );
}

#[test]
fn a_quotation_is_trusted_as_far_as_both_rows_are() {
    let quoting = "5.1.1 <a@b.c>: Recipient address rejected: undeliverable address: host x said: 550 5.1.1";
    let known = classify(Stage::Rcpt, 550, &format!("{quoting} User unknown in relay recipient table"));
    assert_eq!((known.confidence(), known.quoted_row.map(|row| row.number)), (Confidence::High, Some(9)));
    let by_code = classify(Stage::Rcpt, 550, &format!("{quoting} whatever"));
    assert_eq!((by_code.meaning, by_code.confidence()), (Meaning::Ambiguous, Confidence::Low));
    let deep = "5.1.1 Recipient address rejected: undeliverable address: ".repeat(1000) + "550 User unknown";
    assert_ne!(classify(Stage::Rcpt, 550, &deep).meaning, Meaning::Accepted, "bounded depth");
}

#[test]
fn codes_are_split_off_as_people_paste_them() {
    assert_eq!(split_code("550-5.1.1 no"), Some((550, "5.1.1 no")));
    assert_eq!(split_code("250"), Some((250, "")));
    assert_eq!(split_code("5501 x"), None);
    assert_eq!(split_code("é50 x"), None);
    assert_eq!(enhanced_code("5.7.606 x"), Some("5.7.606"));
    assert_eq!(enhanced_code("10.0.0.1 said"), None);
    assert_eq!(enhanced_code("5.1 x"), None);
}

/// A recipient that is not known, in the languages that servers speak; and what is like it and is not.
#[test]
fn an_unknown_recipient_is_read_in_many_languages_and_what_is_about_us_is_not() {
    use Meaning::*;
    let cases: &[(&str, Meaning)] = &[
        ("550 5.1.1 Empfänger unbekannt", UnknownRecipient),
        ("550 Unbekannter Empfaenger <a@contoso.com>", UnknownRecipient),
        ("550 5.1.1 Das Postfach a@contoso.com existiert nicht.", UnknownRecipient),
        ("550 Benutzer nicht gefunden", UnknownRecipient),
        ("550 Ungültige E-Mail-Adresse", UnknownRecipient),
        ("550 Der Empfänger a@contoso.com wurde von der SMTP-Adresssuche nicht gefunden", UnknownRecipient),
        ("550 Unbekannter Absender", SenderRejected),
        ("550 Absender-Adresse existiert nicht", SenderRejected),
        ("550 Postfach ist voll", Full),
        ("550 Postfach gesperrt", Disabled),
        ("550 Domain unbekannt", Ambiguous),
        ("450 Empfänger unbekannt", UnknownRecipientTemporary),
        ("550 5.1.1 Destinataire inconnu", UnknownRecipient),
        ("550 L’utilisateur n’existe pas", UnknownRecipient),
        ("550 Adresse e-mail inexistante", UnknownRecipient),
        ("550 Boîte aux lettres introuvable", UnknownRecipient),
        ("550 Adresse IP invalide", Reputation),
        ("550 Expéditeur inconnu", SenderRejected),
        ("550 Trop de destinataires inconnus", RateLimited),
        ("550 Utente sconosciuto", UnknownRecipient),
        ("550 Destinatario non valido", UnknownRecipient),
        ("550 La casella non esiste", UnknownRecipient),
        ("550 Mittente sconosciuto", SenderRejected),
        ("552 Casella piena", Full),
        ("550 Usuario desconocido", UnknownRecipient),
        ("550 El buzón no existe", UnknownRecipient),
        ("550 Destinatario no encontrado", UnknownRecipient),
        ("550 Remitente desconocido", SenderRejected),
        ("550 Cuenta suspendida", Disabled),
        ("550 Usuário desconhecido", UnknownRecipient),
        ("550 Conta não encontrada", UnknownRecipient),
        ("550 Caixa postal inexistente", UnknownRecipient),
        ("550 Remetente inválido", SenderRejected),
        ("550 Nieznany użytkownik", UnknownRecipient),
        ("550 Skrzynka nie istnieje", UnknownRecipient),
        ("550 Brak autoryzacji <a@contoso.com>", Ambiguous),
        ("550 Nadawca nieznany", SenderRejected),
        ("550 Onbekende gebruiker", UnknownRecipient),
        ("550 Mailbox bestaat niet", UnknownRecipient),
        ("550 Geen toegang voor <a@contoso.com>", Ambiguous),
        ("550 Okänd mottagare", UnknownRecipient),
        ("550 Användaren finns inte", UnknownRecipient),
        ("550 Okänd avsändare", SenderRejected),
        ("550 Ukendt modtager", UnknownRecipient),
        ("550 Neplatná adresa", UnknownRecipient),
        ("550 宛先不明", UnknownRecipient),
        ("550 5.1.1 ユーザーが存在しません", UnknownRecipient),
        ("550 ユーザーに権限がありません", Ambiguous),
        ("550 送信者不明", SenderRejected),
        ("550 用户不存在", UnknownRecipient),
        ("550 收件人不存在", UnknownRecipient),
        ("550 查无此人", UnknownRecipient),
        ("550 发件人不存在", SenderRejected),
        ("550 域名不存在", Ambiguous),
        ("550 Пользователь не найден", UnknownRecipient),
        ("550 Нет такого пользователя", UnknownRecipient),
        ("550 Неизвестный отправитель", SenderRejected),
        ("550 Kullanıcı bulunamadı", UnknownRecipient),
        ("550 Geçersiz alıcı", UnknownRecipient),
        ("550 Bilinmeyen gönderen", SenderRejected),
        ("550 Recipient unrecognized", UnknownRecipient),
        ("550 a@contoso.com: this address does not exist", UnknownRecipient),
        ("550 5.1.1 Address rejected", UnknownRecipient),
        ("550 5.7.1 Address rejected", Ambiguous),
        ("550 Address rejected", Ambiguous),
        ("550 5.1.1 <a@contoso.com>: Recipient address rejected: ask the postmaster", Ambiguous),
        ("550 5.2.1 mailbox not found", UnknownRecipient),
        ("550 5.2.1 nobody can tell", Disabled),
        ("550 unknown host", Ambiguous),
        ("550 there is no such host", Ambiguous),
        ("550 <a@contoso.com> invalid HELO", Reputation),
        ("550 <a@contoso.com>: Recipient address rejected: Domain not found", RelayDenied),
        ("550 user a@contoso.com: unknown error", Ambiguous),
        ("550 5.1.3 <a@contoso.com> invalid address", Protocol),
    ];
    check(cases);
}

/// Words about the sender, policy, reputation or a rate, and x.7.z, are overruled by no phrase that many use.
#[test]
fn no_phrase_overrules_what_a_reply_says_of_us() {
    use Meaning::*;
    let cases: &[(&str, Meaning)] = &[
        ("550 5.7.23 SPF fail: user not found in the record of example.net", SenderRejected),
        ("550 5.7.23 user not found", SenderRejected),
        ("550 a@contoso.com only accepts mail from known users, and you are an unknown user", Policy),
        ("550 5.1.7 <me@example.net>: user unknown", SenderRejected),
        ("550 5.1.8 <me@example.net>... User unknown", SenderRejected),
        ("553 5.1.8 no such user", SenderRejected),
        ("550 too many unknown users", RateLimited),
        ("550 5.7.1 too many unknown recipients from your host", RateLimited),
        ("550 sender me@example.net unknown user", SenderRejected),
        ("550 MAIL FROM user unknown", SenderRejected),
        ("550 envelope sender: no such user", SenderRejected),
        ("550 5.7.1 user unknown", Ambiguous),
        ("550 unknown user (#5.7.1)", Ambiguous),
        ("554 5.7.1 mailbox unknown by policy", Policy),
        ("550 user unknown; message refused by our policy", Policy),
        ("550 user unknown, your address has a bad reputation", Reputation),
        ("550 user unknown: rate limit exceeded", RateLimited),
        ("550 5.1.1 user unknown, throttled", RateLimited),
        ("421 4.7.0 user unknown", Temporary),
        ("550 5.7.1 Unknown user; you are not authorized to send here", Policy),
        ("550 5.7.25 no such user", Reputation),
        // The known texts of products stay what they are.
        ("550 5.7.1 No such user!", UnknownRecipient),
        ("550 5.7.1 <a@b.c>: Recipient address rejected: User email address is marked as invalid", UnknownRecipient),
        ("554 5.7.1 <a@b.c>: Recipient address rejected: No such user", UnknownRecipient),
        ("554 5.7.1 unknown domain or unknown recipient (LDAP check)", UnknownRecipient),
        ("550 5.7.504 Recipient address rejected: Access denied", UnknownRecipient),
        // So does a phrase where nothing speaks of us.
        ("550 user unknown", UnknownRecipient),
        ("550 5.1.1 unknown user", UnknownRecipient),
        ("550 5.0.0 user unknown", UnknownRecipient),
    ];
    check(cases);
}

#[test]
fn kinds_of_words_are_told_apart() {
    use Meaning::*;
    let cases: &[(&str, Meaning)] = &[
        ("552 5.2.2 user quota exceeded", Full),
        ("552 Sender quota exceeded", RateLimited),
        ("554 5.7.1 <a@contoso.com>: Recipient address rejected: Policy Rejection- Quota Exceeded.", Policy),
        ("550 5.7.1 Not accepting mail from you", Ambiguous),
        ("550 This user is not accepting mail", Disabled),
        ("554 5.7.1 <a@contoso.com>: Recipient address rejected: Not in recipient list", UnknownRecipient),
        ("550 Ihr Postfach existiert nicht", SenderRejected),
        ("550 Votre compte n'existe pas", SenderRejected),
        ("550 Dieses Postfach existiert nicht", UnknownRecipient),
        ("550 The sending mailbox does not exist", SenderRejected),
        ("550 Originator address not found", SenderRejected),
        ("550 Domain of recipient does not exist", RelayDenied),
        ("550 Unknown user threshold exceeded", RateLimited),
        ("550 Certificate for recipient not found", Policy),
        (
            "550 SMTP error from remote mail server after MAIL FROM:<b@x.example> SIZE=1: 550 5.1.1 User unknown",
            SenderRejected,
        ),
        ("550 5.2.2 Daily quota exceeded, try tomorrow", RateLimited),
        ("452 4.2.2 mailbox over quota", Full),
        ("552 5.3.4 message size exceeds fixed limit", Policy),
        ("550 relaying to <a@contoso.com> prohibited by administrator", RelayDenied),
        ("550 5.7.1 We do not relay", RelayDenied),
        ("550 contoso.com: domain not hosted here", RelayDenied),
        ("550 mailbox a@contoso.com has moved to fabrikam.com", Disabled),
        ("551 User not local; please try <a@fabrikam.com>", Disabled),
        ("550 account suspended", Disabled),
        ("550 5.2.1 Mailbox disabled, not accepting messages", Disabled),
        ("521 mx1.contoso.com not accepting messages", NoMail),
        ("550 Message rejected: listed in bl.example.org", Reputation),
        ("550 User a@contoso.com not listed in our directory", UnknownRecipient),
        ("550 Host address not found", Ambiguous),
        ("550 Unknown address", UnknownRecipient),
        ("550 5.2.1 account locked", Disabled),
        ("421 4.7.28 unusual rate of mail: rate limited", RateLimited),
        ("450 4.7.1 connection limit exceeded", RateLimited),
        ("450 Recipient temporarily deferred: throttled", RateLimited),
        ("550 could not verify recipient", VerificationFailed),
        ("550 message loop detected", Loop),
    ];
    check(cases);
}

/// What is about us, our password or our address, is no unknown recipient for all the words of one that it holds.
#[test]
fn whoever_else_is_not_known_is_no_recipient() {
    use Meaning::*;
    let cases: &[(&str, Meaning)] = &[
        ("550 Mail from unknown user is not accepted", SenderRejected),
        ("550 unknown user in MAIL FROM", SenderRejected),
        ("550 your email address is unknown here", SenderRejected),
        ("550 The user you send as does not exist", SenderRejected),
        ("550 Votre adresse est inconnue", SenderRejected),
        ("550 User unknown; your email was not delivered", UnknownRecipient),
        ("550 User unknown. The address you send to does not exist", UnknownRecipient),
        ("550 Recipient not found. Check your address book", UnknownRecipient),
        ("550 authentication failed: user not found", AuthenticationRequired),
        ("550 Invalid user or password", AuthenticationRequired),
        ("550 5.7.26 <a@contoso.com>: Multiple authentication checks failed", SenderRejected),
        ("550 I don't accept mail from strangers; unknown address", Policy),
        ("550 Maximum number of unknown recipients reached", RateLimited),
        ("550 unknown recipient count exceeded", RateLimited),
        ("550 Dictionary attack: user unknown", RateLimited),
        ("550 Directory harvest attack suspected, unknown recipients", RateLimited),
        ("550 dictionary team: user unknown", UnknownRecipient),
        ("550 connection refused: client sends to unknown users", Ambiguous),
        ("550 unknown user account is over its quota", Full),
        ("550 Benutzer unbekannt, Ihre IP ist gesperrt", Reputation),
        ("553 5.1.2 The recipient address <a@contoso.com> is not a valid RFC-5321 address.", Protocol),
    ];
    check(cases);
}

/// A server, a table, a reason or an error beside the recipient, and the recipient beside them.
#[test]
fn what_is_not_known_is_what_stands_closest() {
    use Meaning::*;
    let unknown = [
        "550 User not found in the directory",
        "550 The user does not exist on this server",
        "550 Benutzer auf diesem Server nicht bekannt",
        "550 Error: the mailbox does not exist",
        "550 Utilisateur inconnu sur ce serveur",
        "550 El usuario no existe en este servidor",
        "550 该用户在本服务器上不存在",
        "550 ユーザーはいません",
        "550 No such user. Server mx1.contoso.com",
        "550 local server don't exists that user",
        "550 No one with that email address here",
        "550 Unable to find alias user",
        "550 Destinatario errato",
        "550 Not our Customer",
    ];
    let other = [
        "550 host unknown for a@contoso.com",
        "550 a@contoso.com: cannot find your hostname",
        "550 cannot find a route to user a@contoso.com",
        "550 could not find user database",
        "550 recipient table invalid",
        "550 User quota unknown",
        "550 Account status unknown",
        "550 recipient delivery status unknown",
        "550 <a@contoso.com>: delivery failed, reason unknown",
        "550 <a@contoso.com> mailbox store not found",
        "550 5.1.1 cannot find mailbox database for user",
        "550 user unknown error",
        "550 The account or domain may not exist",
        "550 Empfänger: unbekannter Fehler",
        "550 Server des Empfängers nicht gefunden",
        "550 Domäne des Empfängers existiert nicht",
        "550 Erreur inconnue pour le destinataire",
        "550 serveur du destinataire introuvable",
        "550 Errore sconosciuto per l'utente",
        "550 dominio del destinatario inexistente",
        "550 Nieznany błąd dla użytkownika",
        "550 Onbekende fout voor gebruiker",
        "550 Okänt fel för mottagare",
        "550 ユーザーに問題なし",
        "550 ユーザーは許可されていません",
        "550 收件人服务器不存在",
        "550 收件人域名不存在",
        "550 未知错误：用户",
        "550 домен получателя не найден",
        "550 Неизвестная ошибка пользователя",
        "550 Alıcı sunucusu bulunamadı",
    ];
    check(&unknown.map(|reply| (reply, UnknownRecipient)));
    check(&other.map(|reply| (reply, Ambiguous)));
}

#[test]
fn blocked_for_inactivity_is_the_mailboxs_and_an_outlook_com_behind_access_denied_is_exchange_onlines() {
    use Meaning::*;
    check(&[
        ("550 5.2.1 This mailbox has been blocked due to inactivity", Disabled),
        ("550 5.7.1 Your host has been blocked", Reputation),
        (
            "550 5.4.1 All recipient addresses rejected : Access denied [x.eop-nam02.prod.protection.outlook.com]",
            UnknownRecipient,
        ),
        ("550 5.7.1 All recipient addresses rejected : Access denied", Policy),
        ("552 5.1.1 <a@contoso.com> recipient rejected - extended quota violation", Full),
        ("550 Esta casilla ha expirado por falta de uso", Disabled),
    ]);
}

fn check(cases: &[(&str, Meaning)]) {
    let read = |&(reply, meaning): &(&str, Meaning)| {
        let (code, text) = split_code(reply).unwrap();
        let verdict = classify(Stage::Rcpt, code, text);
        let by = verdict.row.map(|row| row.number);
        (verdict.meaning != meaning).then(|| format!("{reply}: {:?} by {by:?}, and not {meaning:?}", verdict.meaning))
    };
    assert_eq!(cases.iter().filter_map(read).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn one_secondary_source_proves_nothing() {
    let sure = |reply: &str| {
        let (code, text) = split_code(reply).unwrap();
        classify(Stage::Rcpt, code, text).confidence().proves()
    };
    let table = "<a@contoso.com>: Recipient address rejected: User unknown in relay recipient table";
    assert!(sure(&format!("550 5.1.1 {table}")), "Postfix's source");
    assert!(sure("550 5.1.1 <a@contoso.com> user unknown"), "many independent samples");
    let weak = [
        "550 #5.1.1 bad address a@contoso.com",
        "550 5.1.1 Utilisateur inconnu",
        "553 Recipient mailbox is not allowed",
    ];
    assert!(!weak.iter().any(|reply| sure(reply)));
}
