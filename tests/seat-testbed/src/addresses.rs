use std::sync::atomic::{AtomicUsize, Ordering};

/// Where the processes of a server listen.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    urls: Vec<String>,
    asked: AtomicUsize,
}

impl Addresses {
    pub(crate) fn new<'a>(urls: impl Iterator<Item = &'a str>) -> Self {
        Self { urls: urls.map(str::to_owned).collect(), asked: AtomicUsize::new(0) }
    }

    /// Each of them in turn.
    pub(crate) fn next(&self) -> &str {
        &self.urls[self.asked.fetch_add(1, Ordering::Relaxed) % self.urls.len()]
    }
}
