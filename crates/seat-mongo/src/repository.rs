use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::TryStreamExt;
use mongodb::{
    Collection, Database,
    bson::{Document, RawDocumentBuf, doc},
    error::Error,
    options::{Acknowledgment, CollectionOptions, ReadConcern, WriteConcern},
};
use seat_booking::{
    Active, Booking, Event, Item, Record,
    ports::{InsertReply, Repository, RepositoryError, UpdateReply},
};
use seat_layout::{BookingId, EventId, Layout, LayoutId, UserId};
use seat_state::Timestamp;
use tokio::runtime::Handle;

use crate::{
    connect::{ConnectError, connect},
    driver,
    events::EventDocument,
    fault::{is_duplicate, nothing_done, write_failed},
    fields::{date, object_id, user_field},
    inserts::Inserts,
    layouts::Layouts,
    records::{ABANDONED, ActiveDocument, BLOCKED, SOLD, to_booking, to_document, to_record},
    schema,
    schema_watch::SchemaWatch,
    seat_states::SeatStates,
};

/// How often the indexes and the validator are compared with what they must be.
const SCHEMA_CHECK_EVERY: Duration = Duration::from_secs(60);

/// How long a write waits for the majority of the servers until its outcome counts as unknown.
pub(crate) const MAJORITY_WITHIN: Duration = Duration::from_secs(5);

/// A [`Repository`] on MongoDB 6.0 or later. Cloning shares its connections.
#[derive(Clone)]
pub struct MongoRepository {
    shared: Arc<Shared>,
}

struct Shared {
    runtime: Handle,
    database: Database,
    events: Collection<EventDocument>,
    layouts: Layouts,
    bookings: Collection<RawDocumentBuf>,
    inserts: Inserts,
    schema: SchemaWatch,
}

impl MongoRepository {
    /// Connects, creates the collections and indexes that are missing, and compares all of them
    /// with what they must be. The runtime that calls must outlive the repository.
    ///
    /// # Errors
    /// [`ConnectError`]; it may be repeated. A server that does not answer is given up within
    /// about five seconds.
    pub async fn connect(uri: &str) -> Result<Self, ConnectError> {
        Self::connect_checking(uri, SCHEMA_CHECK_EVERY).await
    }

    /// As [`connect`](Self::connect), but the indexes and the validator are compared again so
    /// often, instead of once a minute.
    ///
    /// # Errors
    /// As of [`connect`](Self::connect).
    pub async fn connect_checking(
        uri: &str,
        schema_check_every: Duration,
    ) -> Result<Self, ConnectError> {
        let database = connect(uri).await?;
        let runtime = Handle::current();
        let bookings: Collection<RawDocumentBuf> = collection(&database, schema::BOOKINGS);
        let shared = Shared {
            events: collection(&database, schema::EVENTS),
            layouts: Layouts::new(&database),
            inserts: Inserts::start(&runtime, bookings.clone()),
            bookings,
            schema: SchemaWatch::start(&runtime, database.clone(), schema_check_every),
            database,
            runtime,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The state of every seat, written behind into this database for reports. It shares the
    /// connections of the repository and ends with them.
    pub fn seat_states(&self) -> SeatStates {
        SeatStates::new(self.shared.runtime.clone(), &self.shared.database)
    }

    /// Closes the connections, when nothing is asked of the repository any more.
    pub async fn close(&self) {
        self.shared.database.client().clone().shutdown().await;
    }

    async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        let called = driver::call(&self.shared.runtime, call).await;
        called.map_err(|error| nothing_done(operation, error))
    }

    async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        let called = driver::call(&self.shared.runtime, call).await;
        called.map_err(|error| write_failed(operation, error))
    }

    async fn active_of(
        &self,
        operation: &'static str,
        filter: Document,
        limit: i64,
    ) -> Result<Vec<Active>, RepositoryError> {
        let documents = self.shared.bookings.clone_with_type::<ActiveDocument>();
        let found = self.read(operation, async move {
            let fields = doc! { "status": 1, "activeSeatIds": 1 };
            let found = documents.find(filter).projection(fields).sort(doc! { "_id": 1 });
            found.limit(limit).await?.try_collect::<Vec<_>>().await
        });
        let active = found.await?.iter().map(ActiveDocument::to_active).collect::<Result<_, _>>();
        active.map_err(|error| nothing_done(operation, error))
    }
}

/// A collection that answers a write when the majority has it in its journal, and reads what no
/// failover takes back.
pub(crate) fn collection<T: Send + Sync>(database: &Database, name: &str) -> Collection<T> {
    let durable = WriteConcern::builder()
        .w(Acknowledgment::Majority)
        .journal(true)
        .w_timeout(MAJORITY_WITHIN)
        .build();
    let options = CollectionOptions::builder()
        .write_concern(durable)
        .read_concern(ReadConcern::majority())
        .build();
    database.collection_with_options(name, options)
}

fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[async_trait]
impl Repository for MongoRepository {
    async fn insert_layout(&self, id: LayoutId, layout: &Layout) -> Result<(), RepositoryError> {
        let (layouts, document) = (self.shared.layouts.clone(), layout.to_document());
        self.write("insert a layout", async move { layouts.insert(id, document).await }).await
    }

    async fn layout(&self, id: LayoutId) -> Result<Option<Layout>, RepositoryError> {
        const OPERATION: &str = "read a layout";
        let layouts = self.shared.layouts.clone();
        let document = self.read(OPERATION, async move { layouts.find(id).await }).await?;
        let layout = document.map(Layout::new).transpose();
        layout.map_err(|error| nothing_done(OPERATION, error))
    }

