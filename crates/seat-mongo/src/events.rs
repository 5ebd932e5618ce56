use mongodb::bson::{DateTime, oid::ObjectId};
use seat_booking::Event;
use seat_layout::{Currency, EventId, LayoutId};
use serde::{Deserialize, Serialize};

use crate::fields::{date, object_id, timestamp};

/// An event in the collection `events`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventDocument {
    #[serde(rename = "_id")]
    id: ObjectId,
    layout_id: ObjectId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<DateTime>,
    currency: Currency,
    created_at: DateTime,
}

impl From<&Event> for EventDocument {
    fn from(event: &Event) -> Self {
        Self {
            id: object_id(event.id.as_bytes()),
            layout_id: object_id(event.layout_id.as_bytes()),
            name: event.name.clone(),
            starts_at: event.starts_at.map(date),
            currency: event.currency,
            created_at: date(event.created_at),
        }
    }
}

impl From<EventDocument> for Event {
    fn from(document: EventDocument) -> Self {
        Self {
            id: EventId::from_bytes(document.id.bytes()),
            layout_id: LayoutId::from_bytes(document.layout_id.bytes()),
            name: document.name,
            starts_at: document.starts_at.map(timestamp),
            currency: document.currency,
            created_at: timestamp(document.created_at),
        }
    }
}
