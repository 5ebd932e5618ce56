//! A lock store, and what the world does to it: time passes, it is lost, it starts again.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use seat_booking::{
    MemoryLockStore,
    contract::ManualClock,
    ports::{Clock, LockStore, SystemClock},
};
use seat_layout::EventId;
use seat_redis::RedisLockStore;
use seat_state::Timestamp;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::TcpStream,
    time::sleep,
};

/// Two steps are at least so far apart, so that in every store the later one is later.
const TICK: Duration = Duration::from_millis(1);

/// What happens to the store of one event.
#[async_trait]
pub(super) trait World: Send + Sync {
    fn store(&self) -> &dyn LockStore;

    /// When the sequence began, by the store's clock. It moves into the past where time does not
    /// really pass.
    fn began_at(&self) -> Timestamp;

    /// Waits until the store's clock shows a later time than in the last step.
    async fn tick(&mut self);

    async fn pass(&mut self, time: Duration);

    async fn lose(&mut self);

    async fn restart(&mut self);

    /// Leaves nothing of the event behind.
    async fn end(&mut self);
}

pub(super) struct InMemory {
    store: MemoryLockStore,
    clock: Arc<ManualClock>,
    began_at: Timestamp,
}

impl InMemory {
    pub(super) fn new() -> Self {
        let clock = Arc::new(ManualClock::default());
        let began_at = clock.now();
        Self { store: MemoryLockStore::with_clock(clock.clone()), clock, began_at }
    }
}

#[async_trait]
impl World for InMemory {
    fn store(&self) -> &dyn LockStore {
        &self.store
    }

    fn began_at(&self) -> Timestamp {
        self.began_at
    }

    async fn tick(&mut self) {
        self.clock.advance(TICK);
    }

    async fn pass(&mut self, time: Duration) {
        self.clock.advance(time);
    }

    async fn lose(&mut self) {
        self.store.forget();
    }

    async fn restart(&mut self) {
        self.store.restart();
    }

    async fn end(&mut self) {}
}

/// On a server that other sequences use too.
pub(super) struct OnRedis<'c> {
    store: RedisLockStore,
    connection: &'c mut Connection,
    event: EventId,
    began_at: Timestamp,
    latest: Timestamp,
}

impl<'c> OnRedis<'c> {
    pub(super) fn new(
        store: RedisLockStore,
        connection: &'c mut Connection,
        event: EventId,
    ) -> Self {
        // The server runs on this machine, and so by the same clock.
        let now = SystemClock.now();
        Self { store, connection, event, began_at: now, latest: now }
    }
}

#[async_trait]
impl World for OnRedis<'_> {
    fn store(&self) -> &dyn LockStore {
        &self.store
    }

    fn began_at(&self) -> Timestamp {
        self.began_at
    }

    async fn tick(&mut self) {
        // What the store did last, it did before now.
        self.latest = self.latest.max(SystemClock.now());
        while SystemClock.now() <= self.latest {
            sleep(TICK).await;
        }
    }

    /// A server's clock can't be moved, so the event is.
    async fn pass(&mut self, time: Duration) {
        let ms = time.as_millis() as i64;
        let event = self.event.to_string();
        let script = include_str!("pass_time.lua");
        self.connection.command(&["EVAL", script, "0", &event, &ms.to_string()]).await;
        self.began_at = Timestamp::from_ms(self.began_at.ms() - ms);
    }

    async fn lose(&mut self) {
        let script = "for _, key in ipairs(redis.call('KEYS', '*{' .. ARGV[1] .. '}*')) do \
                      redis.call('DEL', key) end return redis.status_reply('OK')";
        self.connection.command(&["EVAL", script, "0", &self.event.to_string()]).await;
    }

    /// The event looks as if another run of the server had loaded it.
    async fn restart(&mut self) {
        let script = "if redis.call('EXISTS', KEYS[1]) == 1 then \
                      redis.call('HSET', KEYS[1], '#run', 'other') end \
                      return redis.status_reply('OK')";
        let key = format!("seat_event:{{{}}}", self.event);
        self.connection.command(&["EVAL", script, "1", &key]).await;
    }

    async fn end(&mut self) {
        self.lose().await;
    }
}

/// A connection to a Redis beside the store's.
pub(super) struct Connection(BufStream<TcpStream>);

impl Connection {
    pub(super) async fn open(address: &str) -> Self {
        Self(BufStream::new(TcpStream::connect(address).await.unwrap()))
    }

    /// Has a command done that replies `OK`.
    async fn command(&mut self, words: &[&str]) {
        let mut text = format!("*{}\r\n", words.len());
        for word in words {
            text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.0.write_all(text.as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
        let mut reply = String::new();
        self.0.read_line(&mut reply).await.unwrap();
        assert_eq!(reply, "+OK\r\n", "{words:?}");
    }
}
