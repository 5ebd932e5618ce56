//! The names of the keys. `lua/README.md` says what is under each.

use std::fmt::Display;

use seat_booking::Item;
use seat_layout::{EventId, SeatId, TableId, UserId};

/// The keys of one event. They share a hash tag, and so a slot of a cluster; an event id is always
/// 24 hexadecimal digits, so none can bring a tag of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys(pub(crate) EventId);

impl Keys {
    pub(crate) fn event(self) -> String {
        self.key("seat_event")
    }

    pub(crate) fn holds(self) -> String {
        self.key("seat_holds")
    }

    /// The stream, and the channel that hints at it.
    pub(crate) fn changes(self) -> String {
        self.key("seat_changes")
    }

    /// The event whose channel this is.
    pub(crate) fn of_channel(channel: &str) -> Option<EventId> {
        channel.strip_prefix("seat_changes:{")?.strip_suffix('}')?.parse().ok()
    }

    pub(crate) fn transfers(self) -> String {
        self.key("seat_transfers")
    }

    pub(crate) fn gone(self) -> String {
        self.key("seat_gone")
    }

    pub(crate) fn user(self, user: &UserId) -> String {
        self.key_of("seat_user", user)
    }

    pub(crate) fn seat_lock(self, seat: &SeatId) -> String {
        self.key_of("seat_lock", seat)
    }

    pub(crate) fn table_lock(self, table: &TableId) -> String {
        self.key_of("table_lock", table)
    }

    pub(crate) fn lock(self, item: &Item) -> String {
        match item {
            Item::Seat(seat) => self.seat_lock(seat),
            Item::Table(table) => self.table_lock(table),
        }
    }

    fn key(self, name: &str) -> String {
        format!("{name}:{{{}}}", self.0)
    }

    fn key_of(self, name: &str, id: &dyn Display) -> String {
        format!("{name}:{{{}}}:{id}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_event_as_its_hash_tag() {
        let keys = Keys("64F123456789abcd12345678".parse().unwrap());
        let seat = "A-1".parse().unwrap();
        assert_eq!(keys.seat_lock(&seat), "seat_lock:{64f123456789abcd12345678}:A-1");
        let table = Item::Table("T".parse().unwrap());
        assert_eq!(keys.lock(&table), "table_lock:{64f123456789abcd12345678}:T");
        let user = "auth0|ada".parse().unwrap();
        assert_eq!(keys.user(&user), "seat_user:{64f123456789abcd12345678}:auth0|ada");
        assert_eq!(keys.event(), "seat_event:{64f123456789abcd12345678}");
    }
}
