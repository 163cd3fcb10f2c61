//! Whatever a message holds, the reader of bounces ends within its limits, and what it makes of it is fit to be judged and
//! shown: addresses are addresses, and nothing steers a terminal.
#![no_main]
use libfuzzer_sys::fuzz_target;
use nsdiag::collect::bounce::read_bytes;
use nsdiag::report::bounce;
use nsdiag_checks::bounce::{Beside, judge};
use nsdiag_checks::evidence::address;

fuzz_target!(|bytes: &[u8]| {
    let notice = match read_bytes(bytes) {
        Ok(notice) => notice,
        Err(wrong) => return assert!(wrong.starts_with(": ") && wrong.len() < 1000, "{wrong:?}"),
    };
    assert!(notice.recipients.len() <= 500 && notice.received.len() <= 200);
    for said in &notice.recipients {
        for one in said.address.iter().chain(&said.written_to) {
            assert!(!address::domain(one).is_empty() && !one.contains(char::is_control), "an address that is none: {one:?}");
        }
        assert!(said.text.len() <= 16 * 1024, "{} bytes of a reply", said.text.len());
    }
    let made = judge("0", &notice, Beside { domain: Some("contoso.com"), ..Beside::default() });
    // Without a run beside it, no refusal is known to be false.
    assert!(made.recipients.iter().all(|one| one.false_rejection != nsdiag_checks::bounce::Answer::Yes));
    let fit = |text: &str| !text.contains(|c: char| c.is_control() && c != '\n');
    assert!(fit(&bounce::table(&made, false)) && fit(&bounce::markdown(&made)));
    let json = bounce::json(&made);
    assert!(fit(&json));
    assert_eq!(serde_json_of(&json), made, "what was written is not what is read");
});

fn serde_json_of(json: &str) -> nsdiag_checks::bounce::Bounce {
    serde_json::from_str(json).expect("a bounce is JSON")
}
