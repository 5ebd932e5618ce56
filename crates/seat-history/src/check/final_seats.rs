//! The seats as they are shown at the end: I5 and I6.

use std::collections::HashMap;

use super::{
    Findings,
    ends::{End, Ends},
    index::{Index, SeatNumber},
};
use crate::{FinalBooking, FinalSeat, Invariant, Operation, OperationKind, Outcome, SeatStatus};

/// What of the history bears on how a seat may be shown.
#[derive(Default, Clone)]
struct Past<'a> {
    /// The active booking that has it.
    booked: Option<&'a FinalBooking>,
    /// Something without an outcome may still change it.
    open: bool,
    /// Holds and extensions that were not refused.
    holds: Vec<usize>,
    /// Blocks that were not refused.
    blocks: Vec<usize>,
    /// After this no block began that may count; none is none at all.
    blocks_over: Option<u64>,
    /// When the last unblock that was answered yes began.
    unblocked: Option<u64>,
    /// Whether anything may have unblocked it, or undone a block.
    unblock_asked: bool,
}

pub(super) fn check(index: &Index<'_>, findings: &mut Findings<'_>) {
    let quiet = index.history.end.quiet;
    let read_at = index.history.end.at_us.unwrap_or_else(|| last_time(index));
    if !quiet && index.gaps.touch(read_at, read_at) {
        return;
    }
    let past = past(index);
    let asked = asked_holds(index);
    let none = Past::default();
    for seat in &index.history.seats {
        let past = past.get(&index.seat(&seat.event, &seat.seat)).unwrap_or(&none);
        // Bookings and seats are not read at one moment.
        if quiet || !past.open {
            compare(index, seat, past, findings, |hold| may_last(index, &asked, hold, read_at));
        }
    }
}

fn compare(
    index: &Index<'_>,
    seat: &FinalSeat,
    past: &Past<'_>,
    findings: &mut Findings<'_>,
    may_last: impl Fn(usize) -> bool,
) {
    let FinalSeat { event, seat: name, status } = seat;
    let place = format!("seat {name} of event {event}");
    match (status, past.booked) {
        (SeatStatus::Booked, Some(_)) => {}
        (SeatStatus::Available | SeatStatus::Held | SeatStatus::Blocked, Some(booking)) => {
            let shown = word(*status);
            let (id, user) = (&booking.booking, &booking.user);
            let what =
                format!("{place} is shown {shown}, though it is in booking {id} of user {user}");
            let confirms = index.bookings.get(id.as_str()).map(|known| known.confirms.as_slice());
            findings.add(Invariant::I5, what, confirms.unwrap_or_default());
        }
        (SeatStatus::Booked, None) => {
            let what = format!("{place} is shown booked, and is in no active booking");
            findings.add(Invariant::I6, what, &[]);
        }
        (SeatStatus::Blocked, None) => {
            let unblocked = past.unblocked > past.blocks_over;
            if past.blocks.is_empty() || unblocked {
                let what = format!("{place} is shown blocked, and nobody keeps it back");
                findings.add(Invariant::I6, what, &past.blocks);
            }
        }
        (SeatStatus::Available | SeatStatus::Held, None) if past.surely_blocked(index) => {
            let shown = word(*status);
            let what = format!("{place} is shown {shown}, though the house keeps it back");
            findings.add(Invariant::I5, what, &past.blocks);
        }
        (SeatStatus::Held, None) => {
            let quiet = index.history.end.quiet;
            if quiet || !past.holds.iter().any(|&hold| may_last(hold)) {
                let what = format!("{place} is shown held, and no hold can last any more");
                findings.add(Invariant::I6, what, &past.holds);
            }
        }
        (SeatStatus::Available, None) => {}
    }
}

impl Past<'_> {
    /// Whether a block was answered yes, and nothing may have undone it.
    fn surely_blocked(&self, index: &Index<'_>) -> bool {
        !self.unblock_asked && self.blocks.iter().any(|&number| index.operation(number).is_yes())
    }
}

