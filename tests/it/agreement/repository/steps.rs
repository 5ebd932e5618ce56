//! What a repository is asked, as values.

use seat_booking::{BookingStatus, contract::SeededRandomness};

use super::super::choice::Choice;

pub(super) const LAYOUTS: usize = 2;
pub(super) const EVENTS: usize = 4;
pub(super) const USERS: usize = 3;
/// How many documents there may be; few, so that they meet.
pub(super) const IDS: usize = 9;
/// How many moments there are at which something was made.
const MOMENTS: usize = 3;
const STEPS: usize = 30;
const ITEMS: [&str; 6] = ["A-1", "A-2", "T0-1", "T0-2", "table:T0", "table:T1"];

/// A step. Layouts, events, users, documents and moments are places in the lists of the sequence.
#[derive(Debug, Clone)]
pub(super) enum Step {
    InsertLayout {
        layout: usize,
    },
    Layout {
        layout: usize,
    },
    InsertEvent {
        event: usize,
    },
    Event {
        event: usize,
    },
    Events {
        before: Option<usize>,
        limit: usize,
    },
    Book {
        id: usize,
        event: usize,
        user: usize,
        what: String,
        at: usize,
        status: BookingStatus,
    },
    Block {
        id: usize,
        event: usize,
        seat: &'static str,
        at: usize,
    },
    Abandon {
        id: usize,
        event: usize,
        has_request: bool,
        at: usize,
    },
    Record {
        id: usize,
    },
    /// Writes the booking that was written last under this id, or one that never was, with a
    /// revision so many greater.
    Update {
        id: usize,
        revisions: u32,
        status: BookingStatus,
        at: usize,
    },
    Unblock {
        id: usize,
    },
    Active {
        event: usize,
        after: Option<usize>,
        limit: usize,
    },
    Owners {
        event: usize,
        what: String,
    },
    BookingsOf {
        user: usize,
        before: Option<(usize, usize)>,
        limit: usize,
    },
}

pub(super) fn steps(random: &SeededRandomness) -> Vec<Step> {
    let choice = Choice(random);
    (0..STEPS).map(|_| step(choice)).collect()
}

fn step(choice: Choice) -> Step {
    let (id, event, user, at) =
        (choice.of(IDS), choice.of(EVENTS), choice.of(USERS), choice.of(MOMENTS));
    // Most documents are of one event, so that they want the same items.
    let event = if choice.once_in(3) { event } else { 0 };
    let limit = choice.one(&[0, 1, 2, 3, 50]);
    match choice.of(60) {
        0 => Step::InsertLayout { layout: choice.of(LAYOUTS) },
        1 => Step::Layout { layout: choice.of(LAYOUTS) },
        2..6 => Step::InsertEvent { event },
        6 => Step::Event { event },
        7..10 => Step::Events { before: maybe(choice, EVENTS), limit },
        10..21 => {
            let status = choice.one(&[
                BookingStatus::Pending,
                BookingStatus::Confirmed,
                BookingStatus::Confirmed,
                BookingStatus::Paid,
            ]);
            Step::Book { id, event, user, what: some(choice), at, status }
        }
        21..25 => Step::Block { id, event, seat: choice.one(&["A-1", "A-2", "T0-1"]), at },
        25..28 => Step::Abandon { id, event, has_request: choice.once_in(2), at },
        28..33 => Step::Record { id },
        33..40 => {
            let status = choice.one(&[
                BookingStatus::Confirmed,
                BookingStatus::Paid,
                BookingStatus::Cancelled,
                BookingStatus::Cancelled,
            ]);
            Step::Update { id, revisions: choice.one(&[0, 1, 1, 1, 1, 2]), status, at }
        }
        40..44 => Step::Unblock { id },
        44..49 => Step::Active { event, after: maybe(choice, IDS), limit },
        49..54 => Step::Owners { event, what: items(choice) },
        _ => {
            let before = choice.once_in(2).then(|| (choice.of(MOMENTS), choice.of(IDS)));
            Step::BookingsOf { user, before, limit }
        }
    }
}

fn maybe(choice: Choice, count: usize) -> Option<usize> {
    (!choice.once_in(2)).then(|| choice.of(count))
}

/// Items that a document can have at once: no seat is in it singly and with its table.
fn some(choice: Choice) -> String {
    match choice.of(3) {
        0 => choice.some(1 + choice.of(2), &["A-1", "A-2", "T0-1", "T0-2", "T1-3"]),
        1 => choice.some(1 + choice.of(2), &["A-1", "table:T0", "table:T1"]),
        _ => choice.one(&ITEMS).to_owned(),
    }
}

/// Any items, or none.
fn items(choice: Choice) -> String {
    choice.some(choice.of(ITEMS.len()), &ITEMS)
}
