//! Replies as a word and the rest.

use std::fmt::Display;

use seat_booking::ports::{
    BeginReply, BlockReply, ChangesReply, ExtendReply, FinishReply, Held, HoldReply, LoadReply,
    ReleaseReply, TransferReply, UserHolds,
};
use seat_state::{Change, SeatChange, Timestamp, Version};

use super::{steps::UNIT, told::Told, world::World};

type Described = (&'static str, String);

/// Every method with every word of its replies.
pub(super) const WORDS: &[(&str, &[&str])] = &[
    ("abort", &["done", "not loaded"]),
    ("begin", &["begun", "gone", "mismatch", "not loaded", "not owner", "own transfer"]),
    ("begin_block", &["begun", "blocked already", "not loaded", "taken"]),
    ("changes", &["changes", "none", "not loaded", "resync"]),
    ("extend", &["extended", "in transfer", "not held", "not loaded"]),
    ("finish", &["finished", "gone", "not loaded", "other epoch"]),
    ("free", &["done", "not loaded"]),
    ("hold", &["held", "limit", "not loaded", "taken"]),
    ("hold_table", &["held", "limit", "not loaded", "taken", "taken as a table"]),
    ("holders", &["none", "not loaded", "some"]),
    ("holds_of", &["none", "not loaded", "some"]),
    ("load_begin", &["begun", "busy", "ready"]),
    ("load_chunk", &["done", "fenced"]),
    ("load_drop", &["again", "done", "fenced"]),
    ("load_end", &["done", "fenced"]),
    ("marks", &["more", "not loaded", "the last"]),
    ("release", &["none", "not loaded", "released"]),
    ("snapshot", &["more", "not loaded", "the last"]),
    ("sweep", &["more", "none", "not loaded", "swept"]),
    ("transfer", &["none", "not loaded", "of a block", "of a user"]),
    ("transfers", &["none", "not loaded", "some"]),
];

impl<W: World> Told<W> {
    pub(super) fn held(&self, reply: HoldReply) -> Described {
        match reply {
            HoldReply::Held(held) => ("held", self.times(held)),
            HoldReply::Taken { seats, table: false } => ("taken", list(seats)),
            HoldReply::Taken { seats, table: true } => ("taken as a table", list(seats)),
            HoldReply::Limit => ("limit", String::new()),
        }
    }

    pub(super) fn released(&self, reply: ReleaseReply) -> Described {
        let word = if reply.seats.is_empty() { "none" } else { "released" };
        (word, format!("{} at {}", list(reply.seats), self.at(reply.version)))
    }

    pub(super) fn extended(&self, reply: ExtendReply) -> Described {
        match reply {
            ExtendReply::Extended(held) => ("extended", self.times(held)),
            ExtendReply::NotHeld(seats) => ("not held", list(seats)),
            ExtendReply::InTransfer => ("in transfer", String::new()),
        }
    }

    pub(super) fn user_holds(&self, reply: UserHolds) -> Described {
        let word = if reply.seats.is_empty() { "none" } else { "some" };
        let seats = reply.seats.into_iter().map(|held| {
            let (since, until) = (self.units(held.held_at), self.units(held.expires_at));
            format!("{} of {:?} since {since} until {until}", held.seat, held.table)
        });
        (word, format!("{} at {}", list(seats), self.at(reply.version)))
    }

    pub(super) fn begun(&self, reply: BeginReply) -> Described {
        match reply {
            BeginReply::Begun { epoch } => ("begun", self.named(epoch)),
            BeginReply::Gone => ("gone", String::new()),
            BeginReply::Mismatch => ("mismatch", String::new()),
            BeginReply::NotOwner { seats, own_transfer: None } => ("not owner", list(seats)),
            BeginReply::NotOwner { seats, own_transfer: Some(id) } => {
                ("own transfer", format!("{id}, not owner of {}", list(seats)))
            }
        }
    }

    pub(super) fn block_begun(&self, reply: BlockReply) -> Described {
        match reply {
            BlockReply::Begun { epoch, blocked } => {
                let word = if blocked.is_empty() { "begun" } else { "blocked already" };
                (word, format!("{} in {}", list(blocked), self.named(epoch)))
            }
            BlockReply::Taken(seats) => ("taken", list(seats)),
        }
    }

    pub(super) fn finished(&self, reply: FinishReply) -> Described {
        match reply {
            FinishReply::Finished(version) => ("finished", self.at(version)),
            FinishReply::OtherEpoch => ("other epoch", String::new()),
            FinishReply::Gone => ("gone", String::new()),
        }
    }

    pub(super) fn done_at(&self, version: Version) -> Described {
        ("done", self.at(version))
    }

    pub(super) fn standing(&self, reply: TransferReply) -> Described {
        let epoch = self.named(reply.epoch);
        let Some(transfer) = reply.transfer else { return ("none", epoch) };
        let word = if transfer.user.is_some() { "of a user" } else { "of a block" };
        let (user, fingerprint) = (transfer.user, transfer.fingerprint);
        let (begun_at, items) = (self.units(transfer.begun_at), list(transfer.items));
        (word, format!("{user:?} {fingerprint:?} since {begun_at}: {items} in {epoch}"))
    }

    pub(super) fn load_step(&self, reply: LoadReply) -> Described {
        let word = match reply {
            LoadReply::Done => "done",
            LoadReply::Again => "again",
            LoadReply::Fenced => "fenced",
        };
        (word, String::new())
    }

    /// The changes of this epoch.
    pub(super) fn changed(&self, epoch: u64, reply: ChangesReply) -> Described {
        match reply {
            ChangesReply::Changes(changes) => {
                let word = if changes.is_empty() { "none" } else { "changes" };
                (word, list(changes.iter().map(|change| self.change(epoch, change))))
            }
            ChangesReply::Resync => ("resync", String::new()),
        }
    }

    fn change(&self, epoch: u64, change: &Change) -> String {
        let seq = change.seq;
        if self.swept.contains(&Version { epoch, seq }) {
            return format!("{seq} sweeps {}", change.seats.len());
        }
        let mut states: Vec<_> = change.seats.iter().map(|state| self.state(state)).collect();
        states.sort_unstable();
        format!("{seq} {states:?}")
    }

    fn state(&self, state: &SeatChange) -> String {
        let until = state.expires_at.map(|at| self.units(at));
        format!("{} {} {until:?}", state.seat, state.status.as_str())
    }

    fn times(&self, held: Held) -> String {
        let (since, until) = (self.units(held.held_at), self.units(held.expires_at));
        format!("since {since} until {until} at {}", self.at(held.version))
    }

    pub(super) fn at(&self, version: Version) -> String {
        format!("{} of {}", version.seq, self.named(version.epoch))
    }

    /// An epoch by its place among those of the sequence: each store mints its own.
    pub(super) fn named(&self, epoch: u64) -> String {
        let place = self.epochs.iter().position(|&known| known == epoch);
        place.map_or_else(|| format!("unknown epoch {epoch}"), |place| format!("epoch {place}"))
    }

    /// A moment in whole units since the sequence began.
    pub(super) fn units(&self, at: Timestamp) -> i64 {
        (at.ms() - self.world.began_at().ms()).div_euclid(UNIT.as_millis() as i64)
    }
}

pub(super) fn list<T: Display>(all: impl IntoIterator<Item = T>) -> String {
    all.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}
