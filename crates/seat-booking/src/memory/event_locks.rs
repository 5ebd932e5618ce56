//! One event's locks, marks, transfers and changes; the caller has the event's mutex.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    time::Duration,
};

use seat_layout::{BookingId, SeatId, TableId, UserId};
use seat_state::{Change, HeldSeat, SeatChange, Status, Timestamp, Version};

use crate::{
    Active, Fingerprint, Item, Mark, Selection,
    ports::{
        BeginReply, BlockReply, BlockRequest, ChangesReply, ExtendReply, ExtendRequest,
        FinishReply, FinishRequest, Held, HoldReply, HoldRequest, LoadBeginReply, LoadReply,
        LoadRequest, LockError, MarkedItem, MarksPage, ReleaseReply, SnapshotPage, SweepReply,
        TableHoldRequest, Transfer, TransferReply, TransferRequest, UserHolds,
    },
};

/// How many steps are kept for watchers that come back.
const CHANGES_MAX: usize = 4_096;
/// How many slots one page or one round of dropping looks at.
const PAGE_SLOTS: usize = 5_000;
/// How long an id is remembered as gone: longer than any message can be late.
const GONE_FOR: Duration = Duration::from_secs(24 * 3_600);

#[derive(Default)]
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

struct Load {
    lease: Duration,
    lease_until: Timestamp,
    /// The first slot whose mark was not looked at by `load_drop`.
    dropped_to: usize,
}

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

/// The earliest times among some locks.
#[derive(Clone, Copy)]
struct Earliest {
    held_at: Timestamp,
    expires_at: Timestamp,
}

impl Earliest {
    const NONE: Self =
        Self { held_at: Timestamp::from_ms(i64::MAX), expires_at: Timestamp::from_ms(i64::MAX) };

    fn with(self, held_at: Timestamp, expires_at: Timestamp) -> Self {
        Self { held_at: self.held_at.min(held_at), expires_at: self.expires_at.min(expires_at) }
    }

    fn at(self, version: Version) -> Held {
        Held { held_at: self.held_at, expires_at: self.expires_at, version }
    }
}

/// Holding.
impl EventLocks {
    pub(super) fn hold(
        &mut self,
        now: Timestamp,
        request: &HoldRequest,
    ) -> Result<HoldReply, LockError> {
        self.loaded()?;
        let mut earliest = Earliest::NONE;
        let (mut taken, mut fresh) = (Vec::new(), Vec::new());
        for seat in &request.seats {
            match self.standing_of(seat, &request.user, now) {
                Claim::InTheWay => taken.push(seat.clone()),
                Claim::Own(lock) => earliest = earliest.with(lock.held_at, lock.expires_at),
                Claim::Free => fresh.push(seat),
            }
        }
        if !taken.is_empty() {
            return Ok(HoldReply::Taken { seats: taken, table: false });
        }
        if self.exceeds(&request.user, fresh.len(), request.seats_max, now) {
            return Ok(HoldReply::Limit);
        }
        let expires_at = now.after(request.ttl);
        let mut changed = Vec::with_capacity(fresh.len());
        for seat in fresh {
            earliest = earliest.with(now, expires_at);
            let position = self.position(Item::Seat(seat.clone()));
            let user = request.user.clone();
            self.lock(position, Lock { user, held_at: now, table: None, expires_at });
            changed.push(SeatChange::held(seat.clone(), expires_at));
        }
        Ok(HoldReply::Held(earliest.at(self.change(changed))))
    }

