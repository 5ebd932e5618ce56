//! Holding.

use std::collections::HashMap;

use seat_layout::{SeatId, UserId};
use seat_state::{HeldSeat, SeatChange, Status, Timestamp, Version};

use super::{EventLocks, Lock, Slot};
use crate::{
    Item, Selection,
    planted::planted,
    ports::{
        ExtendReply, ExtendRequest, Held, HoldReply, HoldRequest, LockError, ReleaseReply,
        TableHoldRequest, UserHolds,
    },
};

impl EventLocks {
    pub(in crate::memory) fn hold(
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
            planted!(AllOrNothingBroken => self.hold_in_part(now, request, &fresh));
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

    pub(in crate::memory) fn hold_table(
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
        // Held again, it stays as it is.
        if let Claim::Own(lock) = &table_lock {
            expires_at = lock.expires_at;
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

    pub(in crate::memory) fn release(
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
        planted!(ChangeWithoutSeq => {
            let version = self.change(Vec::new());
            return Ok(ReleaseReply { seats: released, version });
        });
        let changed =
            released.iter().map(|seat| SeatChange::now(seat.clone(), Status::Available)).collect();
        let version = self.change(changed);
        Ok(ReleaseReply { seats: released, version })
    }

    pub(in crate::memory) fn extend(
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

    pub(in crate::memory) fn holds_of(
        &self,
        now: Timestamp,
        user: &UserId,
    ) -> Result<UserHolds, LockError> {
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
    pub(in crate::memory) fn restore(&mut self, item: Item, lock: Lock) {
        let position = self.position(item);
        self.lock(position, lock);
    }

    /// The locks that last.
    pub(in crate::memory) fn live_locks(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = (&Item, &Lock)> {
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
