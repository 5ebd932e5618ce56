//! What the customers saw, as anybody's history: the checker of histories looks at it too.

use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use seat_booking::{
    Booking, BookingError, BookingStatus,
    ports::{Repository, RepositoryError},
};
use seat_history::{
    Fault, FinalBooking, FinalEnd, FinalSeat, History, Invariant, Line, Operation, OperationKind,
    Outcome, SeatStatus, check,
};
use seat_layout::{SeatId, TableId, UserId};
use seat_state::Status;

use crate::{
    house::House,
    world::{World, lock},
};

/// Cloning shares it.
#[derive(Clone, Default)]
pub(crate) struct Noted(Arc<Mutex<History>>);

impl Noted {
    /// A request has ended, or was given up.
    pub(crate) fn request<T>(
        &self,
        world: &World,
        mut operation: Operation,
        answer: &Option<Result<T, BookingError>>,
        tell: impl FnOnce(&T, &mut Operation),
    ) {
        operation.end_us = Some(world.now_us());
        match answer {
            None | Some(Err(BookingError::Unavailable(_))) => {}
            Some(Ok(done)) => {
                operation.outcome = Outcome::Yes;
                tell(done, &mut operation);
            }
            Some(Err(error)) => {
                operation.outcome = Outcome::No;
                operation.code = Some(code(error).to_owned());
            }
        }
        lock(&self.0).push(Line::Operation(operation));
    }

    /// The lock store has forgotten something.
    pub(crate) fn loss(&self, world: &World, kind: &str) {
        let now_us = world.now_us();
        let fault =
            Fault { kind: kind.into(), start_us: now_us, end_us: Some(now_us), forgets: true };
        lock(&self.0).push(Line::Fault(fault));
    }

    /// The state at the end, and what the checker says of it all.
    pub(crate) fn check(
        &self,
        world: &World,
        house: &House,
        users: &[UserId],
        shown: impl Iterator<Item = (SeatId, Status)>,
    ) {
        let mut history = lock(&self.0).clone();
        for booking in users.iter().flat_map(|user| bookings_of(house, user)) {
            history.push(Line::Booking(last(house, &booking)));
        }
        for (seat, status) in shown {
            let status = match status {
                Status::Available => SeatStatus::Available,
                Status::Held => SeatStatus::Held,
                Status::Booked => SeatStatus::Booked,
                Status::Blocked => SeatStatus::Blocked,
            };
            let (event, seat) = (house.event.to_string(), seat.to_string());
            history.push(Line::Seat(FinalSeat { event, seat, status }));
        }
        history.push(Line::End(FinalEnd { at_us: Some(world.now_us()), quiet: true }));
        let report = check(&history);
        if let Some(violation) = report.violations.first() {
            world.broke(name(violation.invariant), || {
                let lines = violation.operations.iter().map(|&at| &history.operations[at]);
                format!("by the history: {violation}: {:#?}", lines.collect::<Vec<_>>())
            });
        }
    }
}

/// A request of this kind that is about to be sent.
pub(crate) fn request(
    world: &World,
    house: &House,
    kind: OperationKind,
    user: &UserId,
) -> Operation {
    Operation {
        kind,
        event: house.event.to_string(),
        user: user.to_string(),
        start_us: world.now_us(),
        ..Operation::default()
    }
}

pub(crate) fn texts<'s>(ids: impl IntoIterator<Item = &'s SeatId>) -> Vec<String> {
    ids.into_iter().map(ToString::to_string).collect()
}

pub(crate) fn table_texts(ids: &[TableId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn bookings_of(house: &House, user: &UserId) -> Vec<Booking> {
    let asked = house.repository.bookings_of(user.clone(), None, usize::MAX);
    let found: Result<_, RepositoryError> = asked.now_or_never().expect("memory answers at once");
    found.expect("memory does not fail")
}

fn last(house: &House, booking: &Booking) -> FinalBooking {
    let selection = booking.selection();
    let tables: Vec<TableId> = selection.tables.iter().map(|t| t.table.clone()).collect();
    FinalBooking {
        booking: booking.id.to_string(),
        event: house.event.to_string(),
        user: booking.user_id.to_string(),
        seats: texts(selection.all_seats()),
        tables: table_texts(&tables),
        status: match booking.status {
            BookingStatus::Pending | BookingStatus::Confirmed => {
                seat_history::BookingStatus::Confirmed
            }
            BookingStatus::Paid => seat_history::BookingStatus::Paid,
            BookingStatus::Cancelled => seat_history::BookingStatus::Cancelled,
        },
        total: u64::try_from(booking.total_amount.minor()).ok(),
        key: booking.request.key.as_ref().map(|key| key.as_str().to_owned()),
    }
}

fn code(error: &BookingError) -> &'static str {
    match error {
        BookingError::SeatsUnavailable { .. } => "seats_unavailable",
        BookingError::NotHeld(_) => "not_held",
        BookingError::HoldLimit { .. } => "hold_limit",
        BookingError::InvalidState { .. } => "invalid_state",
        BookingError::IdempotencyMismatch => "idempotency_mismatch",
        BookingError::BookingNotFound => "booking_not_found",
        BookingError::EventNotFound
        | BookingError::LayoutNotFound
        | BookingError::TableNotFound(_)
        | BookingError::UnknownSeats(_)
        | BookingError::DuplicateSeats(_)
        | BookingError::NoSeats
        | BookingError::TooManySeats { .. }
        | BookingError::HoldDuration { .. }
        | BookingError::AmountMismatch => "validation_error",
        BookingError::Unavailable(_) => "unavailable",
    }
}

fn name(invariant: Invariant) -> &'static str {
    match invariant {
        Invariant::I1 => "I1",
        Invariant::I2 => "I2",
        Invariant::I3 => "I3",
        Invariant::I4 => "I4",
        Invariant::I5 => "I5",
        Invariant::I6 => "I6",
        Invariant::I7 => "I7",
        Invariant::I8 => "I8",
    }
}
