//! The lock store in memory against the one on Redis.
//!
//! The clock of a server can't be moved, so time passes for the event: what is noted of it is moved
//! into the past (`pass_time.lua`). A restart of the server is another run id in the event.

mod chosen;
mod loading;
mod reading;
mod replies;
mod steps;
mod told;
mod world;

use seat_booking::{
    contract::SeededRandomness,
    ports::{Randomness, SystemRandomness},
};
use seat_layout::{BookingId, EventId};
use seat_redis::RedisLockStore;
use seat_testbed::Redis;

use super::sequences::{Said, Stopped, Stores, agree};
use steps::{IDS, Step};
use told::{NoReply, Reply, Told};
use world::{Connection, InMemory, OnRedis, World};

/// So many sequences at once keep the server busy.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lock_stores_in_memory_and_on_redis_say_the_same() {
    let server = Redis::start().await;
    let store = RedisLockStore::connect(&server.url()).await.unwrap();
    let mut all = Vec::new();
    for _ in 0..AT_ONCE {
        let connection = Connection::open(&server.address()).await;
        all.push(Locks { store: store.clone(), connection });
    }
    agree(all).await;
}

/// One event at a time, in a memory of its own and on the server that all share.
struct Locks {
    store: RedisLockStore,
    connection: Connection,
}

impl Stores for Locks {
    type Step = Step;

    const NAME: &'static str = "the lock stores in memory and on Redis";
    const WORDS: &'static [(&'static str, &'static [&'static str])] = replies::WORDS;

    fn steps(random: &SeededRandomness) -> Vec<Step> {
        chosen::steps(random)
    }

    async fn take(&mut self, steps: &[Step]) -> Result<Vec<Said>, Stopped> {
        let event = EventId::from_bytes(SystemRandomness.bytes());
        let ids: Vec<_> =
            (0..IDS).map(|_| BookingId::from_bytes(SystemRandomness.bytes())).collect();
        let redis = OnRedis::new(self.store.clone(), &mut self.connection, event);
        let mut memory = Told::new(InMemory::new(), event, &ids);
        let mut redis = Told::new(redis, event, &ids);
        let outcome = compare(&mut memory, &mut redis, steps).await;
        redis.world.end().await;
        outcome.map(|()| vec![memory.said, redis.said])
    }
}

/// Takes the steps, and then asks everything.
async fn compare<M: World, R: World>(
    memory: &mut Told<M>,
    redis: &mut Told<R>,
    steps: &[Step],
) -> Result<(), Stopped> {
    for (taken, step) in steps.iter().enumerate() {
        let replies = [memory.take(step).await, redis.take(step).await];
        same(replies, taken + 1)?;
    }
    same([memory.look().await, redis.look().await], steps.len())
}

fn same([memory, redis]: [Reply; 2], after: usize) -> Result<(), Stopped> {
    let (memory, redis) = (comparable(memory)?, comparable(redis)?);
    // One that contradicts itself is wrong even where both do it.
    if memory == redis && memory.is_ok() {
        return Ok(());
    }
    let [memory, redis] = [memory, redis].map(|reply| reply.unwrap_or_else(|wrong| wrong));
    Err(Stopped::Different { after, replies: format!("memory: {memory}\nredis:  {redis}") })
}

fn comparable(reply: Reply) -> Result<Result<String, String>, Stopped> {
    match reply {
        Ok(text) => Ok(Ok(text)),
        Err(NoReply::Wrong(text)) => Ok(Err(text)),
        Err(NoReply::Unanswered(error)) => Err(Stopped::Unanswered(format!("{error:?}"))),
    }
}
