//! The one place that reads the machine's clocks.
#![allow(
    clippy::disallowed_methods,
    reason = "a load generator measures real time; there is nothing for a test to move"
)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn since_unix_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
