//! Whatever a list holds, the reader ends within its limits, takes nothing but addresses, and says what it left out in lines
//! that are fit to be shown; with a domain for names without one, and without.
#![no_main]
use libfuzzer_sys::fuzz_target;
use nsdiag::collect::lists::{not_taken_in_words, read_bytes, read_in_words};
use nsdiag_checks::evidence::address;

fuzz_target!(|bytes: &[u8]| {
    reads(bytes, None);
    reads(bytes, Some("contoso.com"));
});

fn fit(text: &str) {
    assert!(text.len() < 20_000 && !text.contains(char::is_control), "not fit to be shown: {text:?}");
}

fn reads(bytes: &[u8], list_domain: Option<&str>) {
    let list = match read_bytes(bytes, "zimbra", "FILE", "contoso.com", list_domain) {
        Ok(list) => list,
        Err(wrong) => {
            assert!(wrong.starts_with(": ") || wrong.starts_with(':') && wrong.contains(": "), "no place: {wrong}");
            return fit(&wrong);
        }
    };
    let addresses = list.addresses.known().expect("what was read is known");
    assert!(addresses.len() + list.outside_count > 0, "a list without an address");
    assert!(list.rows <= bytes.len() && list.left_out_rows.len() <= list.left_out, "more rows than bytes");
    for one in addresses {
        assert_eq!(address::domain(one), "contoso.com", "{one:?}");
        assert!(!one.contains(char::is_control), "{one:?}");
    }
    assert!(list.aliases.iter().all(|alias| addresses.binary_search(alias).is_ok()), "an alias that is no address");
    let said = read_in_words(&list, "contoso.com").into_iter().chain(not_taken_in_words(&list, "contoso.com"));
    said.for_each(|said| fit(&said));
}
