use std::{fmt, time::Duration};

use seat_history::Operation;
use seat_layout::{BookingId, Money, SeatId};

use crate::version::Version;

/// What one user saw in one sale. Everything that is reported is computed from it afterwards, so
/// that a request in the storm costs one push.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) bookings: Vec<Booking>,
    /// Every request in full, where a history is wanted.
    pub(crate) operations: Vec<Operation>,
}

/// A request that was sent, answered or not.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) step: Step,
    /// `None` when the connection broke before the answer, or there was none.
    pub(crate) status: Option<u16>,
    pub(crate) latency_us: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Hold,
    Confirm,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hold => "hold",
            Self::Confirm => "confirm",
        })
    }
}

/// A booking as the server answered it, with the seats as positions in the layout, both lists ascending.
#[derive(Debug, Clone)]
pub(crate) struct Booking {
    pub(crate) id: BookingId,
    pub(crate) asked: Vec<u32>,
    pub(crate) seats: Vec<u32>,
    /// Seats of the answer that the layout does not have.
    pub(crate) strangers: Vec<SeatId>,
    pub(crate) total: Money,
    pub(crate) version: Option<Version>,
    /// From the start of the sale to the answer.
    pub(crate) after: Duration,
}

impl Ledger {
    pub(crate) fn note(&mut self, step: Step, status: Option<u16>, latency: Duration) {
        let latency_us = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
        self.attempts.push(Attempt { step, status, latency_us });
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.attempts.append(&mut other.attempts);
        self.bookings.append(&mut other.bookings);
        self.operations.append(&mut other.operations);
    }
}
