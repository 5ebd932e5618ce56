//! The invariants, looked at after every step of a store. What a lock store has before and after a
//! step is compared: whatever is different must be what that step is there for.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most steps may change nothing of what is looked at, nor may a new one until it is said"
)]

mod items;
mod sequence;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use seat_booking::{
    Active, Item, Mark, Record,
    contract::{EventContent, ItemMark},
    ports::{BeginReply, FinishReply, HoldReply, LoadBeginReply, LoadReply},
};
use seat_layout::{BookingId, SeatId, UserId};

use self::sequence::Watcher;
use crate::{
    house::House,
    wishes::{Wish, Wishes},
    world::{World, lock},
};

/// A step of the lock store, as far as the checks need to know it.
#[derive(Debug, Clone)]
pub(crate) enum LockStep {
    Hold {
        user: UserId,
        items: Vec<Item>,
        ttl: Duration,
        seats_max: u32,
        reply: HoldReply,
    },
    /// Of everything, where nothing is named.
    Release {
        user: UserId,
        items: Vec<Item>,
    },
    Extend {
        user: UserId,
        items: Vec<Item>,
        ttl: Duration,
    },
    Begin {
        id: BookingId,
        user: UserId,
        items: Vec<Item>,
        reply: BeginReply,
    },
    BeginBlock {
        ids: Vec<BookingId>,
        begun: bool,
    },
    Finish {
        id: BookingId,
        reply: FinishReply,
    },
    /// An abort or a free.
    GiveBack {
        id: BookingId,
    },
    LoadBegin {
        reply: LoadBeginReply,
    },
    LoadDrop {
        reply: LoadReply,
    },
    LoadChunk {
        ids: Vec<BookingId>,
        reply: LoadReply,
    },
    LoadEnd {
        reply: LoadReply,
    },
    Sweep,
    Read,
    /// The event was not loaded.
    Refused,
}

/// Cloning shares it.
#[derive(Clone)]
pub(crate) struct Checks {
    world: World,
    seen: Arc<Mutex<Seen>>,
    wishes: Arc<Mutex<Option<Wishes>>>,
}

#[derive(Default)]
struct Seen {
    content: EventContent,
    watcher: Watcher,
    /// Since when somebody has held an item without a break, by the exact clock.
    held_since_us: BTreeMap<Item, (UserId, u64)>,
    /// What has its items by the repository.
    active: BTreeMap<BookingId, Active>,
    /// Every booking and block that there ever was.
    ever_active: BTreeMap<BookingId, Active>,
    /// When an item was blocked the last time, that is not any more.
    unblocked_us: BTreeMap<Item, u64>,
    /// Whose transfer this is, and of what.
    began: BTreeMap<BookingId, (UserId, Vec<Item>)>,
    /// The ids and items that the lock store must not offer: it was told of them, and has lost
    /// nothing since.
    protected: BTreeMap<BookingId, Vec<Item>>,
    /// What the lock store was told of in this epoch.
    told: BTreeSet<BookingId>,
    /// What the present load must show, because it was there before the repository was read.
    loading: BTreeSet<BookingId>,
    /// It has lost writes once.
    had_loss: bool,
    /// It has lost writes and was not loaded since. This is the gap of I5: what was late may mark
    /// a seat for a booking that is cancelled, since nobody remembers that.
    in_gap: bool,
}

impl Seen {
    /// Whose an item is by the lock store.
    fn mark(&self, item: &Item) -> Option<ItemMark> {
        self.content.items.get(item)?.mark
    }

    /// Everything that these have by the repository is known to the lock store.
    fn protect(&mut self, ids: impl IntoIterator<Item = BookingId>) {
        for id in ids {
            let items = self.active.get(&id).map(|active| active.items.clone());
            self.protected.insert(id, items.unwrap_or_default());
        }
    }

    /// What is booked by this id is no other's, also where another has it in a transfer, which
    /// takes a loss: whatever is stored of that is known by its own finish.
    fn take_from_others(&mut self, id: BookingId) {
        let items = self.active.get(&id).map(|active| active.items.clone()).unwrap_or_default();
        for (_, others) in self.protected.iter_mut().filter(|(other, _)| **other != id) {
            others.retain(|item| !items.contains(item));
        }
    }
}

impl Checks {
    pub(crate) fn new(world: &World) -> Self {
        Self { world: world.clone(), seen: Arc::default(), wishes: Arc::default() }
    }

