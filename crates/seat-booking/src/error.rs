use std::time::Duration;

use seat_layout::{SeatId, TableId};
use thiserror::Error;

use crate::ports::{LockError, ProjectionError, RepositoryError};

/// Why the service did not do what was asked. Every variant but [`Unavailable`](Self::Unavailable)
/// is final: what was refused never takes effect later.
#[derive(Debug, Clone, Error)]
pub enum BookingError {
    /// There is no such event.
    #[error("there is no such event")]
    EventNotFound,
    /// There is no such layout.
    #[error("there is no such layout")]
    LayoutNotFound,
    /// The layout has no such table.
    #[error("the layout has no such table")]
    TableNotFound(TableId),
    /// There is no such booking, or it is somebody else's.
    #[error("there is no such booking")]
    BookingNotFound,
    /// The layout has no such seats.
    #[error("the layout lacks some of these seats")]
    UnknownSeats(Vec<SeatId>),
    /// These seats are named twice: singly, or through their table.
    #[error("a seat was named more than once")]
    DuplicateSeats(Vec<SeatId>),
    /// The request names no seat at all.
    #[error("at least one seat or table is needed")]
    NoSeats,
    /// The request names more seats than allowed.
    #[error("at most {max} seats are allowed in one request")]
    TooManySeats {
        /// How many are allowed.
        max: u32,
    },
    /// The hold would be too short or too long.
    #[error("a hold lasts from {} to {} seconds", min.as_secs_f64(), max.as_secs_f64())]
    HoldDuration {
        /// The shortest.
        min: Duration,
        /// The longest.
        max: Duration,
    },
    /// Something is held by someone else, booked or blocked; nothing was held.
    #[error("some of the seats are not available")]
    SeatsUnavailable {
        /// Every seat in the way.
        seats: Vec<SeatId>,
        /// Every table in the way.
        tables: Vec<TableId>,
    },
    /// The caller does not hold all of the seats.
    #[error("some of the seats are not held by the caller")]
    NotHeld(Vec<SeatId>),
    /// The caller would hold too many seats of the event.
    #[error("a user holds at most {limit} seats of an event at once")]
    HoldLimit {
        /// How many are allowed.
        limit: u32,
    },
    /// The booking is not in a state in which that can be done.
    #[error("{reason}")]
    InvalidState {
        /// Why not.
        reason: &'static str,
    },
    /// The amount of a payment is not the booking's total.
    #[error("the amount is not the booking's total")]
    AmountMismatch,
    /// The idempotency key was used with another payload.
    #[error("the idempotency key was used with another payload")]
    IdempotencyMismatch,
    /// A store can't be reached or the outcome is unknown: repeat the same request with the same
    /// key.
    #[error("the outcome is not known yet")]
    Unavailable(#[source] Option<StoreError>),
}

/// The store that gave no answer.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// The lock store.
    #[error(transparent)]
    Locks(#[from] LockError),
    /// The repository.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The projection, on which no sale waits.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
}

impl From<LockError> for BookingError {
    fn from(error: LockError) -> Self {
        Self::Unavailable(Some(error.into()))
    }
}

impl From<RepositoryError> for BookingError {
    fn from(error: RepositoryError) -> Self {
        Self::Unavailable(Some(error.into()))
    }
}

impl From<ProjectionError> for BookingError {
    fn from(error: ProjectionError) -> Self {
        Self::Unavailable(Some(error.into()))
    }
}
