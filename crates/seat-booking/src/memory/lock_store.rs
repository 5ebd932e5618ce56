use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use seat_layout::{BookingId, EventId, SeatId, TableId, UserId};
use seat_state::{Timestamp, Version};
use serde::{Deserialize, Serialize};

use super::event_locks::{EventLocks, Lock};
use crate::{
    Active, Item, Selection,
    ports::{
        BeginReply, BlockReply, BlockRequest, ChangesReply, Clock, ExtendReply, ExtendRequest,
        FinishReply, FinishRequest, HoldReply, HoldRequest, LoadBeginReply, LoadReply, LoadRequest,
        LockError, LockStore, MarksPage, ReleaseReply, SnapshotPage, SweepReply, SystemClock,
        TableHoldRequest, TransferReply, TransferRequest, UserHolds,
    },
};

/// How many slots one page or one round of dropping looks at.
const PAGE_SLOTS: usize = 5_000;

/// A [`LockStore`] in memory: one mutex for each event, held for microseconds and never across an
/// `await`. Cloning shares it.
#[derive(Clone)]
pub struct MemoryLockStore {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    events: RwLock<HashMap<EventId, Arc<Mutex<EventLocks>>>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) run: AtomicU64,
    page_slots: usize,
}

/// Live holds on their way from one run of a program to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedHolds {
    holds: Vec<SavedHold>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SavedHold {
    event: EventId,
    /// Absent of the lock of a table itself.
    seat: Option<SeatId>,
    table: Option<TableId>,
    user: UserId,
    held_at: Timestamp,
    expires_at: Timestamp,
}

impl SavedHolds {
    /// How many locks these are: one for each seat, and one for each table held as a table.
    pub fn len(&self) -> usize {
        self.holds.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.holds.is_empty()
    }
}

