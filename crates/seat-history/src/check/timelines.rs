//! What seats surely were at each time: I1, I4 and I5.

use std::collections::BTreeMap;

use super::{
    Findings,
    ends::{End, Ends},
    index::{HOUSE, Index, SeatNumber},
    named,
    spans::{Span, Spans},
};
use crate::{Invariant, Operation, OperationKind, Outcome};

/// The seats on which two operations contradict each other.
type Clashes = BTreeMap<(usize, usize), Vec<SeatNumber>>;

pub(super) fn check(index: &Index<'_>, ends: &Ends, findings: &mut Findings<'_>) {
    let taken = taken(index);
    let holds =
        Spans::new(index.operations().filter(|(_, operation)| is_held(operation)).flat_map(
            |(number, operation)| {
                let spans = index.seats_of(number).filter_map(|seat| {
                    let until = held_until(index, ends, number, seat, number)?;
                    let owner = index.user(number);
                    Some(Span { seat, owner, from: operation.end(), until, operation: number })
                });
                spans.collect::<Vec<_>>()
            },
        ));
    two_bookings(index, &taken, findings);
    two_holds(index, &holds, findings);
    booked_and_held(index, &taken, &holds, findings);
}

/// When a hold or extension surely still lasted: until it expires, the user may have given it up,
/// or the lock store may have forgotten it. What `but` may have done to it is passed over.
pub(super) fn held_until(
    index: &Index<'_>,
    ends: &Ends,
    number: usize,
    seat: SeatNumber,
    but: usize,
) -> Option<u64> {
    let operation = index.operation(number);
    let expires = operation.expires_us?;
    let user = index.user(number);
    let since = operation.start_us;
    let ended = |seat| ends.first((seat, user), since, [number, but]);
    let ended = ended(seat).min(ended(index.whole(number)));
    Some(expires.min(ended).min(index.gaps.first_from(since)))
}

/// Everything that may end a hold before it expires.
pub(super) fn hold_ends(index: &Index<'_>) -> Ends {
    let mut ends = Vec::new();
    for (number, operation) in index.operations() {
        let ends_holds = match operation.kind {
            OperationKind::Release => operation.may_count(),
            OperationKind::Confirm => true,
            // A table takes in the user's single seats, and all of them expire with the earliest.
            OperationKind::Hold => operation.may_count() && !operation.tables.is_empty(),
            OperationKind::Extend
            | OperationKind::Cancel
            | OperationKind::Payment
            | OperationKind::Block
            | OperationKind::Unblock => false,
        };
        if ends_holds {
            let user = index.user(number);
            let (start, over) = (operation.start_us, operation.over());
            let mut end = |seat| {
                ends.push(End { place: (seat, user), start, over, operation: number });
            };
            index.seats_of(number).for_each(&mut end);
            if operation.seats.is_empty() {
                end(index.whole(number));
            }
        }
    }
    Ends::new(ends)
}

/// Whether it was answered that the seats are held.
pub(super) fn is_held(operation: &Operation) -> bool {
    let holds = matches!(operation.kind, OperationKind::Hold | OperationKind::Extend);
    holds && operation.is_yes()
}

/// When seats surely were in a booking, or kept back by the house.
fn taken(index: &Index<'_>) -> Spans {
    let mut spans = Vec::new();
    for (owner, known) in index.bookings.values().enumerate() {
        if let Some((operation, from, until)) = known.surely_active(index.history) {
            spans.extend(index.seats_of(operation).map(|seat| Span {
                seat,
                owner: owner as u32,
                from,
                until,
                operation,
            }));
        }
    }
    let ends = block_ends(index);
    for (number, operation) in index.operations() {
        if operation.kind == OperationKind::Block && operation.is_yes() {
            spans.extend(index.seats_of(number).map(|seat| Span {
                seat,
                owner: HOUSE,
                from: operation.end(),
                until: ends.first((seat, HOUSE), operation.start_us, [number; 2]),
                operation: number,
            }));
        }
    }
    Spans::new(spans)
}