    /// Who is to hear of every booking.
    pub(crate) fn tell(&self, wishes: &Wishes) {
        *lock(&self.wishes) = Some(wishes.clone());
    }

    /// The lock store has lost something.
    pub(crate) fn after_loss(&self, house: &House) {
        let mut seen = lock(&self.seen);
        seen.content = house.locks.content(house.event);
        seen.protected.clear();
        seen.held_since_us.clear();
        seen.watcher = Watcher::default();
        seen.in_gap = true;
        seen.had_loss = true;
    }

    /// The lock store has done a step, and these must be so.
    pub(crate) fn after_lock_step(&self, house: &House, method: &str, step: &LockStep) {
        let mut seen = lock(&self.seen);
        let after = house.locks.content(house.event);
        let before = std::mem::replace(&mut seen.content, after);
        self.items_changed_by_right(&mut seen, &before, method, step);
        self.all_or_nothing(&seen, &before, step);
        self.is_told_what_is_so(&mut seen, step);
        self.nothing_booked_is_offered(&seen);
        if let Err(what) = seen.follow(step) {
            self.world.broke("I8", || format!("after {method}: {what}"));
        }
    }

    /// A document was stored.
    pub(crate) fn after_insert(&self, record: &Record) {
        if let (Record::Booking(booking), Some(wishes)) = (record, &*lock(&self.wishes)) {
            wishes.after_insert(booking);
        }
        let mut seen = lock(&self.seen);
        let Some(new) = record.active() else { return };
        for other in seen.active.values() {
            if let Some(item) = new.items.iter().find(|item| other.items.contains(item)) {
                self.world.broke("I1", || {
                    format!("{item} is in {} and in {}, and both are active", other.id, new.id)
                });
            }
        }
        seen.ever_active.insert(new.id, new.clone());
        seen.active.insert(new.id, new);
        self.nothing_booked_is_offered(&seen);
    }

    /// A document has given back what it had.
    pub(crate) fn after_given_back(&self, id: BookingId) {
        let now_us = self.world.now_us();
        let mut seen = lock(&self.seen);
        let Some(was) = seen.active.remove(&id) else { return };
        if was.mark == Mark::Blocked {
            seen.unblocked_us.extend(was.items.into_iter().map(|item| (item, now_us)));
        }
    }

    /// I2: what was answered to be blocked was so at some time since then.
    pub(crate) fn were_blocked(&self, seats: &[SeatId], since_us: u64) {
        let seen = lock(&self.seen);
        let blocks = || seen.active.values().filter(|active| active.mark == Mark::Blocked);
        let was_blocked = |seat: &&SeatId| {
            let item = Item::Seat((*seat).clone());
            let until_us = seen.unblocked_us.get(&item);
            until_us.is_some_and(|until_us| *until_us >= since_us)
                || blocks().any(|block| block.items.contains(&item))
        };
        if let Some(seat) = seats.iter().find(|seat| !was_blocked(seat)) {
            self.world.broke("I2", || format!("{seat} was answered to be blocked, and is not"));
        }
    }

    /// Whether this user has held all of these since then, without a break and in this way, and
    /// still does.
    pub(crate) fn has_held(&self, wish: &Wish, since_us: u64) -> bool {
        let now = self.world.store_now();
        let seen = lock(&self.seen);
        let seats = wish.seats.iter().cloned().map(Item::Seat);
        seats.chain(wish.tables.iter().cloned().map(Item::Table)).all(|item| {
            let singly = item.seat().is_some_and(|seat| wish.singles.contains(seat));
            let table = wish.tables.first().filter(|_| !singly);
            let held = seen.held_since_us.get(&item);
            let lock = seen.content.items.get(&item).and_then(|item| item.lock.as_ref());
            held.is_some_and(|(by, since)| *by == wish.user && *since <= since_us)
                && lock.is_some_and(|lock| lock.expires_at > now && lock.table.as_ref() == table)
        })
    }

    /// Whether it has its items by the repository.
    pub(crate) fn is_active(&self, id: BookingId) -> bool {
        lock(&self.seen).active.contains_key(&id)
    }

    /// What has its items by the repository, as the checks have seen it.
    pub(crate) fn active(&self) -> BTreeMap<BookingId, Active> {
        lock(&self.seen).active.clone()
    }

