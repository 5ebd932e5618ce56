use mongodb::{
    Collection, Database,
    bson::{self, RawDocumentBuf, doc, oid::ObjectId},
    error::Result,
};
use seat_layout::{CategoryDocument, ItemDocument, LayoutDocument, LayoutId, SeatDocument};
use serde::{Deserialize, Serialize};

use crate::{fault::is_duplicate, repository::collection, schema};

/// From which size on a layout is stored in parts; a document of MongoDB ends at 16 MB.
const WHOLE_BYTES_MAX: usize = 12_000_000;

/// How many seats one part has at the most.
const PART_SEATS: usize = 20_000;

/// Where layouts are stored.
#[derive(Clone)]
pub(crate) struct Layouts {
    heads: Collection<RawDocumentBuf>,
    parts: Collection<RawDocumentBuf>,
}

/// A layout; one that was too large has its seats in so many parts.
#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(rename = "_id")]
    id: ObjectId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    seats: Vec<SeatDocument>,
    items: Vec<ItemDocument>,
    categories: Vec<CategoryDocument>,
}

#[derive(Serialize, Deserialize)]
struct Part {
    #[serde(rename = "_id")]
    id: PartId,
    seats: Vec<SeatDocument>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartId {
    layout_id: ObjectId,
    part: u32,
}

impl Layouts {
    pub(crate) fn new(database: &Database) -> Self {
        Self {
            heads: collection(database, schema::LAYOUTS),
            parts: collection(database, schema::LAYOUT_PARTS),
        }
    }

    /// Stores a layout that may be there already.
    pub(crate) async fn insert(&self, id: LayoutId, layout: LayoutDocument) -> Result<()> {
        let LayoutDocument { name, seats, items, categories } = layout;
        let id = ObjectId::from_bytes(*id.as_bytes());
        let mut head = Head { id, name, parts: None, seats, items, categories };
        let mut document = bson::serialize_to_raw_document_buf(&head)?;
        if document.as_bytes().len() > WHOLE_BYTES_MAX {
            let seats = std::mem::take(&mut head.seats);
            let mut part = 0;
            for seats in seats.chunks(PART_SEATS) {
                let id = PartId { layout_id: id, part };
                let document = Part { id, seats: seats.to_vec() };
                insert(&self.parts, &bson::serialize_to_raw_document_buf(&document)?).await?;
                part += 1;
            }
            head.parts = Some(part);
            document = bson::serialize_to_raw_document_buf(&head)?;
        }
        // Last, so that a layout that is found has all its parts.
        insert(&self.heads, &document).await
    }

    pub(crate) async fn find(&self, id: LayoutId) -> Result<Option<LayoutDocument>> {
        let id = ObjectId::from_bytes(*id.as_bytes());
        let Some(head) = self.heads.find_one(doc! { "_id": id }).await? else { return Ok(None) };
        let head: Head = bson::deserialize_from_slice(head.as_bytes())?;
        let Head { name, mut seats, items, categories, .. } = head;
        for part in 0..head.parts.unwrap_or(0) {
            let id = bson::serialize_to_bson(&PartId { layout_id: id, part })?;
            if let Some(part) = self.parts.find_one(doc! { "_id": id }).await? {
                let part: Part = bson::deserialize_from_slice(part.as_bytes())?;
                seats.extend(part.seats);
            }
        }
        Ok(Some(LayoutDocument { name, seats, items, categories }))
    }
}

async fn insert(collection: &Collection<RawDocumentBuf>, document: &RawDocumentBuf) -> Result<()> {
    match collection.insert_one(document).await {
        Err(error) if !is_duplicate(&error) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
