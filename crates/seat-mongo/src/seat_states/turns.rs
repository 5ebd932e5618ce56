//! Whose turn it is to write an event, and how far its rows have come. Turns last by the
//! database's clock.

use std::time::Duration;

use mongodb::{
    Collection,
    bson::{Bson, DateTime, Document, doc},
    error::Error,
    options::ReturnDocument,
};
use seat_booking::ports::{ClaimId, ClaimReply, FinishedClaim};
use seat_layout::EventId;
use seat_state::Version;

use crate::fields::object_id;

pub(super) async fn claim(
    progress: Collection<Document>,
    event: EventId,
    claim: ClaimId,
    lease: Duration,
) -> Result<ClaimReply, Error> {
    let id = object_id(&claim.0);
    let until = doc! { "$ifNull": ["$until", DateTime::from_millis(0)] };
    let is_free = doc! { "$or": [
        { "$eq": ["$writer", id] },
        { "$lte": [until, "$$NOW"] },
    ] };
    let turn = doc! { "$set": {
        "writer": { "$cond": [&is_free, id, "$writer"] },
        "until": { "$cond": [&is_free, after(lease), "$until"] },
    } };
    let claimed = progress.find_one_and_update(of(event), vec![turn]).upsert(true);
    let claimed = claimed.return_document(ReturnDocument::After).await?.unwrap_or_default();
    Ok(match claimed.get_object_id("writer") {
        Ok(writer) if writer == id => ClaimReply::Claimed { progress: version_of(&claimed) },
        Ok(_) | Err(_) => ClaimReply::Busy,
    })
}

/// A claim that asks nobody, of an event that has come nowhere.
pub(super) async fn take_over(
    progress: Collection<Document>,
    event: EventId,
    claim: ClaimId,
    lease: Duration,
) -> Result<(), Error> {
    let turn = doc! { "$set": { "writer": object_id(&claim.0), "until": after(lease) } };
    let nowhere = doc! { "$unset": ["epoch", "seq"] };
    progress.update_one(of(event), vec![turn, nowhere]).upsert(true).await.map(drop)
}

pub(super) async fn finish(
    progress: Collection<Document>,
    event: EventId,
    claim: ClaimId,
    version: Version,
) -> Result<FinishedClaim, Error> {
    let mut present = of(event);
    present.insert("writer", object_id(&claim.0));
    let noted = doc! {
        "$set": { "epoch": number(version.epoch), "seq": number(version.seq) },
        "$unset": { "writer": "", "until": "" },
    };
    Ok(match progress.update_one(present, noted).await?.matched_count {
        0 => FinishedClaim::Fenced,
        _ => FinishedClaim::Noted,
    })
}

/// The version in a document; `None` where it has none.
pub(super) fn version_of(document: &Document) -> Option<Version> {
    let number = |field| u64::try_from(document.get_i64(field).ok()?).ok();
    Some(Version { epoch: number("epoch")?, seq: number("seq")? })
}

/// A part of a version, which is below 2^53.
pub(super) fn number(part: u64) -> i64 {
    i64::try_from(part).unwrap_or(i64::MAX)
}

fn of(event: EventId) -> Document {
    doc! { "_id": object_id(event.as_bytes()) }
}

fn after(lease: Duration) -> Bson {
    let ms = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    Bson::Document(doc! { "$add": ["$$NOW", ms] })
}
