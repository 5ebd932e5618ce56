//! A long history of a simple sale: `cargo test --release -p seat-history -- --nocapture million`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "what is tested is how long it takes"
)]

use std::time::Instant;

use crate::{
    BookingStatus, FinalBooking, FinalEnd, FinalSeat, History, Line, Operation, OperationKind,
    Outcome, SeatStatus, check,
};

const USERS: usize = 1_000;
const SEATS: usize = 10_000;

/// How many operations are checked; fewer without optimisation.
const OPERATIONS: usize = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };

/// Each order is a hold, a hold of somebody else that is refused, a confirm and its repetition, a
/// payment of every third, and a cancel, so that the seats are sold again.
fn sale(operations: usize) -> Vec<Line> {
    let mut lines = Vec::with_capacity(operations + SEATS);
    let mut bookings = Vec::new();
    let mut now = 0;
    let event = || "64b7f0c2a1d3e4f5a6b7c8d9".to_owned();
    for order in 0.. {
        if lines.len() >= operations {
            break;
        }
        let user = format!("user-{}", order % USERS);
        let seat = |n: usize| format!("A-{}", n % SEATS);
        let seats = vec![seat(order * 2), seat(order * 2 + 1)];
        let id = format!("booking-{order}");
        let mut push = |operation: Operation| {
            now += 10;
            let (event, start_us, end_us) = (event(), now, Some(now + 25));
            lines.push(Line::Operation(Operation { event, start_us, end_us, ..operation }));
            now += 20;
        };
        let asked = |kind, outcome| Operation {
            kind,
            outcome,
            user: user.clone(),
            seats: seats.clone(),
            ..Operation::default()
        };
        let about = |kind| Operation {
            kind,
            outcome: Outcome::Yes,
            booking: Some(id.clone()),
            ..Operation::default()
        };
        push(Operation {
            expires_us: Some(600_000_000 + order as u64 * 200),
            ..asked(OperationKind::Hold, Outcome::Yes)
        });
        push(Operation {
            user: format!("user-{}", (order + 1) % USERS),
            seats: seats[1..].to_vec(),
            code: Some("seats_unavailable".into()),
            ..asked(OperationKind::Hold, Outcome::No)
        });
        let confirm = Operation {
            key: Some(format!("order-{order}")),
            booking: Some(id.clone()),
            total: Some(15_000),
            ..asked(OperationKind::Confirm, Outcome::Yes)
        };
        push(confirm.clone());
        push(confirm);
        if order % 3 == 0 {
            push(about(OperationKind::Payment));
        }
        push(about(OperationKind::Cancel));
        bookings.push(Line::Booking(FinalBooking {
            booking: id,
            event: event(),
            user,
            seats,
            status: BookingStatus::Cancelled,
            total: Some(15_000),
            ..FinalBooking::default()
        }));
    }
    lines.append(&mut bookings);
    lines.extend((0..SEATS).map(|n| {
        let seat = format!("A-{n}");
        Line::Seat(FinalSeat { event: event(), seat, status: SeatStatus::Available })
    }));
    lines.push(Line::End(FinalEnd { at_us: None, quiet: true }));
    lines
}

#[test]
fn a_right_history_of_a_million_operations_is_accepted_in_seconds() {
    let mut text = Vec::new();
    for line in sale(OPERATIONS) {
        History::write_line(&mut text, &line).unwrap();
    }
    let started = Instant::now();
    let history = History::read(text.as_slice()).unwrap();
    let read = started.elapsed();
    let report = check(&history);
    let all = started.elapsed();
    assert!(report.violations.is_empty(), "{report}");
    assert!(history.operations.len() >= OPERATIONS);
    assert!(all.as_secs() < 30, "it took {all:?}");
    eprintln!(
        "{} operations, {} MB: read in {read:?}, checked in {:?}",
        history.operations.len(),
        text.len() / 1_000_000,
        all - read
    );

    // It was not accepted because nothing was looked at.
    let mut spoilt = history;
    let last = spoilt.operations.iter().rposition(|o| o.kind == OperationKind::Cancel).unwrap();
    spoilt.operations[last].outcome = Outcome::No;
    assert_eq!(check(&spoilt).violations.len(), 1);
}

/// A hot spot must not make it quadratic: one user, one seat.
#[test]
fn a_history_of_one_seat_takes_no_longer() {
    let mut history = History::default();
    for line in sale(OPERATIONS / 5) {
        history.push(line);
    }
    for operation in &mut history.operations {
        if !operation.seats.is_empty() {
            operation.seats = vec!["A-1".into()];
        }
        if operation.code.is_none() {
            operation.user = "ann".into();
        }
    }
    for booking in &mut history.bookings {
        booking.seats = vec!["A-1".into()];
        booking.user = "ann".into();
    }
    let started = Instant::now();
    let report = check(&history);
    assert!(report.violations.is_empty(), "{report}");
    assert!(started.elapsed().as_secs() < 30, "it took {:?}", started.elapsed());
}
