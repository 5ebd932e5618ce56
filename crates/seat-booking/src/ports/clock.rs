use std::time::Duration;

use async_trait::async_trait;
use seat_state::Timestamp;

/// The time of one node. It says how long to wait and what to write into a document; it decides
/// nothing about a seat.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Waits so long.
    async fn sleep(&self, duration: Duration);
}

/// Where random numbers come from. Ids of bookings without a key, and marks of changes, are made
/// of them, so they must not be guessable.
pub trait Randomness: Send + Sync {
    /// Twelve random bytes.
    fn bytes(&self) -> [u8; 12];
}

/// The operating system's clock and tokio's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the port that the rule points to")]
    fn now(&self) -> Timestamp {
        let since_1970 =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::default().after(since_1970)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// The operating system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    #[allow(clippy::disallowed_methods, reason = "this is the port that the rule points to")]
    fn bytes(&self) -> [u8; 12] {
        let mut bytes = [0; 12];
        getrandom::fill(&mut bytes).expect("the operating system has random numbers");
        bytes
    }
}
