//! What goes wrong: how often each kind of fault strikes in this seed, and which of them are left
//! out because a shorter history is looked for.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use crate::world::{World, lock};

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A request to a store never arrives.
    LostRequest,
    /// A store does what it was asked, and nobody hears of it.
    LostReply,
    /// A request arrives twice, the second time later.
    RepeatedRequest,
    /// A request arrives long after its sender has given up.
    LateRequest,
    /// A node dies, and comes back with nothing in its memory.
    Crash,
    /// A node stands still for a while, as under SIGSTOP, and goes on as if nothing had been.
    Pause,
    /// A node's clock jumps.
    ClockJump,
    /// The lock store loses everything.
    Flush,
    /// The lock store loses its newest writes, and is a new run.
    Failover,
    /// The lock store is a new run and has lost nothing.
    NewRun,
    /// The lock store can't be reached for a while.
    LocksAway,
    /// The repository can't be reached for a while.
    RepositoryAway,
    /// A client does not wait for its answer.
    HangUp,
}

pub(crate) const FAULTS: [Fault; 13] = [
    Fault::LostRequest,
    Fault::LostReply,
    Fault::RepeatedRequest,
    Fault::LateRequest,
    Fault::Crash,
    Fault::Pause,
    Fault::ClockJump,
    Fault::Flush,
    Fault::Failover,
    Fault::NewRun,
    Fault::LocksAway,
    Fault::RepositoryAway,
    Fault::HangUp,
];

const HOP_US_MIN: u64 = 20;
/// On a quick wire, and on every wire when nothing fails any more.
const HOP_US_QUICK: u64 = 1_000;

/// Cloning shares it.
#[derive(Clone)]
pub(crate) struct Chaos {
    world: World,
    per_thousand: [u64; FAULTS.len()],
    hop_us_max: u64,
    left_out: Arc<BTreeSet<u64>>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    struck: u64,
    over: bool,
    settled: bool,
    away_until_us: [u64; 2],
    late: Option<(&'static str, u64)>,
}

/// Which of the two stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Locks,
    Repository,
}

impl Chaos {
    /// Each seed has some kinds of faults, and each of them often or rarely: a history in which
    /// everything fails at once hides what one fault alone does.
    pub(crate) fn of_seed(world: &World, left_out: BTreeSet<u64>) -> Self {
        let per_thousand = std::array::from_fn(|_| match world.pick(4) {
            0 | 1 => 0,
            2 => 4,
            _ => 25,
        });
        // On a slow wire more goes on between two steps of one request.
        let hop_us_max = [HOP_US_QUICK, 3_000, 30_000, 200_000][world.pick(4) as usize];
        Self {
            world: world.clone(),
            per_thousand,
            hop_us_max,
            left_out: Arc::new(left_out),
            state: Arc::default(),
        }
    }

    /// Nothing goes wrong but what is asked for.
    pub(crate) fn none(world: &World) -> Self {
        let chaos = Self { hop_us_max: HOP_US_QUICK, ..Self::of_seed(world, BTreeSet::new()) };
        chaos.ends();
        chaos
    }

    /// The next call of this method arrives after so long.
    pub(crate) fn next_is_late(&self, method: &'static str, by_us: u64) {
        lock(&self.state).late = Some((method, by_us));
    }

    /// How late this call was asked to be.
    pub(crate) fn is_to_be_late(&self, method: &str) -> Option<u64> {
        lock(&self.state).late.take_if(|(late, _)| *late == method).map(|(_, by_us)| by_us)
    }

    /// Whether a call that was to be late was not made yet.
    pub(crate) fn has_late(&self) -> bool {
        lock(&self.state).late.is_some()
    }

    /// Whether this fault strikes here and now.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let strikes = self.world.happens(self.per_thousand[fault as usize]);
        let mut state = lock(&self.state);
        if !strikes || state.over {
            return false;
        }
        state.struck += 1;
        let left_out = self.left_out.contains(&state.struck);
        drop(state);
        if left_out {
            return false;
        }
        self.world.count(|counts| *counts.faults.entry(fault).or_default() += 1);
        true
    }

    /// How many faults have struck, those left out included: their numbers are 1 to this one.
    pub(crate) fn struck(&self) -> u64 {
        lock(&self.state).struck
    }

    /// How long a hop between a node and a store takes this time.
    pub(crate) fn hop_us(&self) -> u64 {
        let most = if self.is_over() { HOP_US_QUICK } else { self.hop_us_max };
        self.world.between_us(HOP_US_MIN, most)
    }

    /// Takes a store away for a while.
    pub(crate) fn take_away(&self, store: Store, for_us: u64) {
        lock(&self.state).away_until_us[store as usize] = self.world.now_us() + for_us;
    }

    /// Whether the store can't be reached.
    pub(crate) fn is_away(&self, store: Store) -> bool {
        lock(&self.state).away_until_us[store as usize] > self.world.now_us()
    }

    /// From now on nothing fails any more.
    pub(crate) fn ends(&self) {
        let mut state = lock(&self.state);
        state.over = true;
        state.away_until_us = [0; 2];
    }

    /// Whether nothing fails any more.
    pub(crate) fn is_over(&self) -> bool {
        lock(&self.state).over
    }

    /// Nothing has failed and nobody has asked for anything for so long that all is settled; or
    /// somebody begins to ask again.
    pub(crate) fn settle(&self, is_settled: bool) {
        lock(&self.state).settled = is_settled;
    }

    pub(crate) fn is_settled(&self) -> bool {
        lock(&self.state).settled
    }
}