impl Default for MemoryLockStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryLockStore {
    /// An empty store on the system's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// An empty store that judges expiry by this clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self::in_pages_of(PAGE_SLOTS, clock)
    }

    pub(super) fn in_pages_of(page_slots: usize, clock: Arc<dyn Clock>) -> Self {
        let inner = Inner { events: RwLock::default(), clock, run: AtomicU64::new(1), page_slots };
        Self { inner: Arc::new(inner) }
    }

    /// Loses everything, as a flush does.
    pub fn forget(&self) {
        self.events_mut().clear();
    }

    /// Keeps everything and is a new run, as after a restart from a dump.
    pub fn restart(&self) {
        self.inner.run.fetch_add(1, Ordering::SeqCst);
    }

    /// The holds that last, to be [restored](Self::restore) in a later run.
    pub fn save(&self) -> SavedHolds {
        let now = self.inner.clock.now();
        let mut holds = Vec::new();
        for (&event, locks) in self.events_mut().iter() {
            for (item, lock) in guard(locks).live_locks(now) {
                holds.push(SavedHold {
                    event,
                    seat: item.seat().cloned(),
                    table: lock.table.clone(),
                    user: lock.user.clone(),
                    held_at: lock.held_at,
                    expires_at: lock.expires_at,
                });
            }
        }
        SavedHolds { holds }
    }

    /// Puts saved holds back. Their events still have to be loaded, which keeps them unless their
    /// seats were booked meanwhile.
    pub fn restore(&self, saved: SavedHolds) {
        for hold in saved.holds {
            let item = match (hold.seat, &hold.table) {
                (Some(seat), _) => Item::Seat(seat),
                (None, Some(table)) => Item::Table(table.clone()),
                (None, None) => continue,
            };
            let SavedHold { user, held_at, table, expires_at, .. } = hold;
            let lock = Lock { user, held_at, table, expires_at };
            self.of_new(hold.event, |locks, _| locks.restore(item, lock));
        }
    }

    /// One atomic step on an event, at one moment of the store's clock; `None` for an event of which
    /// the store knows nothing.
    pub(super) fn with<T>(
        &self,
        event: EventId,
        step: impl FnOnce(&mut EventLocks, Timestamp) -> T,
    ) -> Option<T> {
        let events = self.inner.events.read().unwrap_or_else(PoisonError::into_inner);
        let locks = Arc::clone(events.get(&event)?);
        drop(events);
        let mut locks = guard(&locks);
        Some(step(&mut locks, self.inner.clock.now()))
    }

    /// The same, and an event that the store knows nothing of is not loaded.
    fn of_known<T>(
        &self,
        event: EventId,
        step: impl FnOnce(&mut EventLocks, Timestamp) -> Result<T, LockError>,
    ) -> Result<T, LockError> {
        self.with(event, step).unwrap_or(Err(LockError::NotLoaded))
    }

    /// The same, on an event that the store knows from now on.
    fn of_new<T>(&self, event: EventId, step: impl FnOnce(&mut EventLocks, Timestamp) -> T) -> T {
        let locks = Arc::clone(self.events_mut().entry(event).or_default());
        let mut locks = guard(&locks);
        step(&mut locks, self.inner.clock.now())
    }

    pub(super) fn run(&self) -> u64 {
        self.inner.run.load(Ordering::SeqCst)
    }

    pub(super) fn events_mut(
        &self,
    ) -> std::sync::RwLockWriteGuard<'_, HashMap<EventId, Arc<Mutex<EventLocks>>>> {
        self.inner.events.write().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn guard(locks: &Mutex<EventLocks>) -> MutexGuard<'_, EventLocks> {
    locks.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl LockStore for MemoryLockStore {
    async fn hold(&self, request: HoldRequest) -> Result<HoldReply, LockError> {
        self.of_known(request.event, |locks, now| locks.hold(now, &request))
    }

    async fn hold_table(&self, request: TableHoldRequest) -> Result<HoldReply, LockError> {
        self.of_known(request.event, |locks, now| locks.hold_table(now, &request))
    }

    async fn release(
        &self,
        event: EventId,
        user: UserId,
        selection: Selection,
    ) -> Result<ReleaseReply, LockError> {
        self.of_known(event, |locks, now| locks.release(now, &user, &selection))
    }

    async fn extend(&self, request: ExtendRequest) -> Result<ExtendReply, LockError> {
        self.of_known(request.event, |locks, now| locks.extend(now, &request))
    }

    async fn holds_of(&self, event: EventId, user: UserId) -> Result<UserHolds, LockError> {
        self.of_known(event, |locks, now| locks.holds_of(now, &user))
    }

    async fn begin(&self, request: TransferRequest) -> Result<BeginReply, LockError> {
        self.of_known(request.event, |locks, now| locks.begin(now, &request))
    }

    async fn begin_block(&self, request: BlockRequest) -> Result<BlockReply, LockError> {
        self.of_known(request.event, |locks, now| locks.begin_block(now, &request))
    }

    async fn finish(&self, request: FinishRequest) -> Result<FinishReply, LockError> {
        self.of_known(request.event, |locks, now| locks.finish(now, &request))
    }

    async fn abort(
        &self,
        event: EventId,
        id: BookingId,
        _items: Vec<Item>,
    ) -> Result<Version, LockError> {
        self.of_known(event, |locks, now| locks.abort(now, id))
    }

    async fn free(
        &self,
        event: EventId,
        id: BookingId,
        items: Vec<Item>,
    ) -> Result<Version, LockError> {
        self.of_known(event, |locks, now| locks.free(now, id, &items))
    }

    async fn transfer(&self, event: EventId, id: BookingId) -> Result<TransferReply, LockError> {
        self.of_known(event, |locks, _| locks.transfer(id))
    }

    async fn transfers(
        &self,
        event: EventId,
        age: Duration,
        limit: usize,
    ) -> Result<Vec<BookingId>, LockError> {
        self.of_known(event, |locks, now| locks.transfers(now, age, limit))
    }

    async fn load_begin(&self, request: LoadRequest) -> Result<LoadBeginReply, LockError> {
        let run = self.run();
        Ok(self.of_new(request.event, |locks, now| locks.load_begin(now, run, &request)))
    }

    async fn load_drop(&self, event: EventId, epoch: u64) -> Result<LoadReply, LockError> {
        let (run, slots) = (self.run(), self.inner.page_slots);
        Ok(self
            .with(event, |locks, now| locks.load_drop(now, run, epoch, slots))
            .unwrap_or(LoadReply::Fenced))
    }

    async fn load_chunk(
        &self,
        event: EventId,
        epoch: u64,
        active: Vec<Active>,
    ) -> Result<LoadReply, LockError> {
        let run = self.run();
        Ok(self
            .with(event, |locks, now| locks.load_chunk(now, run, epoch, &active))
            .unwrap_or(LoadReply::Fenced))
    }

    async fn load_end(&self, event: EventId, epoch: u64) -> Result<LoadReply, LockError> {
        let run = self.run();
        Ok(self.with(event, |locks, _| locks.load_end(run, epoch)).unwrap_or(LoadReply::Fenced))
    }

    async fn sweep(&self, event: EventId, limit: usize) -> Result<SweepReply, LockError> {
        let run = self.run();
        self.of_known(event, |locks, now| locks.sweep(now, run, limit))
    }

    async fn snapshot(&self, event: EventId, cursor: String) -> Result<SnapshotPage, LockError> {
        let (run, slots) = (self.run(), self.inner.page_slots);
        self.of_known(event, |locks, _| locks.snapshot(run, &cursor, slots))
    }

    async fn changes(
        &self,
        event: EventId,
        since: Version,
        limit: usize,
    ) -> Result<ChangesReply, LockError> {
        let run = self.run();
        self.of_known(event, |locks, _| locks.changes(run, since, limit))
    }

    async fn marks(&self, event: EventId, cursor: String) -> Result<MarksPage, LockError> {
        self.of_known(event, |locks, _| locks.marks(&cursor, self.inner.page_slots))
    }

    /// Never: there is only one node, and it knows what it has changed.
    async fn hinted(&self, _following: Vec<EventId>) -> Vec<EventId> {
        std::future::pending().await
    }

    async fn holders(
        &self,
        event: EventId,
        seats: Vec<SeatId>,
    ) -> Result<Vec<(SeatId, UserId)>, LockError> {
        self.of_known(event, |locks, now| locks.holders(now, seats))
    }

    async fn ready(&self) -> Result<(), LockError> {
        Ok(())
    }
}
