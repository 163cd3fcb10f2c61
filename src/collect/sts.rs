//! Fetches the domain's MTA-STS policy: one GET over HTTPS, without redirects (RFC 8461, 3.3).
use super::dns::Resolver;
use super::smtp::TlsTrust;
use nsdiag_checks::evidence::dns::StsPolicy;
use nsdiag_checks::evidence::{How, Miss, Observed};
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// The longest policy (RFC 8461, 3.3: 64 KB is a suggested limit), and as much again for the head.
const LIMIT: u64 = 64 * 1024;
/// A policy host that takes longer is none that senders wait for; the run should not either.
const STEP: Duration = Duration::from_secs(5);

/// The policy of `domain`, from `mta-sts.domain` at `port`, which is 443 but in tests. The host's certificate must be
/// good, as it must be for a sender.
pub async fn fetch(resolver: &Resolver, trust: &TlsTrust, domain: &str, port: u16, deadline: Instant) -> StsPolicy {
    let host = format!("mta-sts.{domain}");
    let url = format!("https://{host}/.well-known/mta-sts.txt");
    let until = (Instant::now() + STEP).min(deadline);
    let text = match timeout_at(until, get(resolver, trust, &host, port)).await {
        Ok(Ok(text)) => Observed::Known(text),
        Ok(Err(miss)) => Observed::Unknown(miss),
        Err(_) => Observed::Unknown(Miss::new(How::TimedOut, format!("no policy within {} s", STEP.as_secs()))),
    };
    StsPolicy { url, text }
}

async fn get(resolver: &Resolver, trust: &TlsTrust, host: &str, port: u16) -> Result<String, Miss> {
    let failed = |error: std::io::Error| Miss::new(How::Unreachable, error.to_string());
    let address = match resolver.addresses(host).await {
        Observed::Known(found) => found.first().copied(),
        Observed::Unknown(miss) => return Err(miss),
        Observed::NotAsked => None,
    };
    let address = address.ok_or_else(|| Miss::new(How::Unresolvable, format!("{host} has no address")))?;
    let tcp = super::tcp::connect(SocketAddr::new(address, port)).await.map_err(failed)?;
    let name = ServerName::try_from(host.to_string()).map_err(|error| Miss::new(How::NotTried, error.to_string()))?;
    let connector = tokio_rustls::TlsConnector::from(trust.strict());
    let tls = connector.connect(name, tcp).await;
    let mut tls = tls.map_err(|error| Miss::new(How::TlsFailed, error.to_string()))?;
    // HTTP/1.0, so that the answer ends where the connection does.
    let request = format!(
        "GET /.well-known/mta-sts.txt HTTP/1.0\r\nHost: {host}\r\nUser-Agent: nsdiag\r\nAccept: text/plain\r\n\
         Connection: close\r\n\r\n"
    );
    tls.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut answer = Vec::new();
    // Many servers close without close_notify; what came until then counts, and the policy's own form shows a cut.
    let ended = (&mut tls).take(2 * LIMIT + 1).read_to_end(&mut answer).await;
    match ended {
        Err(error) if answer.is_empty() => Err(failed(error)),
        _ => body(&answer),
    }
}

/// The body of an answer that is a policy's: 200, plain text, within the limit.
fn body(answer: &[u8]) -> Result<String, Miss> {
    let protocol = |said: &str| Miss::new(How::Protocol, said);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(|| protocol("no HTTP answer"))?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split_whitespace().nth(1).and_then(|status| status.parse::<u16>().ok());
    match (head.starts_with("HTTP/1."), status) {
        (true, Some(200)) => {}
        (true, Some(status @ 300..400)) => {
            return Err(protocol(&format!("HTTP {status}, and a sender follows no redirect (RFC 8461, 3.3)")));
        }
        (true, Some(status)) => return Err(protocol(&format!("HTTP {status}"))),
        _ => return Err(protocol("no HTTP answer")),
    }
    let field = |wanted: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_ascii_lowercase())
    };
    let kind = field("content-type").unwrap_or_default();
    if kind.split(';').next() != Some("text/plain") {
        return Err(protocol(&format!("content type '{}' in place of text/plain", kind.escape_debug())));
    }
    let rest = &answer[end + 4..];
    let body = match field("transfer-encoding") {
        Some(_) => chunks(rest).ok_or_else(|| protocol("the answer's chunks cannot be read"))?,
        None => rest.to_vec(),
    };
    if body.len() as u64 > LIMIT {
        return Err(Miss::new(How::TooLarge, format!("the policy is longer than {} KB", LIMIT / 1024)));
    }
    String::from_utf8(body).map_err(|_| protocol("the policy is not UTF-8"))
}

/// Some servers send chunks even where HTTP/1.0 was asked for (RFC 9112, 7.1).
fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        let from = end + 2;
        whole.extend_from_slice(rest.get(from..from.checked_add(size)?)?);
        rest = rest.get(from + size..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_policy_is_taken_for_one() {
        let plain = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n";
        let long = "x".repeat(70_000);
        let cases = [
            (format!("{plain}\r\nversion: STSv1"), Ok("version: STSv1")),
            (format!("{plain}Transfer-Encoding: chunked\r\n\r\n4\r\nvers\r\n3;x=y\r\nion\r\n0\r\n\r\n"), Ok("version")),
            (
                format!("{plain}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nvers"),
                Err("chunks cannot be read"),
            ),
            (
                "HTTP/1.1 301 Moved\r\nLocation: https://x/\r\n\r\n".into(),
                Err("HTTP 301, and a sender follows no redirect"),
            ),
            ("HTTP/1.1 404 Not Found\r\n\r\n".into(), Err("HTTP 404")),
            ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>".into(), Err("content type 'text/html'")),
            (format!("{plain}\r\n{long}"), Err("longer than 64 KB")),
            ("220 mx1 ESMTP\r\n\r\n".into(), Err("no HTTP answer")),
            (String::new(), Err("no HTTP answer")),
        ];
        for (answer, expected) in cases {
            match (body(answer.as_bytes()), expected) {
                (Ok(text), Ok(expected)) => assert_eq!(text, expected),
                (Err(miss), Err(said)) => assert!(miss.said.contains(said), "{miss:?}"),
                (got, expected) => panic!("{got:?}, and not {expected:?}"),
            }
        }
    }
}
