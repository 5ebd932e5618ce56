use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use seat_layout::EventId;

use crate::ports::LockStore;

/// A lock store, and what the world does to it. Each case has one of its own, and an event that no
/// other case knows; the server behind it may be shared.
#[async_trait]
pub trait LockFixture: Send + Sync {
    /// The store.
    fn store(&self) -> Arc<dyn LockStore>;

    /// A time that a case can wait several times, and that a few calls never take.
    fn short(&self) -> Duration;

    /// Lets so much time pass by the store's clock.
    async fn advance(&self, by: Duration);

    /// Takes away everything that the store knows of this event.
    async fn lose(&self, event: EventId);

    /// Makes the store another run of itself, with all that it had of this event.
    async fn restart(&self, event: EventId);
}
