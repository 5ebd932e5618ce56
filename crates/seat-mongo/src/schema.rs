//! The collections, and what of them keeps the promise: the unique index, and the validator that
//! keeps every document inside it.

use std::fmt;

use mongodb::{
    Database,
    bson::{Bson, Document, doc},
    error::Error,
};
use thiserror::Error;

use crate::{
    fault::command_code,
    records::{ABANDONED, BLOCKED, SOLD},
    repository::collection,
};

pub(crate) const LAYOUTS: &str = "seatLayouts";
pub(crate) const LAYOUT_PARTS: &str = "seatLayoutParts";
pub(crate) const EVENTS: &str = "events";
pub(crate) const BOOKINGS: &str = "seatBookings";
pub(crate) const SEAT_STATES: &str = "seatStates";
pub(crate) const SEAT_STATE_PROGRESS: &str = "seatStateProgress";

/// How long an abandoned attempt is remembered: as long as an Idempotency-Key counts.
const ABANDONED_SECONDS: i32 = 30 * 24 * 60 * 60;

/// How the database differs from what keeps the promise.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SchemaDifference {
    /// An index is not there.
    #[error("{} lacks an index: {}", BOOKINGS, create_index(.0))]
    IndexMissing(Document),
    /// An index has other options.
    #[error("an index of {} has other options than it must; drop it, then {}", BOOKINGS,
        create_index(.0))]
    IndexDiffers(Document),
    /// An index is being built, and refuses no duplicate before that is done.
    #[error(
        "an index of {BOOKINGS} is still being built, which needs every member of the replica set: \
         {}", .0.get_str("name").unwrap_or_default()
    )]
    IndexUnfinished(Document),
    /// The validator is not there.
    #[error("{BOOKINGS} lacks its validator; start a server again, which sets it")]
    ValidatorMissing,
    /// The validator is another one, or does not refuse what it finds.
    #[error(
        "the validator of {BOOKINGS} is another one; remove it with db.runCommand({{collMod: \
         \"{BOOKINGS}\", validator: {{}}}}) and start a server again, which sets it"
    )]
    ValidatorDiffers,
}

/// The command that makes an index, for the shell.
fn create_index(index: &Document) -> impl fmt::Display {
    let mut options = index.clone();
    let key = options.remove("key").unwrap_or(Bson::Null);
    format!("db.{BOOKINGS}.createIndex({key}, {options})")
}

/// The indexes of `seatBookings`. The first one keeps the promise, the second one also stands for
/// the shard key, the others make listings fast.
fn indexes() -> [Document; 4] {
    [
        doc! {
            "key": { "eventId": 1, "activeSeatIds": 1 },
            "name": "one_active_owner",
            "unique": true,
            "partialFilterExpression": { "activeSeatIds": { "$gt": "" } },
        },
        doc! { "key": { "eventId": 1, "_id": 1 }, "name": "by_event" },
        doc! { "key": { "userId": 1, "createdAt": -1, "_id": -1 }, "name": "by_user" },
        doc! {
            "key": { "abandonedAt": 1 },
            "name": "abandoned_expire",
            "expireAfterSeconds": ABANDONED_SECONDS,
            "partialFilterExpression": { "status": ABANDONED },
        },
    ]
}

/// What a document of `seatBookings` must be, so that none with seats escapes the unique index and
/// no two ways of writing an id meet in it.
fn validator() -> Document {
    let with_seats: Vec<&str> = SOLD.into_iter().chain([BLOCKED]).collect();
    doc! { "$jsonSchema": {
        "bsonType": "object",
        "required": ["eventId", "status"],
        "properties": {
            "_id": { "bsonType": "objectId" },
            "eventId": { "bsonType": "objectId" },
            "allSeatIds": { "bsonType": "array", "items": { "bsonType": "string" } },
            "activeSeatIds": {
                "bsonType": "array",
                "minItems": 1,
                "uniqueItems": true,
                "items": {
                    "bsonType": "string",
                    "pattern": "^(table:)?[A-Za-z0-9_.-]{1,64}$",
                },
            },
        },
        "oneOf": [
            { "properties": { "status": { "enum": with_seats } }, "required": ["activeSeatIds"] },
            {
                "properties": { "status": { "enum": ["cancelled", ABANDONED] } },
                "not": { "required": ["activeSeatIds"] },
            },
        ],
    } }
}

/// Has the 30 days begin of attempts that were abandoned since the last time. By the database's
/// clock: by that of a node which is a month behind, an attempt would be forgotten at once, and what
/// was refused could still be inserted.
pub(crate) async fn date_abandoned(database: &Database) -> Result<(), Error> {
    let undated = doc! { "status": ABANDONED, "abandonedAt": null };
    let now = doc! { "$currentDate": { "abandonedAt": true } };
    collection::<Document>(database, BOOKINGS).update_many(undated, now).await.map(drop)
}

