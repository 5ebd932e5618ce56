//! Sweeping, and what watchers see.

use seat_layout::{SeatId, UserId};
use seat_state::{SeatChange, Status, Timestamp, Version};

use super::{EventLocks, Kind, Lock, Marked, Slot};
use crate::{
    Item, Mark,
    planted::planted,
    ports::{ChangesReply, LockError, MarkedItem, MarksPage, SnapshotPage, SweepReply},
};

impl EventLocks {
    pub(in crate::memory) fn sweep(
        &mut self,
        now: Timestamp,
        run: u64,
        limit: usize,
    ) -> Result<SweepReply, LockError> {
        self.compare_run(run);
        self.loaded()?;
        let mut changed = Vec::new();
        let mut more = false;
        planted!(TransferTimeLimit => self.end_old_transfers(now, &mut changed));
        while let Some(&(expires_at, position)) = self.expiries.first() {
            if expires_at > now {
                break;
            }
            let seat = self.slots[position].item.seat().cloned();
            more = seat.is_some() && changed.len() == limit;
            if more {
                break;
            }
            self.unlock(position);
            planted!(SweepTrustsIndex => self.expiries.remove(&(expires_at, position)));
            planted!(SweepFreesTransfer => self.free_in_transfer(expires_at, position));
            changed.extend(seat.map(|seat| SeatChange::now(seat, Status::Available)));
        }
        let seats = changed.len();
        Ok(SweepReply { seats, more, version: self.change(changed) })
    }

    pub(in crate::memory) fn snapshot(
        &mut self,
        run: u64,
        cursor: &str,
        slots: usize,
    ) -> Result<SnapshotPage, LockError> {
        self.compare_run(run);
        let version = self.loaded()?;
        let (page, next) = self.page(cursor, slots);
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

    pub(in crate::memory) fn marks(
        &self,
        cursor: &str,
        slots: usize,
    ) -> Result<MarksPage, LockError> {
        self.loaded()?;
        let (page, next) = self.page(cursor, slots);
        let items = page.iter().filter_map(|slot| match slot.mark.as_ref()? {
            Marked { id, kind: Kind::Is(mark), .. } => {
                Some(MarkedItem { item: slot.item.clone(), mark: *mark, id: *id })
            }
            Marked { kind: Kind::InTransfer, .. } => None,
        });
        Ok(MarksPage { items: items.collect(), next })
    }

    pub(in crate::memory) fn holders(
        &self,
        now: Timestamp,
        seats: Vec<SeatId>,
    ) -> Result<Vec<(SeatId, UserId)>, LockError> {
        self.loaded()?;
        let held = seats.into_iter().filter_map(|seat| {
            let slot = self.slot(&Item::Seat(seat.clone()))?;
            let user = match &slot.mark {
                None => &slot.lock.as_ref().filter(|lock| lock.lasts(now))?.user,
                Some(Marked { kind: Kind::InTransfer, id, .. }) => {
                    self.transfers.get(id)?.user.as_ref()?
                }
                Some(Marked { kind: Kind::Is(_), .. }) => return None,
            };
            Some((seat, user.clone()))
        });
        Ok(held.collect())
    }

    pub(in crate::memory) fn changes(
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
    pub(super) fn shown(&self, slot: &Slot) -> Option<(Status, Option<Timestamp>)> {
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

    fn page(&self, cursor: &str, slots: usize) -> (&[Slot], Option<String>) {
        let from = cursor.parse().unwrap_or(0).min(self.slots.len());
        let to = (from + slots).min(self.slots.len());
        (&self.slots[from..to], (to < self.slots.len()).then(|| to.to_string()))
    }
}
