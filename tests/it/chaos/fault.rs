use std::fmt;

use seat_booking::contract::SeededRandomness;

/// What is done to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// One server, by SIGKILL, and started again.
    ServerKilled,
    /// One server stands still for a while.
    ServerStopped,
    /// One server, by SIGTERM, and started again.
    ServerRestarted,
    /// The clock of one server is wrong for a while.
    ClockMoved,
    /// No file of the embedded stores can grow or be written beyond its first page; then there is
    /// room again, and the server is restarted, as its operator is told to.
    DiskFull,
    /// FLUSHALL.
    RedisFlushed,
    /// Redis is killed and comes back empty.
    RedisKilled,
    /// Redis stands still for a while.
    RedisStopped,
    /// One server has no connection to Redis for a while.
    RedisCut,
    /// All that Redis says to one server comes late for a while.
    RedisSlow,
    /// What one server says to Redis, or Redis to it, is swallowed for a while.
    RedisHalfOpen,
    /// The primary is killed, and comes back when another one was elected.
    PrimaryKilled,
    /// The primary stands still until another one was elected.
    PrimaryStopped,
    /// The primary leaves its place to another one.
    PrimarySteppedDown,
    /// Nobody has a connection to any member of MongoDB's set for a while, nor they to each other.
    MongoCut,
    /// All that MongoDB's members say comes late for a while.
    MongoSlow,
    /// What MongoDB's members are told, or say, is swallowed for a while.
    MongoHalfOpen,
    /// The master of a Redis Cluster that has an event is killed, and comes back as a replica.
    MasterKilled,
}

impl Kind {
    /// Whether the lock store may lose holds by it.
    pub(super) fn forgets(self, is_embedded: bool) -> bool {
        match self {
            // The embedded lock store is a part of the server, and its clock is the server's.
            Self::ServerKilled | Self::ClockMoved => is_embedded,
            Self::RedisFlushed | Self::RedisKilled | Self::MasterKilled => true,
            Self::ServerStopped
            | Self::ServerRestarted
            | Self::DiskFull
            | Self::RedisStopped
            | Self::RedisCut
            | Self::RedisSlow
            | Self::RedisHalfOpen
            | Self::PrimaryKilled
            | Self::PrimaryStopped
            | Self::PrimarySteppedDown
            | Self::MongoCut
            | Self::MongoSlow
            | Self::MongoHalfOpen => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ServerKilled => "server killed",
            Self::ServerStopped => "server stopped",
            Self::ServerRestarted => "server restarted",
            Self::ClockMoved => "clock moved",
            Self::DiskFull => "disk full",
            Self::RedisFlushed => "redis flushed",
            Self::RedisKilled => "redis killed",
            Self::RedisStopped => "redis stopped",
            Self::RedisCut => "redis cut off",
            Self::RedisSlow => "redis slow",
            Self::RedisHalfOpen => "redis half open",
            Self::PrimaryKilled => "mongod killed",
            Self::PrimaryStopped => "mongod stopped",
            Self::PrimarySteppedDown => "stepdown",
            Self::MongoCut => "mongod cut off",
            Self::MongoSlow => "mongod slow",
            Self::MongoHalfOpen => "mongod half open",
            Self::MasterKilled => "cluster master killed",
        })
    }
}

/// One thing that is done at its time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    pub(super) kind: Kind,
    /// Which server, or which of two ways; taken modulo what there is.
    pub(super) which: usize,
    /// How long it lasts, where it lasts.
    pub(super) lasts_ms: u64,
    /// How long the sale goes on before, beside the operations that are due.
    pub(super) after_ms: u64,
}

/// The faults of a seed: each kind once in a round, in another order each. The first round begins
/// with what loses no hold: for a minute after a loss, less is promised and so less is checked.
pub(super) fn schedule(kinds: &[Kind], is_embedded: bool, count: usize, seed: u64) -> Vec<Planned> {
    let random = SeededRandomness::new(seed);
    let mut planned = Vec::new();
    while planned.len() < count {
        let mut round = kinds.to_vec();
        for last in (1..round.len()).rev() {
            round.swap(last, (random.number() % (last as u64 + 1)) as usize);
        }
        if planned.is_empty() {
            // As many of either sort as a short run has room for.
            round.sort_by_key(|kind| kind.forgets(is_embedded));
            let forgetting = round.iter().filter(|kind| kind.forgets(is_embedded)).count();
            let room = count.saturating_sub(forgetting);
            let keeping = round.len() - forgetting;
            round.drain(room.min(keeping)..keeping);
        }
        planned.extend(round.into_iter().map(|kind| Planned {
            kind,
            which: random.number() as usize % 2,
            lasts_ms: 500 + random.number() % 3_000,
            after_ms: random.number() % 500,
        }));
    }
    planned.truncate(count);
    planned
}
