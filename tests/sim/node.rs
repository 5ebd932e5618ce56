//! A server: the service on ports that may fail, and the rounds that a server drives.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use seat_booking::{
    BookingService, Ports, Settings,
    contract::SeededRandomness,
    ports::{Clock, Randomness},
};
use seat_layout::EventId;
use seat_state::Timestamp;

use crate::{
    chaos::{Chaos, Fault},
    house::House,
    locks::NodeLocks,
    repository::NodeRepository,
    world::{Slot, World, lock},
};

/// How far a node's clock may be wrong.
const SKEW_MS_MAX: u64 = 600_000;
const PAUSE_US: (u64, u64) = (200_000, 20_000_000);

type Happening = Box<dyn FnOnce() + Send>;

/// Cloning shares it.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) id: usize,
    pub(crate) world: World,
    pub(crate) chaos: Chaos,
    state: Arc<Mutex<State>>,
}

struct State {
    /// How often it was started.
    run: u64,
    service: Option<BookingService>,
    skew_ms: i64,
    paused_until_us: u64,
    /// What is to happen when it goes on.
    kept_back: Vec<Happening>,
    /// Who waits for an answer of this node, and hears when it dies.
    waiting: Vec<Happening>,
    /// The rounds that have ended since somebody began to count.
    rounds: BTreeSet<Round>,
}

impl Node {
    pub(crate) fn new(id: usize, world: &World, chaos: &Chaos) -> Self {
        let state = State {
            run: 0,
            service: None,
            skew_ms: skew(world),
            paused_until_us: 0,
            kept_back: Vec::new(),
            waiting: Vec::new(),
            rounds: BTreeSet::new(),
        };
        Self { id, world: world.clone(), chaos: chaos.clone(), state: Arc::new(Mutex::new(state)) }
    }

    /// Starts the server on the house's stores.
    pub(crate) fn start(&self, house: &House, settings: &Settings) {
        let run = {
            let mut state = lock(&self.state);
            state.run += 1;
            state.run
        };
        let locks = NodeLocks { node: self.clone(), house: house.clone() };
        let repository = NodeRepository { node: self.clone(), house: house.clone() };
        let ports = Ports {
            locks: Arc::new(locks),
            repository: Arc::new(repository),
            projection: None,
            clock: Arc::new(NodeClock(self.clone())),
            random: Arc::new(NodeRandomness(SeededRandomness::new(
                self.world.pick(u64::MAX) ^ run,
            ))),
        };
        let service = BookingService::with_ports(ports, settings.clone());
        lock(&self.state).service = Some(service.clone());
        self.run_rounds(&service, house.event);
    }

    /// Dies: nothing of it goes on, and whoever waits for it hears so.
    pub(crate) fn crash(&self) {
        let mut state = lock(&self.state);
        let service = state.service.take();
        let waiting = std::mem::take(&mut state.waiting);
        // What it had sent before arrives; the rest of what it was about to do does not.
        state.paused_until_us = 0;
        let never = std::mem::take(&mut state.kept_back);
        drop(state);
        drop(never);
        self.world.trace(|| format!("node {} dies", self.id));
        self.world.end_tasks_of(self.id);
        drop(service);
        for tell in waiting {
            tell();
        }
    }

    /// Lets go of everything: a node and its service refer to each other.
    pub(crate) fn end(&self) {
        let mut state = lock(&self.state);
        let service = state.service.take();
        let (waiting, kept_back) =
            (std::mem::take(&mut state.waiting), std::mem::take(&mut state.kept_back));
        drop(state);
        drop((service, waiting, kept_back));
    }

    /// The service, while it runs.
    pub(crate) fn service(&self) -> Option<BookingService> {
        lock(&self.state).service.clone()
    }

    /// Stands still, and goes on with everything afterwards.
    pub(crate) fn pause(&self) {
        let (low, high) = PAUSE_US;
        let pause_us = self.world.between_us(low, high);
        self.world.trace(|| format!("node {} stands still for {} ms", self.id, pause_us / 1_000));
        lock(&self.state).paused_until_us = self.world.now_us() + pause_us;
        let node = self.clone();
        self.world.after_us(pause_us, move || {
            if !node.is_paused() {
                node.wake_up();
            }
        });
    }

    fn is_paused(&self) -> bool {
        lock(&self.state).paused_until_us > self.world.now_us()
    }

