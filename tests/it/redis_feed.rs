//! Nodes beside each other on one Redis: what one changes arrives at the watchers of another at
//! once. Here nobody polls and nobody sweeps, so only a hint can be what woke them.

use std::{fs, path::Path, sync::Arc, time::Duration};

use seat_booking::{
    BookingService, MemoryRepository, NewEvent, Ports, Settings, Timing, Watch, WatchMessage,
    ports::{SystemClock, SystemRandomness},
};
use seat_http::Tasks;
use seat_layout::{EventId, Layout, SeatSet};
use seat_redis::RedisLockStore;
use seat_testbed::{Redis, eventually};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(600);
/// The promise between two nodes.
const ARRIVES_WITHIN: Duration = Duration::from_millis(200);
/// A connection is made again at the latest a second after it was lost.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// Two nodes on one Redis and one repository, and an event. The first follows it.
struct Nodes {
    server: Redis,
    event: EventId,
    other: BookingService,
    watch: Watch,
    tasks: Tasks,
}

impl Nodes {
    async fn start() -> Self {
        let server = Redis::start().await;
        let repository = Arc::new(MemoryRepository::new());
        let never = Duration::from_secs(3_600);
        let timing = Timing {
            poll_every: never,
            sweep_every: never,
            reconcile_every: never,
            round_every: never,
            ..Timing::default()
        };
        let node = async || {
            let ports = Ports {
                locks: Arc::new(RedisLockStore::connect(&server.url()).await.unwrap()),
                repository: repository.clone(),
                clock: Arc::new(SystemClock),
                random: Arc::new(SystemRandomness),
                projection: None,
            };
            let settings = Settings { timing: timing.clone(), ..Settings::default() };
            BookingService::with_ports(ports, settings)
        };
        let (one, other) = (node().await, node().await);
        let layout = one.create_layout(Layout::grid(10, 10).unwrap()).await.unwrap();
        let event = one.create_event(NewEvent::of(layout)).await.unwrap();
        let tasks = Tasks::own().unwrap();
        tasks.run_rounds(one.clone());
        let watch = one.watch(&event, None).await.unwrap();
        let nodes = Self { server, event, other, watch, tasks };
        nodes.listen().await;
        nodes
    }

    /// Waits until the first node listens.
    async fn listen(&self) {
        let command = format!("PUBSUB NUMSUB seat_changes:{{{}}}", self.event);
        let listens =
            async || self.server.ask(&command).await.is_some_and(|reply| reply.ends_with(":1\r\n"));
        eventually("the node listens to the event", BACK_WITHIN, listens).await;
    }

    async fn lose_the_connection_of_hints(&self) {
        assert_eq!(self.server.ask("CLIENT KILL TYPE pubsub").await.as_deref(), Some(":1\r\n"));
    }

    async fn hold(&self, seat: &str) {
        let (user, seats) = ("ada".parse().unwrap(), SeatSet::parse(seat).unwrap());
        self.other.hold(&self.event, &user, &seats, LONG).await.unwrap();
    }

    async fn assert_arrives(&mut self, seat: &str, within: Duration) {
        let message = timeout(within, self.watch.next()).await.expect("it arrives in time");
        let Some(WatchMessage::Change(announced)) = message else { panic!("{message:?}") };
        let seats: Vec<_> = announced.change.seats.iter().map(|s| s.seat.to_string()).collect();
        assert_eq!(seats, [seat]);
    }

    async fn stop(self) {
        assert!(self.tasks.drain(BACK_WITHIN).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_on_one_node_arrives_at_a_watcher_on_another_at_once() {
    let mut nodes = Nodes::start().await;
    for seat in ["A-1", "A-2", "B-7"] {
        nodes.hold(seat).await;
        nodes.assert_arrives(seat, ARRIVES_WITHIN).await;
    }
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_arrive_at_once_after_the_connection_was_lost_and_made_again() {
    let mut nodes = Nodes::start().await;
    nodes.lose_the_connection_of_hints().await;
    nodes.listen().await;
    nodes.hold("A-1").await;
    nodes.assert_arrives("A-1", ARRIVES_WITHIN).await;
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_was_missed_arrives_when_the_connection_is_made_again() {
    let mut nodes = Nodes::start().await;
    nodes.lose_the_connection_of_hints().await;
    nodes.hold("A-1").await;
    nodes.assert_arrives("A-1", BACK_WITHIN).await;
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_run_of_the_server_is_noticed_when_it_is_connected_to() {
    let mut nodes = Nodes::start().await;
    nodes.hold("A-1").await;
    nodes.assert_arrives("A-1", ARRIVES_WITHIN).await;
    let before = nodes.watch.version();
    nodes.server.restart().await;
    let message = timeout(BACK_WITHIN, nodes.watch.next()).await.expect("it is noticed in time");
    let Some(WatchMessage::Resync(version)) = message else { panic!("{message:?}") };
    assert!(version.epoch > before.epoch, "{version}");
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_another_node_loads_anew_is_read_anew_at_once() {
    let mut nodes = Nodes::start().await;
    nodes.server.forget().await;
    nodes.hold("A-1").await;
    let message = timeout(ARRIVES_WITHIN, nodes.watch.next()).await.expect("it arrives in time");
    assert!(matches!(message, Some(WatchMessage::Resync(_))), "{message:?}");
    nodes.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_user_that_may_not_publish_makes_whole_changes() {
    let server = Redis::start().await;
    let made = server.ask("ACL SETUSER seats on >secret ~* +@all resetchannels").await;
    assert_eq!(made.as_deref(), Some("+OK\r\n"));
    let url = format!("redis://seats:secret@{}", server.address());
    let locks = RedisLockStore::connect(&url).await.unwrap();
    let service = BookingService::new(locks, MemoryRepository::new());
    let layout = service.create_layout(Layout::grid(10, 10).unwrap()).await.unwrap();
    let event = service.create_event(NewEvent::of(layout)).await.unwrap();
    let mut watch = service.watch(&event, None).await.unwrap();

    let (user, seats) = ("ada".parse().unwrap(), SeatSet::parse("A-1").unwrap());
    service.hold(&event, &user, &seats, LONG).await.unwrap();
    service.follow(&event).await.unwrap();
    assert!(matches!(watch.next().await, Some(WatchMessage::Change(_))));
}

#[test]
fn every_script_that_appends_a_change_hints_at_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lua");
    let mut appending = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        if path.extension().is_some_and(|end| end == "lua") && text.contains("call('XADD'") {
            assert!(text.contains("redis.pcall('PUBLISH', changes"), "{}", path.display());
            appending += 1;
        }
    }
    assert!(appending > 0, "there are scripts");
}
