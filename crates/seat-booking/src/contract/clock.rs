use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use seat_state::Timestamp;

use crate::ports::Clock;

/// 2026-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_ms(1_767_225_600_000);

/// A clock that stands until it is moved. Who waits by it moves it too, so that code under test
/// neither hangs nor takes real time.
#[derive(Debug, Default)]
pub struct ManualClock {
    // Microseconds, so that a loop that waits less than a millisecond at a time comes to an end.
    since_start_us: AtomicU64,
}

impl ManualClock {
    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let by_us = u64::try_from(by.as_micros()).expect("a test lasts no half million years");
        self.since_start_us.fetch_add(by_us, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        START.after(Duration::from_micros(self.since_start_us.load(Ordering::SeqCst)))
    }

    /// Lets other tasks run once and then moves the clock on.
    async fn sleep(&self, duration: Duration) {
        tokio::task::yield_now().await;
        self.advance(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_clock_moves_only_by_who_moves_it_and_who_waits() {
        let clock = ManualClock::default();
        assert_eq!(clock.now(), START);
        clock.advance(Duration::from_secs(3_600));
        clock.sleep(Duration::from_millis(1)).await;
        assert_eq!(clock.now(), Timestamp::from_ms(START.ms() + 3_600_001));
    }
}
