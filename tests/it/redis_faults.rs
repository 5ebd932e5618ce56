//! A Redis that stops answering: every call ends in time, says that its outcome is unknown, and
//! works again without anybody's doing.

#![allow(clippy::disallowed_methods, reason = "a bound of the promise is measured in real time")]

use std::time::{Duration, Instant};

use seat_booking::ports::{
    HoldReply, HoldRequest, LoadBeginReply, LoadRequest, LockError, LockStore,
};
use seat_layout::EventId;
use seat_redis::RedisLockStore;
use seat_testbed::{Redis, Signal, eventually};

const LONG: Duration = Duration::from_secs(600);
/// The time-out of a command and some time for a busy machine.
const ANSWERED_WITHIN: Duration = Duration::from_millis(1_800);
const BACK_WITHIN: Duration = Duration::from_secs(5);
const EVENT: EventId = EventId::from_bytes([7; 12]);

/// A replica whose clock is behind has become the master, once and again: two loads count on from
/// the same epoch, and their random numbers keep them apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_after_the_clock_was_set_back_has_an_epoch_of_its_own() {
    let newest = 9_000_000_000_000_000_u64;
    let server = Redis::start().await;
    let store = RedisLockStore::connect(&server.url()).await.unwrap();
    for random in [0, 123_456, 999_999] {
        let begun = format!("HSET seat_event:{{{EVENT}}} #last {newest} #run another");
        server.ask(&begun).await.unwrap();
        let request = LoadRequest { event: EVENT, random, lease: LONG };
        let epoch = newest + 1 + u64::from(random);
        assert_eq!(store.load_begin(request).await.unwrap(), LoadBeginReply::Begun { epoch });
    }
}

async fn loaded(store: &RedisLockStore) {
    let request = LoadRequest { event: EVENT, random: 0, lease: LONG };
    let LoadBeginReply::Begun { epoch } = store.load_begin(request).await.unwrap() else {
        panic!("nobody else loads it")
    };
    store.load_end(EVENT, epoch).await.unwrap();
}

async fn hold(store: &RedisLockStore, seat: &str) -> Result<HoldReply, LockError> {
    let request = HoldRequest {
        event: EVENT,
        user: "ada".parse().unwrap(),
        seats: vec![seat.parse().unwrap()],
        ttl: LONG,
        seats_max: 50,
    };
    store.hold(request).await
}

async fn assert_unknown(store: &RedisLockStore) {
    let start = Instant::now();
    let reply = hold(store, "A-1").await;
    assert!(matches!(reply, Err(LockError::Unknown(_))), "{reply:?}");
    assert!(start.elapsed() < ANSWERED_WITHIN, "{:?}", start.elapsed());
}

async fn comes_back(store: &RedisLockStore) {
    let ready = async || store.ready().await.is_ok();
    eventually("the store can be reached", BACK_WITHIN, ready).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_sleeps_is_given_up_in_time_and_found_again() {
    let server = Redis::start().await;
    let store = RedisLockStore::connect(&server.url()).await.unwrap();
    loaded(&store).await;
    server.signal(Signal::STOP);
    // The second and third are asked while the connection counts as lost, and is made again.
    for _ in 0..4 {
        assert_unknown(&store).await;
    }
    assert!(store.ready().await.is_err());
    server.signal(Signal::CONT);
    comes_back(&store).await;
    let reply = hold(&store, "A-2").await.unwrap();
    assert!(matches!(reply, HoldReply::Held(_)), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_killed_is_found_again_and_knows_its_scripts_no_more() {
    let mut server = Redis::start().await;
    let store = RedisLockStore::connect(&server.url()).await.unwrap();
    loaded(&store).await;
    server.kill();
    for _ in 0..3 {
        assert_unknown(&store).await;
    }
    server.start_again().await;
    comes_back(&store).await;
    // It saved nothing: the event is gone, and so is the text of every script.
    assert!(matches!(hold(&store, "A-1").await, Err(LockError::NotLoaded)));
    loaded(&store).await;
    let reply = hold(&store, "A-1").await.unwrap();
    assert!(matches!(reply, HoldReply::Held(_)), "{reply:?}");
}
