//! The wish to stop: raised once by Ctrl-C or SIGTERM, heard by everybody who waits.
use std::sync::Arc;
use tokio::sync::watch;

/// A wish that every part of a run shares.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Asks everybody to come to an end.
    pub fn raise(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was raised.
    pub fn is_raised(&self) -> bool {
        *self.0.borrow()
    }

    /// Comes back once it is raised.
    pub async fn raised(&self) {
        // The sender lives as long as this does, so the wait ends only with the wish.
        let _ = self.0.subscribe().wait_for(|raised| *raised).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_hears_it_and_who_comes_late_too() {
        let stop = Stop::default();
        let waiting = tokio::spawn({
            let stop = stop.clone();
            async move { stop.raised().await }
        });
        assert!(!stop.is_raised());
        stop.raise();
        waiting.await.unwrap();
        stop.raised().await;
        assert!(stop.is_raised());
    }
}
