//! One seed: a house, three nodes or more, customers, and faults; how it ends is in `ending`.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use seat_booking::{Limits, MemoryLockStore, Pages, Settings, Timing};
use seat_layout::UserId;

use crate::{
    chaos::{Chaos, Fault, Store},
    client::Client,
    house::House,
    node::Node,
    noted::Noted,
    report::Counts,
    watcher::SeatMap,
    wishes::Wishes,
    world::{Violation, World, lock},
};

const NODES: u64 = 3;
const CLIENTS: u64 = 4;
pub(crate) const CLIENTS_MAX: u64 = 6;
pub(crate) const WISHES: u64 = 6;
/// A seed has at least so many steps of a store before it goes quiet.
const STEPS_MIN: u64 = 200;
/// And at most so many: then the customers finish what they have begun.
const STEPS_MAX: u64 = 6_000;
const WEATHER_EVERY_US: u64 = 40_000;
const AWAY_US: (u64, u64) = (20_000, 4_000_000);
/// By how much the clock of another machine may be wrong that becomes the lock store.
const STORE_AHEAD_MS_MAX: u64 = 2_000;
const DOWN_US: (u64, u64) = (10_000, 4_000_000);

/// What is left out of a seed when a shorter history is looked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeftOut {
    /// The numbers of faults.
    pub(crate) faults: BTreeSet<u64>,
    /// The numbers of customers.
    pub(crate) clients: BTreeSet<u64>,
    /// Each customer has at most so many wishes.
    pub(crate) wishes_max: Option<u64>,
}

/// How a seed went.
pub(crate) struct Outcome {
    pub(crate) violation: Option<Violation>,
    pub(crate) counts: Counts,
    pub(crate) trace: Vec<String>,
    /// How many faults have struck, those left out included.
    pub(crate) faults: u64,
}

/// Most of it about a fifth of what a server has by default.
pub(crate) fn settings() -> Settings {
    let ms = Duration::from_millis;
    Settings {
        timing: Timing {
            load_wait: ms(300),
            load_lease: ms(700),
            confirm_budget: ms(1_600),
            look_budget: ms(400),
            retry_pause: ms(20),
            reconcile_age: ms(2_000),
            verify_after: ms(3_000),
            audit_confirm: ms(600),
            sweep_every: ms(400),
            reconcile_every: ms(700),
            round_every: ms(4_000),
            poll_every: ms(400),
            at_least_wait: ms(200),
            ..Timing::default()
        },
        limits: Limits {
            hold_default: ms(2_000),
            hold_min: ms(300),
            hold_max: ms(5_000),
            seats_per_hold_max: 50,
            seats_per_user_max: 4,
        },
        // So small that everything has more than one.
        pages: Pages { documents: 2, loaded_items: 3, swept_seats: 2, transfers: 2, changes: 3 },
    }
}

/// Runs a seed.
pub(crate) fn run(seed: u64, left_out: &LeftOut, traced: bool) -> Outcome {
    let world = World::new(seed, traced);
    let chaos = Chaos::of_seed(&world, left_out.faults.clone());
    let house = House::new(&world);
    let wishes = Wishes::new(&world);
    house.checks.tell(&wishes);
    let settings = settings();
    let count = NODES + world.pick(2);
    let nodes: Arc<[Node]> = (0..count as usize).map(|id| Node::new(id, &world, &chaos)).collect();
    let maps: Vec<SeatMap> = nodes.iter().map(|_| SeatMap::default()).collect();
    let site =
        Site { world, chaos, house, nodes, maps: maps.into(), settings, noted: Noted::default() };
    for node in 0..site.nodes.len() {
        site.start(node);
    }
    site.world.spawn(None, site.clone().weather());
    let shop = site.open_shop(&wishes, left_out);
    let world = &site.world;
    world.run(|| {
        let steps = world.steps();
        shop.is_done() && steps >= STEPS_MIN || steps >= STEPS_MAX
    });
    site.end(&wishes, &shop);
    let outcome = Outcome {
        violation: world.violation(),
        counts: world.counts(),
        trace: world.take_trace(),
        faults: site.chaos.struck(),
    };
    site.nodes.iter().for_each(Node::end);
    world.end();
    outcome
}

