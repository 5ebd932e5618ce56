//! The lock store on Redis against the one in memory: the same steps have the same answers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use seat_booking::{
    Active, Fingerprint, Item, Mark, MemoryLockStore, Selection, TableSeats,
    contract::SeededRandomness,
    ports::{
        BeginReply, BlockReply, BlockRequest, ChangesReply, ExtendReply, ExtendRequest,
        FinishReply, FinishRequest, HoldReply, HoldRequest, LoadBeginReply, LoadReply, LoadRequest,
        LockStore, Randomness, TableHoldRequest, TransferRequest,
    },
};
use seat_layout::{BookingId, EventId, SeatId, UserId};
use seat_redis::RedisLockStore;
use seat_state::{Status, Version};
use seat_testbed::{Redis, eventually};
use tokio::time::sleep;

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(10);
const SEATS_MAX: u32 = 5;
const SEEDS: u64 = 20;
const STEPS: usize = 100;
/// The first of them are begun again and again, the others are mostly new.
const IDS: usize = 36;
const IDS_REPEATED: usize = 6;
const RESTARTED_WITHIN: Duration = Duration::from_secs(10);

/// A step, with everything that both stores are told.
#[derive(Debug, Clone)]
enum Step {
    Hold {
        user: usize,
        what: String,
        ttl: Duration,
    },
    Release {
        user: usize,
        what: String,
    },
    Extend {
        user: usize,
        what: String,
    },
    Begin {
        user: usize,
        id: usize,
        what: String,
        fingerprint: u8,
    },
    Block {
        id: usize,
        seat: String,
    },
    Finish {
        id: usize,
        what: String,
        mark: Mark,
    },
    Abort {
        id: usize,
        what: String,
    },
    Free {
        id: usize,
        what: String,
    },
    /// Restarts the store, which is then loaded with one booking.
    Reload {
        id: usize,
        what: String,
    },
    /// Holds for a moment, waits until that is over, and sweeps or does not.
    Lapse {
        user: usize,
        what: String,
        sweep: bool,
    },
}