fn past<'a>(index: &Index<'a>) -> HashMap<SeatNumber, Past<'a>> {
    let mut all: HashMap<SeatNumber, Past<'a>> = HashMap::with_capacity(index.seat_count());
    for (number, operation) in index.operations() {
        for seat in index.seats_of(number) {
            all.entry(seat).or_default().add(number, operation);
        }
    }
    for known in index.bookings.values() {
        let Some(found) = known.found else { continue };
        let unknown = |&number: &usize| index.operation(number).outcome == Outcome::Unknown;
        let open = known.cancels.iter().any(unknown);
        for seat in &found.seats {
            let past = all.entry(index.seat(&found.event, seat)).or_default();
            past.open |= open;
            if found.is_active() {
                past.booked = Some(found);
            }
        }
    }
    all
}

impl Past<'_> {
    fn add(&mut self, number: usize, operation: &Operation) {
        let unknown = operation.outcome == Outcome::Unknown;
        match operation.kind {
            OperationKind::Hold | OperationKind::Extend if operation.may_count() => {
                self.holds.push(number);
            }
            OperationKind::Confirm => self.open |= unknown,
            OperationKind::Block => {
                self.open |= unknown;
                // One that was refused undoes what it did.
                self.unblock_asked |= !operation.is_yes();
                if operation.may_count() {
                    self.blocks.push(number);
                    self.blocks_over = self.blocks_over.max(Some(operation.over()));
                }
            }
            OperationKind::Unblock => {
                self.open |= unknown;
                self.unblock_asked |= operation.may_count();
                if operation.is_yes() {
                    self.unblocked = self.unblocked.max(Some(operation.start_us));
                }
            }
            OperationKind::Hold
            | OperationKind::Extend
            | OperationKind::Release
            | OperationKind::Cancel
            | OperationKind::Payment => {}
        }
    }
}

/// Whether a hold of the seat may still last at that time.
fn may_last(index: &Index<'_>, asked: &Ends, number: usize, time: u64) -> bool {
    let hold = index.operation(number);
    let (Outcome::Yes, Some(expires)) = (hold.outcome, hold.expires_us) else { return true };
    // Rounded down to the driver's clock, at most by as long as the request took.
    if expires.saturating_add(hold.end() - hold.start_us) >= time {
        return true;
    }
    // It is answered with the earliest expiry of its seats: where the user may have held one of
    // them before, the others may last longer.
    let user = index.user(number);
    index.seats_of(number).any(|seat| asked.first((seat, user), 0, [number; 2]) <= hold.end())
}

/// Every hold and extension that may count, to be asked for the first of a user and a seat.
fn asked_holds(index: &Index<'_>) -> Ends {
    let holds = index.operations().filter(|(_, operation)| {
        let holds = matches!(operation.kind, OperationKind::Hold | OperationKind::Extend);
        holds && operation.may_count()
    });
    Ends::new(
        holds
            .flat_map(|(number, operation)| {
                let (start, user) = (operation.start_us, index.user(number));
                let over = u64::MAX;
                let seats = index.seats_of(number).collect::<Vec<_>>();
                seats.into_iter().map(move |seat| End {
                    place: (seat, user),
                    start,
                    over,
                    operation: number,
                })
            })
            .collect(),
    )
}

/// The last time that the history tells of.
fn last_time(index: &Index<'_>) -> u64 {
    let operations = &index.history.operations;
    let times = operations.iter().flat_map(|o| [Some(o.start_us), o.end_us]);
    let faults = index.history.faults.iter().flat_map(|f| [Some(f.start_us), f.end_us]);
    times.chain(faults).flatten().max().unwrap_or(0)
}

fn word(status: SeatStatus) -> &'static str {
    match status {
        SeatStatus::Available => "available",
        SeatStatus::Held => "held",
        SeatStatus::Booked => "booked",
        SeatStatus::Blocked => "blocked",
    }
}
