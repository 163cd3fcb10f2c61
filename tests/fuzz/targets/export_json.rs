//! Whatever an export in JSON holds, the reader ends within its limits, and says what is wrong in one printable line.
#![no_main]
use libfuzzer_sys::fuzz_target;
use nsdiag::collect::exports::read_bytes;

fuzz_target!(|bytes: &[u8]| {
    let (objects, wrong) = read_bytes("json", bytes);
    assert!(objects <= bytes.len(), "more objects than bytes");
    if let Some(wrong) = &wrong {
        assert!(wrong.starts_with(": ") || wrong.starts_with(":") && wrong.contains(": "), "no place: {wrong}");
        assert!(wrong.len() < 2_000 && !wrong.contains(|c: char| c.is_control()), "not fit to be shown: {wrong:?}");
    }
    assert_eq!(read_bytes("json", bytes), (objects, wrong), "not the same at a second reading");
});
