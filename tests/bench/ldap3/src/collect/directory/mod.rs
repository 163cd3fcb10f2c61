//! The same sweep by nsdiag's own client, without the rest of nsdiag around it.
#[path = "../../../../../../src/collect/directory/ber.rs"]
mod ber;
#[path = "../../../../../../src/collect/directory/filter.rs"]
mod filter;
#[path = "../../../../../../src/collect/directory/message.rs"]
mod message;
#[path = "../../../../../../src/collect/directory/refusal.rs"]
mod refusal;
#[path = "../../../../../../src/collect/directory/search.rs"]
mod search;
#[path = "../../../../../../src/collect/directory/wire.rs"]
mod wire;

use crate::{Asked, Failed};
use filter::Filter;
use message::{Kind, Scope};
use nsdiag_checks::evidence::{How, Miss};
use search::{Question, Searcher};
use std::future::Future;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use wire::Wire;

/// The time that steps may take.
#[derive(Clone, Copy)]
struct Clock {
    step: Duration,
}

impl Clock {
    async fn until<F: Future>(self, by: Instant, what: &str, future: F) -> Result<F::Output, Miss> {
        timeout_at(by, future).await.map_err(|_| Miss::new(How::TimedOut, what))
    }
}

/// How many entries there are, and how many bytes of values. Each is made an object of strings, as ldap3's are.
pub async fn sweep(asked: &Asked) -> Result<(usize, usize), Failed> {
    swept(asked).await.map_err(|miss| miss.said.into())
}

async fn swept(asked: &Asked) -> Result<(usize, usize), Miss> {
    let failed = |error: std::io::Error| Miss::new(How::Unreachable, error.to_string());
    let server = TcpStream::connect(asked.address()).await.map_err(failed)?;
    server.set_nodelay(true).map_err(failed)?;
    let wire = Wire::new(server);
    let bound = wire.ask_once(Kind::Bind, &message::simple_bind(&asked.user, &asked.password)).await?;
    if bound.code != 0 {
        return Err(refusal::refusal(&bound));
    }
    let ask = Searcher { wire: &wire, clock: Clock { step: Duration::from_secs(60) } };
    let attributes: Vec<&str> = asked.attributes.iter().map(String::as_str).collect();
    // The driver's filter.
    let filter = Filter::Or(["proxyAddresses", "mail", "targetAddress"].map(Filter::Has).to_vec());
    let question =
        Question { base: &asked.base, scope: Scope::Subtree, filter: &filter, attributes: &attributes, most: 0 };
    let (mut entries, mut bytes) = (0, 0);
    ask.each(question, true, |raw| {
        let (entry, _) = ask.read(raw, &attributes, &mut 0)?;
        entries += 1;
        bytes += entry.attributes.values().flatten().map(String::len).sum::<usize>();
        Ok(())
    })
    .await?;
    wire.leave().await;
    Ok((entries, bytes))
}
