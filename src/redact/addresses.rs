//! IP addresses: others of the same kind, so that what is in a network, or in a range, still is.
//!
//! The bits that all known addresses of a network have alike are made the same everywhere (ones in IPv4, zeros in IPv6);
//! where they part they still do, in the same order. So networks of any length, ranges and neighbours stay what they are to
//! each other, and what is redacted twice stays as it is the second time.
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The first octets for addresses of the Internet, where a few are enough: reserved for ever (RFC 1112, 4).
const RESERVED: std::ops::RangeInclusive<u8> = 240..=254;

/// Which address stands for which.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    /// Whether a bit is turned, by the family, and by the bits before it with their number.
    turned: BTreeMap<(bool, u32, u128), bool>,
    /// What stands for the first octet (two of IPv6) of addresses of the Internet.
    heads: BTreeMap<(bool, u16), u16>,
}

impl Addresses {
    /// For these, beside those that have one.
    pub(super) fn new(all: &BTreeSet<IpAddr>, had: &BTreeMap<IpAddr, IpAddr>) -> Self {
        let mut addresses = Self::default();
        for (from, to) in had {
            addresses.take(*from, *to);
        }
        addresses.number(all);
        let mut branches: BTreeMap<(bool, u32, u128), [bool; 2]> = BTreeMap::new();
        for ip in all.iter().filter(|ip| !is_kept(**ip)) {
            let (bits, length) = bits(*ip);
            for at in head(*ip)..length {
                branches.entry((ip.is_ipv6(), at, before(bits, length, at))).or_default()[bit(bits, length, at)] = true;
            }
        }
        for (place, [zero, one]) in branches {
            let (six, at, _) = place;
            // The last ones say which of a network it is, and nothing of whose.
            let turned = match six {
                false => at < 24 && zero && !one,
                true => at < 112 && one && !zero,
            };
            addresses.turned.entry(place).or_insert(turned);
        }
        addresses
    }

    /// What stands for `ip`.
    pub(super) fn of(&self, ip: IpAddr) -> IpAddr {
        if is_kept(ip) {
            return ip;
        }
        let (bits, length) = bits(ip);
        let start = head(ip);
        let mut out = self.headed(ip, bits, length, start);
        for at in start..length {
            let turned = self.turned.get(&(ip.is_ipv6(), at, before(bits, length, at))).copied().unwrap_or(false);
            let bit = u128::from((bit(bits, length, at) == 1) != turned);
            out |= bit << (length - 1 - at);
        }
        match ip {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from(u32::try_from(out).unwrap_or_default())),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from(out)),
        }
    }

    /// The bits that `ip` begins with in its new place.
    fn headed(&self, ip: IpAddr, bits: u128, length: u32, start: u32) -> u128 {
        let own = bits >> (length - start);
        let new = match is_public(ip) {
            true => self.heads.get(&(ip.is_ipv6(), number_of(own))).map_or(own, |head| u128::from(*head)),
            false => own,
        };
        new << (length - start)
    }

    /// Takes in what stood for an address before.
    fn take(&mut self, from: IpAddr, to: IpAddr) {
        if is_kept(from) || from.is_ipv6() != to.is_ipv6() {
            return;
        }
        let ((old, length), (new, _)) = (bits(from), bits(to));
        let start = head(from);
        if is_public(from) {
            let number = |bits: u128| number_of(bits >> (length - start));
            self.heads.insert((from.is_ipv6(), number(old)), number(new));
        }
        for at in start..length {
            let turned = bit(old, length, at) != bit(new, length, at);
            self.turned.insert((from.is_ipv6(), at, before(old, length, at)), turned);
        }
    }

    /// Gives each first octet of the Internet's addresses another.
    fn number(&mut self, all: &BTreeSet<IpAddr>) {
        for six in [false, true] {
            let public = all.iter().filter(|ip| ip.is_ipv6() == six && is_public(**ip) && !is_kept(**ip));
            let heads: BTreeSet<u16> = public
                .map(|ip| {
                    let (bits, length) = bits(*ip);
                    number_of(bits >> (length - head(*ip)))
                })
                .collect();
            let heads: Vec<u16> = heads.into_iter().filter(|head| !self.heads.contains_key(&(six, *head))).collect();
            let taken: BTreeSet<u16> =
                self.heads.iter().filter(|((family, _), _)| *family == six).map(|(_, head)| *head).collect();
            let few = taken.len() + heads.len() <= RESERVED.count();
            // 4000::/3 is reserved (RFC 4291, 2.4).
            let free: Vec<u16> = match (six, few) {
                (true, _) => (0x4000..0x6000).collect(),
                (false, true) => RESERVED.map(u16::from).collect(),
                (false, false) => (11..224).filter(|one| ![100, 127, 169, 172, 192].contains(one)).collect(),
            };
            let free = free.into_iter().filter(|head| !taken.contains(head));
            let new: Vec<_> = heads.into_iter().zip(free).map(|(head, new)| ((six, head), new)).collect();
            self.heads.extend(new);
        }
    }
}

fn number_of(head: u128) -> u16 {
    u16::try_from(head).unwrap_or_default()
}

/// The bits of an address, and how many.
fn bits(ip: IpAddr) -> (u128, u32) {
    match ip {
        IpAddr::V4(ip) => (ip.to_bits().into(), 32),
        IpAddr::V6(ip) => (ip.to_bits(), 128),
    }
}

fn bit(bits: u128, length: u32, at: u32) -> usize {
    usize::from(bits >> (length - 1 - at) & 1 == 1)
}

/// The bits before `at`, which say in which network the bit is.
fn before(bits: u128, length: u32, at: u32) -> u128 {
    bits.checked_shr(length - at).unwrap_or(0)
}

/// Those that say nothing of anybody: loopback, any, broadcast, masks, and those for multicast.
fn is_kept(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let mask = v4.to_bits().leading_ones() + v4.to_bits().trailing_zeros() >= 32;
            v4.is_loopback() || v4.is_multicast() || v4.octets()[0] == 0 || mask
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.to_bits().leading_ones() + v6.to_bits().trailing_zeros() >= 128
        }
    }
}

/// Whether it is one of the Internet's.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(_) => head(ip) == 8 && !matches!(bits(ip).0 >> 24, 10),
        IpAddr::V6(v6) => head(ip) == 16 && v6.segments()[0] & 0xffc0 != 0xfe80 && v6.segments()[0] & 0xfe00 != 0xfc00,
    }
}

/// How many bits say of which kind it is, and stay or are replaced as one.
fn head(ip: IpAddr) -> u32 {
    match ip {
        IpAddr::V4(v4) => match v4.octets() {
            [172, 16..=31, ..] => 12,
            [192, 168, ..] | [169, 254, ..] => 16,
            [100, 64..=127, ..] => 10,
            _ => 8,
        },
        // An address of IPv4 in one of IPv6 keeps what says so.
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => 96,
        IpAddr::V6(_) => 16,
    }
}
