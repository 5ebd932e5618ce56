//! Everything there is, for whoever tests.

use super::{EventLocks, Kind};
use crate::memory::content::{EventContent, ItemContent, ItemLock, ItemMark};

impl EventLocks {
    pub(in crate::memory) fn content(&self) -> EventContent {
        let known = self.slots.iter().filter(|slot| slot.lock.is_some() || slot.mark.is_some());
        let items = known.map(|slot| {
            let lock = slot.lock.as_ref().map(|lock| ItemLock {
                user: lock.user.clone(),
                table: lock.table.clone(),
                expires_at: lock.expires_at,
            });
            let mark = slot.mark.as_ref().map(|mark| match mark.kind {
                Kind::Is(kind) => ItemMark::Is(kind, mark.id),
                Kind::InTransfer => ItemMark::InTransfer(mark.id),
            });
            (slot.item.clone(), ItemContent { lock, mark, shown: self.shown(slot) })
        });
        EventContent {
            epoch: self.epoch,
            loading: self.load.is_some(),
            seq: self.seq,
            last_change: self.changes.back().cloned(),
            items: items.collect(),
            transfers: self
                .transfers
                .iter()
                .map(|(&id, standing)| (id, standing.begun_at))
                .collect(),
        }
    }
}
