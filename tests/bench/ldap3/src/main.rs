//! Reads all recipients of a directory with the crate ldap3, as its documentation shows, or behind a guard that lets nothing
//! through which ldap3 would panic at; or with nsdiag's own client.
//!
//!     ldap3-sweep bare|guarded|own one|many URL USER PASSWORD_FILE BASE FILTER ATTRIBUTE...
//!
//! `one` and `many` are the threads of the runtime. Prints how many entries and how many bytes of values there were.
// Of nsdiag's files not everything is used.
#[allow(dead_code)]
mod collect;
mod guard;

use guard::Guard;
use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{LdapConnAsync, LdapConnSettings, Scope, SearchEntry, StdStream};
use std::error::Error;
use std::process::ExitCode;

type Failed = Box<dyn Error + Send + Sync>;

/// How many entries nsdiag asks for at once, too.
const PAGE: i32 = 1000;

struct Asked {
    client: String,
    url: String,
    user: String,
    password: String,
    base: String,
    filter: String,
    attributes: Vec<String>,
}

fn main() -> ExitCode {
    match run() {
        Ok((entries, bytes)) => {
            println!("{entries} entries, {bytes} bytes");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(usize, usize), Failed> {
    let mut words = std::env::args().skip(1);
    let mut next =
        || words.next().ok_or("ldap3-sweep bare|guarded|own one|many URL USER PASSWORD_FILE BASE FILTER ATTRIBUTE...");
    let (client, many) = (next()?, next()? == "many");
    let (url, user, password) = (next()?, next()?, std::fs::read_to_string(next()?)?);
    let asked = Asked { client, url, user, password, base: next()?, filter: next()?, attributes: words.collect() };
    let mut runtime = match many {
        true => tokio::runtime::Builder::new_multi_thread(),
        false => tokio::runtime::Builder::new_current_thread(),
    };
    // In a task, as in a program that does more than this: the first thread of the runtime is no worker.
    runtime.enable_all().build()?.block_on(async { tokio::spawn(sweep(asked)).await? })
}

impl Asked {
    /// Where the server listens.
    fn address(&self) -> &str {
        self.url.trim_start_matches("ldap://").trim_end_matches('/')
    }
}

async fn sweep(asked: Asked) -> Result<(usize, usize), Failed> {
    let guard = match &*asked.client {
        "own" => return collect::directory::sweep(&asked).await,
        "guarded" => Some(Guard::open(asked.address(), &asked.user, &asked.password).await?),
        _ => None,
    };
    let (settings, url) = match &guard {
        Some(guard) => (LdapConnSettings::new().set_std_stream(StdStream::Unix(guard.inside()?)), "ldapi:///"),
        None => (LdapConnSettings::new(), &*asked.url),
    };
    let (connection, mut ldap) = LdapConnAsync::with_settings(settings, url).await?;
    tokio::spawn(async move { connection.drive().await });
    // Behind the guard the password was shown already, and ldap3 never had it.
    if guard.is_none() {
        ldap.simple_bind(&asked.user, &asked.password).await?.success()?;
    }
    let adapters: Vec<Box<dyn Adapter<_, _>>> = vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(PAGE))];
    let mut found =
        ldap.streaming_search_with(adapters, &asked.base, Scope::Subtree, &asked.filter, asked.attributes).await?;
    let (mut entries, mut bytes) = (0, 0);
    while let Some(raw) = found.next().await? {
        if let Some(guard) = &guard {
            guard.taken();
        }
        let entry = SearchEntry::construct(raw);
        entries += 1;
        bytes += entry.attrs.values().flatten().map(String::len).sum::<usize>();
        bytes += entry.bin_attrs.values().flatten().map(Vec::len).sum::<usize>();
    }
    found.finish().await.success()?;
    ldap.unbind().await?;
    match guard.and_then(|guard| guard.refused()) {
        Some(refused) => Err(refused.into()),
        None => Ok((entries, bytes)),
    }
}