    /// I3: all that was asked for, or nothing at all.
    fn all_or_nothing(&self, seen: &Seen, before: &EventContent, step: &LockStep) {
        let unchanged = seen.content.items == before.items;
        let broken = match step {
            LockStep::Hold { user, items, reply: HoldReply::Held(_), .. } => {
                items.iter().any(|item| {
                    let lock = seen.content.items.get(item).and_then(|item| item.lock.as_ref());
                    lock.is_none_or(|lock| lock.user != *user)
                })
            }
            LockStep::Hold { reply: HoldReply::Taken { .. } | HoldReply::Limit, .. } => !unchanged,
            LockStep::Begin { id, items, reply: BeginReply::Begun { .. }, .. } => {
                !before.transfers.contains_key(id)
                    && items.iter().any(|item| seen.mark(item) != Some(ItemMark::InTransfer(*id)))
            }
            LockStep::Begin {
                reply: BeginReply::Gone | BeginReply::Mismatch | BeginReply::NotOwner { .. },
                ..
            }
            | LockStep::BeginBlock { begun: false, .. } => !unchanged,
            _ => false,
        };
        if broken {
            self.world.broke("I3", || format!("it was done in part: {step:?}"));
        }
    }

    /// The lock store is told only what the repository has decided; and what it must protect from
    /// now on.
    fn is_told_what_is_so(&self, seen: &mut Seen, step: &LockStep) {
        match step {
            LockStep::Begin { id, user, items, reply: BeginReply::Begun { .. } } => {
                // Of a transfer that stood before, another may have taken something.
                let has = |item: &&Item| seen.mark(item) == Some(ItemMark::InTransfer(*id));
                let has = items.iter().filter(has).cloned().collect();
                seen.protected.insert(*id, has);
                seen.began.insert(*id, (user.clone(), items.clone()));
            }
            LockStep::BeginBlock { ids, begun: true } => {
                for (item, is) in &seen.content.items {
                    if let Some(ItemMark::InTransfer(id)) = is.mark
                        && ids.contains(&id)
                    {
                        seen.protected.insert(id, vec![item.clone()]);
                    }
                }
            }
            LockStep::Finish { id, reply: FinishReply::Finished(_) } => {
                if !seen.ever_active.contains_key(id) {
                    self.world.broke("I2", || format!("{id} is shown booked and was never stored"));
                }
                seen.protect([*id]);
                seen.take_from_others(*id);
                seen.told.insert(*id);
            }
            LockStep::GiveBack { id } => {
                if seen.active.contains_key(id) {
                    self.world
                        .broke("I5", || format!("{id} is booked and its seats are given back"));
                }
                seen.protected.remove(id);
            }
            LockStep::LoadBegin { reply: LoadBeginReply::Begun { .. } } => {
                let standing = &seen.content.transfers;
                seen.protected.retain(|id, _| standing.contains_key(id));
                seen.loading.clear();
                seen.told.clear();
                seen.in_gap = false;
            }
            LockStep::LoadDrop { reply: LoadReply::Done } => {
                seen.loading = seen.active.keys().copied().collect();
                self.nothing_old_is_kept(seen);
            }
            LockStep::LoadChunk { ids, reply: LoadReply::Done } => {
                seen.protect(ids.iter().copied());
                seen.told.extend(ids.iter().copied());
            }
            LockStep::LoadEnd { reply: LoadReply::Done } if !seen.content.loading => {
                let loaded = std::mem::take(&mut seen.loading);
                seen.protect(loaded);
            }
            _ => {}
        }
    }

    /// I6: what a load goes on from is what was said in its own epoch.
    fn nothing_old_is_kept(&self, seen: &Seen) {
        for (item, is) in &seen.content.items {
            if let Some(ItemMark::Is(_, id)) = is.mark
                && !seen.told.contains(&id)
            {
                self.world.broke("I6", || format!("a load keeps {item} for {id}, of an old epoch"));
            }
        }
    }

    /// I5: what the repository has and the lock store was told of is marked there.
    fn nothing_booked_is_offered(&self, seen: &Seen) {
        if seen.content.epoch.is_none() || seen.content.loading || seen.in_gap {
            return;
        }
        for (id, items) in &seen.protected {
            let Some(active) = seen.active.get(id) else { continue };
            // Another request of that key may have begun with other items, which are not its.
            for item in active.items.iter().filter(|item| items.contains(item)) {
                let mark = seen.mark(item);
                if mark.map(ItemMark::id) != Some(*id) {
                    self.world.broke("I5", || {
                        format!("{item} is booked by {id}, and the lock store has {mark:?}")
                    });
                }
            }
        }
    }
}
