//! Whatever people paste, a reply is taken out of it or not; what is taken out is one that can be explained.
#![no_main]
use libfuzzer_sys::fuzz_target;
use nsdiag_checks::replies::{Meaning, bearing, classify, held, standard};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let Ok(found) = held(&text) else { return };
    assert!((200..600).contains(&found.code), "{text}");
    assert!(!found.text.contains('\n'), "{text}");
    if let Some(enhanced) = &found.bare {
        let _ = (bearing(enhanced).count(), standard(enhanced));
    }
    let meaning = classify(found.stage, found.code, &found.text).meaning;
    assert!(meaning != Meaning::Accepted || found.code < 300, "{text}");
    assert!(meaning != Meaning::UnknownRecipient || found.code >= 500, "{text}");
});
