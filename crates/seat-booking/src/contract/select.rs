use seat_layout::{SeatId, UserId};

use crate::{Selection, TableSeats};

/// How many seats every table of the suite has: table `T` has `T-1` to `T-3`.
const TABLE_SEATS: usize = 3;

/// The seat of this id.
pub(crate) fn seat(id: &str) -> SeatId {
    id.parse().expect("a seat id")
}

/// The seats of `A-1,A-2`; none of the empty text.
pub(crate) fn seats(text: &str) -> Vec<SeatId> {
    text.split_terminator(',').map(seat).collect()
}

/// The user of this id.
pub(crate) fn user(id: &str) -> UserId {
    id.parse().expect("a user id")
}

/// The selection of `A-1,table:T`, which is seat `A-1` and table `T` with its seats `T-1`, `T-2`
/// and `T-3`.
pub(crate) fn selection(text: &str) -> Selection {
    let mut selection = Selection::default();
    for part in text.split_terminator(',') {
        match part.strip_prefix("table:") {
            Some(id) => selection.tables.push(TableSeats {
                table: id.parse().expect("a table id"),
                seats: (1..=TABLE_SEATS).map(|number| seat(&format!("{id}-{number}"))).collect(),
            }),
            None => selection.seats.push(seat(part)),
        }
    }
    selection
}
