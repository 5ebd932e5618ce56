use std::collections::HashMap;

use super::gaps::Gaps;
use crate::{FinalBooking, History, Operation, OperationKind};

/// A seat of an event, as a number.
pub(super) type SeatNumber = u32;
/// A seat and a user, or [`HOUSE`].
pub(super) type Place = (SeatNumber, u32);

/// Whoever blocks seats.
pub(super) const HOUSE: u32 = u32::MAX;

/// A history made ready to be asked.
pub(super) struct Index<'a> {
    pub(super) history: &'a History,
    pub(super) gaps: Gaps,
    /// Every booking that an answer or the final state names.
    pub(super) bookings: HashMap<&'a str, Known<'a>>,
    seats: HashMap<(&'a str, &'a str), SeatNumber>,
    /// The names of the seats by their numbers.
    names: Vec<&'a str>,
    /// Who and what of each operation, as numbers: they are asked for often.
    asked: Vec<Asked>,
    /// The seats of all operations, one operation after the other.
    asked_seats: Vec<SeatNumber>,
}

/// An operation's names as numbers.
struct Asked {
    user: u32,
    /// Stands for all seats of its event.
    whole: SeatNumber,
    /// Where its seats end; they begin where those of the operation before it do.
    seats_end: usize,
}

/// What is known of a booking.
#[derive(Default)]
pub(super) struct Known<'a> {
    /// As it is at the end, when the final state is complete and has it.
    pub(super) found: Option<&'a FinalBooking>,
    /// The confirms that were answered with it, the first answered first.
    pub(super) confirms: Vec<usize>,
    /// The cancels that may have cancelled it.
    pub(super) cancels: Vec<usize>,
    /// The payments that may have marked it as paid.
    pub(super) payments: Vec<usize>,
}

impl<'a> Index<'a> {
    pub(super) fn new(history: &'a History) -> Self {
        let mut index = Self {
            history,
            gaps: Gaps::new(&history.faults),
            bookings: HashMap::new(),
            seats: HashMap::new(),
            names: Vec::new(),
            asked: Vec::with_capacity(history.operations.len()),
            asked_seats: Vec::new(),
        };
        let mut users: HashMap<&str, u32> = HashMap::new();
        for (number, operation) in history.operations.iter().enumerate() {
            let next = users.len() as u32;
            let user = *users.entry(&operation.user).or_insert(next);
            let whole = index.number(&operation.event, "");
            for seat in &operation.seats {
                let seat = index.number(&operation.event, seat);
                index.asked_seats.push(seat);
            }
            index.asked.push(Asked { user, whole, seats_end: index.asked_seats.len() });
            if let Some(booking) = &operation.booking {
                let known = index.bookings.entry(booking).or_default();
                match operation.kind {
                    OperationKind::Confirm if operation.is_yes() => known.confirms.push(number),
                    OperationKind::Cancel if operation.may_count() => known.cancels.push(number),
                    OperationKind::Payment if operation.may_count() => known.payments.push(number),
                    OperationKind::Confirm
                    | OperationKind::Cancel
                    | OperationKind::Payment
                    | OperationKind::Hold
                    | OperationKind::Extend
                    | OperationKind::Release
                    | OperationKind::Block
                    | OperationKind::Unblock => {}
                }
            }
        }
        for known in index.bookings.values_mut() {
            known.confirms.sort_by_key(|&number| (history.operations[number].end(), number));
        }
        if history.complete {
            for booking in &history.bookings {
                index.bookings.entry(&booking.booking).or_default().found = Some(booking);
                for seat in &booking.seats {
                    index.number(&booking.event, seat);
                }
            }
            for seat in &history.seats {
                index.number(&seat.event, &seat.seat);
            }
        }
        index
    }

    /// Every operation with its number.
    pub(super) fn operations(&self) -> impl Iterator<Item = (usize, &'a Operation)> + use<'a> {
        self.history.operations.iter().enumerate()
    }

    pub(super) fn operation(&self, number: usize) -> &'a Operation {
        &self.history.operations[number]
    }

    /// The number of a seat that the history names.
    pub(super) fn seat(&self, event: &str, seat: &str) -> SeatNumber {
        self.seats[&(event, seat)]
    }

    /// Stands for all seats of the operation's event.
    pub(super) fn whole(&self, number: usize) -> SeatNumber {
        self.asked[number].whole
    }

    /// The number of the operation's user.
    pub(super) fn user(&self, number: usize) -> u32 {
        self.asked[number].user
    }

    /// The numbers of the operation's seats.
    pub(super) fn seats_of(
        &self,
        number: usize,
    ) -> impl ExactSizeIterator<Item = SeatNumber> + use<'_> {
        let start = number.checked_sub(1).map_or(0, |before| self.asked[before].seats_end);
        self.asked_seats[start..self.asked[number].seats_end].iter().copied()
    }

    pub(super) fn seat_name(&self, seat: SeatNumber) -> &'a str {
        self.names[seat as usize]
    }

    pub(super) fn seat_count(&self) -> usize {
        self.names.len()
    }

    fn number(&mut self, event: &'a str, seat: &'a str) -> SeatNumber {
        let next = self.names.len() as SeatNumber;
        *self.seats.entry((event, seat)).or_insert_with(|| {
            self.names.push(seat);
            next
        })
    }
}

impl Known<'_> {
    /// When it surely had its seats: since its first answer, until somebody may have cancelled it.
    pub(super) fn surely_active(&self, history: &History) -> Option<(usize, u64, u64)> {
        let first = *self.confirms.first()?;
        let cancels = self.cancels.iter().map(|&number| history.operations[number].start_us);
        Some((first, history.operations[first].end(), cancels.min().unwrap_or(u64::MAX)))
    }
}
