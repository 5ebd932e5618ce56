//! A bad network between the lock store and its Redis: every call ends in time and says the truth
//! or that it does not know it, and nothing that was asked twice is done twice.

#![allow(clippy::disallowed_methods, reason = "a bound of the promise is measured in real time")]

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use seat_booking::ports::{
    ChangesReply, HoldReply, HoldRequest, LoadBeginReply, LoadRequest, LockError, LockStore,
};
use seat_layout::EventId;
use seat_redis::{ConnectError, RedisLockStore};
use seat_state::Version;
use seat_testbed::{Proxy, Redis, Way, eventually};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(600);
/// The time-out of a command and some time for a busy machine.
const ANSWERED_WITHIN: Duration = Duration::from_millis(1_800);
/// A connection that does not answer is given up after 1.5 s, at the next look 0.25 s later.
const REPLACED_WITHIN: Duration = Duration::from_millis(2_500);
const EVENT: EventId = EventId::from_bytes([7; 12]);

/// A store with a network between it and its Redis; the event is loaded.
struct Subject {
    store: RedisLockStore,
    proxy: Proxy,
    epoch: u64,
    _server: Redis,
}

impl Subject {
    async fn start() -> Self {
        let server = Redis::start().await;
        let proxy = Proxy::start(server.address()).await;
        let store = RedisLockStore::connect(&format!("redis://{}", proxy.address())).await.unwrap();
        let request = LoadRequest { event: EVENT, random: 0, lease: LONG };
        let LoadBeginReply::Begun { epoch } = store.load_begin(request).await.unwrap() else {
            panic!("nobody else loads it")
        };
        store.load_end(EVENT, epoch).await.unwrap();
        Self { store, proxy, epoch, _server: server }
    }

    fn version(&self, seq: u64) -> Version {
        Version { epoch: self.epoch, seq }
    }

    async fn hold(&self, seat: &str) -> Result<HoldReply, LockError> {
        let request = HoldRequest {
            event: EVENT,
            user: "ada".parse().unwrap(),
            seats: vec![seat.parse().unwrap()],
            ttl: LONG,
            seats_max: 50,
        };
        self.store.hold(request).await
    }

    async fn assert_unknown(&self, seat: &str) {
        let start = Instant::now();
        let reply = self.hold(seat).await;
        assert!(matches!(reply, Err(LockError::Unknown(_))), "{reply:?}");
        assert!(start.elapsed() < ANSWERED_WITHIN, "{:?}", start.elapsed());
    }

    /// Holds a seat as soon as there is a connection again; the version at which it is held.
    async fn held_again(&self, seat: &str) -> Version {
        let mut held = None;
        let holds = async || {
            held = self.hold(seat).await.ok();
            held.is_some()
        };
        eventually("the seat can be held", REPLACED_WITHIN, holds).await;
        let Some(HoldReply::Held(held)) = held else { panic!("{held:?}") };
        held.version
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_whose_reply_was_lost_is_unknown_and_repeated_has_one_effect() {
    let subject = Subject::start().await;
    subject.proxy.set(Way::CutAtReply);
    subject.assert_unknown("A-1").await;
    assert_eq!(subject.held_again("A-1").await, subject.version(1));
    assert_eq!(subject.held_again("A-2").await, subject.version(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_comes_too_late_is_no_answer_to_another_call() {
    let subject = Subject::start().await;
    let connections = subject.proxy.connections();
    subject.proxy.set(Way::LateReplies(Duration::from_millis(1_000)));
    subject.assert_unknown("A-1").await;
    subject.proxy.set(Way::Open);
    for seq in 2..=20 {
        let reply = subject.hold(&format!("A-{seq}")).await.unwrap();
        let HoldReply::Held(held) = reply else { panic!("{reply:?}") };
        assert_eq!(held.version, subject.version(seq));
    }
    assert_eq!(subject.proxy.connections(), connections, "it came on the same connection");
    let reply = subject.store.changes(EVENT, subject.version(0), 100).await.unwrap();
    let ChangesReply::Changes(changes) = reply else { panic!("{reply:?}") };
    let held: Vec<_> = changes.iter().map(|step| step.seats[0].seat.to_string()).collect();
    let expected: Vec<_> = (1..=20).map(|number| format!("A-{number}")).collect();
    assert_eq!(held, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_swallows_replies_is_given_up_and_replaced() {
    let subject = Subject::start().await;
    subject.proxy.set(Way::NoReplies);
    subject.assert_unknown("A-1").await;
    subject.held_again("A-2").await;
    assert_eq!(subject.held_again("A-1").await, subject.version(2), "A-1 was held");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_swallows_requests_is_given_up_and_replaced() {
    let subject = Subject::start().await;
    subject.proxy.set(Way::NoRequests);
    subject.assert_unknown("A-1").await;
    // What was given up is not sent again behind its caller's back.
    assert_eq!(subject.held_again("A-2").await, subject.version(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_cut_are_made_again() {
    let subject = Subject::start().await;
    let connections = subject.proxy.connections();
    for round in 1..=5 {
        subject.proxy.set(Way::Cut);
        subject.held_again(&format!("A-{round}")).await;
    }
    assert!(subject.proxy.connections() >= connections + 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_than_the_queue_takes_all_end_in_time() {
    let subject = Subject::start().await;
    subject.proxy.set(Way::NoReplies);
    let start = Instant::now();
    let calls = (0..15_000).map(|number| subject.store.holds_of(EVENT, user(number)));
    let replies = join_all(calls).await;
    assert!(replies.iter().all(|reply| matches!(reply, Err(LockError::Unknown(_)))));
    assert!(start.elapsed() < ANSWERED_WITHIN * 2, "{:?}", start.elapsed());
    subject.held_again("A-1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hints_go_on_after_their_connection_fell_silent() {
    let subject = Subject::start().await;
    let hinted = async |within| timeout(within, subject.store.hinted(vec![EVENT])).await.ok();
    assert_eq!(hinted(ANSWERED_WITHIN).await.as_deref(), Some([EVENT].as_slice()));
    subject.proxy.set(Way::NoReplies);
    // It is asked after a second of silence, and given up 1.5 s later.
    assert_eq!(hinted(REPLACED_WITHIN * 2).await.as_deref(), Some([EVENT].as_slice()));
    subject.held_again("A-1").await;
    // Every connection that is made again is a hint.
    while hinted(Duration::from_millis(300)).await.is_some() {}
    subject.held_again("A-2").await;
    assert_eq!(hinted(ANSWERED_WITHIN).await.as_deref(), Some([EVENT].as_slice()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_accepts_and_says_nothing_is_no_redis() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let url = format!("redis://{address}");
    let connected = timeout(ANSWERED_WITHIN * 2, RedisLockStore::connect(&url)).await;
    let connected = connected.expect("a start does not hang");
    assert!(matches!(connected, Err(ConnectError::Unreachable { .. })));
}

fn user(number: usize) -> seat_layout::UserId {
    format!("user-{number}").parse().unwrap()
}
