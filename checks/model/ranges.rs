//! Ranges of addresses as Exchange writes them in `RemoteIPRanges`.
use core::net::IpAddr;

/// How many addresses `range` holds, in powers of two rounded up, where it holds `address`; none where it does not.
///
/// One address, `10.0.0.0/8`, `10.0.0.0(255.0.0.0)` or `10.0.0.1-10.0.0.9`; so are IPv6 ones.
pub fn width(range: &str, address: IpAddr) -> Option<u32> {
    let (first, last) = bounds(range.trim())?;
    let (low, high, own) = match (first, last, address) {
        (IpAddr::V4(low), IpAddr::V4(high), IpAddr::V4(own)) => {
            (low.to_bits().into(), high.to_bits().into(), own.to_bits().into())
        }
        (IpAddr::V6(low), IpAddr::V6(high), IpAddr::V6(own)) => (low.to_bits(), high.to_bits(), own.to_bits()),
        _ => return None,
    };
    let between = (low..=high).contains(&own);
    between.then(|| u128::BITS - u128::leading_zeros(high - low))
}

/// Whether `range` is one that can be read.
pub fn is_range(range: &str) -> bool {
    bounds(range.trim()).is_some()
}

/// The first and the last address of a range.
fn bounds(range: &str) -> Option<(IpAddr, IpAddr)> {
    if let Some((first, last)) = range.split_once('-') {
        return Some((first.trim().parse().ok()?, last.trim().parse().ok()?));
    }
    if let Some((base, mask)) = range.strip_suffix(')').and_then(|range| range.split_once('(')) {
        let mask: core::net::Ipv4Addr = mask.trim().parse().ok()?;
        return span(base.trim().parse().ok()?, mask.to_bits().leading_ones());
    }
    if let Some((base, bits)) = range.split_once('/') {
        return span(base.trim().parse().ok()?, bits.trim().parse().ok()?);
    }
    let one = range.parse().ok()?;
    Some((one, one))
}

fn span(base: IpAddr, bits: u32) -> Option<(IpAddr, IpAddr)> {
    match base {
        IpAddr::V4(base) if bits <= 32 => {
            let rest = u32::MAX.checked_shr(bits).unwrap_or(0);
            let base = base.to_bits();
            Some((IpAddr::V4((base & !rest).into()), IpAddr::V4((base | rest).into())))
        }
        IpAddr::V6(base) if bits <= 128 => {
            let rest = u128::MAX.checked_shr(bits).unwrap_or(0);
            let base = base.to_bits();
            Some((IpAddr::V6((base & !rest).into()), IpAddr::V6((base | rest).into())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_in_every_form_that_exchange_writes() {
        let cases = [
            ("10.0.0.5", "10.0.0.5", Some(0)),
            ("10.0.0.5", "10.0.0.6", None),
            ("10.0.0.0/8", "10.200.0.1", Some(24)),
            ("10.0.0.0/8", "11.0.0.1", None),
            ("10.0.0.0(255.0.0.0)", "10.200.0.1", Some(24)),
            ("10.0.0.1-10.0.0.9", "10.0.0.9", Some(4)),
            ("10.0.0.1-10.0.0.9", "10.0.0.10", None),
            ("0.0.0.0-255.255.255.255", "192.0.2.1", Some(32)),
            ("0.0.0.0/0", "192.0.2.1", Some(32)),
            ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::1", Some(128)),
            ("::/0", "10.0.0.1", None),
            ("2001:db8::/32", "2001:db8::1", Some(96)),
            ("10.0.0.9-10.0.0.1", "10.0.0.5", None),
            ("10.0.0.0/33", "10.0.0.0", None),
            ("any", "10.0.0.1", None),
            ("", "10.0.0.1", None),
        ];
        for (range, address, expected) in cases {
            assert_eq!(width(range, address.parse().unwrap()), expected, "{range} {address}");
        }
    }
}
