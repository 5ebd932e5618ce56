//! What can be done to an event, as values.

use std::time::Duration;

use seat_booking::Mark;

pub(super) const USERS: [&str; 3] = ["u", "u1", "v"];
/// Every seat, in the way of [`selection`](super::super::choice::selection).
pub(super) const SEATS: &str = "A-1,T0-1,T0-2,T0-3,T1-1,T1-2,T1-3";
/// How many ids there are of confirms.
pub(super) const CONFIRMS: usize = 20;
/// Each block has a seat and an id of its own; every seat may be blocked this often.
pub(super) const BLOCKS_OF_SEAT: usize = 2;
/// How many ids there are: of confirms, then of blocks.
pub(super) const IDS: usize = CONFIRMS + 7 * BLOCKS_OF_SEAT;

/// A time that no sequence takes: what happens within one counts as one moment.
pub(super) const UNIT: Duration = Duration::from_secs(600);

/// A step. Times are in units, ids are places in the list of the sequence's ids.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Hold {
        user: &'static str,
        what: String,
        ttl: u32,
        seats_max: u32,
    },
    HoldTable {
        user: &'static str,
        table: &'static str,
        ttl: u32,
        seats_max: u32,
    },
    Release {
        user: &'static str,
        what: String,
    },
    Extend {
        user: &'static str,
        what: String,
        ttl: u32,
        cap: u32,
    },
    HoldsOf {
        user: &'static str,
    },
    Begin {
        user: &'static str,
        id: usize,
        what: String,
        fingerprint: u8,
    },
    BeginBlock {
        seats: Vec<(usize, String)>,
    },
    Finish {
        id: usize,
        epoch: Epoch,
        mark: Mark,
        what: String,
        knows_transfer: bool,
    },
    Abort {
        id: usize,
        what: String,
    },
    Free {
        id: usize,
        what: String,
    },
    Transfer {
        id: usize,
    },
    Transfers {
        age: u32,
        limit: usize,
    },
    /// As a node does it: all steps of a load, if it may begin.
    Load {
        lease: u32,
        active: Vec<(usize, Mark, String)>,
    },
    LoadBegin {
        random: u32,
        lease: u32,
    },
    LoadDrop {
        epoch: Epoch,
    },
    LoadChunk {
        epoch: Epoch,
        active: Vec<(usize, Mark, String)>,
    },
    /// Marks more seats than a store looks at in one go.
    LoadCrowd {
        epoch: Epoch,
    },
    LoadEnd {
        epoch: Epoch,
    },
    /// Until nothing more is due.
    Sweep {
        limit: usize,
    },
    /// Reads the changes since the last time, or the state anew.
    Watch,
    Changes {
        epoch: Epoch,
        since: u64,
        limit: usize,
    },
    Snapshot,
    Marks,
    Holders {
        what: String,
    },
    Pass {
        units: u32,
    },
    /// The store loses everything.
    Lose,
    /// The store is another run of itself, with what it had.
    Restart,
}

/// An epoch of the sequence.
#[derive(Debug, Clone, Copy)]
pub(super) enum Epoch {
    Newest,
    Before,
    /// One that never was.
    Never,
}
