use std::sync::Mutex;

use super::hall::lock;

/// One server process, as clients know it: where it is now, and when nobody could expect an answer
/// of it.
pub(super) struct Door {
    url: Mutex<String>,
    /// From when until when it was killed or stopped, in microseconds of the ledger's clock; the
    /// last without an end while it lasts.
    troubles: Mutex<Vec<(u64, Option<u64>)>>,
}

impl Door {
    pub(super) fn new(url: &str) -> Self {
        Self { url: Mutex::new(url.to_owned()), troubles: Mutex::default() }
    }

    pub(super) fn url(&self) -> String {
        lock(&self.url).clone()
    }

    pub(super) fn moved_to(&self, url: &str) {
        url.clone_into(&mut lock(&self.url));
    }

    /// The process itself is about to be killed or stopped.
    pub(super) fn closes(&self, now_us: u64) {
        lock(&self.troubles).push((now_us, None));
    }

    /// It runs again.
    pub(super) fn opens(&self, now_us: u64) {
        if let Some(last) = lock(&self.troubles).last_mut() {
            last.1.get_or_insert(now_us);
        }
    }

    /// Whether it was in trouble at some time between these.
    pub(super) fn was_troubled(&self, from_us: u64, to_us: u64) -> bool {
        let troubles = lock(&self.troubles);
        troubles.iter().any(|&(start, end)| start <= to_us && from_us <= end.unwrap_or(u64::MAX))
    }
}
