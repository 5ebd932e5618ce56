//! What the planted bugs do to an event's locks.

use seat_layout::SeatId;
use seat_state::{SeatChange, Timestamp};

use super::{EventLocks, Kind, Lock};
use crate::{Item, ports::HoldRequest};

/// How long a transfer lasts that has a time limit.
const TRANSFER_MS: i64 = 1_000;

impl EventLocks {
    pub(super) fn end_old_transfers(&mut self, now: Timestamp, changed: &mut Vec<SeatChange>) {
        let old = self.transfers.iter().filter(|(_, t)| now.ms() - t.begun_at.ms() > TRANSFER_MS);
        let mut old: Vec<_> = old.map(|(id, _)| *id).collect();
        old.sort_unstable();
        for id in old {
            self.give_back(now, id, changed);
        }
    }

    pub(super) fn leave_in_index(&mut self, position: usize, lock: Option<&Lock>) {
        self.expiries.extend(lock.map(|lock| (lock.expires_at, position)));
    }

    pub(super) fn free_in_transfer(&mut self, expires_at: Timestamp, position: usize) {
        self.expiries.remove(&(expires_at, position));
        self.slots[position].mark.take_if(|mark| mark.kind == Kind::InTransfer);
    }

    pub(super) fn drop_every_mark(&mut self) {
        for slot in &mut self.slots {
            slot.mark.take_if(|mark| mark.kind != Kind::InTransfer);
        }
    }

    pub(super) fn hold_in_part(
        &mut self,
        now: Timestamp,
        request: &HoldRequest,
        fresh: &[&SeatId],
    ) {
        let expires_at = now.after(request.ttl);
        let mut changed = Vec::new();
        for seat in fresh {
            let position = self.position(Item::Seat((*seat).clone()));
            let user = request.user.clone();
            self.lock(position, Lock { user, held_at: now, table: None, expires_at });
            changed.push(SeatChange::held((*seat).clone(), expires_at));
        }
        self.change(changed);
    }
}