/// Everything that may end a block: also a block that was refused in the end, since it undoes what
/// another may have found blocked.
fn block_ends(index: &Index<'_>) -> Ends {
    let mut ends = Vec::new();
    for (number, operation) in index.operations() {
        let ends_blocks = match (operation.kind, operation.outcome) {
            (OperationKind::Unblock, Outcome::Yes | Outcome::Unknown)
            | (OperationKind::Block, Outcome::No | Outcome::Unknown) => true,
            (OperationKind::Unblock, Outcome::No)
            | (OperationKind::Block, Outcome::Yes)
            | (
                OperationKind::Hold
                | OperationKind::Extend
                | OperationKind::Release
                | OperationKind::Confirm
                | OperationKind::Cancel
                | OperationKind::Payment,
                Outcome::Yes | Outcome::No | Outcome::Unknown,
            ) => false,
        };
        if ends_blocks {
            let (start, over) = (operation.start_us, operation.over());
            ends.extend(index.seats_of(number).map(|seat| End {
                place: (seat, HOUSE),
                start,
                over,
                operation: number,
            }));
        }
    }
    Ends::new(ends)
}

fn two_bookings(index: &Index<'_>, taken: &Spans, findings: &mut Findings<'_>) {
    for ((one, other), seats) in clashes(taken) {
        let (first, second) = (taker(index, one), taker(index, other));
        let seats = named(seats.iter().map(|&seat| index.seat_name(seat)));
        let event = &index.operation(one).event;
        let what = format!("{seats} of event {event}: {first} and {second} had it at once");
        findings.add(Invariant::I1, what, &[one, other]);
    }
}

fn two_holds(index: &Index<'_>, holds: &Spans, findings: &mut Findings<'_>) {
    let mut found = clashes(holds);
    // A hold of which is not known how long it lasted was still given at some time of its request.
    for (number, operation) in index.operations().filter(|(_, operation)| is_held(operation)) {
        let owner = index.user(number);
        for seat in index.seats_of(number) {
            if let Some(span) = holds.other(seat, owner, operation.start_us, operation.end()) {
                note(&mut found, span.operation, number, seat);
            }
        }
    }
    for ((one, other), seats) in found {
        let (first, second) = (holder(index, one), holder(index, other));
        let seats = named(seats.iter().map(|&seat| index.seat_name(seat)));
        let event = &index.operation(one).event;
        let what = format!("{seats} of event {event}: {first}, and {second} at the same time");
        findings.add(Invariant::I4, what, &[one, other]);
    }
}

fn booked_and_held(index: &Index<'_>, taken: &Spans, holds: &Spans, findings: &mut Findings<'_>) {
    /// No taker: a user is not compared with bookings.
    const NOBODY: u32 = u32::MAX - 1;
    let mut found = Clashes::new();
    for (number, operation) in index.operations().filter(|(_, operation)| is_held(operation)) {
        let (start, end) = (operation.start_us, operation.end());
        if !index.gaps.touch(start, end) {
            for seat in index.seats_of(number) {
                if let Some(span) = taken.other(seat, NOBODY, start, end) {
                    note(&mut found, number, span.operation, seat);
                }
            }
        }
    }
    for hold in holds.iter() {
        if let Some(span) = taken.other(hold.seat, NOBODY, hold.until, hold.from) {
            note(&mut found, hold.operation, span.operation, hold.seat);
        }
    }
    for ((hold, other), seats) in found {
        let (holder, taker) = (holder(index, hold), taker(index, other));
        let seats = named(seats.iter().map(|&seat| index.seat_name(seat)));
        let event = &index.operation(hold).event;
        let what = format!("{seats} of event {event}: {holder}, though {taker} had it");
        findings.add(Invariant::I5, what, &[hold, other]);
    }
}

/// Every pair of operations whose spans have a time in common; of a span that meets several, one.
fn clashes(spans: &Spans) -> Clashes {
    let mut found = Clashes::new();
    for span in spans.iter() {
        if let Some(other) = spans.meeting(span) {
            let (one, other) = (span.operation, other.operation);
            note(&mut found, one.min(other), one.max(other), span.seat);
        }
    }
    found
}

fn note(clashes: &mut Clashes, one: usize, other: usize, seat: SeatNumber) {
    clashes.entry((one, other)).or_default().push(seat);
}

fn taker(index: &Index<'_>, number: usize) -> String {
    let operation = index.operation(number);
    match &operation.booking {
        Some(booking) => format!("booking {booking} of user {}", operation.user),
        None => "the house, which keeps it back,".to_owned(),
    }
}

fn holder(index: &Index<'_>, number: usize) -> String {
    let operation = index.operation(number);
    let (user, start, end) = (&operation.user, operation.start_us, operation.end());
    format!("user {user} was given a hold between {start} and {end} µs")
}
