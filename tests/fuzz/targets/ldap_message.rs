//! Whatever a directory server sends, taking it apart ends, and finds nothing that was not sent.
#![no_main]
use libfuzzer_sys::fuzz_target;
use nsdiag::collect::directory::message_in;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(length) = message_in(bytes) {
        assert!(length <= bytes.len(), "{length} bytes out of {}", bytes.len());
    }
});