    pub(super) fn hold_table(
        &mut self,
        now: Timestamp,
        request: &TableHoldRequest,
    ) -> Result<HoldReply, LockError> {
        self.loaded()?;
        let table_item = Item::Table(request.table.clone());
        let table_lock = match self.slot(&table_item) {
            Some(Slot { mark: Some(_), .. }) => Claim::InTheWay,
            Some(Slot { lock: Some(lock), .. }) if lock.lasts(now) => {
                if lock.user == request.user {
                    Claim::Own(lock.clone())
                } else {
                    Claim::InTheWay
                }
            }
            Some(_) | None => Claim::Free,
        };
        let table_taken = matches!(table_lock, Claim::InTheWay);
        let (mut taken, mut fresh) = (Vec::new(), 0);
        let mut expires_at = now.after(request.ttl);
        let mut held_at = HashMap::new();
        if let Claim::Own(lock) = &table_lock {
            expires_at = expires_at.min(lock.expires_at);
        }
        for seat in &request.seats {
            match self.standing_of(seat, &request.user, now) {
                Claim::InTheWay => taken.push(seat.clone()),
                Claim::Own(lock) => {
                    expires_at = expires_at.min(lock.expires_at);
                    held_at.insert(seat, lock.held_at);
                }
                Claim::Free => fresh += 1,
            }
        }
        if table_taken || !taken.is_empty() {
            return Ok(HoldReply::Taken { seats: taken, table: table_taken });
        }
        if self.exceeds(&request.user, fresh, request.seats_max, now) {
            return Ok(HoldReply::Limit);
        }
        let own = |held_at| Lock {
            user: request.user.clone(),
            held_at,
            table: Some(request.table.clone()),
            expires_at,
        };
        let table_held_at = match &table_lock {
            Claim::Own(lock) => lock.held_at,
            Claim::InTheWay | Claim::Free => now,
        };
        let table_position = self.position(table_item);
        self.lock(table_position, own(table_held_at));
        let mut earliest = Earliest::NONE;
        let mut changed = Vec::new();
        for seat in &request.seats {
            let since = held_at.get(seat).copied().unwrap_or(now);
            earliest = earliest.with(since, expires_at);
            let position = self.position(Item::Seat(seat.clone()));
            let before = self.slots[position].lock.as_ref();
            if before.is_none_or(|lock| lock.expires_at != expires_at) {
                changed.push(SeatChange::held(seat.clone(), expires_at));
            }
            self.lock(position, own(since));
        }
        Ok(HoldReply::Held(earliest.at(self.change(changed))))
    }

    pub(super) fn release(
        &mut self,
        now: Timestamp,
        user: &UserId,
        selection: &Selection,
    ) -> Result<ReleaseReply, LockError> {
        self.loaded()?;
        let mut released = Vec::new();
        for (seat, table) in selection.seats_with_table() {
            let Some(position) = self.find(&Item::Seat(seat.clone())) else { continue };
            if self.slots[position].lock.as_ref().is_some_and(|l| l.is_of(user, table, now)) {
                self.unlock(position);
                released.push(seat.clone());
            }
        }
        for table in &selection.tables {
            let Some(position) = self.find(&Item::Table(table.table.clone())) else { continue };
            if self.slots[position].lock.as_ref().is_some_and(|l| l.user == *user) {
                self.unlock(position);
            }
        }
        let changed =
            released.iter().map(|seat| SeatChange::now(seat.clone(), Status::Available)).collect();
        let version = self.change(changed);
        Ok(ReleaseReply { seats: released, version })
    }

    pub(super) fn extend(
        &mut self,
        now: Timestamp,
        request: &ExtendRequest,
    ) -> Result<ExtendReply, LockError> {
        self.loaded()?;
        let (missing, own_transfer) = self.not_held(&request.user, &request.selection, now);
        if own_transfer.is_some() {
            return Ok(ExtendReply::InTransfer);
        }
        if !missing.is_empty() {
            return Ok(ExtendReply::NotHeld(missing));
        }
        // A table and its seats are one unit, which expires together.
        let singles = request.selection.seats.iter().map(|s| vec![Item::Seat(s.clone())]);
        let tables = request.selection.tables.iter().map(|t| {
            let seats = t.seats.iter().cloned().map(Item::Seat);
            seats.chain([Item::Table(t.table.clone())]).collect()
        });
        let units: Vec<Vec<Item>> = singles.chain(tables).collect();
        let mut earliest = Earliest::NONE;
        let mut changed = Vec::new();
        for unit in units {
            let locks: Vec<(usize, Lock)> = unit
                .iter()
                .filter_map(|item| {
                    let position = self.find(item)?;
                    Some((position, self.slots[position].lock.clone()?))
                })
                .collect();
            let target = locks
                .iter()
                .map(|(_, lock)| now.after(request.ttl).min(lock.held_at.after(request.cap)))
                .min()
                .unwrap_or(now);
            for (position, lock) in locks {
                let expires_at = target.max(lock.expires_at);
                if let Some(seat) = self.slots[position].item.seat().cloned() {
                    earliest = earliest.with(lock.held_at, expires_at);
                    if expires_at != lock.expires_at {
                        changed.push(SeatChange::held(seat, expires_at));
                    }
                }
                self.lock(position, Lock { expires_at, ..lock });
            }
        }
        Ok(ExtendReply::Extended(earliest.at(self.change(changed))))
    }

