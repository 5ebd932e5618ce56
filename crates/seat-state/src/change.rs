use seat_layout::SeatId;

use crate::{Status, Timestamp};

/// One atomic change of an event: the new state of every seat that it touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number within the epoch; the first is 1.
    pub seq: u64,
    /// The seats as they are after it, each once.
    pub seats: Vec<SeatChange>,
}

/// A seat as it is after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatChange {
    /// Which seat.
    pub seat: SeatId,
    /// What it is now.
    pub status: Status,
    /// When its hold ends, of a held seat.
    pub expires_at: Option<Timestamp>,
}

impl SeatChange {
    /// A seat that is not held.
    pub fn now(seat: SeatId, status: Status) -> Self {
        Self { seat, status, expires_at: None }
    }

    /// A seat that is held until then.
    pub fn held(seat: SeatId, until: Timestamp) -> Self {
        Self { seat, status: Status::Held, expires_at: Some(until) }
    }
}
