use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use seat_layout::EventId;

use crate::ports::{Projection, SeatRow};

/// A projection, the rows that it has, and a way to let time pass. Each case has a fixture of its
/// own and ids that no other case uses; the server behind it may be shared.
#[async_trait]
pub trait ProjectionFixture: Send + Sync {
    /// The projection.
    fn projection(&self) -> Arc<dyn Projection>;

    /// The rows of an event, in the order of their seats, as a report finds them. The price may be
    /// [`Money::ZERO`](seat_layout::Money::ZERO) where it is kept for booked seats alone.
    async fn rows(&self, event: EventId) -> Vec<SeatRow>;

    /// Lets the time of the projection's clock pass.
    async fn advance(&self, by: Duration);
}
