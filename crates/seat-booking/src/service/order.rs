use std::collections::HashSet;

use seat_layout::{Layout, Money, SeatId, SeatSet, TableId};

use super::slot::Slot;
use crate::{BookedSeat, BookedTable, BookingError, Selection, TableSeats};

impl Slot {
    /// What these seats cost together.
    ///
    /// # Errors
    /// [`BookingError::UnknownSeats`].
    pub(super) fn price_of(&self, seats: &[SeatId]) -> Result<Money, BookingError> {
        let prices = seats.iter().map(|seat| price(&self.layout, seat));
        match prices.collect::<Option<Vec<Money>>>() {
            Some(prices) => Ok(prices.into_iter().sum()),
            None => Err(BookingError::UnknownSeats(self.unknown(seats))),
        }
    }

    /// All seats of a table.
    ///
    /// # Errors
    /// [`BookingError::TableNotFound`].
    pub(super) fn table(&self, table: &TableId) -> Result<TableSeats, BookingError> {
        let found = self.layout.table(table);
        let found = found.ok_or_else(|| BookingError::TableNotFound(table.clone()))?;
        let seats = found.seats.iter().map(|&seat| self.layout.seats()[seat].id.clone());
        Ok(TableSeats { table: table.clone(), seats: seats.collect() })
    }

    /// These seats, and these tables with all theirs.
    ///
    /// # Errors
    /// [`BookingError::UnknownSeats`], [`BookingError::TableNotFound`],
    /// [`BookingError::DuplicateSeats`], [`BookingError::NoSeats`].
    pub(super) fn selection(
        &self,
        seats: &[SeatId],
        tables: &[TableId],
    ) -> Result<Selection, BookingError> {
        let tables = tables.iter().map(|table| self.table(table)).collect::<Result<_, _>>()?;
        let selection = Selection { seats: seats.to_vec(), tables };
        let mut seen = HashSet::new();
        let mut duplicates: Vec<SeatId> = Vec::new();
        for seat in selection.all_seats() {
            if !seen.insert(seat) && !duplicates.contains(seat) {
                duplicates.push(seat.clone());
            }
        }
        if !duplicates.is_empty() {
            return Err(BookingError::DuplicateSeats(duplicates));
        }
        if seen.is_empty() {
            return Err(BookingError::NoSeats);
        }
        let unknown = self.unknown(seats);
        if unknown.is_empty() { Ok(selection) } else { Err(BookingError::UnknownSeats(unknown)) }
    }

    /// The seats as they are sold.
    pub(super) fn booked_seats(&self, selection: &Selection) -> Vec<BookedSeat> {
        let sold = |id: &SeatId| {
            let seat = &self.layout.seats()[self.layout.seat_index(id)?];
            let category = self.layout.category_of(seat);
            Some(BookedSeat {
                seat_id: seat.id.clone(),
                category_id: category.id.clone(),
                price: category.price,
                row_label: seat.row_label.as_deref().map(str::to_owned),
                seat_number: seat.number,
            })
        };
        selection.seats.iter().filter_map(sold).collect()
    }

    /// The tables as they are sold.
    pub(super) fn booked_tables(&self, selection: &Selection) -> Vec<BookedTable> {
        let sold = |table: &TableSeats| BookedTable {
            table_id: table.table.clone(),
            seat_count: u32::try_from(table.seats.len()).unwrap_or(u32::MAX),
            total_price: table.seats.iter().filter_map(|seat| price(&self.layout, seat)).sum(),
            associated_seat_ids: table.seats.clone(),
        };
        selection.tables.iter().map(sold).collect()
    }

    /// Refuses a set that names a seat which the layout lacks.
    pub(super) fn check(&self, seats: &SeatSet) -> Result<(), BookingError> {
        let unknown = self.unknown(seats.as_slice());
        if unknown.is_empty() { Ok(()) } else { Err(BookingError::UnknownSeats(unknown)) }
    }

    fn unknown(&self, seats: &[SeatId]) -> Vec<SeatId> {
        seats.iter().filter(|seat| self.layout.seat_index(seat).is_none()).cloned().collect()
    }
}

fn price(layout: &Layout, seat: &SeatId) -> Option<Money> {
    let seat = &layout.seats()[layout.seat_index(seat)?];
    Some(layout.category_of(seat).price)
}
