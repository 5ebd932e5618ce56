//! Random choices, and the words in which steps are written.

use seat_booking::{Item, Selection, TableSeats, contract::SeededRandomness};
use seat_layout::{SeatId, UserId};

/// Chooses by chance, the same for one seed.
#[derive(Clone, Copy)]
pub(super) struct Choice<'r>(pub(super) &'r SeededRandomness);

impl Choice<'_> {
    /// A number below this one.
    pub(super) fn of(self, count: usize) -> usize {
        (self.0.number() % count as u64) as usize
    }

    /// Yes, once in so many times.
    pub(super) fn once_in(self, count: usize) -> bool {
        self.of(count) == 0
    }

    pub(super) fn one<T: Copy>(self, among: &[T]) -> T {
        among[self.of(among.len())]
    }

    /// So many of them, each at most once, in any order.
    pub(super) fn some(self, count: usize, among: &[&str]) -> String {
        let mut left = among.to_vec();
        let chosen = (0..count).map(|_| left.swap_remove(self.of(left.len())));
        chosen.collect::<Vec<_>>().join(",")
    }
}

pub(super) fn user(id: &str) -> UserId {
    id.parse().unwrap()
}

/// The seats of `A-1,A-2`; none of the empty text.
pub(super) fn seats(text: &str) -> Vec<SeatId> {
    text.split_terminator(',').map(|id| id.parse().unwrap()).collect()
}

/// The selection of `A-1,table:T`; table `T` has the seats `T-1`, `T-2` and `T-3`.
pub(super) fn selection(text: &str) -> Selection {
    let mut selection = Selection::default();
    for part in text.split_terminator(',') {
        match part.strip_prefix("table:") {
            Some(id) => selection.tables.push(TableSeats {
                table: id.parse().unwrap(),
                seats: seats(&format!("{id}-1,{id}-2,{id}-3")),
            }),
            None => selection.seats.extend(seats(part)),
        }
    }
    selection
}

pub(super) fn items(text: &str) -> Vec<Item> {
    selection(text).items().collect()
}
