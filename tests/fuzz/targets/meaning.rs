//! Whatever a reply says, the classifier answers; a reply before RCPT is never a fact about a recipient.
#![no_main]
use libfuzzer_sys::fuzz_target;
use nsdiag_checks::replies::{Meaning, Stage, classify, split_code};

fuzz_target!(|bytes: &[u8]| {
    let reply = String::from_utf8_lossy(bytes);
    let Some((code, text)) = split_code(&reply) else { return };
    let verdict = classify(Stage::Rcpt, code, text);
    let unknown = [Meaning::UnknownRecipient, Meaning::UnknownRecipientTemporary];
    match code {
        200..300 => assert_eq!(verdict.meaning, Meaning::Accepted),
        _ => assert_ne!(verdict.meaning, Meaning::Accepted, "{reply}"),
    }
    assert!(code >= 500 || verdict.meaning != Meaning::UnknownRecipient, "{reply}");
    for stage in [Stage::Greeting, Stage::Ehlo, Stage::StartTls, Stage::Mail] {
        assert!(!unknown.contains(&classify(stage, code, text).meaning), "{stage:?}: {reply}");
    }
});