    pub(super) fn holds_of(&self, now: Timestamp, user: &UserId) -> Result<UserHolds, LockError> {
        let version = self.loaded()?;
        let mut seats: Vec<HeldSeat> = self
            .held_by
            .get(user)
            .into_iter()
            .flatten()
            .filter_map(|&position| {
                let slot = &self.slots[position];
                let lock = slot.lock.as_ref().filter(|lock| lock.lasts(now))?;
                Some(HeldSeat {
                    seat: slot.item.seat()?.clone(),
                    table: lock.table.clone(),
                    held_at: lock.held_at,
                    expires_at: lock.expires_at,
                })
            })
            .collect();
        seats.sort_unstable();
        Ok(UserHolds { seats, version })
    }

    /// Puts back a hold of an earlier run; one that has run out meanwhile is swept as usual.
    pub(super) fn restore(&mut self, item: Item, lock: Lock) {
        let position = self.position(item);
        self.lock(position, lock);
    }

    /// The locks that last.
    pub(super) fn live_locks(&self, now: Timestamp) -> impl Iterator<Item = (&Item, &Lock)> {
        self.slots.iter().filter_map(move |slot| {
            slot.lock.as_ref().filter(|lock| lock.lasts(now)).map(|lock| (&slot.item, lock))
        })
    }

    fn standing_of(&self, seat: &SeatId, user: &UserId, now: Timestamp) -> Claim {
        match self.slot(&Item::Seat(seat.clone())) {
            Some(Slot { mark: Some(_), .. }) => Claim::InTheWay,
            Some(Slot { lock: Some(lock), .. }) if lock.lasts(now) => {
                if lock.user == *user {
                    Claim::Own(lock.clone())
                } else {
                    Claim::InTheWay
                }
            }
            Some(_) | None => Claim::Free,
        }
    }

    fn exceeds(&self, user: &UserId, more: usize, seats_max: u32, now: Timestamp) -> bool {
        let held = self.held_by.get(user).into_iter().flatten().filter(|&&position| {
            let slot = &self.slots[position];
            slot.item.seat().is_some() && slot.lock.as_ref().is_some_and(|lock| lock.lasts(now))
        });
        let in_transfer = self.in_transfer.get(user).copied().unwrap_or(0);
        more > 0 && held.count() + in_transfer + more > seats_max as usize
    }
}

/// How a seat stands to somebody who wants it.
enum Claim {
    Free,
    Own(Lock),
    InTheWay,
}

/// Transferring.
impl EventLocks {
    pub(super) fn begin(
        &mut self,
        now: Timestamp,
        request: &TransferRequest,
    ) -> Result<BeginReply, LockError> {
        let epoch = self.loaded()?.epoch;
        if self.gone.contains_key(&request.id) {
            return Ok(BeginReply::Gone);
        }
        if let Some(standing) = self.transfers.get(&request.id) {
            return Ok(match standing.fingerprint == Some(request.fingerprint) {
                true => BeginReply::Begun { epoch },
                false => BeginReply::Mismatch,
            });
        }
        let (seats, own_transfer) = self.not_held(&request.user, &request.selection, now);
        if !seats.is_empty() {
            return Ok(BeginReply::NotOwner { seats, own_transfer });
        }
        let items = request.selection.items().map(|item| {
            let position = self.position(item);
            let lock = self.unlock(position);
            self.mark(position, request.id, Kind::InTransfer, epoch);
            (position, lock)
        });
        let items = items.collect();
        let seats = request.selection.all_seats().count();
        *self.in_transfer.entry(request.user.clone()).or_default() += seats;
        self.transfers.insert(
            request.id,
            Standing {
                user: Some(request.user.clone()),
                fingerprint: Some(request.fingerprint),
                begun_at: now,
                items,
            },
        );
        Ok(BeginReply::Begun { epoch })
    }

