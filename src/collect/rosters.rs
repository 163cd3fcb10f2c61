//! Who is named by which directory of a run: each tells the others, so that everybody is looked up everywhere.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::watch;

/// What each directory named so far, by its number.
type Named = BTreeMap<usize, Vec<String>>;

/// One directory's place among all of them. Dropped without a word it names nobody, and holds nobody up.
pub struct Rosters {
    own: usize,
    all: usize,
    named: Arc<watch::Sender<Named>>,
}

impl Rosters {
    /// Places for so many directories.
    pub fn of(all: usize) -> Vec<Self> {
        let named = Arc::new(watch::Sender::new(Named::new()));
        (0..all).map(|own| Self { own, all, named: named.clone() }).collect()
    }

    /// Tells the others whom this directory names; nobody where it could not say.
    pub fn post(&self, roster: Option<&Vec<String>>) {
        self.named.send_if_modified(|named| {
            let new = !named.contains_key(&self.own);
            named.entry(self.own).or_insert_with(|| roster.cloned().unwrap_or_default());
            new
        });
    }

    /// Whom the others name, once all of them have said so.
    pub async fn others(&self) -> BTreeSet<String> {
        let mut listener = self.named.subscribe();
        let named = listener.wait_for(|named| named.len() >= self.all).await;
        let named = named.map(|named| named.clone()).unwrap_or_default();
        named.into_iter().filter(|(place, _)| *place != self.own).flat_map(|(_, roster)| roster).collect()
    }
}

impl Drop for Rosters {
    fn drop(&mut self) {
        self.post(None);
    }
}
