//! What whoever tests may see of the lock store in memory and do to it, and nobody else.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::Ordering},
};

use seat_layout::{BookingId, EventId, TableId, UserId};
use seat_state::{Change, Status, Timestamp};

use super::lock_store::{MemoryLockStore, guard};
use crate::{Item, Mark, ports::Clock};

/// Everything that a lock store has of an event. Looking at it changes nothing, unlike
/// `snapshot` and `changes`, which compare the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventContent {
    /// The epoch in which the event is loaded, or being loaded.
    pub epoch: Option<u64>,
    /// Whether it is being loaded.
    pub loading: bool,
    /// The number of the last step.
    pub seq: u64,
    /// The last step, if it is kept.
    pub last_change: Option<Change>,
    /// Every item that has a lock, also one that has run out, or a mark.
    pub items: BTreeMap<Item, ItemContent>,
    /// The transfers that stand, and when each began.
    pub transfers: BTreeMap<BookingId, Timestamp>,
}

/// What a lock store has of one seat or table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemContent {
    /// Its hold, until that is swept.
    pub lock: Option<ItemLock>,
    /// Whose it is.
    pub mark: Option<ItemMark>,
    /// What watchers see of it, unless it is available.
    pub shown: Option<(Status, Option<Timestamp>)>,
}

/// A hold of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemLock {
    /// Who holds it.
    pub user: UserId,
    /// The table as which it is held.
    pub table: Option<TableId>,
    /// When it runs out.
    pub expires_at: Timestamp,
}

/// Why an item is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemMark {
    /// It is booked or blocked, by this id.
    Is(Mark, BookingId),
    /// It is in the transfer of this id.
    InTransfer(BookingId),
}

impl ItemMark {
    /// The id.
    pub fn id(self) -> BookingId {
        match self {
            Self::Is(_, id) | Self::InTransfer(id) => id,
        }
    }
}

impl MemoryLockStore {
    /// An empty store that judges expiry by this clock, and tells and drops so many items at once.
    pub fn with_pages_of(items: usize, clock: Arc<dyn Clock>) -> Self {
        Self::in_pages_of(items, clock)
    }

    /// Everything that it has of this event.
    pub fn content(&self, event: EventId) -> EventContent {
        self.with(event, |locks, _| locks.content()).unwrap_or_default()
    }

    /// A copy as it is now, which shares nothing with this one but the clock.
    pub fn replica(&self) -> Self {
        let copy = Self::with_clock(Arc::clone(&self.inner.clock));
        copy.take(self);
        copy
    }

    /// Has what this replica has and is a new run, as after a failover: what was written since the
    /// replica was made is lost.
    pub fn fail_over(&self, replica: &Self) {
        self.take(replica);
        self.restart();
    }

    fn take(&self, other: &Self) {
        let events = other.events_mut();
        let copies =
            events.iter().map(|(&id, locks)| (id, Arc::new(Mutex::new(guard(locks).clone()))));
        let copies = copies.collect();
        drop(events);
        *self.events_mut() = copies;
        self.inner.run.fetch_max(other.run(), Ordering::SeqCst);
    }
}
