//! The border: what leaves nsdiag, to standard output, standard error or a file, passes here, and no secret does.
mod secrets;

use crate::report::safe;
pub use secrets::Secrets;
use std::io::{self, ErrorKind, Write};
use std::panic::AssertUnwindSafe;

/// Prints to standard output. A reader that has gone (`| head`) is no fault; whatever else cannot be written is.
///
/// # Errors
/// In words.
pub fn print(text: &str) -> Result<(), String> {
    print_by(|out| out.write_all(text.as_bytes()))
}

/// [`print`] of what `writing` writes, which need not be in memory at once.
///
/// # Errors
/// In words.
pub fn print_by(writing: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), String> {
    let mut out = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    match writing(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(()),
    }
}

/// Tells the user on standard error; where nobody can hear it, nothing else can be done.
pub fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "nsdiag: {}", safe(text));
}

/// Does it; a panic is an error, and of what it says only the place is told: its words may be a server's, or a secret.
///
/// # Errors
/// In words, where it panicked.
pub fn guarded<T>(doing: impl FnOnce() -> T) -> Result<T, String> {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        tell(&format!("a fault of nsdiag's own{}", place.unwrap_or_default()));
    }));
    let done = std::panic::catch_unwind(AssertUnwindSafe(doing));
    std::panic::set_hook(before);
    done.map_err(|_| "it ended there, without a report; please tell the developers".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_its_words_are_not_told() {
        // In a process of its own, whose standard error can be read.
        if std::env::var_os("NSDIAG_TEST_PANICS").is_some() {
            let done = guarded(|| {
                if std::env::args().next().is_some() {
                    panic!("geheim-7391\u{202e}")
                }
            });
            assert!(done.unwrap_err().starts_with("it ended there, without a report"));
            assert_eq!(guarded(|| 7), Ok(7));
            return;
        }
        let name = "border::tests::a_panic_is_an_error_and_its_words_are_not_told";
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let output = child.args([name, "--exact", "--nocapture"]).env("NSDIAG_TEST_PANICS", "1").output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.success() && errors.contains("nsdiag: a fault of nsdiag's own at src/border.rs:"),
            "{errors}"
        );
        assert!(!errors.contains("7391"), "{errors}");
    }
}