const USERS: [&str; 3] = ["u", "u1", "v"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_and_memory_answer_the_same_steps_the_same() {
    let mut server = Redis::start().await;
    let redis = RedisLockStore::connect(&server.url()).await.unwrap();
    for seed in 0..SEEDS {
        let random = SeededRandomness::new(seed);
        let event = EventId::from_bytes(random.bytes());
        let ids: Vec<_> = (0..IDS).map(|_| BookingId::from_bytes(random.bytes())).collect();
        let memory = MemoryLockStore::new();
        let mut stores = [
            Told::new(Arc::new(memory.clone()), event, &ids),
            Told::new(Arc::new(redis.clone()), event, &ids),
        ];
        for store in &mut stores {
            store.load(&[]).await;
        }
        let mut steps = Vec::new();
        for _ in 0..STEPS {
            let step = step(&random);
            steps.push(step.clone());
            if matches!(step, Step::Reload { .. }) {
                memory.restart();
                server.restart().await;
                let ready = async || redis.ready().await.is_ok();
                eventually("the store is connected again", RESTARTED_WITHIN, ready).await;
            }
            let mut answers = Vec::new();
            for store in &mut stores {
                let answer = store.take(&step).await;
                answers.push((answer, store.shown().await));
            }
            let [memory, redis] = &answers[..] else { panic!("two stores") };
            assert_eq!(memory, redis, "seed {seed}, after {steps:#?}");
        }
    }
}

fn step(random: &SeededRandomness) -> Step {
    let pick = |of: usize| (random.number() % of as u64) as usize;
    let user = pick(USERS.len());
    let id = if pick(3) == 0 { pick(IDS) } else { pick(IDS_REPEATED) };
    let single = || format!("T{}-{}", pick(2), 1 + pick(3));
    let table = || format!("table:T{}", pick(2));
    let one = || if pick(2) == 0 { single() } else { table() };
    let some = || match pick(3) {
        0 => table(),
        1 => single(),
        _ => format!("T0-{},T1-{}", 1 + pick(3), 1 + pick(3)),
    };
    match pick(70) {
        0..18 => {
            let what = if pick(3) == 0 { table() } else { some() };
            Step::Hold { user, what, ttl: LONG }
        }
        18..24 => Step::Release { user, what: some() },
        24..28 => Step::Extend { user, what: some() },
        28..40 => Step::Begin { user, id, what: some(), fingerprint: u8::from(pick(6) == 0) },
        40..42 | 60..64 => Step::Block { id: pick(IDS), seat: single() },
        42..48 => {
            let mark = if pick(5) == 0 { Mark::Blocked } else { Mark::Booked };
            Step::Finish { id, what: some(), mark }
        }
        48..50 => Step::Abort { id, what: some() },
        50..57 => Step::Free { id, what: some() },
        57 => Step::Reload { id, what: one() },
        _ => Step::Lapse { user, what: single(), sweep: pick(2) == 0 },
    }
}

/// A store, and what a watcher knows of it.
struct Told {
    store: Arc<dyn LockStore>,
    event: EventId,
    ids: Vec<BookingId>,
    version: Version,
    states: BTreeMap<SeatId, Status>,
}

impl Told {
    fn new(store: Arc<dyn LockStore>, event: EventId, ids: &[BookingId]) -> Self {
        let version = Version { epoch: 0, seq: 0 };
        Self { store, event, ids: ids.to_vec(), version, states: BTreeMap::new() }
    }

    /// The answer as text, without times and versions, which are each store's own.
    async fn take(&mut self, step: &Step) -> String {
        match step {
            Step::Hold { user, what, ttl } => self.hold(*user, what, *ttl).await,
            Step::Release { user: who, what } => {
                let reply = self.store.release(self.event, user(USERS[*who]), selection(what));
                format!("{:?}", reply.await.unwrap().seats)
            }
            Step::Extend { user: who, what } => {
                let request = ExtendRequest {
                    event: self.event,
                    user: user(USERS[*who]),
                    selection: selection(what),
                    ttl: LONG * 2,
                    cap: LONG * 3,
                };
                match self.store.extend(request).await.unwrap() {
                    ExtendReply::Extended(_) => "extended".into(),
                    other @ (ExtendReply::NotHeld(_) | ExtendReply::InTransfer) => {
                        format!("{other:?}")
                    }
                }
            }
            Step::Begin { user: who, id, what, fingerprint } => {
                let request = TransferRequest {
                    event: self.event,
                    id: self.ids[*id],
                    user: user(USERS[*who]),
                    fingerprint: Fingerprint::from_bytes([*fingerprint; 16]),
                    selection: selection(what),
                };
                match self.store.begin(request).await.unwrap() {
                    BeginReply::Begun { epoch: _ } => "begun".into(),
                    other @ (BeginReply::Gone
                    | BeginReply::Mismatch
                    | BeginReply::NotOwner { .. }) => format!("{other:?}"),
                }
            }
            Step::Block { id, seat: what } => {
                let seats = vec![(self.ids[*id], seat(what))];
                let request = BlockRequest { event: self.event, seats };
                match self.store.begin_block(request).await.unwrap() {
                    BlockReply::Begun { blocked, epoch: _ } => format!("begun, {blocked:?}"),
                    other @ BlockReply::Taken(_) => format!("{other:?}"),
                }
            }
            Step::Finish { id, what, mark } => {
                let (event, id, mark) = (self.event, self.ids[*id], *mark);
                let standing = self.store.transfer(event, id).await.unwrap();
                let transfer_items = standing.transfer.map(|t| t.items).unwrap_or_default();
                let (epoch, items) = (standing.epoch, selection(what).items().collect());
                let request = FinishRequest { event, id, epoch, mark, items, transfer_items };
                match self.store.finish(request).await.unwrap() {
                    FinishReply::Finished(_) => "finished".into(),
                    other @ (FinishReply::OtherEpoch | FinishReply::Gone) => format!("{other:?}"),
                }
            }
            Step::Abort { id, what } => {
                let items = selection(what).items().collect();
                self.store.abort(self.event, self.ids[*id], items).await.unwrap();
                "aborted".into()
            }
            Step::Free { id, what } => {
                let items = selection(what).items().collect();
                self.store.free(self.event, self.ids[*id], items).await.unwrap();
                "freed".into()
            }
            Step::Reload { id, what } => {
                let noticed = self.store.sweep(self.event, 9).await;
                let items = selection(what).items().collect();
                self.load(&[Active { id: self.ids[*id], mark: Mark::Booked, items }]).await;
                format!("{noticed:?}")
            }
            Step::Lapse { user, what, sweep } => {
                let held = self.hold(*user, what, SHORT).await;
                sleep(SHORT * 2).await;
                match sweep {
                    true => {
                        format!("{held}, {}", self.store.sweep(self.event, 9).await.unwrap().seats)
                    }
                    false => held,
                }
            }
        }
    }

    async fn hold(&self, who: usize, what: &str, ttl: Duration) -> String {
        let (event, user, mut wanted) = (self.event, user(USERS[who]), selection(what));
        let reply = match wanted.tables.pop() {
            Some(table) => {
                let (table, seats) = (table.table, table.seats);
                let request =
                    TableHoldRequest { event, user, table, seats, ttl, seats_max: SEATS_MAX };
                self.store.hold_table(request).await
            }
            None => {
                let request =
                    HoldRequest { event, user, seats: wanted.seats, ttl, seats_max: SEATS_MAX };
                self.store.hold(request).await
            }
        };
        match reply.unwrap() {
            HoldReply::Held(_) => "held".into(),
            other @ (HoldReply::Taken { .. } | HoldReply::Limit) => format!("{other:?}"),
        }
    }

    async fn load(&mut self, active: &[Active]) {
        let request = LoadRequest { event: self.event, random: 0, lease: LONG };
        let LoadBeginReply::Begun { epoch } = self.store.load_begin(request).await.unwrap() else {
            panic!("nobody else loads it")
        };
        while self.store.load_drop(self.event, epoch).await.unwrap() == LoadReply::Again {}
        self.store.load_chunk(self.event, epoch, active.to_vec()).await.unwrap();
        assert_eq!(self.store.load_end(self.event, epoch).await.unwrap(), LoadReply::Done);
        self.version = Version { epoch, seq: 0 };
    }

    /// Everything that can be asked, as text. A watcher who follows the changes knows the same as
    /// one who reads a snapshot.
    async fn shown(&mut self) -> String {
        if self.version.seq == 0 {
            let page = self.store.snapshot(self.event, String::new()).await.unwrap();
            self.version = page.version;
            self.states = page.seats.into_iter().map(|s| (s.seat, s.status)).collect();
        }
        let changes = self.store.changes(self.event, self.version, 1_000).await.unwrap();
        let ChangesReply::Changes(changes) = changes else { panic!("it is followed") };
        for change in changes {
            assert_eq!(change.seq, self.version.seq + 1);
            self.version.seq = change.seq;
            for state in change.seats {
                self.states.insert(state.seat, state.status);
            }
        }
        self.states.retain(|_, status| *status != Status::Available);
        let page = self.store.snapshot(self.event, String::new()).await.unwrap();
        let states: BTreeMap<_, _> =
            page.seats.into_iter().map(|state| (state.seat, state.status)).collect();
        assert_eq!((self.version, &self.states), (page.version, &states));

        let mut marks = self.store.marks(self.event, String::new()).await.unwrap().items;
        marks.sort_by_key(|marked| marked.item.to_string());
        let mut holds = Vec::new();
        for who in USERS {
            let held = self.store.holds_of(self.event, user(who)).await.unwrap().seats;
            holds.push(held.into_iter().map(|held| (held.seat, held.table)).collect::<Vec<_>>());
        }
        let held = self.states.keys().cloned().collect();
        let holders = self.store.holders(self.event, held).await.unwrap();
        let mut transfers = Vec::new();
        for &id in &self.ids {
            let standing = self.store.transfer(self.event, id).await.unwrap().transfer;
            let of = |t: seat_booking::ports::Transfer| -> (_, _, Vec<Item>) {
                (t.user, t.fingerprint, t.items)
            };
            transfers.push(standing.map(of));
        }
        format!("{states:?} {marks:?} {holds:?} {holders:?} {transfers:?}")
    }
}

fn user(id: &str) -> UserId {
    id.parse().unwrap()
}

fn seat(id: &str) -> SeatId {
    id.parse().unwrap()
}

/// The selection of `A-1,table:T`; table `T` has the seats `T-1`, `T-2` and `T-3`.
fn selection(text: &str) -> Selection {
    let mut selection = Selection::default();
    for part in text.split(',') {
        match part.strip_prefix("table:") {
            Some(id) => selection.tables.push(TableSeats {
                table: id.parse().unwrap(),
                seats: (1..=3).map(|number| seat(&format!("{id}-{number}"))).collect(),
            }),
            None => selection.seats.push(seat(part)),
        }
    }
    selection
}