    pub(super) fn begin_block(
        &mut self,
        now: Timestamp,
        request: &BlockRequest,
    ) -> Result<BlockReply, LockError> {
        let epoch = self.loaded()?.epoch;
        let (mut taken, mut blocked, mut fresh) = (Vec::new(), Vec::new(), Vec::new());
        for (id, seat) in &request.seats {
            let slot = self.slot(&Item::Seat(seat.clone()));
            let locked = slot.and_then(|s| s.lock.as_ref()).is_some_and(|lock| lock.lasts(now));
            match slot.and_then(|slot| slot.mark.as_ref()) {
                Some(mark) if mark.kind == Kind::Is(Mark::Blocked) => blocked.push(seat.clone()),
                Some(mark) if mark.kind == Kind::InTransfer && mark.id == *id => {}
                Some(_) => taken.push(seat.clone()),
                None if locked || self.gone.contains_key(id) => taken.push(seat.clone()),
                None => fresh.push((*id, seat.clone())),
            }
        }
        if !taken.is_empty() {
            return Ok(BlockReply::Taken(taken));
        }
        let mut changed = Vec::new();
        for (id, seat) in fresh {
            let position = self.position(Item::Seat(seat.clone()));
            // A hold that ran out is still shown; a seat in this transfer is shown available.
            if self.unlock(position).is_some() {
                changed.push(SeatChange::now(seat, Status::Available));
            }
            self.mark(position, id, Kind::InTransfer, epoch);
            let items = vec![(position, None)];
            let standing = Standing { user: None, fingerprint: None, begun_at: now, items };
            self.transfers.insert(id, standing);
        }
        self.change(changed);
        Ok(BlockReply::Begun { epoch, blocked })
    }

    pub(super) fn finish(
        &mut self,
        now: Timestamp,
        request: &FinishRequest,
    ) -> Result<FinishReply, LockError> {
        let epoch = self.epoch.ok_or(LockError::NotLoaded)?;
        if epoch != request.epoch {
            return Ok(FinishReply::OtherEpoch);
        }
        let mut changed = Vec::new();
        let gone = self.gone.contains_key(&request.id);
        if !gone {
            for item in &request.items {
                changed.extend(self.mark_for_good(item, request.id, request.mark, epoch));
            }
        }
        self.give_back(now, request.id, &mut changed);
        let version = self.change(changed);
        Ok(if gone { FinishReply::Gone } else { FinishReply::Finished(version) })
    }

    pub(super) fn abort(&mut self, now: Timestamp, id: BookingId) -> Result<Version, LockError> {
        self.epoch.ok_or(LockError::NotLoaded)?;
        let mut changed = Vec::new();
        self.give_back(now, id, &mut changed);
        self.note_gone(now, id);
        Ok(self.change(changed))
    }

    pub(super) fn free(
        &mut self,
        now: Timestamp,
        id: BookingId,
        items: &[Item],
    ) -> Result<Version, LockError> {
        self.epoch.ok_or(LockError::NotLoaded)?;
        let in_transfer = self.end_transfer(id).into_iter().flatten();
        let mut positions: Vec<usize> = in_transfer.map(|(position, _)| position).collect();
        positions.extend(items.iter().filter_map(|item| self.find(item)));
        let mut changed = Vec::new();
        for position in positions {
            let slot = &mut self.slots[position];
            if slot.mark.as_ref().is_some_and(|mark| mark.id == id) {
                slot.mark = None;
                changed.extend(
                    slot.item.seat().map(|s| SeatChange::now(s.clone(), Status::Available)),
                );
            }
        }
        self.note_gone(now, id);
        Ok(self.change(changed))
    }

