//! One seed: a house, three nodes or more, customers, faults, a quiet end, and what must be so then.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use seat_booking::{
    Item, Limits, MemoryLockStore, Settings, Timing,
    contract::ItemMark,
    ports::{HoldReply, HoldRequest, LockStore},
};
use seat_layout::UserId;
use seat_state::Status;

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
const CLIENTS_MAX: u64 = 6;
const WISHES: u64 = 6;
/// A seed has at least so many steps of a store before it goes quiet.
const STEPS_MIN: u64 = 200;
/// And at most so many: then the customers are left where they are.
const STEPS_MAX: u64 = 6_000;
const WEATHER_EVERY_US: u64 = 40_000;
const AWAY_US: (u64, u64) = (20_000, 4_000_000);
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
    }
}

/// Nothing sticks for longer than this after the last fault: a hold, a transfer's age, and two
/// rounds.
const QUIET_US: u64 = 17_000_000;

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
    let done = site.open_shop(&wishes, left_out);

    let world = &site.world;
    let steps = || world.counts_steps();
    let everyone = done.1;
    world.run(|| {
        let served = done.0.load(Ordering::Relaxed) == everyone && steps() >= STEPS_MIN;
        served || steps() >= STEPS_MAX
    });
    site.calm_down();
    let quiet_at = world.now_us() + QUIET_US;
    let over = Arc::new(AtomicU64::new(0));
    let end = Arc::clone(&over);
    world.after_us(QUIET_US, move || end.store(1, Ordering::Relaxed));
    world.run(|| over.load(Ordering::Relaxed) == 1);
    debug_assert!(world.violation().is_some() || world.now_us() >= quiet_at);
    site.check_the_end(&wishes);
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
struct Site {
    world: World,
    chaos: Chaos,
    house: House,
    nodes: Arc<[Node]>,
    maps: Arc<[SeatMap]>,
    settings: Settings,
    noted: Noted,
}

impl Site {
    fn start(&self, node: usize) {
        self.nodes[node].start(&self.house, &self.settings);
        self.maps[node].watch(&self.nodes[node], &self.house);
    }

    /// Lets the customers in; how many are done, and how many there are.
    fn open_shop(&self, wishes: &Wishes, left_out: &LeftOut) -> (Arc<AtomicU64>, u64) {
        let done = Arc::new(AtomicU64::new(0));
        let clients = CLIENTS + self.world.pick(CLIENTS_MAX - CLIENTS + 1);
        let mut everyone = 0;
        for number in 0..clients {
            if left_out.clients.contains(&number) {
                continue;
            }
            everyone += 1;
            let client = Client {
                world: self.world.clone(),
                chaos: self.chaos.clone(),
                house: self.house.clone(),
                nodes: Arc::clone(&self.nodes),
                settings: self.settings.clone(),
                wishes: wishes.clone(),
                noted: self.noted.clone(),
                user: user(&format!("u{number}")),
                done: Arc::clone(&done),
            };
            let most = left_out.wishes_max.unwrap_or(u64::MAX);
            self.world.spawn(None, client.shop((1 + self.world.pick(WISHES)).min(most)));
        }
        (done, everyone)
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
            self.house.checks.after_loss(&self.house);
        }
        if self.chaos.strikes(Fault::NewRun) {
            self.world.trace(|| "the lock store is a new run".into());
            self.house.locks.restart();
        }
    }

    /// Nothing fails any more, and every node runs.
    fn calm_down(&self) {
        self.chaos.ends();
        self.world.trace(|| "from now on nothing fails".into());
        for (id, node) in self.nodes.iter().enumerate() {
            node.wake_up();
            if node.service().is_none() {
                self.start(id);
            }
        }
    }

    /// I2, I5, I6, I8: at the end every seat is sold or to be had, and everybody knows it.
    fn check_the_end(&self, wishes: &Wishes) {
        let (world, house) = (&self.world, &self.house);
        wishes.all_kept(house);
        let content = house.locks.content(house.event);
        if content.epoch.is_none() || content.loading {
            return world.broke("I6", || format!("the event is not on sale: {content:?}"));
        }
        if let Some((id, _)) = content.transfers.first_key_value() {
            world.broke("I6", || format!("the transfer of {id} still stands"));
        }
        let active = house.checks.active();
        let owner = |item: &Item| active.values().find(|active| active.items.contains(item));
        let items = house.seats.iter().cloned().map(Item::Seat);
        let items = items.chain([Item::Table(house.table.clone())]);
        let (mut letters, mut shown_all) = (String::new(), Vec::new());
        for item in items {
            let is = content.items.get(&item);
            let owned = owner(&item).map(|active| ItemMark::Is(active.mark, active.id));
            let mark = is.and_then(|is| is.mark);
            if mark != owned {
                let invariant = if owned.is_some() { "I5" } else { "I6" };
                world.broke(invariant, || format!("{item} is {mark:?}, and is to be {owned:?}"));
            }
            if is.is_some_and(|is| is.lock.is_some()) {
                world.broke("I6", || format!("{item} is still held: {is:?}"));
            }
            if matches!(item, Item::Seat(_)) {
                let shown =
                    is.and_then(|is| is.shown).map_or(Status::Available, |(status, _)| status);
                letters.push(shown.letter());
                shown_all.push(shown);
            }
        }
        for (node, map) in self.maps.iter().enumerate() {
            let drawn = map.letters();
            if drawn.as_ref() != Some(&letters) {
                world.broke("I8", || {
                    format!("node {node} has announced {drawn:?}, and it is {letters}")
                });
            }
        }
        let users: Vec<UserId> = (0..CLIENTS_MAX).map(|n| user(&format!("u{n}"))).collect();
        self.noted.check(world, house, &users, house.seats.iter().cloned().zip(shown_all));
        self.sell_the_rest(&letters);
    }

    /// Whatever is available can be held.
    fn sell_the_rest(&self, letters: &str) {
        for (seat, letter) in self.house.seats.iter().zip(letters.chars()) {
            if letter != Status::Available.letter() {
                continue;
            }
            let request = HoldRequest {
                event: self.house.event,
                user: user(&format!("last-{seat}")),
                seats: vec![seat.clone()],
                ttl: self.settings.limits.hold_max,
                seats_max: 1,
            };
            let held = self.house.locks.hold(request).now_or_never();
            if !matches!(held, Some(Ok(HoldReply::Held(_)))) {
                self.world
                    .broke("I6", || format!("{seat} is available and can't be held: {held:?}"));
            }
        }
    }
}

fn user(name: &str) -> UserId {
    name.parse().expect("it is a user's name")
}
