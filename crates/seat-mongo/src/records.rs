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