    /// Goes on.
    pub(crate) fn wake_up(&self) {
        let mut state = lock(&self.state);
        state.paused_until_us = 0;
        let kept_back = std::mem::take(&mut state.kept_back);
        drop(state);
        for happening in kept_back {
            happening();
        }
    }

    pub(crate) fn jump(&self) {
        let skew_ms = skew(&self.world);
        self.world.trace(|| format!("node {}'s clock is wrong by {skew_ms} ms", self.id));
        lock(&self.state).skew_ms = skew_ms;
    }

    /// Begins to count the rounds that end.
    pub(crate) fn count_rounds(&self) {
        lock(&self.state).rounds.clear();
    }

    /// Those of which none has ended since then.
    pub(crate) fn rounds_not_taken(&self) -> Vec<Round> {
        let state = lock(&self.state);
        ROUNDS.iter().filter(|round| !state.rounds.contains(round)).copied().collect()
    }

    /// What happens when the node dies.
    pub(crate) fn when_dead(&self, tell: impl FnOnce() + Send + 'static) {
        lock(&self.state).waiting.push(Box::new(tell));
    }

    /// Lets something happen at the node after a while, or when it goes on.
    pub(crate) fn after_us(&self, delay_us: u64, happening: impl FnOnce() + Send + 'static) {
        let node = self.clone();
        self.world.after_us(delay_us, move || {
            if node.is_paused() {
                lock(&node.state).kept_back.push(Box::new(happening));
            } else {
                happening();
            }
        });
    }

    fn now(&self) -> Timestamp {
        let skew_ms = lock(&self.state).skew_ms;
        Timestamp::from_ms(self.world.now().ms() + skew_ms)
    }

    /// What a server does without being asked, each in a loop of its own.
    fn run_rounds(&self, service: &BookingService, event: EventId) {
        let timing = &service.settings().timing;
        let every = |every: Duration, round: Round| {
            let (node, service) = (self.clone(), service.clone());
            self.world.spawn(Some(self.id), async move {
                // Servers are not started in the same microsecond.
                node.sleep(every.mul_f64(node.world.pick(1_000) as f64 / 1_000.0)).await;
                loop {
                    round.take(&node, &service, event).await;
                    node.sleep(every).await;
                }
            });
        };
        for round in ROUNDS {
            let duration = match round {
                Round::Sweep => timing.sweep_every,
                Round::Reconcile | Round::AuditLoaded => timing.reconcile_every,
                Round::Audit => timing.round_every,
                Round::Follow => timing.poll_every,
            };
            every(duration, round);
        }
    }

    async fn sleep(&self, duration: Duration) {
        let slot = Slot::default();
        let over = slot.clone();
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX / 4);
        self.after_us(us, move || over.fill(()));
        slot.await;
    }
}

/// What a server does again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Round {
    Sweep,
    Reconcile,
    AuditLoaded,
    Audit,
    Follow,
}

const ROUNDS: [Round; 5] =
    [Round::Sweep, Round::Reconcile, Round::AuditLoaded, Round::Audit, Round::Follow];

impl Round {
    /// Takes its turn. A round that failed is taken again when it is due; long after the last
    /// fault none fails, and there is nothing left for it to do.
    async fn take(self, node: &Node, service: &BookingService, event: EventId) {
        let was_settled = node.chaos.is_settled();
        let found = match self {
            Self::Sweep => service.sweep(&event).await,
            Self::Reconcile => service.reconcile(&event).await,
            Self::AuditLoaded if service.audits_due().is_empty() => Ok(0),
            Self::AuditLoaded | Self::Audit => service.audit(&event).await.map(|r| r.differences),
            Self::Follow => service.follow(&event).await.map(|()| 0),
        };
        lock(&node.state).rounds.insert(self);
        if was_settled && node.chaos.is_settled() && !matches!(found, Ok(0)) {
            let id = node.id;
            node.world.broke("I6", || format!("{self:?} of node {id} still finds {found:?}"));
        }
    }
}

fn skew(world: &World) -> i64 {
    world.pick(2 * SKEW_MS_MAX) as i64 - SKEW_MS_MAX as i64
}

struct NodeClock(Node);

#[async_trait]
impl Clock for NodeClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep(&self, duration: Duration) {
        if self.0.chaos.strikes(Fault::ClockJump) {
            self.0.jump();
        }
        self.0.sleep(duration).await;
    }
}

struct NodeRandomness(SeededRandomness);

impl Randomness for NodeRandomness {
    fn bytes(&self) -> [u8; 12] {
        self.0.bytes()
    }
}
