use std::{collections::BTreeSet, fmt, ops::Bound, path::Path, sync::Arc};

use async_trait::async_trait;
use redb::{Database, StorageBackend};
use seat_booking::{
    Active, Booking, Event, Item, Record,
    ports::{InsertReply, Repository, RepositoryError, UpdateReply},
};
use seat_layout::{BookingId, EventId, Layout, LayoutDocument, LayoutId, UserId};
use seat_state::Timestamp;
use serde::Serialize;

use crate::{
    fault::Fault,
    open::{OpenError, open_backend, open_file},
    store::Store,
    tables::{ACTIVE, BY_USER, EVENTS, ITEMS, LAYOUTS, NUMBERS, RECORDS, read_active, read_record},
    write::{Outcome, Write},
    writer::Writer,
};

/// A [`Repository`] in one file. See the crate's page for what it promises.
///
/// Reads run where they are called: most of them find their few pages in memory, and none reads
/// more than its `limit`. Writes go to a thread of their own and are answered when they are
/// durable. Dropping it waits for that thread, as [`close`](Self::close) does, and closes the
/// file.
pub struct RedbRepository {
    // Before the store: the thread has to end before the file can be closed.
    writer: Writer,
    store: Arc<Store>,
}

impl RedbRepository {
    /// Opens the file, or makes it and the folders above it.
    ///
    /// Reads all of the file and checks it, and blocks the thread while it does: about a second for
    /// every GB that the operating system has in memory, or the time of reading it from the disk,
    /// whether it was closed or its process was killed. It may be repeated.
    ///
    /// # Errors
    /// See [`OpenError`]. No page of a file that is refused is changed.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        Self::start(open_file(path)?, path)
    }

    /// Opens what is in this storage, so that a test can have a disk that fails.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_with_backend(storage: impl StorageBackend) -> Result<Self, OpenError> {
        let name = Path::new("the given storage");
        Self::start(open_backend(storage, name)?, name)
    }

    fn start(database: Database, path: &Path) -> Result<Self, OpenError> {
        let store = Arc::new(Store::new(database));
        let writer =
            Writer::start(Arc::clone(&store)).map_err(|source| OpenError::failed(path, source))?;
        Ok(Self { writer, store })
    }

    /// Takes no more writes, and returns when those that were taken are durable and answered.
    /// Later writes are `Unavailable`. It may be repeated.
    ///
    /// Blocks the thread, for as long as the commits of at most 4,096 writes last.
    pub fn close(&self) {
        self.writer.close();
    }
}

impl fmt::Debug for RedbRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbRepository").finish_non_exhaustive()
    }
}

#[async_trait]
impl Repository for RedbRepository {
    async fn insert_layout(&self, id: LayoutId, layout: &Layout) -> Result<(), RepositoryError> {
        let json = to_json(&layout.to_document());
        self.writer.write(Write::Layout { id, json }).await.map(|_| ())
    }

    async fn layout(&self, id: LayoutId) -> Result<Option<Layout>, RepositoryError> {
        self.store.read("read a layout", |snapshot| {
            let Some(json) = snapshot.open_table(LAYOUTS)?.get(id.as_bytes())? else {
                return Ok(None);
            };
            let document: LayoutDocument =
                serde_json::from_slice(json.value()).map_err(Fault::document)?;
            Layout::new(document).map(Some).map_err(Fault::document)
        })
    }

