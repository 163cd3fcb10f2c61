//! Whatever a server sends, the reader ends, within its limits, and invents no reply.
#![no_main]
use libfuzzer_sys::fuzz_target;
use nsdiag::collect::smtp::replies_in;
use std::cell::RefCell;
use tokio::runtime::{Builder, Runtime};

thread_local! {
    static RUNTIME: RefCell<Runtime> =
        RefCell::new(Builder::new_current_thread().enable_time().build().expect("a runtime"));
}

fuzz_target!(|bytes: &[u8]| {
    let replies = RUNTIME.with_borrow(|runtime| runtime.block_on(replies_in(bytes)));
    let lines: usize = replies.iter().map(|(_, lines)| lines.len()).sum();
    assert!(lines <= bytes.iter().filter(|&&byte| byte == b'\n').count(), "a line that nobody sent");
    let (_, whole) = replies.split_last().expect("the last one is what was cut off");
    for (code, lines) in whole {
        // Only a reply whose lines bear different codes has none.
        let agree = lines.iter().all(|line| line.get(..3) == lines[0].get(..3));
        assert!(code.map_or(!agree, |code| agree && (200..600).contains(&code)), "{code:?} {lines:?}");
        assert!((1..=128).contains(&lines.len()), "{} lines", lines.len());
        // A byte that is no text is written as four characters.
        assert!(lines.iter().all(|line| line.len() <= 4 * 2048 && !line.contains(['\r', '\n', '\0', '\x1b'])));
    }
});
