use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use seat_layout::{BookingId, EventId, Layout, LayoutDocument, LayoutId, UserId};
use seat_state::Timestamp;

use crate::{
    Abandoned, Active, Booking, Event, Item, Record,
    planted::planted,
    ports::{InsertReply, Repository, RepositoryError, UpdateReply},
};

/// A [`Repository`] in memory: durable for as long as the program runs. Cloning shares it.
#[derive(Clone, Default)]
pub struct MemoryRepository {
    tables: Arc<Mutex<Tables>>,
}

#[derive(Default)]
struct Tables {
    layouts: HashMap<LayoutId, LayoutDocument>,
    events: BTreeMap<EventId, Event>,
    records: HashMap<BookingId, Record>,
    active: BTreeMap<(EventId, BookingId), ()>,
    owners: HashMap<(EventId, Item), BookingId>,
    by_user: BTreeMap<(UserId, Timestamp, BookingId), ()>,
}

impl MemoryRepository {
    /// An empty repository.
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn insert(&mut self, record: Record) -> InsertReply {
        let active = record.active();
        let items = active.iter().flat_map(|active| &active.items);
        let event = record.event();
        let shared = !planted!(NoUniqueIndex)
            && items.clone().any(|item| self.owners.contains_key(&(event, item.clone())));
        if shared || self.records.contains_key(&record.id()) {
            return InsertReply::Duplicate;
        }
        for item in items {
            self.owners.insert((event, item.clone()), record.id());
        }
        if active.is_some() {
            self.active.insert((event, record.id()), ());
        }
        if let Record::Booking(booking) = &record {
            self.by_user.insert((booking.user_id.clone(), booking.created_at, booking.id), ());
        }
        self.records.insert(record.id(), record);
        InsertReply::Inserted
    }

    /// Replaces a document, giving back what the new one does not have any more.
    fn replace(&mut self, record: Record) {
        let event = record.event();
        if record.active().is_none() {
            self.active.remove(&(event, record.id()));
            let before = self.records.get(&record.id()).and_then(Record::active);
            for item in before.into_iter().flat_map(|active| active.items) {
                self.owners.remove(&(event, item));
            }
        }
        self.records.insert(record.id(), record);
    }

    fn active(&self, id: BookingId) -> Option<Active> {
        self.records.get(&id).and_then(Record::active)
    }
}

#[async_trait]
impl Repository for MemoryRepository {
    async fn insert_layout(&self, id: LayoutId, layout: &Layout) -> Result<(), RepositoryError> {
        self.tables().layouts.insert(id, layout.to_document());
        Ok(())
    }

    async fn layout(&self, id: LayoutId) -> Result<Option<Layout>, RepositoryError> {
        let document = self.tables().layouts.get(&id).cloned();
        let layout = document.map(Layout::new).transpose();
        Ok(layout.expect("what was a layout once is one for ever"))
    }

    async fn insert_event(&self, event: &Event) -> Result<(), RepositoryError> {
        self.tables().events.insert(event.id, event.clone());
        Ok(())
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, RepositoryError> {
        Ok(self.tables().events.get(&id).cloned())
    }

    async fn events(
        &self,
        before: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<Event>, RepositoryError> {
        let tables = self.tables();
        let newest = tables.events.values().rev();
        let older = newest.filter(|event| before.is_none_or(|before| event.id < before));
        Ok(older.take(limit).cloned().collect())
    }

    async fn insert(&self, record: Record) -> Result<InsertReply, RepositoryError> {
        Ok(self.tables().insert(record))
    }

    async fn record(&self, id: BookingId) -> Result<Option<Record>, RepositoryError> {
        Ok(self.tables().records.get(&id).cloned())
    }

    async fn update(&self, booking: Booking) -> Result<UpdateReply, RepositoryError> {
        let mut tables = self.tables();
        match tables.records.get(&booking.id) {
            Some(Record::Booking(stored))
                if stored.rev.checked_add(1) == Some(booking.rev) && stored.is_active() =>
            {
                tables.replace(Record::Booking(Box::new(booking)));
                Ok(UpdateReply::Updated)
            }
            Some(Record::Booking(_) | Record::Block(_) | Record::Abandoned(_)) | None => {
                Ok(UpdateReply::Stale)
            }
        }
    }

    async fn unblock(&self, id: BookingId) -> Result<(), RepositoryError> {
        let mut tables = self.tables();
        if let Some(Record::Block(block)) = tables.records.get(&id) {
            let (event, created_at) = (block.event, block.created_at);
            tables.replace(Record::Abandoned(Abandoned { id, event, request: None, created_at }));
        }
        Ok(())
    }

    async fn active(
        &self,
        event: EventId,
        after: Option<BookingId>,
        limit: usize,
    ) -> Result<Vec<Active>, RepositoryError> {
        let tables = self.tables();
        let from = (event, after.unwrap_or(BookingId::from_bytes([0; 12])));
        let of_event = tables.active.range(from..).take_while(|((of, _), ())| *of == event);
        let rest = of_event.filter(|((_, id), ())| after.is_none_or(|after| *id > after));
        Ok(rest.take(limit).filter_map(|((_, id), ())| tables.active(*id)).collect())
    }

    async fn owners(
        &self,
        event: EventId,
        items: Vec<Item>,
    ) -> Result<Vec<Active>, RepositoryError> {
        let tables = self.tables();
        let mut ids: Vec<BookingId> = items
            .into_iter()
            .filter_map(|item| tables.owners.get(&(event, item)).copied())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(ids.into_iter().filter_map(|id| tables.active(id)).collect())
    }

    async fn bookings_of(
        &self,
        user: UserId,
        before: Option<(Timestamp, BookingId)>,
        limit: usize,
    ) -> Result<Vec<Booking>, RepositoryError> {
        let tables = self.tables();
        let first = (user.clone(), Timestamp::from_ms(i64::MIN), BookingId::from_bytes([0; 12]));
        let last = match before {
            Some((at, id)) => (user, at, id),
            None => (user, Timestamp::from_ms(i64::MAX), BookingId::from_bytes([255; 12])),
        };
        let newest = tables.by_user.range(first..last).rev();
        let bookings = newest.filter_map(|((_, _, id), ())| match tables.records.get(id) {
            Some(Record::Booking(booking)) => Some((**booking).clone()),
            Some(Record::Block(_) | Record::Abandoned(_)) | None => None,
        });
        Ok(bookings.take(limit).collect())
    }

    async fn ready(&self) -> Result<(), RepositoryError> {
        Ok(())
    }
}
