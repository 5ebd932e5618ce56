use seat_layout::{Currency, Money, SeatId, TableId};

use crate::{Timestamp, Version};

/// Seats that one user holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The seats, all of them or none: a hold is never a part of what was asked for.
    pub seats: Vec<SeatId>,
    /// The table, when a table is held.
    pub table: Option<TableId>,
    /// When the first of the seats was held, by the lock store's clock.
    pub held_at: Timestamp,
    /// When the first of the seats becomes available again, by the lock store's clock.
    pub expires_at: Timestamp,
    /// The version at which they are held.
    pub version: Version,
    /// What the seats cost together.
    pub total_amount: Money,
    /// What that is in.
    pub currency: Currency,
}

impl Hold {
    /// The seats.
    pub fn seats(&self) -> &[SeatId] {
        &self.seats
    }
}

/// One held seat.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldSeat {
    /// The seat.
    pub seat: SeatId,
    /// The table that it is held with, when the table is held as a table.
    pub table: Option<TableId>,
    /// When it was first held.
    pub held_at: Timestamp,
    /// When it becomes available again.
    pub expires_at: Timestamp,
}
