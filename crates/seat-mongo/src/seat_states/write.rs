//! The rows themselves.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;
use mongodb::{
    Collection, Database,
    bson::{self, Bson, Document, RawDocumentBuf, doc},
    error::Error,
};
use seat_booking::{Event, ports::SeatRow};
use seat_state::Status;
use serde::Deserialize;

use super::turns::number;
use crate::{
    fault::DUPLICATE_KEY,
    fields::{date, object_id, user_field},
    records::SOLD,
    repository::MAJORITY_WITHIN,
    schema,
};

/// A booking, as far as a row shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Booked {
    user_id: Bson,
    active_seat_ids: Vec<String>,
}

/// The part of a server's reply that says what was refused.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Refused {
    #[serde(default)]
    write_errors: Vec<WriteError>,
    write_concern_error: Option<Document>,
}

#[derive(Deserialize)]
struct WriteError {
    index: usize,
    code: i32,
    errmsg: String,
}

/// Writes the rows that are later than what is there.
///
/// Seats without a row are inserted: that costs the server a sixth of an upsert, and an event
/// begins with all of its rows. The others are updated where they are earlier; so are those that
/// another writer has inserted in the same moment.
pub(super) async fn write(
    database: Database,
    bookings: Collection<RawDocumentBuf>,
    event: Event,
    rows: Vec<SeatRow>,
) -> Result<(), Error> {
    let buyers = buyers(&bookings.clone_with_type(), &event, &rows).await?;
    let known = known(&database, &event, &rows).await?;
    let mut new = Vec::new();
    let mut updates = Vec::new();
    for row in &rows {
        let document = document(&event, row, buyers.get(row.seat.as_str()))?;
        match known.contains(row.seat.as_str()) {
            true => updates.push(update_of(row, &document)),
            false => new.push((row, document)),
        }
    }
    let documents: Vec<&Document> = new.iter().map(|(_, document)| document).collect();
    for index in send(&database, "insert", "documents", &documents).await? {
        updates.extend(new.get(index).map(|(row, document)| update_of(row, document)));
    }
    let updates: Vec<&Document> = updates.iter().collect();
    send(&database, "update", "updates", &updates).await.map(drop)
}

/// Which of these seats have a row.
async fn known(
    database: &Database,
    event: &Event,
    rows: &[SeatRow],
) -> Result<HashSet<String>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Known {
        seat_id: String,
    }
    let seats: Vec<&str> = rows.iter().map(|row| row.seat.as_str()).collect();
    let filter = doc! { "eventId": object_id(event.id.as_bytes()), "seatId": { "$in": seats } };
    // Read from the unique index alone.
    let fields = doc! { "_id": 0, "seatId": 1 };
    let collection = database.collection::<Known>(schema::SEAT_STATES);
    let found: Vec<Known> = collection.find(filter).projection(fields).await?.try_collect().await?;
    Ok(found.into_iter().map(|known| known.seat_id).collect())
}

/// Replaces the row of a seat if it is earlier.
fn update_of(row: &SeatRow, document: &Document) -> Document {
    let (epoch, seq) = (number(row.version.epoch), number(row.version.seq));
    let earlier = doc! {
        "eventId": &document["eventId"],
        "seatId": row.seat.as_str(),
        "$or": [{ "epoch": { "$lt": epoch } }, { "epoch": epoch, "seq": { "$lt": seq } }],
    };
    doc! { "q": earlier, "u": document }
}

/// Sends documents or updates; the places of those that met a row.
async fn send(
    database: &Database,
    command: &str,
    field: &str,
    what: &[&Document],
) -> Result<Vec<usize>, Error> {
    if what.is_empty() {
        return Ok(Vec::new());
    }
    let within = i64::try_from(MAJORITY_WITHIN.as_millis()).unwrap_or(i64::MAX);
    let command = doc! {
        command: schema::SEAT_STATES,
        field: what,
        // Without an order, so that one that is refused does not keep the others back.
        "ordered": false,
        "writeConcern": { "w": "majority", "j": true, "wtimeout": within },
    };
    let refused: Refused = bson::deserialize_from_document(database.run_command(command).await?)?;
    if let Some(error) = refused.write_concern_error {
        return Err(Error::custom(error.to_string()));
    }
    let other = |error: &&WriteError| error.code != DUPLICATE_KEY;
    if let Some(error) = refused.write_errors.iter().find(other) {
        return Err(Error::custom(format!("{} ({})", error.errmsg, error.code)));
    }
    Ok(refused.write_errors.iter().map(|error| error.index).collect())
}

/// Who has booked the booked ones among these seats.
async fn buyers(
    bookings: &Collection<Booked>,
    event: &Event,
    rows: &[SeatRow],
) -> Result<HashMap<String, Bson>, Error> {
    let is_booked = |row: &&SeatRow| row.status == Status::Booked;
    let booked: HashSet<&str> =
        rows.iter().filter(is_booked).map(|row| row.seat.as_str()).collect();
    if booked.is_empty() {
        return Ok(HashMap::new());
    }
    let filter = doc! {
        "eventId": object_id(event.id.as_bytes()),
        "activeSeatIds": { "$in": booked.iter().copied().collect::<Vec<_>>() },
        "status": { "$in": SOLD.to_vec() },
    };
    let fields = doc! { "_id": 0, "userId": 1, "activeSeatIds": 1 };
    let found: Vec<Booked> = bookings.find(filter).projection(fields).await?.try_collect().await?;
    let buyers = found.into_iter().flat_map(|Booked { user_id, active_seat_ids }| {
        active_seat_ids.into_iter().map(move |seat| (seat, user_id.clone()))
    });
    Ok(buyers.collect())
}

fn document(
    event: &Event,
    row: &SeatRow,
    buyer: Option<&Bson>,
) -> Result<Document, bson::error::Error> {
    let mut document = doc! {
        "layoutId": object_id(event.layout_id.as_bytes()),
        "eventId": object_id(event.id.as_bytes()),
        "seatId": row.seat.as_str(),
        "status": row.status.as_str(),
        "version": number(row.version.seq),
        "epoch": number(row.version.epoch),
        "seq": number(row.version.seq),
    };
    match row.status {
        Status::Booked => {
            document.insert("bookedPrice", bson::serialize_to_bson(&row.price)?);
            document.extend(buyer.map(|user| ("bookedBy".to_owned(), user.clone())));
        }
        Status::Held => {
            let holder = row.held_by.as_ref().map(user_field);
            document.extend(holder.map(|user| ("heldBy".to_owned(), user)));
            let until = row.expires_at.map(|at| Bson::DateTime(date(at)));
            document.extend(until.map(|at| ("holdExpiresAt".to_owned(), at)));
        }
        Status::Available | Status::Blocked => {}
    }
    Ok(document)
}
