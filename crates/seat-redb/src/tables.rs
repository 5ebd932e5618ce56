//! What is in the file.
//!
//! Documents are JSON, so that a file can be read by whoever has to; ids are their 12 bytes.

use redb::{ReadableTable, TableDefinition};
use seat_booking::{Active, Item, Mark, Record};
use seat_layout::BookingId;

use crate::fault::Fault;

/// The newest format that this version reads, and the one that it writes. It grows when a file
/// written by this version could be misread by an older one.
pub(crate) const FORMAT: u32 = 1;

/// The row of [`ABOUT`] that has the format.
pub(crate) const FORMAT_ROW: &str = "format";

/// The bytes of an id.
pub(crate) type Id = &'static [u8; 12];

/// Numbers about the file.
pub(crate) const ABOUT: TableDefinition<&str, u32> = TableDefinition::new("about");

/// Layout id → layout document.
pub(crate) const LAYOUTS: TableDefinition<Id, &[u8]> = TableDefinition::new("layouts");

/// Event id → event.
pub(crate) const EVENTS: TableDefinition<Id, &[u8]> = TableDefinition::new("events");

/// Number → record, numbered as they came. Only abandoned ones are ever removed.
///
/// Ids of bookings are hashes: a table of records by id would touch a page of its own for every
/// record of a group, and a commit costs what it writes.
pub(crate) const RECORDS: TableDefinition<u64, &[u8]> = TableDefinition::new("records");

/// Booking id → the number of its record.
pub(crate) const NUMBERS: TableDefinition<Id, u64> = TableDefinition::new("numbers");

/// Event id and item → the booking id that has it. This is what makes two sales of one seat
/// impossible: a key has one value.
pub(crate) const ITEMS: TableDefinition<(Id, &str), Id> = TableDefinition::new("items");

/// Event id and booking id → what [`active_line`] says, of every record that has items.
pub(crate) const ACTIVE: TableDefinition<(Id, Id), &str> = TableDefinition::new("active");

/// User, creation time in ms and booking id, of every booking → the number of its record. Read
/// backwards it is newest first.
pub(crate) const BY_USER: TableDefinition<(&str, i64, Id), u64> = TableDefinition::new("by_user");

/// Creation time in ms and booking id of every fence → the number of its record, so that the oldest
/// are found.
pub(crate) const FENCES: TableDefinition<(i64, Id), u64> = TableDefinition::new("fences");

/// `booked A-1 A-2 table:T`: the mark and the items, so that an event can be paged through without
/// reading whole bookings. No id has a space in it.
pub(crate) fn active_line(active: &Active) -> String {
    let mut line = String::from(match active.mark {
        Mark::Booked => "booked",
        Mark::Blocked => "blocked",
    });
    for item in &active.items {
        line.push(' ');
        line.push_str(&item.to_string());
    }
    line
}

/// What [`active_line`] said of this id.
pub(crate) fn read_active(id: BookingId, line: &str) -> Result<Active, Fault> {
    let mut words = line.split(' ');
    let mark = match words.next() {
        Some("booked") => Mark::Booked,
        Some("blocked") => Mark::Blocked,
        Some(_) | None => return Err(Fault::document(format!("an unknown mark in {line:?}"))),
    };
    let item = |word: &str| match word.strip_prefix("table:") {
        Some(table) => table.parse().map(Item::Table),
        None => word.parse().map(Item::Seat),
    };
    let items = words.map(item).collect::<Result<_, _>>().map_err(Fault::document)?;
    Ok(Active { id, mark, items })
}

/// The record of this number, from a table of either kind of transaction.
pub(crate) fn read_record(
    records: &impl ReadableTable<u64, &'static [u8]>,
    number: u64,
) -> Result<Record, Fault> {
    let Some(json) = records.get(number)? else {
        return Err(Fault::document(format!("there is no record {number}")));
    };
    serde_json::from_slice(json.value()).map_err(Fault::document)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use seat_layout::SeatId;

    use super::*;

    proptest! {
        #[test]
        fn a_line_reads_back_as_it_was_written_or_is_refused(
            line in prop_oneof![
                "(booked|blocked)( (table:)?[A-Z]-[0-9]{1,3}){0,4}",
                "[a-z]{0,8}( [!-~]{0,9}){0,3}",
                ".{0,20}",
            ],
        ) {
            let id = BookingId::from_bytes([1; 12]);
            match read_active(id, &line) {
                Ok(active) => prop_assert_eq!(active_line(&active), line),
                Err(Fault::Document(_)) => {
                    let mut words = line.split(' ');
                    let mark = matches!(words.next(), Some("booked" | "blocked"));
                    let id = |word: &str| word.trim_start_matches("table:").parse::<SeatId>();
                    prop_assert!(!mark || words.any(|word| id(word).is_err()));
                }
                Err(fault) => prop_assert!(false, "{}", fault),
            }
        }
    }
}