    pub(super) fn transfer(&self, id: BookingId) -> Result<TransferReply, LockError> {
        let epoch = self.epoch.ok_or(LockError::NotLoaded)?;
        let transfer = self.transfers.get(&id).map(|standing| Transfer {
            user: standing.user.clone(),
            fingerprint: standing.fingerprint,
            begun_at: standing.begun_at,
            items: standing.items.iter().map(|&(p, _)| self.slots[p].item.clone()).collect(),
        });
        Ok(TransferReply { epoch, transfer })
    }

    pub(super) fn transfers(
        &self,
        now: Timestamp,
        age: Duration,
        limit: usize,
    ) -> Result<Vec<BookingId>, LockError> {
        self.loaded()?;
        let mut old: Vec<(Timestamp, BookingId)> = self
            .transfers
            .iter()
            .filter(|(_, standing)| now.since(standing.begun_at) >= age)
            .map(|(&id, standing)| (standing.begun_at, id))
            .collect();
        old.sort_unstable();
        Ok(old.into_iter().take(limit).map(|(_, id)| id).collect())
    }

    /// The seats of a selection that the user does not hold in the way it asks for them, and
    /// another transfer of the user in which one of them is.
    fn not_held(
        &self,
        user: &UserId,
        selection: &Selection,
        now: Timestamp,
    ) -> (Vec<SeatId>, Option<BookingId>) {
        let holds = |item: &Item, table: Option<&TableId>| {
            self.slot(item)
                .is_some_and(|s| s.lock.as_ref().is_some_and(|l| l.is_of(user, table, now)))
        };
        let mut missing = Vec::new();
        for seat in &selection.seats {
            if !holds(&Item::Seat(seat.clone()), None) {
                missing.push(seat.clone());
            }
        }
        for table in &selection.tables {
            let tag = Some(&table.table);
            let whole = holds(&Item::Table(table.table.clone()), tag);
            let lacking = |seat: &&SeatId| !whole || !holds(&Item::Seat((*seat).clone()), tag);
            missing.extend(table.seats.iter().filter(lacking).cloned());
        }
        let own_transfer = missing.iter().find_map(|seat| {
            let mark = self.slot(&Item::Seat(seat.clone()))?.mark.as_ref()?;
            let standing = self.transfers.get(&mark.id)?;
            (mark.kind == Kind::InTransfer && standing.user.as_ref() == Some(user))
                .then_some(mark.id)
        });
        (missing, own_transfer)
    }

    /// Marks an item, whoever held it; `None` when it was marked so already or is a table.
    fn mark_for_good(
        &mut self,
        item: &Item,
        id: BookingId,
        mark: Mark,
        epoch: u64,
    ) -> Option<SeatChange> {
        let position = self.position(item.clone());
        let before = self.slots[position].mark.as_ref();
        let same = before.is_some_and(|m| m.kind == Kind::Is(mark));
        self.unlock(position);
        self.mark(position, id, Kind::Is(mark), epoch);
        let status = match mark {
            Mark::Booked => Status::Booked,
            Mark::Blocked => Status::Blocked,
        };
        item.seat().filter(|_| !same).map(|seat| SeatChange::now(seat.clone(), status))
    }

    /// Ends a transfer: what is still in it goes back to its hold if that lasts.
    fn give_back(&mut self, now: Timestamp, id: BookingId, changed: &mut Vec<SeatChange>) {
        for (position, lock) in self.end_transfer(id).into_iter().flatten() {
            let slot = &mut self.slots[position];
            let own = |mark: &Marked| mark.id == id && mark.kind == Kind::InTransfer;
            if !slot.mark.as_ref().is_some_and(own) {
                continue;
            }
            slot.mark = None;
            match lock {
                // As it was; but where a snapshot is read in pages, one page may have missed it.
                Some(lock) if lock.lasts(now) => {
                    let seat = slot.item.seat().cloned();
                    changed.extend(seat.map(|seat| SeatChange::held(seat, lock.expires_at)));
                    self.lock(position, lock);
                }
                Some(_) => changed.extend(
                    slot.item.seat().map(|s| SeatChange::now(s.clone(), Status::Available)),
                ),
                None => {}
            }
        }
    }

