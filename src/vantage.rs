//! From where this run looks.
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// This host's name, as far as it knows it itself.
pub fn hostname() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = kernel.trim();
    if name.is_empty() { "localhost".into() } else { name.to_lowercase() }
}

/// The addresses from which this host reaches `targets`. Nothing is sent.
pub fn addresses(targets: impl Iterator<Item = SocketAddr>) -> Vec<String> {
    let own = |target: SocketAddr| -> Option<IpAddr> {
        let any = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).ok()?;
        socket.connect(target).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    let mut found: Vec<_> = targets.filter_map(own).collect();
    found.sort_unstable();
    found.dedup();
    found.iter().map(ToString::to_string).collect()
}
