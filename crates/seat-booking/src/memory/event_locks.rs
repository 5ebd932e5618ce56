//! One event's locks, marks, transfers and changes; the caller has the event's mutex.

#[cfg(feature = "contract")]
mod content;
mod holding;
mod loading;
#[cfg(planted)]
mod planted;
mod transferring;
mod watching;

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    time::Duration,
};

use seat_layout::{BookingId, TableId, UserId};
use seat_state::{Change, SeatChange, Timestamp, Version};

use crate::{Fingerprint, Item, Mark, planted::planted, ports::LockError};

/// How many steps are kept for watchers that come back.
const CHANGES_MAX: usize = 4_096;

#[derive(Clone, Default)]
pub(super) struct EventLocks {
    /// The epoch in which the event is loaded, or being loaded.
    epoch: Option<u64>,
    /// The greatest epoch so far.
    last_epoch: u64,
    /// The run of the store in which the load began.
    run: u64,
    seq: u64,
    load: Option<Load>,
    /// Where an item's slot is. An item keeps its slot, so a position is a cursor too.
    positions: HashMap<Item, usize>,
    slots: Vec<Slot>,
    /// The locks by their expiry, also those that have run out and were not swept.
    expiries: BTreeSet<(Timestamp, usize)>,
    held_by: HashMap<UserId, HashSet<usize>>,
    transfers: HashMap<BookingId, Standing>,
    /// How many seats each user has in transfers.
    in_transfer: HashMap<UserId, usize>,
    gone: HashMap<BookingId, Timestamp>,
    gone_order: VecDeque<BookingId>,
    changes: VecDeque<Change>,
}

#[derive(Clone)]
struct Load {
    lease: Duration,
    lease_until: Timestamp,
    /// The first slot whose mark was not looked at by `load_drop`.
    dropped_to: usize,
}

#[derive(Clone)]
struct Slot {
    item: Item,
    lock: Option<Lock>,
    mark: Option<Marked>,
}

/// A hold of one item. It counts until it expires, and is shown until it is swept.
#[derive(Clone)]
pub(super) struct Lock {
    pub(super) user: UserId,
    pub(super) held_at: Timestamp,
    pub(super) table: Option<TableId>,
    pub(super) expires_at: Timestamp,
}

#[derive(Clone)]
struct Marked {
    id: BookingId,
    kind: Kind,
    epoch: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Is(Mark),
    InTransfer,
}

/// A transfer that has begun and not ended.
#[derive(Clone)]
struct Standing {
    user: Option<UserId>,
    fingerprint: Option<Fingerprint>,
    begun_at: Timestamp,
    /// The items with the lock that each had; a seat to be blocked had none.
    items: Vec<(usize, Option<Lock>)>,
}

impl Lock {
    fn lasts(&self, now: Timestamp) -> bool {
        self.expires_at > now
    }

    fn is_of(&self, user: &UserId, table: Option<&TableId>, now: Timestamp) -> bool {
        self.lasts(now) && self.user == *user && self.table.as_ref() == table
    }
}

impl EventLocks {
    /// The version of a loaded event.
    fn loaded(&self) -> Result<Version, LockError> {
        match (self.epoch, &self.load) {
            (Some(epoch), None) => Ok(Version { epoch, seq: self.seq }),
            (Some(_) | None, _) => Err(LockError::NotLoaded),
        }
    }

    /// Forgets that the event was loaded when the store has been restarted since.
    fn compare_run(&mut self, run: u64) {
        if self.run != run && !planted!(RunNeverCompared) {
            self.epoch = None;
            self.load = None;
        }
    }

    /// Appends a step, unless nothing was changed; the version after it.
    fn change(&mut self, seats: Vec<SeatChange>) -> Version {
        if !seats.is_empty() {
            self.seq += 1;
            if self.changes.len() == CHANGES_MAX {
                self.changes.pop_front();
            }
            self.changes.push_back(Change { seq: self.seq, seats });
        }
        Version { epoch: self.last_epoch, seq: self.seq }
    }

    fn find(&self, item: &Item) -> Option<usize> {
        self.positions.get(item).copied()
    }

    fn slot(&self, item: &Item) -> Option<&Slot> {
        self.find(item).map(|position| &self.slots[position])
    }

    fn position(&mut self, item: Item) -> usize {
        *self.positions.entry(item).or_insert_with_key(|item| {
            self.slots.push(Slot { item: item.clone(), lock: None, mark: None });
            self.slots.len() - 1
        })
    }

    fn mark(&mut self, position: usize, id: BookingId, kind: Kind, epoch: u64) {
        self.slots[position].mark = Some(Marked { id, kind, epoch });
    }

    fn lock(&mut self, position: usize, lock: Lock) {
        let _before = self.unlock(position);
        planted!(SweepTrustsIndex => self.leave_in_index(position, _before.as_ref()));
        self.expiries.insert((lock.expires_at, position));
        match self.held_by.get_mut(&lock.user) {
            Some(positions) => {
                positions.insert(position);
            }
            None => {
                self.held_by.insert(lock.user.clone(), HashSet::from([position]));
            }
        }
        self.slots[position].lock = Some(lock);
    }

    fn unlock(&mut self, position: usize) -> Option<Lock> {
        let lock = self.slots[position].lock.take()?;
        self.expiries.remove(&(lock.expires_at, position));
        if let Some(positions) = self.held_by.get_mut(&lock.user) {
            positions.remove(&position);
            if positions.is_empty() {
                self.held_by.remove(&lock.user);
            }
        }
        Some(lock)
    }
}
