use crate::redis::{Redis, free_port};

/// A private Redis with a replica, and one sentinel that watches over them. Killed when it is
/// dropped.
pub struct RedisSentinel {
    master: Redis,
    replica: Redis,
    sentinel: Redis,
}

impl RedisSentinel {
    /// Starts the three, and waits until they know of each other.
    ///
    /// # Panics
    /// As of [`Redis::start`].
    pub async fn start() -> Self {
        let master = Redis::start_with(&["--repl-diskless-sync-delay", "0"]).await;
        let at = master.address().replace(':', " ");
        let replica = Redis::start_with(&["--replicaof", &at]).await;
        replica.says("INFO replication", "master_link_status:up").await;
        let lines = format!(
            "sentinel monitor seats {at} 1\n\
             sentinel down-after-milliseconds seats 1000\n\
             sentinel failover-timeout seats 3000\n"
        );
        let sentinel = loop {
            // Another test may be faster to take a port that was free.
            let started = Redis::start_by(free_port(), &["--sentinel"], &lines).await;
            if let Some(sentinel) = started {
                break sentinel;
            }
        };
        sentinel.says("INFO sentinel", "status=ok").await;
        sentinel.says("INFO sentinel", "slaves=1").await;
        Self { master, replica, sentinel }
    }

    /// `redis-sentinel://`, the address of the sentinel, and the name of what it watches.
    pub fn url(&self) -> String {
        format!("redis-sentinel://{}?sentinelServiceName=seats", self.sentinel.address())
    }

    /// The one that takes writes at first.
    pub fn master(&self) -> &Redis {
        &self.master
    }

    /// The one that can take its place.
    pub fn replica(&self) -> &Redis {
        &self.replica
    }
}
