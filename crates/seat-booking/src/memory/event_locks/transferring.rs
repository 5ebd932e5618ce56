//! Between a hold and a booking.

use std::time::Duration;

use seat_layout::{BookingId, SeatId, TableId, UserId};
use seat_state::{SeatChange, Status, Timestamp, Version};

use super::{EventLocks, Kind, Lock, Marked, Standing};
use crate::{
    Item, Mark, Selection,
    planted::planted,
    ports::{
        BeginReply, BlockReply, BlockRequest, FinishReply, FinishRequest, LockError, Transfer,
        TransferReply, TransferRequest,
    },
};

/// How long an id is remembered as gone: longer than any message can be late.
const GONE_FOR: Duration = Duration::from_secs(24 * 3_600);

impl EventLocks {
    pub(in crate::memory) fn begin(
        &mut self,
        now: Timestamp,
        request: &TransferRequest,
    ) -> Result<BeginReply, LockError> {
        let epoch = self.loaded()?.epoch;
        if self.gone.contains_key(&request.id) {
            return Ok(BeginReply::Gone);
        }
        if let Some(standing) = self.transfers.get(&request.id) {
            let same = standing.fingerprint == Some(request.fingerprint);
            return Ok(match same || planted!(FingerprintsNotCompared) {
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
            planted!(SweepFreesTransfer => self.leave_in_index(position, lock.as_ref()));
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

    pub(in crate::memory) fn begin_block(
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

    pub(in crate::memory) fn finish(
        &mut self,
        now: Timestamp,
        request: &FinishRequest,
    ) -> Result<FinishReply, LockError> {
        let epoch = self.epoch.ok_or(LockError::NotLoaded)?;
        if epoch != request.epoch && !planted!(FinishWithoutEpoch) {
            return Ok(FinishReply::OtherEpoch);
        }
        let mut changed = Vec::new();
        let gone = self.gone.contains_key(&request.id) && !planted!(NoLookIntoGone);
        if !gone {
            for item in &request.items {
                changed.extend(self.mark_for_good(item, request.id, request.mark, epoch));
            }
        }
        self.give_back(now, request.id, &mut changed);
        let version = self.change(changed);
        Ok(if gone { FinishReply::Gone } else { FinishReply::Finished(version) })
    }

    pub(in crate::memory) fn abort(
        &mut self,
        now: Timestamp,
        id: BookingId,
    ) -> Result<Version, LockError> {
        self.epoch.ok_or(LockError::NotLoaded)?;
        let mut changed = Vec::new();
        self.give_back(now, id, &mut changed);
        self.note_gone(now, id);
        Ok(self.change(changed))
    }

    pub(in crate::memory) fn free(
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

    pub(in crate::memory) fn transfer(&self, id: BookingId) -> Result<TransferReply, LockError> {
        let epoch = self.epoch.ok_or(LockError::NotLoaded)?;
        let transfer = self.transfers.get(&id).map(|standing| Transfer {
            user: standing.user.clone(),
            fingerprint: standing.fingerprint,
            begun_at: standing.begun_at,
            items: standing.items.iter().map(|&(p, _)| self.slots[p].item.clone()).collect(),
        });
        Ok(TransferReply { epoch, transfer })
    }

    pub(in crate::memory) fn transfers(
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
    pub(super) fn not_held(
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
    pub(super) fn mark_for_good(
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
    pub(super) fn give_back(
        &mut self,
        now: Timestamp,
        id: BookingId,
        changed: &mut Vec<SeatChange>,
    ) {
        for (position, lock) in self.end_transfer(id).into_iter().flatten() {
            let slot = &mut self.slots[position];
            let own = |mark: &Marked| mark.id == id && mark.kind == Kind::InTransfer;
            if !slot.mark.as_ref().is_some_and(own) && !planted!(AbortFreesBooked) {
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
