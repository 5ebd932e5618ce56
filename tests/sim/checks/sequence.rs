//! I8: versions grow without gaps, and whoever applies the changes to a snapshot knows what the
//! lock store shows.

use std::collections::BTreeMap;

use seat_booking::{Item, contract::EventContent, ports::LoadBeginReply};
use seat_layout::SeatId;
use seat_state::{Status, Timestamp, Version};

use super::{LockStep, Seen};

type Shown = BTreeMap<SeatId, (Status, Option<Timestamp>)>;

/// Somebody who reads every change.
#[derive(Default)]
pub(super) struct Watcher {
    version: Option<Version>,
    shown: Shown,
}

impl Seen {
    /// Takes what the step has changed, and compares.
    pub(super) fn follow(&mut self, step: &LockStep) -> Result<(), String> {
        let content = &self.content;
        if matches!(step, LockStep::LoadBegin { reply: LoadBeginReply::Begun { .. } })
            && content.seq != 0
        {
            return Err(format!("a new epoch begins with step {}", content.seq));
        }
        let Some(epoch) = content.epoch.filter(|_| !content.loading) else {
            self.watcher.version = None;
            return Ok(());
        };
        let watcher = &mut self.watcher;
        match watcher.version {
            Some(version) if version.epoch == epoch => {
                match content.seq.checked_sub(version.seq) {
                    Some(0) => {}
                    Some(1) => watcher.apply(content)?,
                    Some(_) | None => {
                        return Err(format!("step {} follows {}", content.seq, version.seq));
                    }
                }
                let shown = shown(content);
                if shown != watcher.shown {
                    return Err(format!("{shown:?} is so, and a watcher has {:?}", watcher.shown));
                }
            }
            Some(_) | None => watcher.shown = shown(content),
        }
        watcher.version = Some(Version { epoch, seq: content.seq });
        Ok(())
    }
}

impl Watcher {
    fn apply(&mut self, content: &EventContent) -> Result<(), String> {
        let change = content.last_change.as_ref().filter(|change| change.seq == content.seq);
        let change = change.ok_or("a step is not in the sequence")?;
        for seat in &change.seats {
            match seat.status {
                Status::Available => {
                    self.shown.remove(&seat.seat);
                }
                Status::Held | Status::Booked | Status::Blocked => {
                    self.shown.insert(seat.seat.clone(), (seat.status, seat.expires_at));
                }
            }
        }
        Ok(())
    }
}

pub(super) fn shown(content: &EventContent) -> Shown {
    let seats = content.items.iter().filter_map(|(item, is)| match item {
        Item::Seat(seat) => Some((seat.clone(), is.shown?)),
        Item::Table(_) => None,
    });
    seats.collect()
}