    /// Takes a transfer away; what was in it.
    fn end_transfer(&mut self, id: BookingId) -> Option<Vec<(usize, Option<Lock>)>> {
        let standing = self.transfers.remove(&id)?;
        if let Some(user) = standing.user {
            let is_seat = |(position, _): &&(usize, _)| self.slots[*position].item.seat().is_some();
            let seats = standing.items.iter().filter(is_seat).count();
            if let Some(count) = self.in_transfer.get_mut(&user) {
                *count -= seats;
                if *count == 0 {
                    self.in_transfer.remove(&user);
                }
            }
        }
        Some(standing.items)
    }

    fn note_gone(&mut self, now: Timestamp, id: BookingId) {
        if self.gone.insert(id, now).is_none() {
            self.gone_order.push_back(id);
        }
        while let Some(oldest) = self.gone_order.front() {
            if self.gone.get(oldest).is_some_and(|&at| now.since(at) < GONE_FOR) {
                break;
            }
            self.gone.remove(oldest);
            self.gone_order.pop_front();
        }
    }
}

/// Loading.
impl EventLocks {
    pub(super) fn load_begin(
        &mut self,
        now: Timestamp,
        run: u64,
        request: &LoadRequest,
    ) -> LoadBeginReply {
        self.compare_run(run);
        match &self.load {
            None if self.epoch.is_some() => return LoadBeginReply::Ready,
            Some(load) if load.lease_until > now => return LoadBeginReply::Busy,
            Some(_) | None => {}
        }
        let by_clock = u64::try_from(now.ms()).unwrap_or(0) * 1_000 + u64::from(request.random);
        let epoch = by_clock.max(self.last_epoch + 1);
        self.epoch = Some(epoch);
        self.last_epoch = epoch;
        self.run = run;
        self.seq = 0;
        self.changes.clear();
        self.load = Some(Load {
            lease: request.lease,
            lease_until: now.after(request.lease),
            dropped_to: 0,
        });
        LoadBeginReply::Begun { epoch }
    }

    pub(super) fn load_drop(&mut self, now: Timestamp, run: u64, epoch: u64) -> LoadReply {
        let Some(load) = self.leased(now, run, epoch) else { return LoadReply::Fenced };
        let from = load.dropped_to;
        let to = (from + PAGE_SLOTS).min(self.slots.len());
        for slot in &mut self.slots[from..to] {
            slot.mark.take_if(|mark| mark.epoch < epoch && mark.kind != Kind::InTransfer);
        }
        if let Some(load) = &mut self.load {
            load.dropped_to = to;
        }
        if to == self.slots.len() { LoadReply::Done } else { LoadReply::Again }
    }

    pub(super) fn load_chunk(
        &mut self,
        now: Timestamp,
        run: u64,
        epoch: u64,
        active: &[Active],
    ) -> LoadReply {
        if self.leased(now, run, epoch).is_none() {
            return LoadReply::Fenced;
        }
        for document in active {
            if self.gone.contains_key(&document.id) {
                continue;
            }
            for item in &document.items {
                // Nobody has read a state of this epoch yet: this is how it starts, not a change.
                self.mark_for_good(item, document.id, document.mark, epoch);
            }
        }
        LoadReply::Done
    }

    pub(super) fn load_end(&mut self, run: u64, epoch: u64) -> LoadReply {
        self.compare_run(run);
        if self.epoch != Some(epoch) {
            return LoadReply::Fenced;
        }
        self.load = None;
        LoadReply::Done
    }

