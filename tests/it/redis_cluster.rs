//! A cluster that loses a node, and one whose slots move: the lock store goes on, and says the
//! truth or that it does not know it.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use seat_booking::ports::{
    HoldReply, HoldRequest, LoadBeginReply, LoadRequest, LockError, LockStore,
};
use seat_layout::{EventId, UserId};
use seat_redis::RedisLockStore;
use seat_state::Version;
use seat_testbed::{RedisCluster, Signal, eventually};
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};

const LONG: Duration = Duration::from_secs(600);
const USERS: usize = 8;
/// Between two holds of a user, so that their number stays small.
const PAUSE: Duration = Duration::from_millis(5);
/// Two seconds until a node counts as gone, the vote for its replica, and until clients see it.
const FAILED_OVER_WITHIN: Duration = Duration::from_secs(10);

/// A store on a cluster of its own, and two events on different nodes of it.
struct Subject {
    cluster: RedisCluster,
    store: RedisLockStore,
    lost: EventId,
    kept: EventId,
}

impl Subject {
    async fn start() -> Self {
        let cluster = RedisCluster::start().await;
        let store = RedisLockStore::connect(&cluster.url()).await.unwrap();
        let lost = EventId::from_bytes([0; 12]);
        load(&store, lost).await;
        let master = cluster.master_of(lost).await.address();
        for number in 1.. {
            let kept = EventId::from_bytes([number; 12]);
            load(&store, kept).await;
            if cluster.master_of(kept).await.address() != master {
                return Self { cluster, store, lost, kept };
            }
        }
        unreachable!("three nodes share the slots")
    }

    /// The other event is sold all the time, this one soon again; and who follows it is told at once
    /// that it has to be read anew.
    async fn goes_on(&self) {
        let noticed = async {
            // Hints also come while there is nothing new to be read yet.
            while !matches!(self.store.sweep(self.lost, 9).await, Err(LockError::NotLoaded)) {
                self.store.hinted(vec![self.lost]).await;
            }
        };
        let sold_all_the_time = async {
            let mut unknown = 0;
            loop {
                let is_held = is_held(&hold(&self.store, self.kept, "ada", "A-1").await);
                unknown = if is_held { 0 } else { unknown + 1 };
                // One may be the fault of a busy machine.
                assert!(unknown < 2, "the other slots are not served");
                sleep(PAUSE).await;
            }
        };
        tokio::select! {
            noticed = timeout(FAILED_OVER_WITHIN, noticed) => {
                noticed.expect("a hint comes after the failover");
            }
            () = sold_all_the_time => {}
        }
        load(&self.store, self.lost).await;
        assert!(is_held(&hold(&self.store, self.lost, "ada", "A-2").await));
    }
}

async fn load(store: &RedisLockStore, event: EventId) {
    let request = LoadRequest { event, random: 0, lease: LONG };
    let LoadBeginReply::Begun { epoch } = store.load_begin(request).await.unwrap() else {
        panic!("nobody else loads it")
    };
    store.load_end(event, epoch).await.unwrap();
}

async fn hold(
    store: &RedisLockStore,
    event: EventId,
    user: &str,
    seat: &str,
) -> Result<HoldReply, LockError> {
    let request = HoldRequest {
        event,
        user: user.parse().unwrap(),
        seats: vec![seat.parse().unwrap()],
        ttl: LONG,
        seats_max: 5_000,
    };
    store.hold(request).await
}

fn is_held(reply: &Result<HoldReply, LockError>) -> bool {
    match reply {
        Ok(HoldReply::Held(_)) => true,
        Err(LockError::Unknown(_)) => false,
        Ok(HoldReply::Taken { .. } | HoldReply::Limit) | Err(LockError::NotLoaded) => {
            panic!("{reply:?}")
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_was_killed_is_replaced_also_for_who_was_told_no_other_node() {
    let subject = Subject::start().await;
    let master = subject.cluster.master_of(subject.lost).await;
    let url = format!("redis-cluster://{}", master.address());
    let store = RedisLockStore::connect(&url).await.unwrap();
    master.signal(Signal::KILL);
    Subject { store, ..subject }.goes_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_hangs_is_replaced() {
    let subject = Subject::start().await;
    subject.cluster.master_of(subject.lost).await.signal(Signal::STOP);
    subject.goes_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_wrong_while_a_slot_moves() {
    let Subject { cluster, store, lost: event, .. } = Subject::start().await;
    let buyers: Vec<_> = (0..USERS).map(|number| Buyer::start(&store, event, number)).collect();
    let each_holds_more = async || {
        let before: Vec<_> = buyers.iter().map(Buyer::held).collect();
        let more = async || buyers.iter().zip(&before).all(|(buyer, &n)| buyer.held() >= n + 10);
        eventually("each user holds ten seats more", FAILED_OVER_WITHIN, more).await;
    };
    each_holds_more().await;
    let moving = cluster.begin_move(event).await;
    // While it is half here and half there, nothing can be held.
    while moving.key().await {}
    moving.end().await;
    each_holds_more().await;

    let mut versions = BTreeSet::new();
    let mut seats = Vec::new();
    for buyer in buyers {
        let held = buyer.stop().await;
        // Two that had each other's answer would have the same version.
        assert!(held.iter().all(|(_, version)| versions.insert(*version)), "{versions:?}");
        seats.push(held.into_iter().map(|(seat, _)| seat).collect::<BTreeSet<_>>());
    }
    assert_eq!(versions.first().map(|first| first.epoch), versions.last().map(|last| last.epoch));
    // The new node is another run.
    let noticed = store.sweep(event, 9).await;
    assert!(matches!(noticed, Err(LockError::NotLoaded)), "{noticed:?}");
    load(&store, event).await;
    for (number, seats) in seats.into_iter().enumerate() {
        let listed = store.holds_of(event, user(number)).await.unwrap().seats;
        let listed: BTreeSet<_> = listed.into_iter().map(|held| held.seat.to_string()).collect();
        assert_eq!(listed, seats);
    }
}

/// A user who holds one seat after another.
struct Buyer {
    held: Arc<AtomicUsize>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Vec<(String, Version)>>,
}

impl Buyer {
    fn start(store: &RedisLockStore, event: EventId, number: usize) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let (store, held) = (store.clone(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&held);
        let task = tokio::spawn(async move {
            let mut held = Vec::new();
            while stopped.try_recv().is_err() {
                let seat = format!("R{number}-{}", held.len());
                // What is unknown is asked again.
                match hold(&store, event, user(number).as_str(), &seat).await {
                    Ok(HoldReply::Held(reply)) => {
                        held.push((seat, reply.version));
                        count.store(held.len(), Ordering::Relaxed);
                        sleep(PAUSE).await;
                    }
                    Err(LockError::Unknown(_)) => {}
                    reply => panic!("{reply:?}"),
                }
            }
            held
        });
        Self { held, stop, task }
    }

    fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    async fn stop(self) -> Vec<(String, Version)> {
        // One that has failed says so by its task.
        let _ = self.stop.send(());
        self.task.await.unwrap()
    }
}

fn user(number: usize) -> UserId {
    format!("user-{number}").parse().unwrap()
}
