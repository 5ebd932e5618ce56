//! What all cases share: the stores, the server that lives on, and how patient everybody is.

use std::time::Duration;

use mongodb::Database;
use seat_redis::RedisLockStore;
use seat_testbed::{Node, Redis, Server, Stores, own_executable, shared_mongo};

use super::{
    cases::{Case, Fault},
    room::Room,
};

/// How long the servers wait before they take care of what stands, and how long a test waits for
/// that.
pub(super) struct Pace {
    /// The faults that are tried at this pace.
    pub(super) faults: Vec<Fault>,
    /// How many cases run at once.
    pub(super) at_once: usize,
    /// The time after which everything is as it should be: a hold, and this.
    pub(super) settled_within: Duration,
    /// The flags of both servers.
    flags: &'static [&'static str],
}

impl Pace {
    /// Every fault, with intervals that are shorter than the shipped ones. A stop lasts twice the
    /// age at which others settle what a server has begun.
    pub(super) fn short() -> Self {
        Self {
            faults: vec![Fault::Abort, Fault::Error, Fault::Stop(Duration::from_secs(3))],
            at_once: 8,
            settled_within: Duration::from_secs(30),
            flags: SHORT,
        }
    }

    /// Stops, shorter and longer than the age at which others settle what a server has begun, with
    /// the shipped intervals and the time that is promised for them.
    pub(super) fn long() -> Self {
        Self {
            faults: [5, 60].map(Duration::from_secs).map(Fault::Stop).into(),
            at_once: 20,
            settled_within: Duration::from_secs(60),
            flags: &[],
        }
    }
}

/// The flags of a server whose intervals are shorter than the shipped ones.
pub(super) const SHORT: &[&str] = &[
    "--reconcile-age-ms",
    "1500",
    "--round-every-ms",
    "1000",
    "--load-lease-ms",
    "1000",
    "--audit-confirm-ms",
    "300",
];

/// The flags of a server that comes upon what was left behind before any other.
const EAGER: &[&str] =
    &["--reconcile-age-ms", "600", "--round-every-ms", "100", "--audit-confirm-ms", "100"];

pub(super) struct House {
    pub(super) pace: Pace,
    /// The server that lives on.
    pub(super) server: Server,
    /// What the lock store knows, as the servers see it.
    pub(super) locks: RedisLockStore,
    /// What the repository knows, as an operator sees it.
    pub(super) database: Database,
    stores: Stores,
    redis: Redis,
}

impl House {
    pub(super) async fn open(pace: Pace) -> Self {
        let redis = Redis::start().await;
        let stores = Stores::new(redis.url(), shared_mongo().await);
        Self {
            server: Server::start_on(std::slice::from_ref(&stores), pace.flags).await,
            locks: RedisLockStore::connect(&stores.redis_url).await.expect("Redis runs"),
            database: stores.database().await,
            pace,
            stores,
            redis,
        }
    }

    /// Ada confirms at a server that dies when it comes to this point.
    pub(super) async fn die_over_confirm(&self, room: &mut Room, point: &str) {
        let mut dying = self.failing_at(point, Fault::Abort, &room.event, &[]).await;
        room.prepare().await;
        let answer = room.ask_at(&dying).await.expect("asking does not panic");
        assert!(answer.is_none(), "answered: {answer:?}\n{}", dying.log());
        dying.ended().await;
    }

    /// The server that fails in this case.
    pub(super) async fn failing(&self, case: &Case, event: &str) -> Node {
        // A round of it has to be the first to come upon what was left behind.
        let flags = case.operation.left_behind_at().map_or(self.pace.flags, |_| EAGER);
        self.failing_at(case.point.name, case.fault, event, flags).await
    }

    async fn failing_at(&self, point: &str, fault: Fault, event: &str, flags: &[&str]) -> Node {
        let arguments = [
            ["--redis-url", &self.stores.redis_url],
            ["--mongodb-uri", &self.stores.mongodb_uri],
            ["--jwt-secret", self.server.secret()],
            ["--at", point],
            ["--do", fault.flag()],
            ["--only", event],
        ];
        let arguments = [&arguments.concat(), flags].concat();
        Node::of_program(&own_executable("failing_server"), &arguments).await
    }

    /// Has the lock store lose all that it knows of an event.
    pub(super) async fn forget(&self, event: &str) {
        let each =
            "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end";
        let reply = self.redis.ask(&format!(r#"EVAL "{each}" 0 *{{{event}}}*"#)).await;
        assert_eq!(reply.as_deref(), Some("$-1\r\n"), "nothing is returned");
    }
}