/// Creates what is missing and changes nothing that is there.
pub(crate) async fn create(database: &Database) -> Result<(), Error> {
    /// What the server says of a collection that is there.
    const NAMESPACE_EXISTS: i32 = 48;
    /// What it says of an index that is there with other options, or under another name.
    const INDEX_CONFLICTS: [i32; 2] = [85, 86];
    let validator = validator();
    let command = doc! { "create": BOOKINGS, "validator": &validator };
    match database.run_command(command).await {
        Ok(_) => {}
        Err(error) if command_code(&error) == Some(NAMESPACE_EXISTS) => {
            let options = options(database).await?;
            if options.get_document("validator").is_ok_and(|found| !found.is_empty()) {
                // The comparison that follows says whether it is ours.
            } else {
                let command = doc! { "collMod": BOOKINGS, "validator": validator,
                "validationLevel": "strict", "validationAction": "error" };
                database.run_command(command).await?;
            }
        }
        Err(error) => return Err(error),
    }
    for index in indexes() {
        let command = doc! { "createIndexes": BOOKINGS, "indexes": [index] };
        match database.run_command(command).await {
            Ok(_) => {}
            Err(error) if command_code(&error).is_some_and(|c| INDEX_CONFLICTS.contains(&c)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Compares what is there with what there must be.
pub(crate) async fn compare(database: &Database) -> Result<Option<SchemaDifference>, Error> {
    let found = found_indexes(database).await?;
    for expected in indexes() {
        if let Some(difference) = compare_index(expected, &found) {
            return Ok(Some(difference));
        }
    }
    Ok(compare_validator(&options(database).await?))
}

/// Others of the same key do no harm beside the right one.
fn compare_index(expected: Document, found: &[FoundIndex]) -> Option<SchemaDifference> {
    let same_key =
        |found: &&FoundIndex| found.index.get("key").is_some_and(|k| same(k, &expected["key"]));
    let mut found = found.iter().filter(same_key).peekable();
    if found.peek().is_none() {
        return Some(SchemaDifference::IndexMissing(expected));
    }
    let wanted = effect(&expected);
    let right = found.filter(|found| {
        let index = effect(&found.index);
        index.len() == wanted.len() && wanted.iter().all(|(n, v)| same_field(&index, n, v))
    });
    match right.map(|found| found.is_built).max() {
        Some(true) => None,
        Some(false) => Some(SchemaDifference::IndexUnfinished(expected)),
        None => Some(SchemaDifference::IndexDiffers(expected)),
    }
}

/// What of an index says what it does; an operator may have named it otherwise.
fn effect(index: &Document) -> Document {
    let mut effect = index.clone();
    for field in ["v", "ns", "name", "background"] {
        effect.remove(field);
    }
    effect
}

fn same_field(document: &Document, name: &str, value: &Bson) -> bool {
    document.get(name).is_some_and(|found| same(found, value))
}

fn compare_validator(options: &Document) -> Option<SchemaDifference> {
    let Ok(found) = options.get_document("validator") else {
        return Some(SchemaDifference::ValidatorMissing);
    };
    let is = |field: &str, default: &str| options.get_str(field).unwrap_or(default) == default;
    let ours = same(&Bson::Document(found.clone()), &Bson::Document(validator()));
    let kept = is("validationLevel", "strict") && is("validationAction", "error");
    (!(ours && kept)).then_some(SchemaDifference::ValidatorDiffers)
}

/// Whether two values are the same to the server: fields in the same order, and numbers of
/// whatever width, as shells send them.
fn same(a: &Bson, b: &Bson) -> bool {
    let number = |value: &Bson| {
        let narrow = value.as_i32().map(f64::from);
        narrow.or(value.as_i64().map(|n| n as f64)).or(value.as_f64())
    };
    match (a, b) {
        (Bson::Document(a), Bson::Document(b)) => {
            let fields = a.iter().zip(b);
            a.len() == b.len() && fields.into_iter().all(|((n, x), (m, y))| n == m && same(x, y))
        }
        (Bson::Array(a), Bson::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y))
        }
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) => a == b,
            (_, _) => a == b,
        },
    }
}

/// An index that the server lists.
struct FoundIndex {
    index: Document,
    is_built: bool,
}

async fn found_indexes(database: &Database) -> Result<Vec<FoundIndex>, Error> {
    /// What the server says of a collection that is not there.
    const NAMESPACE_NOT_FOUND: i32 = 26;
    // Without this it lists what it still builds like everything else.
    let command = doc! { "listIndexes": BOOKINGS, "includeBuildUUIDs": true };
    match database.run_command(command).await {
        // A collection has at most 64 indexes, and the first batch up to 101.
        Ok(reply) => Ok(first_batch(&reply)?.into_iter().map(found_index).collect()),
        Err(error) if command_code(&error) == Some(NAMESPACE_NOT_FOUND) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn found_index(listed: Document) -> FoundIndex {
    match listed.get_document("spec") {
        Ok(index) => FoundIndex { index: index.clone(), is_built: false },
        Err(_) => FoundIndex { index: listed, is_built: true },
    }
}

/// The options of the collection; none when it is not there.
async fn options(database: &Database) -> Result<Document, Error> {
    let command = doc! { "listCollections": 1, "filter": { "name": BOOKINGS } };
    let reply = database.run_command(command).await?;
    let found = first_batch(&reply)?.into_iter().next().unwrap_or_default();
    Ok(found.get_document("options").cloned().unwrap_or_default())
}

fn first_batch(reply: &Document) -> Result<Vec<Document>, Error> {
    let batch = reply.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
    let batch = batch.map_err(Error::custom)?;
    Ok(batch.iter().filter_map(Bson::as_document).cloned().collect())
}
