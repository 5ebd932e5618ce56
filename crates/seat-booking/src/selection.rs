use std::fmt;

use seat_layout::{SeatId, TableId};
use serde::{Deserialize, Serialize};

/// What a request, a transfer or a booking takes: seats singly, and tables with all their seats.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Seats taken singly.
    pub seats: Vec<SeatId>,
    /// Tables taken as tables.
    pub tables: Vec<TableSeats>,
}

/// A table with all its seats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSeats {
    /// The table.
    pub table: TableId,
    /// Its seats, in the layout's order.
    pub seats: Vec<SeatId>,
}

impl Selection {
    /// These seats, singly.
    pub fn of_seats(seats: Vec<SeatId>) -> Self {
        Self { seats, tables: Vec::new() }
    }

    /// Every seat with the table that it is taken with.
    pub fn seats_with_table(&self) -> impl Iterator<Item = (&SeatId, Option<&TableId>)> {
        self.seats.iter().map(|seat| (seat, None)).chain(
            self.tables.iter().flat_map(|t| t.seats.iter().map(|seat| (seat, Some(&t.table)))),
        )
    }

    /// Every seat: the single ones, then the tables'.
    pub fn all_seats(&self) -> impl Iterator<Item = &SeatId> {
        self.seats_with_table().map(|(seat, _)| seat)
    }

    /// Everything that can be had only once: every seat, and every table taken as one.
    pub fn items(&self) -> impl Iterator<Item = Item> {
        self.all_seats()
            .cloned()
            .map(Item::Seat)
            .chain(self.tables.iter().map(|table| Item::Table(table.table.clone())))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.tables.is_empty()
    }
}

/// Something that can be had only once: a seat, or a table taken as one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A seat.
    Seat(SeatId),
    /// A table taken as a table.
    Table(TableId),
}

impl Item {
    /// The seat, unless it is a table.
    pub fn seat(&self) -> Option<&SeatId> {
        match self {
            Self::Seat(seat) => Some(seat),
            Self::Table(_) => None,
        }
    }
}

/// A seat prints as its id, a table as `table:T`; no seat id has a colon.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seat(seat) => write!(f, "{seat}"),
            Self::Table(table) => write!(f, "table:{table}"),
        }
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
