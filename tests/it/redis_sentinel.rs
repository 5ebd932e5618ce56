//! A Redis that a sentinel watches over: where the master is lost, the store goes on with its
//! replica.

use std::time::Duration;

use seat_booking::ports::{
    HoldReply, HoldRequest, LoadBeginReply, LoadRequest, LockError, LockStore,
};
use seat_layout::EventId;
use seat_redis::RedisLockStore;
use seat_testbed::{RedisSentinel, Signal, eventually};

const LONG: Duration = Duration::from_secs(600);
/// A second until the master counts as gone, the failover, and until the client asks again.
const FAILED_OVER_WITHIN: Duration = Duration::from_secs(15);
const EVENT: EventId = EventId::from_bytes([7; 12]);

async fn load(store: &RedisLockStore) {
    let request = LoadRequest { event: EVENT, random: 0, lease: LONG };
    let LoadBeginReply::Begun { epoch } = store.load_begin(request).await.unwrap() else {
        panic!("nobody else loads it")
    };
    store.load_end(EVENT, epoch).await.unwrap();
}

async fn hold(store: &RedisLockStore, user: &str, seat: &str) -> HoldReply {
    let request = HoldRequest {
        event: EVENT,
        user: user.parse().unwrap(),
        seats: vec![seat.parse().unwrap()],
        ttl: LONG,
        seats_max: 50,
    };
    store.hold(request).await.unwrap()
}

async fn goes_on_without_its_master(signal: Signal) {
    let servers = RedisSentinel::start().await;
    let store = RedisLockStore::connect(&servers.url()).await.unwrap();
    load(&store).await;
    assert!(matches!(hold(&store, "ada", "A-1").await, HoldReply::Held(_)));
    let replicated = format!("EXISTS seat_lock:{{{EVENT}}}:A-1");
    let has_it = async || servers.replica().ask(&replicated).await.as_deref() == Some(":1\r\n");
    eventually("the replica has the hold", FAILED_OVER_WITHIN, has_it).await;

    servers.master().signal(signal);
    let noticed = async || matches!(store.sweep(EVENT, 9).await, Err(LockError::NotLoaded));
    eventually("another run is noticed", FAILED_OVER_WITHIN, noticed).await;
    load(&store).await;
    assert!(matches!(hold(&store, "ada", "A-2").await, HoldReply::Held(_)));
    assert!(matches!(hold(&store, "bob", "A-1").await, HoldReply::Taken { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_was_killed_is_replaced_by_its_replica() {
    goes_on_without_its_master(Signal::KILL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_hangs_is_replaced_by_its_replica() {
    goes_on_without_its_master(Signal::STOP).await;
}
