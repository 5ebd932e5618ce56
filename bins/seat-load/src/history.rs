//! What the users saw, as a history that anyone can check.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use seat_history::{
    BookingStatus, Fault, FinalBooking, FinalEnd, FinalSeat, History, Line, Operation,
    OperationKind, Outcome, SeatStatus, Violation, check,
};
use seat_layout::{BookingId, EventId, Layout, Money, SeatId};
use serde::Deserialize;
use thiserror::Error;
use tokio::time::Instant;

use crate::{clock, ledger::Step, sale::Sale, wire::Answer};

/// Notes a user's requests in one sale.
#[derive(Debug)]
pub(crate) struct Notes {
    /// What all times are counted from.
    since: Instant,
    hold: Duration,
    /// When the user first asked for a seat: a hold of it lasts at least from then on.
    first_asked_us: HashMap<u32, u64>,
    operations: Vec<Operation>,
}

/// A request, as far as it is the same whenever it is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) step: Step,
    pub(crate) seats: &'a [u32],
    pub(crate) key: Option<&'a str>,
}

/// A booking as `my-bookings` lists it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedBooking {
    pub(crate) booking_id: BookingId,
    pub(crate) event_id: EventId,
    pub(crate) all_seat_ids: Vec<SeatId>,
    pub(crate) total_amount: Money,
    pub(crate) status: BookingStatus,
}

#[derive(Debug, Error)]
#[error("the history could not be written to {path}")]
pub(crate) struct WriteError {
    path: PathBuf,
    source: io::Error,
}

const CREATED: u16 = 201;

impl Notes {
    pub(crate) fn new(since: Instant, hold: Duration) -> Self {
        Self { since, hold, first_asked_us: HashMap::new(), operations: Vec::new() }
    }

    /// Notes that the request is about to be sent. It stays so when it is given up.
    pub(crate) fn ask(&mut self, sale: &Sale, user: u32, request: Request<'_>) {
        let now_us = self.now_us();
        let Request { step, seats, key } = request;
        let kind = match step {
            Step::Hold => OperationKind::Hold,
            Step::Confirm => OperationKind::Confirm,
        };
        let first_asked_us =
            seats.iter().map(|seat| *self.first_asked_us.entry(*seat).or_insert(now_us));
        let first_asked_us = first_asked_us.min().unwrap_or(now_us);
        let expires_us = first_asked_us.saturating_add(micros(self.hold));
        let id = |seat: &u32| sale.layout.seat_at(*seat as usize).id.to_string();
        self.operations.push(Operation {
            kind,
            event: sale.event.to_string(),
            user: user_name(user),
            seats: seats.iter().map(id).collect(),
            key: key.map(str::to_owned),
            start_us: now_us,
            expires_us: (step == Step::Hold).then_some(expires_us),
            ..Operation::default()
        });
    }

    /// Notes what became of the request that was noted last.
    pub(crate) fn answered(&mut self, answer: Option<&Answer>) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Said {
            booking_id: Option<String>,
            total_amount: Option<Money>,
            code: Option<String>,
        }
        let end_us = self.now_us();
        let Some(operation) = self.operations.last_mut() else { return };
        operation.end_us = Some(end_us);
        let Some(answer) = answer else { return };
        operation.outcome = match answer.status {
            CREATED => Outcome::Yes,
            400..500 => Outcome::No,
            _ => Outcome::Unknown,
        };
        if let Ok(said) = serde_json::from_slice::<Said>(&answer.body) {
            operation.code = said.code;
            if operation.kind == OperationKind::Confirm {
                operation.booking = said.booking_id;
                operation.total = said.total_amount.and_then(minor);
            }
        }
    }

    /// What was noted; only of holds that were given is known until when they last.
    pub(crate) fn into_operations(mut self) -> Vec<Operation> {
        for operation in &mut self.operations {
            operation.expires_us =
                operation.expires_us.filter(|_| operation.outcome == Outcome::Yes);
        }
        self.operations
    }

    fn now_us(&self) -> u64 {
        micros(clock::now() - self.since)
    }
}

/// The name that the users' tokens have as their subject.
pub(crate) fn user_name(user: u32) -> String {
    format!("storm-{user}")
}

/// Adds what a sale's users find that they have booked, and the states of its seats.
pub(crate) fn add_final_state(
    history: &mut History,
    event: EventId,
    layout: &Layout,
    bookings: &[(u32, ListedBooking)],
    states: &str,
) {
    let event = event.to_string();
    for (user, booking) in bookings {
        history.push(Line::Booking(FinalBooking {
            booking: booking.booking_id.to_string(),
            event: event.clone(),
            user: user_name(*user),
            seats: booking.all_seat_ids.iter().map(ToString::to_string).collect(),
            status: booking.status,
            total: minor(booking.total_amount),
            ..FinalBooking::default()
        }));
    }
    for (seat, state) in layout.seats().iter().zip(states.chars()) {
        let status = match state {
            'h' => SeatStatus::Held,
            'b' => SeatStatus::Booked,
            'x' => SeatStatus::Blocked,
            // The other audit reports a state that there is not.
            _ => SeatStatus::Available,
        };
        let seat = seat.id.to_string();
        history.push(Line::Seat(FinalSeat { event: event.clone(), seat, status }));
    }
}

/// Says that every event's final state is there, and that nothing was under way any more: every
/// seat is sold.
pub(crate) fn complete(history: &mut History) {
    history.push(Line::End(FinalEnd { at_us: None, quiet: true }));
}

/// What is wrong with a history, whatever happened to the servers and stores meanwhile.
///
/// The load generator knows of no fault, so it takes the lock store to have forgotten all the time.
/// Whoever knows better adds the faults to the file and checks that.
pub(crate) fn violations(history: &History) -> Vec<Violation> {
    let mut judged = history.clone();
    judged.push(Line::Fault(Fault {
        kind: "unknown".to_owned(),
        start_us: 0,
        end_us: None,
        forgets: true,
    }));
    check(&judged).violations
}

/// # Errors
/// [`WriteError`] names the file.
pub(crate) fn write(history: &History, path: &Path) -> Result<(), WriteError> {
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        history.write(&mut file)?;
        file.flush()
    };
    write().map_err(|source| WriteError { path: path.to_owned(), source })
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn minor(amount: Money) -> Option<u64> {
    u64::try_from(amount.minor()).ok()
}
