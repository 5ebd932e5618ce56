//! The projection in the collection `seatStates`. Nothing that is sold depends on it: whatever is
//! wrong with it fails its own calls alone.

mod turns;
mod write;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use mongodb::{
    Collection, Database,
    bson::{Bson, Document, RawDocumentBuf, doc},
    error::Error,
};
use seat_booking::{
    Event,
    ports::{ClaimId, ClaimReply, FinishedClaim, Projection, ProjectionError, SeatRow},
};
use seat_layout::EventId;
use seat_state::Version;
use tokio::{runtime::Handle, sync::OnceCell};

use crate::{driver, fault::backend, fields::object_id, repository::collection, schema};

/// The state of every seat in the collection `seatStates`, written behind. Cloning shares its
/// connections, which are the repository's.
#[derive(Clone)]
pub struct SeatStates {
    shared: Arc<Shared>,
}

struct Shared {
    runtime: Handle,
    database: Database,
    rows: Collection<Document>,
    /// A document for each event: which version its rows show, and whose turn it is.
    progress: Collection<Document>,
    bookings: Collection<RawDocumentBuf>,
    indexes: OnceCell<()>,
}

impl SeatStates {
    pub(crate) fn new(runtime: Handle, database: &Database) -> Self {
        let shared = Shared {
            runtime,
            rows: collection(database, schema::SEAT_STATES),
            progress: collection(database, schema::SEAT_STATE_PROGRESS),
            bookings: collection(database, schema::BOOKINGS),
            database: database.clone(),
            indexes: OnceCell::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, ProjectionError> {
        let called = driver::call(&self.shared.runtime, call).await;
        called.map_err(|error| backend(operation, error).into())
    }

    /// Makes the indexes before the first row is written: without the unique one, two writers at
    /// the same moment would make two rows of a seat.
    async fn create_indexes(&self) -> Result<(), ProjectionError> {
        let create = || {
            let database = self.shared.database.clone();
            self.call("index seat states", async move {
                let indexes = vec![
                    doc! {
                        "key": { "eventId": 1, "seatId": 1 },
                        "name": "one_row",
                        "unique": true,
                    },
                    doc! { "key": { "eventId": 1, "status": 1 }, "name": "by_status" },
                ];
                let command = doc! { "createIndexes": schema::SEAT_STATES, "indexes": indexes };
                database.run_command(command).await.map(drop)
            })
        };
        self.shared.indexes.get_or_try_init(create).await.map(|_| ())
    }
}

#[async_trait]
impl Projection for SeatStates {
    async fn progress(&self, event: EventId) -> Result<Option<Version>, ProjectionError> {
        let progress = self.shared.progress.clone();
        let filter = doc! { "_id": object_id(event.as_bytes()) };
        let found = self.call("read progress", async move { progress.find_one(filter).await });
        Ok(found.await?.as_ref().and_then(turns::version_of))
    }

    async fn claim(
        &self,
        event: EventId,
        claim: ClaimId,
        lease: Duration,
    ) -> Result<ClaimReply, ProjectionError> {
        let progress = self.shared.progress.clone();
        self.call("claim an event", turns::claim(progress, event, claim, lease)).await
    }

    async fn write(&self, event: &Event, rows: Vec<SeatRow>) -> Result<(), ProjectionError> {
        self.create_indexes().await?;
        let (database, bookings) = (self.shared.database.clone(), self.shared.bookings.clone());
        let event = event.clone();
        self.call("write seat states", write::write(database, bookings, event, rows)).await
    }

    async fn finish(
        &self,
        event: EventId,
        claim: ClaimId,
        version: Version,
    ) -> Result<FinishedClaim, ProjectionError> {
        let progress = self.shared.progress.clone();
        self.call("note progress", turns::finish(progress, event, claim, version)).await
    }

    async fn forget(
        &self,
        event: EventId,
        claim: ClaimId,
        lease: Duration,
    ) -> Result<(), ProjectionError> {
        let progress = self.shared.progress.clone();
        // First of all, so that nobody notes progress by rows that are about to be forgotten.
        self.call("claim an event", turns::take_over(progress, event, claim, lease)).await?;
        let (rows, filter) = (self.shared.rows.clone(), of(event));
        let forgotten = doc! { "$set": { "epoch": 0_i64, "seq": 0_i64, "version": 0_i64 } };
        let update = self.call("forget seat states", async move {
            rows.update_many(filter, forgotten).await.map(drop)
        });
        update.await
    }

    async fn drop_forgotten(&self, event: EventId) -> Result<u64, ProjectionError> {
        let rows = self.shared.rows.clone();
        let mut filter = of(event);
        filter.insert("epoch", 0_i64);
        let dropped = self.call("drop seat states", async move { rows.delete_many(filter).await });
        Ok(dropped.await?.deleted_count)
    }

    async fn events(&self) -> Result<Vec<EventId>, ProjectionError> {
        let rows = self.shared.rows.clone();
        let distinct =
            self.call("list events", async move { rows.distinct("eventId", doc! {}).await });
        let ids = distinct.await?;
        let ids = ids.iter().filter_map(Bson::as_object_id);
        Ok(ids.map(|id| EventId::from_bytes(id.bytes())).collect())
    }

    async fn remove(&self, event: EventId) -> Result<u64, ProjectionError> {
        let (rows, progress) = (self.shared.rows.clone(), self.shared.progress.clone());
        let of_progress = doc! { "_id": object_id(event.as_bytes()) };
        let removed = self.call("remove seat states", async move {
            let removed = rows.delete_many(of(event)).await?.deleted_count;
            progress.delete_one(of_progress).await?;
            Ok(removed)
        });
        removed.await
    }
}

/// The rows of an event.
fn of(event: EventId) -> Document {
    doc! { "eventId": object_id(event.as_bytes()) }
}
