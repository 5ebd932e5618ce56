//! Bookings, blocks and abandoned attempts in the collection `seatBookings`.

use mongodb::bson::{self, Bson, DateTime, RawDocument, RawDocumentBuf, oid::ObjectId};
use seat_booking::{
    Abandoned, Active, Block, BookedSeat, BookedTable, Booking, BookingStatus, BookingType,
    Contact, Fingerprint, IdempotencyKey, Mark, Payment, Record, RequestMark,
};
use seat_layout::{Currency, EventId, Money, SeatId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::fields::{booking_id, date, item_of, object_id, timestamp, user_field, user_of};

/// The status of a seat that is kept back.
pub(crate) const BLOCKED: &str = "blocked";
/// The status of an attempt that can never become a booking any more.
pub(crate) const ABANDONED: &str = "abandoned";
/// The statuses of a booking that has its seats.
pub(crate) const SOLD: [&str; 3] = ["pending", "confirmed", "paid"];

/// A document that can't be read: somebody else has written it.
#[derive(Debug, Error)]
#[error("the document {id} of seatBookings can't be read: {reason}")]
pub(crate) struct Unreadable {
    id: String,
    reason: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BookingDocument {
    #[serde(rename = "_id")]
    id: ObjectId,
    event_id: ObjectId,
    user_id: Bson,
    booking_type: BookingType,
    booked_seats: Vec<BookedSeat>,
    booked_tables: Vec<BookedTable>,
    all_seat_ids: Vec<SeatId>,
    /// What nobody else may have, exactly while the booking has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    active_seat_ids: Option<Vec<String>>,
    total_amount: Money,
    currency: Currency,
    status: BookingStatus,
    payment: Payment,
    contact: Contact,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
    created_at: DateTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<IdempotencyKey>,
    attempt: u8,
    fingerprint: Fingerprint,
    rev: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    change_id: Option<ObjectId>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockDocument {
    #[serde(rename = "_id")]
    id: ObjectId,
    event_id: ObjectId,
    /// The one seat.
    all_seat_ids: Vec<SeatId>,
    active_seat_ids: Vec<String>,
    status: String,
    created_at: DateTime,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AbandonedDocument {
    #[serde(rename = "_id")]
    id: ObjectId,
    event_id: ObjectId,
    status: String,
    created_at: DateTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<IdempotencyKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<Fingerprint>,
}

/// What a listing of active documents reads of each.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActiveDocument {
    #[serde(rename = "_id")]
    id: ObjectId,
    status: String,
    active_seat_ids: Vec<String>,
}

/// The document of a record.
pub(crate) fn to_document(record: Record) -> bson::error::Result<RawDocumentBuf> {
    match record {
        Record::Booking(booking) => {
            bson::serialize_to_raw_document_buf(&booking_document(*booking))
        }
        Record::Block(block) => bson::serialize_to_raw_document_buf(&BlockDocument {
            id: object_id(block.id.as_bytes()),
            event_id: object_id(block.event.as_bytes()),
            active_seat_ids: vec![block.seat.to_string()],
            all_seat_ids: vec![block.seat],
            status: BLOCKED.to_owned(),
            created_at: date(block.created_at),
        }),
        Record::Abandoned(abandoned) => {
            bson::serialize_to_raw_document_buf(&abandoned_document(&abandoned))
        }
    }
}

fn booking_document(booking: Booking) -> BookingDocument {
    let selection = booking.selection();
    let items = || selection.items().map(|item| item.to_string()).collect();
    BookingDocument {
        id: object_id(booking.id.as_bytes()),
        event_id: object_id(booking.event_id.as_bytes()),
        user_id: user_field(&booking.user_id),
        booking_type: booking.booking_type(),
        active_seat_ids: booking.is_active().then(items),
        all_seat_ids: selection.all_seats().cloned().collect(),
        booked_seats: booking.booked_seats,
        booked_tables: booking.booked_tables,
        total_amount: booking.total_amount,
        currency: booking.currency,
        status: booking.status,
        payment: booking.payment,
        contact: booking.contact,
        notes: booking.notes,
        created_at: date(booking.created_at),
        cancel_reason: booking.cancel_reason,
        idempotency_key: booking.request.key,
        attempt: booking.request.attempt,
        fingerprint: booking.request.fingerprint,
        rev: booking.rev,
        change_id: booking.change_id.map(|id| object_id(id.as_bytes())),
    }
}

fn abandoned_document(abandoned: &Abandoned) -> AbandonedDocument {
    let request = abandoned.request.as_ref();
    AbandonedDocument {
        id: object_id(abandoned.id.as_bytes()),
        event_id: object_id(abandoned.event.as_bytes()),
        status: ABANDONED.to_owned(),
        created_at: date(abandoned.created_at),
        idempotency_key: request.and_then(|request| request.key.clone()),
        attempt: request.map(|request| request.attempt),
        fingerprint: request.map(|request| request.fingerprint),
    }
}

/// The record of a document.
pub(crate) fn to_record(document: &RawDocument) -> Result<Record, Unreadable> {
    read(document).map_err(|reason| {
        let id = document.get_object_id("_id").map_or_else(|_| "?".to_owned(), ObjectId::to_hex);
        Unreadable { id, reason }
    })
}

/// The booking of a document that is none of the other records.
pub(crate) fn to_booking(document: &RawDocument) -> Result<Booking, Unreadable> {
    match to_record(document)? {
        Record::Booking(booking) => Ok(*booking),
        record @ (Record::Block(_) | Record::Abandoned(_)) => Err(Unreadable {
            id: record.id().to_string(),
            reason: "it has a userId and is no booking".to_owned(),
        }),
    }
}

fn read(document: &RawDocument) -> Result<Record, String> {
    let status = document.get_str("status").map_err(|error| error.to_string())?;
    let bytes = document.as_bytes();
    let text = |error: bson::error::Error| error.to_string();
    match status {
        BLOCKED => bson::deserialize_from_slice(bytes).map_err(text).and_then(block),
        ABANDONED => bson::deserialize_from_slice(bytes).map_err(text).map(abandoned),
        _ => bson::deserialize_from_slice(bytes).map_err(text).and_then(booking),
    }
}

fn booking(document: BookingDocument) -> Result<Record, String> {
    Ok(Record::Booking(Box::new(Booking {
        id: booking_id(document.id),
        event_id: EventId::from_bytes(document.event_id.bytes()),
        user_id: user_of(&document.user_id)?,
        booked_seats: document.booked_seats,
        booked_tables: document.booked_tables,
        total_amount: document.total_amount,
        currency: document.currency,
        status: document.status,
        payment: document.payment,
        contact: document.contact,
        notes: document.notes,
        created_at: timestamp(document.created_at),
        cancel_reason: document.cancel_reason,
        request: RequestMark {
            key: document.idempotency_key,
            attempt: document.attempt,
            fingerprint: document.fingerprint,
        },
        rev: document.rev,
        change_id: document.change_id.map(booking_id),
    })))
}

fn block(document: BlockDocument) -> Result<Record, String> {
    let seat = document.all_seat_ids.into_iter().next().ok_or("allSeatIds is empty")?;
    Ok(Record::Block(Block {
        id: booking_id(document.id),
        event: EventId::from_bytes(document.event_id.bytes()),
        seat,
        created_at: timestamp(document.created_at),
    }))
}

fn abandoned(document: AbandonedDocument) -> Record {
    let request = document.attempt.zip(document.fingerprint);
    let request = request.map(|(attempt, fingerprint)| RequestMark {
        key: document.idempotency_key,
        attempt,
        fingerprint,
    });
    Record::Abandoned(Abandoned {
        id: booking_id(document.id),
        event: EventId::from_bytes(document.event_id.bytes()),
        request,
        created_at: timestamp(document.created_at),
    })
}

impl ActiveDocument {
    pub(crate) fn to_active(&self) -> Result<Active, Unreadable> {
        let mark = match self.status.as_str() {
            BLOCKED => Mark::Blocked,
            _ => Mark::Booked,
        };
        let items: Result<_, String> = self.active_seat_ids.iter().map(|id| item_of(id)).collect();
        let items = items.map_err(|reason| Unreadable { id: self.id.to_hex(), reason })?;
        Ok(Active { id: booking_id(self.id), mark, items })
    }
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{Document, doc};
    use proptest::{collection::vec, prelude::*, sample::Index};
    use seat_booking::PaymentStatus;
    use seat_layout::{BookingId, UserId};
    use seat_state::Timestamp;

    use super::*;

    const STATUSES: [BookingStatus; 4] = [
        BookingStatus::Pending,
        BookingStatus::Confirmed,
        BookingStatus::Paid,
        BookingStatus::Cancelled,
    ];

    fn any_id() -> impl Strategy<Value = BookingId> {
        any::<[u8; 12]>().prop_map(BookingId::from_bytes)
    }

    fn any_time() -> impl Strategy<Value = Timestamp> {
        any::<i64>().prop_map(Timestamp::from_ms)
    }

    fn any_request() -> impl Strategy<Value = RequestMark> {
        (proptest::option::of("[!-~]{1,20}"), any::<u8>(), any::<[u8; 16]>()).prop_map(
            |(key, attempt, bytes)| RequestMark {
                key: key.and_then(|key| key.parse().ok()),
                attempt,
                fingerprint: Fingerprint::from_bytes(bytes),
            },
        )
    }

    prop_compose! {
        fn any_booking()(
            (id, change_id) in (any_id(), proptest::option::of(any_id())),
            user in prop_oneof!["[!-9;-z]{1,20}", "[0-9a-fA-F]{24}"],
            seats in vec("[A-Z]-[0-9]{1,3}", 0..3),
            tables in vec(("[A-Z]{1,3}", vec("[A-Z]_[0-9]", 1..3)), 0..2),
            minor in 0..100_000_000_000_i64,
            status in 0..STATUSES.len(),
            (created_at, request) in (any_time(), any_request()),
            (rev, notes) in (0..u32::from(u16::MAX), proptest::option::of(".{0,9}")),
        ) -> Booking {
            let price = Money::from_minor(minor);
            let seats_of = |ids: &[String]| ids.iter().map(|id| id.parse().unwrap()).collect();
            Booking {
                id,
                event_id: EventId::from_bytes([7; 12]),
                user_id: user.parse().unwrap(),
                booked_seats: seats.iter().map(|id| BookedSeat {
                    seat_id: id.parse().unwrap(),
                    category_id: "c".parse().unwrap(),
                    price,
                    row_label: notes.clone(),
                    seat_number: Some(rev),
                }).collect(),
                booked_tables: tables.iter().map(|(id, seats)| BookedTable {
                    table_id: id.parse().unwrap(),
                    seat_count: rev,
                    associated_seat_ids: seats_of(seats),
                    total_price: price,
                }).collect(),
                total_amount: price,
                currency: Currency::USD,
                status: STATUSES[status],
                payment: Payment {
                    status: PaymentStatus::Failed,
                    amount: price,
                    method: notes.clone(),
                    transaction_id: None,
                    recorded_transaction_id: notes.clone(),
                },
                contact: Contact { name: user, email: "a@b.c".to_owned(), phone: notes.clone() },
                cancel_reason: notes.clone(),
                notes,
                created_at,
                request,
                rev,
                change_id,
            }
        }
    }

    fn any_record() -> impl Strategy<Value = Record> {
        let event = EventId::from_bytes([7; 12]);
        let block =
            (any_id(), "[A-Z]-[0-9]", any_time()).prop_map(move |(id, seat, created_at)| {
                Record::Block(Block { id, event, seat: seat.parse().unwrap(), created_at })
            });
        let fence = (any_id(), proptest::option::of(any_request()), any_time()).prop_map(
            move |(id, request, created_at)| {
                Record::Abandoned(Abandoned { id, event, request, created_at })
            },
        );
        prop_oneof![
            3 => any_booking().prop_map(|booking| Record::Booking(Box::new(booking))),
            1 => block,
            1 => fence,
        ]
    }

    fn any_value() -> impl Strategy<Value = Option<Bson>> {
        prop_oneof![
            Just(None),
            Just(Some(Bson::Null)),
            any::<i64>().prop_map(|number| Some(Bson::Int64(number))),
            any::<f64>().prop_map(|number| Some(Bson::Double(number))),
            "[a-z:é ]{0,9}".prop_map(|text| Some(Bson::String(text))),
            Just(Some(Bson::Array(vec![Bson::Boolean(true)]))),
            Just(Some(Bson::Document(doc! { "seatId": "A 1" }))),
        ]
    }

    proptest! {
        #[test]
        fn a_record_reads_back_as_it_was_written(record in any_record()) {
            let document = to_document(record.clone()).unwrap();
            prop_assert_eq!(to_record(&document).unwrap(), record);
        }

        #[test]
        fn a_document_of_somebody_else_is_read_or_refused_by_its_id(
            record in any_record(),
            (field, value) in (any::<Index>(), any_value()),
        ) {
            let id = record.id().to_string();
            let document = to_document(record).unwrap();
            let mut document: Document = bson::deserialize_from_slice(document.as_bytes()).unwrap();
            let fields: Vec<_> = document.keys().cloned().collect();
            let field = field.get(&fields);
            match value {
                Some(value) => document.insert(field, value),
                None => document.remove(field),
            };
            let document = RawDocumentBuf::try_from(&document).unwrap();
            match to_record(&document) {
                Ok(record) => prop_assert_eq!(record.id().to_string(), id),
                Err(error) if field == "_id" => prop_assert!(error.to_string().contains(" ? ")),
                Err(error) => prop_assert!(error.to_string().contains(&id), "{}", error),
            }
        }

        #[test]
        fn bytes_that_were_changed_on_their_way_do_no_harm(
            record in any_record(),
            flips in vec((any::<Index>(), 0_u8..8), 1..4),
        ) {
            let mut bytes = to_document(record).unwrap().into_bytes();
            for (byte, bit) in flips {
                let byte = byte.index(bytes.len());
                bytes[byte] ^= 1 << bit;
            }
            if let Ok(document) = RawDocumentBuf::from_bytes(bytes)
                && let Err(error) = to_record(&document)
            {
                prop_assert!(error.to_string().starts_with("the document "));
            }
        }

        #[test]
        fn every_user_reads_back(user in prop_oneof!["[!-9;-z]{1,128}", "[0-9a-fA-F]{24}"]) {
            let user: UserId = user.parse().unwrap();
            prop_assert_eq!(user_of(&user_field(&user)).unwrap(), user);
        }

        #[test]
        fn an_item_is_a_seat_or_a_table_that_prints_back(text in "(table:)?[A-Z0-9._: é-]{0,9}") {
            if let Ok(item) = item_of(&text) {
                prop_assert_eq!(item.to_string(), text);
            }
        }
    }
}
