//! How our values stand in documents.

use mongodb::bson::{Bson, DateTime, oid::ObjectId};
use seat_booking::Item;
use seat_layout::{BookingId, UserId};
use seat_state::Timestamp;

pub(crate) fn object_id(bytes: &[u8; 12]) -> ObjectId {
    ObjectId::from_bytes(*bytes)
}

pub(crate) fn booking_id(id: ObjectId) -> BookingId {
    BookingId::from_bytes(id.bytes())
}

pub(crate) fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.ms())
}

pub(crate) fn timestamp(date: DateTime) -> Timestamp {
    Timestamp::from_ms(date.timestamp_millis())
}

/// A user's id: an ObjectId where it is the text of one, so that it meets the `_id` of a
/// collection of users, else a text.
pub(crate) fn user_field(user: &UserId) -> Bson {
    match ObjectId::parse_str(user.as_str()) {
        // Only where it reads back as it was: an ObjectId prints with small letters.
        Ok(id) if id.to_hex() == user.as_str() => Bson::ObjectId(id),
        Ok(_) | Err(_) => Bson::String(user.to_string()),
    }
}

pub(crate) fn user_of(field: &Bson) -> Result<UserId, String> {
    let id = field.as_object_id().map(ObjectId::to_hex);
    let text = id.or_else(|| field.as_str().map(str::to_owned));
    let text = text.ok_or("userId is neither an id nor a text")?;
    text.parse().map_err(|error| format!("userId {error}"))
}

/// The inverse of an item's text.
pub(crate) fn item_of(text: &str) -> Result<Item, String> {
    let item = match text.strip_prefix("table:") {
        Some(table) => table.parse().map(Item::Table),
        None => text.parse().map(Item::Seat),
    };
    item.map_err(|error| format!("activeSeatIds has '{text}': {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_reads_back_as_written_whatever_it_looks_like() {
        for user in ["64f123456789abcd12345678", "64F123456789ABCD12345678", "ada", "123"] {
            let user: UserId = user.parse().unwrap();
            assert_eq!(user_of(&user_field(&user)).unwrap(), user);
        }
        let id = user_field(&"64f123456789abcd12345678".parse().unwrap());
        assert!(matches!(id, Bson::ObjectId(_)));
    }

    #[test]
    fn a_table_and_a_seat_of_one_name_are_two_items() {
        for text in ["A-1", "table:A-1"] {
            assert_eq!(item_of(text).unwrap().to_string(), text);
        }
        assert!(item_of("").is_err());
    }
}