    fn leased(&mut self, now: Timestamp, run: u64, epoch: u64) -> Option<&mut Load> {
        self.compare_run(run);
        if self.epoch != Some(epoch) {
            return None;
        }
        let load = self.load.as_mut()?;
        load.lease_until = now.after(load.lease);
        Some(load)
    }
}

/// Watching.
impl EventLocks {
    pub(super) fn sweep(
        &mut self,
        now: Timestamp,
        run: u64,
        limit: usize,
    ) -> Result<SweepReply, LockError> {
        self.compare_run(run);
        self.loaded()?;
        let mut changed = Vec::new();
        let mut more = false;
        while let Some(&(expires_at, position)) = self.expiries.first() {
            if expires_at > now {
                break;
            }
            more = changed.len() == limit;
            if more {
                break;
            }
            self.unlock(position);
            let seat = self.slots[position].item.seat();
            changed.extend(seat.map(|s| SeatChange::now(s.clone(), Status::Available)));
        }
        let seats = changed.len();
        Ok(SweepReply { seats, more, version: self.change(changed) })
    }

    pub(super) fn snapshot(&mut self, run: u64, cursor: &str) -> Result<SnapshotPage, LockError> {
        self.compare_run(run);
        let version = self.loaded()?;
        let (page, next) = self.page(cursor);
        let seats = page.iter().filter_map(|slot| {
            let seat = slot.item.seat()?;
            self.shown(slot).map(|(status, expires_at)| SeatChange {
                seat: seat.clone(),
                status,
                expires_at,
            })
        });
        Ok(SnapshotPage { version, seats: seats.collect(), next })
    }

    pub(super) fn marks(&self, cursor: &str) -> Result<MarksPage, LockError> {
        self.loaded()?;
        let (page, next) = self.page(cursor);
        let items = page.iter().filter_map(|slot| match slot.mark.as_ref()? {
            Marked { id, kind: Kind::Is(mark), .. } => {
                Some(MarkedItem { item: slot.item.clone(), mark: *mark, id: *id })
            }
            Marked { kind: Kind::InTransfer, .. } => None,
        });
        Ok(MarksPage { items: items.collect(), next })
    }

    pub(super) fn changes(
        &mut self,
        run: u64,
        since: Version,
        limit: usize,
    ) -> Result<ChangesReply, LockError> {
        self.compare_run(run);
        let version = self.loaded()?;
        if since.epoch != version.epoch || since.seq > version.seq {
            return Ok(ChangesReply::Resync);
        }
        let missed = version.seq - since.seq;
        let kept = self.changes.len() as u64;
        if missed > kept {
            return Ok(ChangesReply::Resync);
        }
        let first = (kept - missed) as usize;
        Ok(ChangesReply::Changes(self.changes.iter().skip(first).take(limit).cloned().collect()))
    }

    /// What watchers see of a slot; `None` when it is available.
    fn shown(&self, slot: &Slot) -> Option<(Status, Option<Timestamp>)> {
        let held = |lock: &Lock| (Status::Held, Some(lock.expires_at));
        match &slot.mark {
            None => slot.lock.as_ref().map(held),
            Some(Marked { kind: Kind::Is(Mark::Booked), .. }) => Some((Status::Booked, None)),
            Some(Marked { kind: Kind::Is(Mark::Blocked), .. }) => Some((Status::Blocked, None)),
            Some(Marked { kind: Kind::InTransfer, id, .. }) => {
                let standing = self.transfers.get(id)?;
                let position = *self.positions.get(&slot.item)?;
                let (_, lock) = standing.items.iter().find(|(at, _)| *at == position)?;
                lock.as_ref().map(held)
            }
        }
    }

    fn page(&self, cursor: &str) -> (&[Slot], Option<String>) {
        let from = cursor.parse().unwrap_or(0).min(self.slots.len());
        let to = (from + PAGE_SLOTS).min(self.slots.len());
        (&self.slots[from..to], (to < self.slots.len()).then(|| to.to_string()))
    }
}

/// Slots and the sequence.
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
        if self.run != run {
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
        self.unlock(position);
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
