use seat_layout::{BookingId, EventId, SeatId};
use seat_state::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Booking, Item, RequestMark, Selection};

/// What a repository keeps under a booking id. There is one document for each id, for ever, so
/// whoever writes first has decided it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Record {
    /// Seats that were sold.
    Booking(Box<Booking>),
    /// A seat that the house keeps back.
    Block(Block),
    /// An attempt that can never become a booking any more.
    Abandoned(Abandoned),
}

/// A seat that the house keeps back. It has an id of its own, so that one uniqueness decides
/// between a block and a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The block.
    pub id: BookingId,
    /// The event.
    pub event: EventId,
    /// The seat.
    pub seat: SeatId,
    /// When it was made, by the clock of the node that did it.
    pub created_at: Timestamp,
}

/// An attempt that can never become a booking any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abandoned {
    /// The attempt.
    pub id: BookingId,
    /// The event.
    pub event: EventId,
    /// The request it belonged to, where that is known.
    pub request: Option<RequestMark>,
    /// When it was abandoned, by the clock of the node that did it.
    pub created_at: Timestamp,
}

/// A document that has seats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    /// The booking or block.
    pub id: BookingId,
    /// Which of the two.
    pub mark: Mark,
    /// What it has.
    pub items: Vec<Item>,
}

/// What an item of an active document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// In a booking.
    Booked,
    /// Kept back.
    Blocked,
}

impl Record {
    /// Its id.
    pub fn id(&self) -> BookingId {
        match self {
            Self::Booking(booking) => booking.id,
            Self::Block(block) => block.id,
            Self::Abandoned(abandoned) => abandoned.id,
        }
    }

    /// Its event.
    pub fn event(&self) -> EventId {
        match self {
            Self::Booking(booking) => booking.event_id,
            Self::Block(block) => block.event,
            Self::Abandoned(abandoned) => abandoned.event,
        }
    }

    /// The request that made it, where that is known.
    pub fn request(&self) -> Option<&RequestMark> {
        match self {
            Self::Booking(booking) => Some(&booking.request),
            Self::Block(_) => None,
            Self::Abandoned(abandoned) => abandoned.request.as_ref(),
        }
    }

    /// What it has at present; `None` of a cancelled booking and an abandoned attempt.
    pub fn active(&self) -> Option<Active> {
        match self {
            Self::Booking(booking) => booking.is_active().then(|| Active {
                id: booking.id,
                mark: Mark::Booked,
                items: booking.selection().items().collect(),
            }),
            Self::Block(block) => Some(Active {
                id: block.id,
                mark: Mark::Blocked,
                items: vec![Item::Seat(block.seat.clone())],
            }),
            Self::Abandoned(_) => None,
        }
    }

    /// What it has or had.
    pub fn selection(&self) -> Selection {
        match self {
            Self::Booking(booking) => booking.selection(),
            Self::Block(block) => Selection::of_seats(vec![block.seat.clone()]),
            Self::Abandoned(_) => Selection::default(),
        }
    }
}