    async fn insert_event(&self, event: &Event) -> Result<(), RepositoryError> {
        let (events, document) = (self.shared.events.clone(), EventDocument::from(event));
        let insert = self.write("insert an event", async move {
            match events.insert_one(document).await {
                Err(error) if !is_duplicate(&error) => Err(error),
                Ok(_) | Err(_) => Ok(()),
            }
        });
        insert.await
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, RepositoryError> {
        let (events, id) = (self.shared.events.clone(), object_id(id.as_bytes()));
        let find =
            self.read("read an event", async move { events.find_one(doc! { "_id": id }).await });
        Ok(find.await?.map(Event::from))
    }

    async fn events(
        &self,
        before: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<Event>, RepositoryError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let filter = match before {
            Some(id) => doc! { "_id": { "$lt": object_id(id.as_bytes()) } },
            None => doc! {},
        };
        let events = self.shared.events.clone();
        let found = self.read("list events", async move {
            let found = events.find(filter).sort(doc! { "_id": -1 }).limit(limited(limit));
            found.await?.try_collect::<Vec<_>>().await
        });
        Ok(found.await?.into_iter().map(Event::from).collect())
    }

    async fn insert(&self, record: Record) -> Result<InsertReply, RepositoryError> {
        const OPERATION: &str = "insert";
        self.shared.schema.check().map_err(|difference| nothing_done(OPERATION, difference))?;
        let document = to_document(record).map_err(|error| nothing_done(OPERATION, error))?;
        self.shared.inserts.insert(document).await
    }

    async fn record(&self, id: BookingId) -> Result<Option<Record>, RepositoryError> {
        const OPERATION: &str = "read a document";
        let (bookings, id) = (self.shared.bookings.clone(), object_id(id.as_bytes()));
        let find = self.read(OPERATION, async move { bookings.find_one(doc! { "_id": id }).await });
        let record = find.await?.map(|document| to_record(&document)).transpose();
        record.map_err(|error| nothing_done(OPERATION, error))
    }

    async fn update(&self, booking: Booking) -> Result<UpdateReply, RepositoryError> {
        const OPERATION: &str = "update";
        let Some(before) = booking.rev.checked_sub(1) else { return Ok(UpdateReply::Stale) };
        let filter = doc! {
            "_id": object_id(booking.id.as_bytes()),
            "eventId": object_id(booking.event_id.as_bytes()),
            "rev": i64::from(before),
            "status": { "$in": SOLD.to_vec() },
        };
        let document = to_document(Record::Booking(Box::new(booking)));
        let document = document.map_err(|error| nothing_done(OPERATION, error))?;
        let bookings = self.shared.bookings.clone();
        let update =
            self.write(OPERATION, async move { bookings.replace_one(filter, document).await });
        Ok(match update.await?.matched_count {
            0 => UpdateReply::Stale,
            _ => UpdateReply::Updated,
        })
    }

    async fn unblock(&self, id: BookingId) -> Result<(), RepositoryError> {
        let bookings = self.shared.bookings.clone();
        let filter = doc! { "_id": object_id(id.as_bytes()), "status": BLOCKED };
        let change = doc! {
            "$set": { "status": ABANDONED },
            "$unset": { "activeSeatIds": "" },
            "$currentDate": { "abandonedAt": true },
        };
        let update =
            self.write("unblock", async move { bookings.update_one(filter, change).await });
        update.await.map(|_| ())
    }

    async fn active(
        &self,
        event: EventId,
        after: Option<BookingId>,
        limit: usize,
    ) -> Result<Vec<Active>, RepositoryError> {
        // To the driver, a limit of 0 is none.
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut filter = doc! { "eventId": object_id(event.as_bytes()) };
        if let Some(id) = after {
            filter.insert("_id", doc! { "$gt": object_id(id.as_bytes()) });
        }
        filter.insert("activeSeatIds", doc! { "$exists": true });
        self.active_of("list active documents", filter, limited(limit)).await
    }

    async fn owners(
        &self,
        event: EventId,
        items: Vec<Item>,
    ) -> Result<Vec<Active>, RepositoryError> {
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        let filter = doc! {
            "eventId": object_id(event.as_bytes()),
            "activeSeatIds": { "$in": items },
        };
        self.active_of("find owners", filter, 0).await
    }

    async fn bookings_of(
        &self,
        user: UserId,
        before: Option<(Timestamp, BookingId)>,
        limit: usize,
    ) -> Result<Vec<Booking>, RepositoryError> {
        const OPERATION: &str = "list a user's bookings";
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut filter = doc! { "userId": user_field(&user) };
        if let Some((at, id)) = before {
            let (at, id) = (date(at), object_id(id.as_bytes()));
            let older = doc! { "createdAt": { "$lt": at } };
            let same_moment = doc! { "createdAt": at, "_id": { "$lt": id } };
            filter.insert("$or", vec![older, same_moment]);
        }
        let bookings = self.shared.bookings.clone();
        let found = self.read(OPERATION, async move {
            let newest = doc! { "createdAt": -1, "_id": -1 };
            let found = bookings.find(filter).sort(newest).limit(limited(limit));
            found.await?.try_collect::<Vec<_>>().await
        });
        let bookings = found.await?.iter().map(|document| to_booking(document)).collect();
        let bookings: Result<Vec<_>, _> = bookings;
        bookings.map_err(|error| nothing_done(OPERATION, error))
    }

    async fn ready(&self) -> Result<(), RepositoryError> {
        const OPERATION: &str = "answer";
        self.shared.schema.check().map_err(|difference| nothing_done(OPERATION, difference))?;
        self.shared.inserts.check()?;
        let database = self.shared.database.clone();
        let ping =
            self.read(OPERATION, async move { database.run_command(doc! { "ping": 1 }).await });
        ping.await.map(drop)
    }
}