    async fn insert_event(&self, event: &Event) -> Result<(), RepositoryError> {
        let write = Write::Event { id: event.id, json: to_json(event) };
        self.writer.write(write).await.map(|_| ())
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, RepositoryError> {
        self.store.read("read an event", |snapshot| {
            let Some(json) = snapshot.open_table(EVENTS)?.get(id.as_bytes())? else {
                return Ok(None);
            };
            serde_json::from_slice(json.value()).map(Some).map_err(Fault::document)
        })
    }

    async fn events(
        &self,
        before: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<Event>, RepositoryError> {
        let end = match &before {
            Some(id) => Bound::Excluded(id.as_bytes()),
            None => Bound::Unbounded,
        };
        self.store.read("list events", |snapshot| {
            let events = snapshot.open_table(EVENTS)?;
            let newest = events.range::<&[u8; 12]>((Bound::Unbounded, end))?.rev();
            newest
                .take(limit)
                .map(|row| serde_json::from_slice(row?.1.value()).map_err(Fault::document))
                .collect()
        })
    }

    async fn insert(&self, record: Record) -> Result<InsertReply, RepositoryError> {
        let json = to_json(&record);
        Ok(match self.writer.write(Write::Insert { record, json }).await? {
            Outcome::Done => InsertReply::Inserted,
            Outcome::Refused => InsertReply::Duplicate,
        })
    }

    async fn record(&self, id: BookingId) -> Result<Option<Record>, RepositoryError> {
        self.store.read("read a record", |snapshot| {
            let Some(number) = snapshot.open_table(NUMBERS)?.get(id.as_bytes())? else {
                return Ok(None);
            };
            read_record(&snapshot.open_table(RECORDS)?, number.value()).map(Some)
        })
    }

    async fn update(&self, booking: Booking) -> Result<UpdateReply, RepositoryError> {
        let (id, rev, cancels) = (booking.id, booking.rev, !booking.is_active());
        let json = to_json(&Record::Booking(Box::new(booking)));
        Ok(match self.writer.write(Write::Update { id, rev, cancels, json }).await? {
            Outcome::Done => UpdateReply::Updated,
            Outcome::Refused => UpdateReply::Stale,
        })
    }

    async fn unblock(&self, id: BookingId) -> Result<(), RepositoryError> {
        self.writer.write(Write::Unblock { id }).await.map(|_| ())
    }

    async fn active(
        &self,
        event: EventId,
        after: Option<BookingId>,
        limit: usize,
    ) -> Result<Vec<Active>, RepositoryError> {
        let first = [0; 12];
        let last = [255; 12];
        let start = match &after {
            Some(id) => Bound::Excluded((event.as_bytes(), id.as_bytes())),
            None => Bound::Included((event.as_bytes(), &first)),
        };
        let end = Bound::Included((event.as_bytes(), &last));
        self.store.read("list active records", |snapshot| {
            let rows = snapshot.open_table(ACTIVE)?.range((start, end))?;
            rows.take(limit)
                .map(|row| {
                    let (key, line) = row?;
                    read_active(BookingId::from_bytes(*key.value().1), line.value())
                })
                .collect()
        })
    }

    async fn owners(
        &self,
        event: EventId,
        items: Vec<Item>,
    ) -> Result<Vec<Active>, RepositoryError> {
        self.store.read("find owners", |snapshot| {
            let owners = snapshot.open_table(ITEMS)?;
            let mut ids = BTreeSet::new();
            for item in &items {
                if let Some(id) = owners.get((event.as_bytes(), item.to_string().as_str()))? {
                    ids.insert(BookingId::from_bytes(*id.value()));
                }
            }
            let lines = snapshot.open_table(ACTIVE)?;
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                let line = lines.get((event.as_bytes(), id.as_bytes()))?;
                let line = line.ok_or_else(|| Fault::document(format!("{id} has no items")))?;
                found.push(read_active(id, line.value())?);
            }
            Ok(found)
        })
    }

    async fn bookings_of(
        &self,
        user: UserId,
        before: Option<(Timestamp, BookingId)>,
        limit: usize,
    ) -> Result<Vec<Booking>, RepositoryError> {
        let first = [0; 12];
        let last = [255; 12];
        let start = Bound::Included((user.as_str(), i64::MIN, &first));
        let end = match &before {
            Some((at, id)) => Bound::Excluded((user.as_str(), at.ms(), id.as_bytes())),
            None => Bound::Included((user.as_str(), i64::MAX, &last)),
        };
        self.store.read("list a user's bookings", |snapshot| {
            let records = snapshot.open_table(RECORDS)?;
            let newest = snapshot.open_table(BY_USER)?.range((start, end))?.rev();
            newest
                .take(limit)
                .map(|row| match read_record(&records, row?.1.value())? {
                    Record::Booking(booking) => Ok(*booking),
                    record @ (Record::Block(_) | Record::Abandoned(_)) => {
                        Err(Fault::document(format!("{} is no booking", record.id())))
                    }
                })
                .collect()
        })
    }

    async fn ready(&self) -> Result<(), RepositoryError> {
        self.store.check()?;
        self.writer.check()
    }
}

fn to_json(document: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(document).expect("documents have text keys and no failing parts")
}