/// Cloning shares it.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) chaos: Chaos,
    pub(crate) house: House,
    pub(crate) nodes: Arc<[Node]>,
    pub(crate) maps: Arc<[SeatMap]>,
    pub(crate) settings: Settings,
    pub(crate) noted: Noted,
}

/// The customers of a seed.
#[derive(Default)]
pub(crate) struct Shop {
    done: Arc<AtomicU64>,
    customers: u64,
}

impl Shop {
    /// Whether every customer has had what it wanted, or not.
    pub(crate) fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed) == self.customers
    }
}

impl Site {
    pub(crate) fn start(&self, node: usize) {
        self.nodes[node].start(&self.house, &self.settings);
        self.maps[node].watch(&self.nodes[node], &self.house);
    }

    /// Lets the customers in.
    fn open_shop(&self, wishes: &Wishes, left_out: &LeftOut) -> Shop {
        let mut shop = Shop::default();
        let clients = CLIENTS + self.world.pick(CLIENTS_MAX - CLIENTS + 1);
        for number in (0..clients).filter(|number| !left_out.clients.contains(number)) {
            shop.customers += 1;
            let client = self.client(wishes, &format!("u{number}"), &shop.done);
            let most = left_out.wishes_max.unwrap_or(WISHES);
            self.world.spawn(None, client.shop((1 + self.world.pick(WISHES)).min(most)));
        }
        shop
    }

    /// A customer of this name.
    pub(crate) fn client(&self, wishes: &Wishes, name: &str, done: &Arc<AtomicU64>) -> Client {
        Client {
            world: self.world.clone(),
            chaos: self.chaos.clone(),
            house: self.house.clone(),
            nodes: Arc::clone(&self.nodes),
            settings: self.settings.clone(),
            wishes: wishes.clone(),
            noted: self.noted.clone(),
            user: user(name),
            done: Arc::clone(done),
        }
    }

    /// What happens to nodes and stores as a whole.
    async fn weather(self) {
        let replica = Arc::new(Mutex::new(self.house.locks.replica()));
        while !self.chaos.is_over() {
            self.world.wait_us(WEATHER_EVERY_US).await;
            if self.world.happens(100) {
                *lock(&replica) = self.house.locks.replica();
            }
            let node = self.world.pick(self.nodes.len() as u64) as usize;
            if self.chaos.strikes(Fault::Crash) && self.nodes[node].service().is_some() {
                self.nodes[node].crash();
                let site = self.clone();
                let down_us = self.world.between_us(DOWN_US.0, DOWN_US.1);
                self.world.after_us(down_us, move || {
                    if site.nodes[node].service().is_none() {
                        site.start(node);
                    }
                });
            }
            if self.chaos.strikes(Fault::Pause) {
                self.nodes[node].pause();
            }
            for (fault, store) in
                [(Fault::LocksAway, Store::Locks), (Fault::RepositoryAway, Store::Repository)]
            {
                if self.chaos.strikes(fault) {
                    let away_us = self.world.between_us(AWAY_US.0, AWAY_US.1);
                    self.world.trace(|| format!("{store:?} is away for {} ms", away_us / 1_000));
                    self.chaos.take_away(store, away_us);
                }
            }
            self.lose_memory(&lock(&replica));
        }
    }

    fn lose_memory(&self, replica: &MemoryLockStore) {
        if self.chaos.strikes(Fault::Flush) {
            self.world.trace(|| "the lock store loses everything".into());
            self.noted.loss(&self.world, "flush");
            self.house.locks.forget();
            self.house.checks.after_loss(&self.house);
        }
        if self.chaos.strikes(Fault::Failover) {
            self.world.trace(|| "the lock store loses its newest writes".into());
            self.noted.loss(&self.world, "failover");
            self.house.locks.fail_over(replica);
            let ahead_ms = self.world.pick(2 * STORE_AHEAD_MS_MAX) as i64;
            self.world.change_store_clock(ahead_ms - STORE_AHEAD_MS_MAX as i64);
            self.house.checks.after_loss(&self.house);
        }
        if self.chaos.strikes(Fault::NewRun) {
            self.world.trace(|| "the lock store is a new run".into());
            self.house.locks.restart();
        }
    }
}

pub(crate) fn user(name: &str) -> UserId {
    name.parse().expect("it is a user's name")
}
