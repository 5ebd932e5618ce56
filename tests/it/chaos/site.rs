use std::{fs, path::PathBuf};

use seat_testbed::{Mongo, Proxy, Redis, RedisCluster, Server, Stores};

use super::fault::Kind;

/// What a server of these tests is told: to answer in time, as one that is in use, to hold for
/// seconds, and not to wait long before it settles, audits and sweeps.
const FLAGS: &[&str] = &[
    "--answer-within-ms",
    "1500",
    "--at-least-wait-ms",
    "1000",
    "--reconcile-age-ms",
    "3000",
    "--round-every-ms",
    "3000",
    "--verify-after-ms",
    "5000",
    "--hold-min-seconds",
    "2",
    "--hold-default-seconds",
    "5",
    "--hold-max-seconds",
    "12",
];

/// The servers and what they stand on.
pub(super) struct Site {
    pub(super) server: Server,
    pub(super) backing: Backing,
}

/// Where the servers keep what they sell.
pub(super) enum Backing {
    Embedded,
    Shared(Box<Shared>),
    Cluster { cluster: RedisCluster, mongo: Box<Mongo>, stores: Stores },
}

/// A Redis, and a set of three `mongod`s.
pub(super) struct Shared {
    pub(super) redis: Redis,
    /// The network between Redis and each server.
    pub(super) ways: Vec<Proxy>,
    /// It has a network of its own.
    pub(super) mongo: Mongo,
    pub(super) stores: Stores,
}

impl Site {
    /// One server with its file.
    pub(super) async fn embedded() -> Self {
        Self { server: start(&[]).await, backing: Backing::Embedded }
    }

    /// Two servers on one Redis and one MongoDB, all on networks that can be broken.
    pub(super) async fn shared() -> Self {
        let (redis, mongo) = (Redis::start().await, Mongo::start_set_on_networks().await);
        let stores = Stores::new(redis.url(), &mongo);
        let mut ways = Vec::new();
        let mut through = Vec::new();
        for _ in 0..2 {
            let way = Proxy::start(redis.address()).await;
            through.push(Stores {
                redis_url: format!("redis://{}", way.address()),
                mongodb_uri: stores.mongodb_uri.clone(),
            });
            ways.push(way);
        }
        let server = start(&through).await;
        Self { server, backing: Backing::Shared(Box::new(Shared { redis, ways, mongo, stores })) }
    }

    /// Two servers on a Redis Cluster and a set of MongoDB.
    pub(super) async fn cluster() -> Self {
        let (cluster, mongo) = (RedisCluster::start().await, Mongo::start_set().await);
        let stores = Stores::new(cluster.url(), &mongo);
        let server = start(&[stores.clone(), stores.clone()]).await;
        Self { server, backing: Backing::Cluster { cluster, mongo: Box::new(mongo), stores } }
    }

    /// What can be done to it.
    pub(super) fn kinds(&self) -> &'static [Kind] {
        match &self.backing {
            Backing::Embedded => &[
                Kind::ServerStopped,
                Kind::ServerRestarted,
                Kind::DiskFull,
                Kind::ServerKilled,
                Kind::ClockMoved,
            ],
            Backing::Shared(_) => &[
                Kind::ServerKilled,
                Kind::ServerStopped,
                Kind::ServerRestarted,
                Kind::ClockMoved,
                Kind::RedisStopped,
                Kind::RedisCut,
                Kind::RedisSlow,
                Kind::RedisHalfOpen,
                Kind::PrimaryKilled,
                Kind::PrimaryStopped,
                Kind::PrimarySteppedDown,
                Kind::MongoCut,
                Kind::MongoSlow,
                Kind::MongoHalfOpen,
                Kind::RedisFlushed,
                Kind::RedisKilled,
            ],
            Backing::Cluster { .. } => &[
                Kind::ServerKilled,
                Kind::ServerStopped,
                Kind::PrimaryKilled,
                Kind::PrimaryStopped,
                Kind::PrimarySteppedDown,
                Kind::MasterKilled,
            ],
        }
    }

    pub(super) fn is_embedded(&self) -> bool {
        match &self.backing {
            Backing::Embedded => true,
            Backing::Shared(_) | Backing::Cluster { .. } => false,
        }
    }

    /// The stores as an operator reaches them, past every network that may be broken.
    pub(super) fn stores(&self) -> Option<&Stores> {
        match &self.backing {
            Backing::Embedded => None,
            Backing::Shared(shared) => Some(&shared.stores),
            Backing::Cluster { stores, .. } => Some(stores),
        }
    }

    pub(super) fn mongo(&mut self) -> &mut Mongo {
        match &mut self.backing {
            Backing::Embedded => panic!("there is no MongoDB"),
            Backing::Shared(shared) => &mut shared.mongo,
            Backing::Cluster { mongo, .. } => mongo,
        }
    }

    pub(super) fn shared_stores(&mut self) -> &mut Shared {
        match &mut self.backing {
            Backing::Shared(shared) => shared,
            Backing::Embedded | Backing::Cluster { .. } => panic!("there is no single Redis"),
        }
    }

    /// Moves the clock of one server by so many seconds. It is noticed within a second.
    pub(super) fn move_clock(&self, node: usize, seconds: i32) {
        let file = self.server.data_dir().join(format!("clock-{node}"));
        fs::write(file, format!("{seconds:+}")).expect("a file can be written there");
    }
}

/// Servers whose clocks can be moved, and that are told when a file may not grow instead of being
/// killed for it.
async fn start(stores: &[Stores]) -> Server {
    let preload = format!("LD_PRELOAD={}", libfaketime().display());
    let wrapper = [
        "/usr/bin/env",
        "--ignore-signal=XFSZ",
        &preload,
        // In the folder of the server; without the file, the clock is right.
        "FAKETIME_TIMESTAMP_FILE=clock-{node}",
        "FAKETIME_CACHE_DURATION=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
    ];
    Server::start_through(&wrapper, stores, FLAGS).await
}

/// Where the system's package `libfaketime` has it.
fn libfaketime() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    found.find(|path| path.is_file()).expect("libfaketime is there: `tests/run` installs it")
}
