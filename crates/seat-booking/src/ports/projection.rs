use std::time::Duration;

use async_trait::async_trait;
use seat_layout::{EventId, Money, SeatId, UserId};
use seat_state::{Status, Timestamp, Version};
use thiserror::Error;

use super::BackendError;
use crate::Event;

/// Where the state of every seat is written behind, one row for each, for reports. Nothing is
/// decided by it, and everything in it can be made again.
///
/// A row carries the version that it shows, so that an earlier one never replaces it. One writer
/// at a time works on an event: that is for thrift alone, and what two of them write at once is
/// right as well.
///
/// # Contract
/// - P1. A row replaces the one of its seat when that one's version is earlier, and else changes
///   nothing.
/// - P2. A seat of an event has one row, whoever writes at the same moment: the one of the greatest
///   version.
/// - P3. While a claim lasts, another one is `Busy`; the same claim is `Claimed` again and lasts
///   anew.
/// - P4. `finish` notes the version that the rows show, which `progress` and later claims tell, and
///   ends the claim. Of a claim that is not the present one it is `Fenced` and changes nothing.
/// - P5. `forget` takes the event over from any claim, forgets its progress, and makes every row
///   earlier than any version; what it says stays until it is written again.
/// - P6. `drop_forgotten` drops the rows that were forgotten and not written again, and no others.
/// - P7. `events` lists each event that has a row, and `remove` removes an event with all its rows.
/// - P8. Rows and progress of different events have nothing to do with each other.
#[async_trait]
pub trait Projection: Send + Sync {
    /// The version that the rows of the event show; `None` when they may show anything.
    async fn progress(&self, event: EventId) -> Result<Option<Version>, ProjectionError>;

    /// Asks to be the one who writes this event for so long.
    async fn claim(
        &self,
        event: EventId,
        claim: ClaimId,
        lease: Duration,
    ) -> Result<ClaimReply, ProjectionError>;

    /// Writes some rows, each seat at most once. What was not written after a failure is not noted
    /// by a `finish`, and is written again.
    async fn write(&self, event: &Event, rows: Vec<SeatRow>) -> Result<(), ProjectionError>;

    /// Ends a claim whose rows show this version.
    async fn finish(
        &self,
        event: EventId,
        claim: ClaimId,
        version: Version,
    ) -> Result<FinishedClaim, ProjectionError>;

    /// Begins an event anew, under this claim.
    async fn forget(
        &self,
        event: EventId,
        claim: ClaimId,
        lease: Duration,
    ) -> Result<(), ProjectionError>;

    /// Drops the rows of seats that there are no more; how many.
    async fn drop_forgotten(&self, event: EventId) -> Result<u64, ProjectionError>;

    /// Every event that has a row.
    async fn events(&self) -> Result<Vec<EventId>, ProjectionError>;

    /// Removes an event; how many rows it had.
    async fn remove(&self, event: EventId) -> Result<u64, ProjectionError>;
}

/// Nothing is lost by it: the same is done again in a later round.
#[derive(Debug, Clone, Error)]
#[error("the projection was not written")]
pub struct ProjectionError(#[from] pub BackendError);

/// One writer's turn: random, and new for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClaimId(pub [u8; 12]);

/// The answer to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimReply {
    /// It is the caller's turn.
    Claimed {
        /// The version that the rows show; `None` when they may show anything.
        progress: Option<Version>,
    },
    /// Somebody else is writing.
    Busy,
}

/// The answer to `finish`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishedClaim {
    /// The version is noted.
    Noted,
    /// Somebody else has taken over; nothing was noted.
    Fenced,
}

/// A seat as it is at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatRow {
    /// The seat.
    pub seat: SeatId,
    /// What it is.
    pub status: Status,
    /// The version at which it became so, or at which it was seen so.
    pub version: Version,
    /// When its hold ends, of a held seat.
    pub expires_at: Option<Timestamp>,
    /// Who holds it, of a held seat, as far as the lock store could say.
    pub held_by: Option<UserId>,
    /// What the layout asks for it. Who has booked it is known where the bookings are.
    pub price: Money,
}
