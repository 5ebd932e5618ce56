//! Loading.

use seat_state::Timestamp;

use super::{EventLocks, Kind, Load};
use crate::{
    Active,
    planted::planted,
    ports::{LoadBeginReply, LoadReply, LoadRequest},
};

impl EventLocks {
    pub(in crate::memory) fn load_begin(
        &mut self,
        now: Timestamp,
        run: u64,
        request: &LoadRequest,
    ) -> LoadBeginReply {
        self.compare_run(run);
        match &self.load {
            None if self.epoch.is_some() => return LoadBeginReply::Ready,
            Some(load) if load.lease_until > now && !planted!(LoadIgnoresLease) => {
                return LoadBeginReply::Busy;
            }
            Some(_) | None => {}
        }
        let random = u64::from(request.random);
        let by_clock = u64::try_from(now.ms()).unwrap_or(0) * 1_000 + random / 1_000;
        let is_ahead = by_clock > self.last_epoch;
        let random = if planted!(EpochTwice) { 0 } else { random };
        let epoch = if is_ahead { by_clock } else { self.last_epoch + 1 + random };
        self.epoch = Some(epoch);
        self.last_epoch = epoch;
        self.run = run;
        self.seq = if planted!(SequenceCarriedOver) { self.seq } else { 0 };
        self.changes.clear();
        self.load = Some(Load {
            lease: request.lease,
            lease_until: now.after(request.lease),
            dropped_to: 0,
        });
        LoadBeginReply::Begun { epoch }
    }

    pub(in crate::memory) fn load_drop(
        &mut self,
        now: Timestamp,
        run: u64,
        epoch: u64,
        slots: usize,
    ) -> LoadReply {
        let Some(load) = self.leased(now, run, epoch) else { return LoadReply::Fenced };
        let from = load.dropped_to;
        let to = (from + slots).min(self.slots.len());
        for slot in &mut self.slots[from..to] {
            slot.mark.take_if(|mark| {
                let is_old = mark.epoch < epoch && !planted!(LoadKeepsOldMarks);
                is_old && mark.kind != Kind::InTransfer
            });
        }
        if let Some(load) = &mut self.load {
            load.dropped_to = to;
        }
        if to == self.slots.len() { LoadReply::Done } else { LoadReply::Again }
    }

    pub(in crate::memory) fn load_chunk(
        &mut self,
        now: Timestamp,
        run: u64,
        epoch: u64,
        active: &[Active],
    ) -> LoadReply {
        if self.leased(now, run, epoch).is_none() {
            return LoadReply::Fenced;
        }
        planted!(LoadReplaces => self.drop_every_mark());
        for document in active {
            if self.gone.contains_key(&document.id) && !planted!(NoLookIntoGone) {
                continue;
            }
            for item in &document.items {
                // Nobody has read a state of this epoch yet: this is how it starts, not a change.
                self.mark_for_good(item, document.id, document.mark, epoch);
            }
        }
        LoadReply::Done
    }

    pub(in crate::memory) fn load_end(&mut self, run: u64, epoch: u64) -> LoadReply {
        self.compare_run(run);
        if self.epoch != Some(epoch) && !planted!(LoadIgnoresLease) {
            return LoadReply::Fenced;
        }
        self.load = None;
        LoadReply::Done
    }

    fn leased(&mut self, now: Timestamp, run: u64, epoch: u64) -> Option<&mut Load> {
        self.compare_run(run);
        if self.epoch != Some(epoch) && !planted!(LoadIgnoresLease) {
            return None;
        }
        let load = self.load.as_mut()?;
        load.lease_until = now.after(load.lease);
        Some(load)
    }
}
