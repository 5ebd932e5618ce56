//! Random histories of a small system that keeps the promise, with everything that a real one may
//! do: answers late or never, effects long after the client gave up, transfers that stand, and a
//! lock store that forgets. None of them may be refused.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::{
    BookingStatus, Fault, FinalBooking, FinalEnd, FinalSeat, History, Line, Operation,
    OperationKind, Outcome, SeatStatus, check,
};

const SECOND: u64 = 1_000_000;
const SEATS: [&str; 4] = ["T-1", "T-2", "A-1", "A-2"];
/// The table of the first two seats.
const TABLE: &str = "T";
const USERS: [&str; 3] = ["ann", "bob", "cat"];

/// One request as the test plans it, times in seconds.
#[derive(Debug, Clone)]
struct Plan {
    kind: OperationKind,
    user: usize,
    /// One bit a seat.
    seats: u8,
    as_table: bool,
    key: Option<u8>,
    payload: u8,
    /// Which of the bookings of that time.
    target: usize,
    ttl: u64,
    start: u64,
    /// From the start to the first effect, from there to the last one, and from there to the answer.
    delays: [u64; 3],
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Answered,
    /// Done, also long after the client gave up, so many seconds after its start.
    Unheard(u64),
    /// A confirm that took the seats into a transfer and was undone; any other does nothing.
    Undone,
}

#[derive(Clone)]
struct Lock {
    user: usize,
    until: u64,
    as_table: bool,
}

#[derive(Default)]
struct Model {
    locks: BTreeMap<usize, Lock>,
    /// Seat to the plan that has it in a transfer, with the lock that it had.
    transfers: BTreeMap<usize, (usize, Lock)>,
    /// Seats that the lock store does not know to be booked or blocked.
    forgotten: BTreeSet<usize>,
    blocked: BTreeSet<usize>,
    bookings: Vec<Booked>,
}

struct Booked {
    user: usize,
    seats: Vec<usize>,
    as_table: bool,
    key: Option<u8>,
    payload: u8,
    status: BookingStatus,
}

/// What an effect answers.
struct Reply {
    outcome: Outcome,
    code: Option<&'static str>,
    booking: Option<usize>,
    until: Option<u64>,
}

impl Reply {
    const YES: Self = Self { outcome: Outcome::Yes, code: None, booking: None, until: None };

    fn no(code: &'static str) -> Self {
        Self { outcome: Outcome::No, code: Some(code), ..Self::YES }
    }
}

impl Plan {
    fn seats(&self) -> Vec<usize> {
        if self.as_table {
            vec![0, 1]
        } else {
            (0..4).filter(|n| self.seats >> n & 1 == 1).collect()
        }
    }

    fn operation(&self) -> Operation {
        use OperationKind::{Block, Cancel, Payment, Unblock};
        let of_house = matches!(self.kind, Block | Unblock | Payment | Cancel);
        let mut seats = self.seats();
        if matches!(self.kind, Cancel | Payment) {
            seats.clear();
        }
        let confirms = self.kind == OperationKind::Confirm;
        let as_table = self.as_table && !of_house;
        Operation {
            kind: self.kind,
            event: "e".into(),
            user: if of_house { String::new() } else { USERS[self.user].into() },
            seats: seats.into_iter().map(|seat| SEATS[seat].into()).collect(),
            tables: if as_table { vec![TABLE.into()] } else { Vec::new() },
            key: self.key.filter(|_| confirms).map(|key| format!("k{key}")),
            payload: confirms.then(|| format!("p{} {:?} {as_table}", self.payload, self.seats())),
            start_us: self.start * SECOND,
            ..Operation::default()
        }
    }
}

impl Model {
    fn booked(&self, seat: usize) -> bool {
        let active = |b: &&Booked| b.status != BookingStatus::Cancelled;
        self.bookings.iter().filter(active).any(|booking| booking.seats.contains(&seat))
    }

    fn lock(&self, seat: usize, now: u64) -> Option<&Lock> {
        self.locks.get(&seat).filter(|lock| lock.until > now)
    }

    /// Whether the lock store lets the user hold the seat, or has it held by the user.
    fn is_free_for(&self, seat: usize, user: usize, now: u64) -> bool {
        let known = !self.forgotten.contains(&seat);
        !(known && (self.booked(seat) || self.blocked.contains(&seat)))
            && !self.transfers.contains_key(&seat)
            && self.lock(seat, now).is_none_or(|lock| lock.user == user)
    }

    fn holds(&self, plan: &Plan, now: u64) -> bool {
        plan.seats().iter().all(|&seat| {
            let own = |l: &Lock| l.user == plan.user && l.as_table == plan.as_table;
            self.lock(seat, now).is_some_and(own)
        })
    }

    /// The first effect of a confirm: the locks become a transfer.
    fn begin(&mut self, number: usize, plan: &Plan, now: u64) {
        if self.answered_before(plan).is_none() && self.holds(plan, now) {
            for seat in plan.seats() {
                let lock = self.locks.remove(&seat).unwrap();
                self.transfers.insert(seat, (number, lock));
            }
        }
    }

    /// The transfer's seats go back to the hold.
    fn give_back(&mut self, number: usize) -> bool {
        let seats: Vec<usize> =
            self.transfers.iter().filter(|(_, (n, _))| *n == number).map(|(s, _)| *s).collect();
        for seat in &seats {
            let (_, lock) = self.transfers.remove(seat).unwrap();
            self.locks.insert(*seat, lock);
        }
        !seats.is_empty()
    }

    fn answered_before(&self, plan: &Plan) -> Option<usize> {
        self.bookings.iter().position(|b| {
            b.user == plan.user
                && match plan.key {
                    Some(_) => b.key == plan.key,
                    None => {
                        b.status != BookingStatus::Cancelled
                            && (&b.seats, b.as_table, b.payload)
                                == (&plan.seats(), plan.as_table, plan.payload)
                    }
                }
        })
    }

    fn confirm(&mut self, number: usize, plan: &Plan) -> Reply {
        let seats = plan.seats();
        if let Some(known) = self.answered_before(plan) {
            self.give_back(number);
            let b = &self.bookings[known];
            let same = (&b.seats, b.as_table, b.payload) == (&seats, plan.as_table, plan.payload);
            return match same {
                true => Reply { booking: Some(known), ..Reply::YES },
                false => Reply::no("idempotency_mismatch"),
            };
        }
        if !self.give_back(number) {
            return Reply::no("not_held");
        }
        if seats.iter().any(|&seat| self.booked(seat) || self.blocked.contains(&seat)) {
            return Reply::no("seats_unavailable");
        }
        for seat in &seats {
            self.locks.remove(seat);
            self.forgotten.remove(seat);
        }
        self.bookings.push(Booked {
            user: plan.user,
            seats,
            as_table: plan.as_table,
            key: plan.key,
            payload: plan.payload,
            status: BookingStatus::Confirmed,
        });
        Reply { booking: Some(self.bookings.len() - 1), ..Reply::YES }
    }

    fn take_effect(&mut self, number: usize, plan: &Plan, now: u64) -> Reply {
        let (seats, user) = (plan.seats(), plan.user);
        match plan.kind {
            OperationKind::Hold => {
                if !seats.iter().all(|&seat| self.is_free_for(seat, user, now)) {
                    return Reply::no("seats_unavailable");
                }
                let fresh = Lock { user, until: now + plan.ttl, as_table: plan.as_table };
                let before = |model: &Self, seat| model.lock(seat, now).cloned();
                let earliest = |model: &Self| {
                    let untils =
                        seats.iter().map(|&s| before(model, s).map_or(fresh.until, |l| l.until));
                    untils.chain([fresh.until]).min().unwrap()
                };
                let together = earliest(self);
                for &seat in &seats {
                    let lock = match before(self, seat) {
                        Some(lock) if !plan.as_table => lock,
                        Some(_) | None if plan.as_table => {
                            Lock { until: together, ..fresh.clone() }
                        }
                        Some(_) | None => fresh.clone(),
                    };
                    self.locks.insert(seat, lock);
                }
                let until = seats.iter().map(|seat| self.locks[seat].until).min();
                Reply { until, ..Reply::YES }
            }
            OperationKind::Extend => {
                if !self.holds(plan, now) {
                    return Reply::no("not_held");
                }
                for seat in &seats {
                    let lock = self.locks.get_mut(seat).unwrap();
                    lock.until = lock.until.max(now + plan.ttl);
                }
                let until = seats.iter().map(|seat| self.locks[seat].until).min();
                Reply { until, ..Reply::YES }
            }
            OperationKind::Release => {
                let all = seats.is_empty();
                self.locks.retain(|seat, lock| {
                    let named = seats.contains(seat) && lock.as_table == plan.as_table;
                    lock.user != user || !(all || named)
                });
                Reply::YES
            }
            OperationKind::Confirm => self.confirm(number, plan),
            OperationKind::Cancel | OperationKind::Payment => {
                let count = self.bookings.len();
                let Some(at) = plan.target.checked_rem(count) else {
                    return Reply::no("booking_not_found");
                };
                let pays = plan.kind == OperationKind::Payment;
                let booking = Some(at);
                if self.bookings[at].status == BookingStatus::Cancelled {
                    return Reply { booking, ..Reply::no("invalid_state") };
                }
                self.bookings[at].status =
                    if pays { BookingStatus::Paid } else { BookingStatus::Cancelled };
                Reply { booking, ..Reply::YES }
            }
            OperationKind::Block => {
                let free = |&seat: &usize| {
                    self.blocked.contains(&seat)
                        || !self.booked(seat)
                            && !self.transfers.contains_key(&seat)
                            && self.lock(seat, now).is_none()
                };
                if !seats.iter().all(free) {
                    return Reply::no("seats_unavailable");
                }
                self.blocked.extend(seats);
                Reply::YES
            }
            OperationKind::Unblock => {
                self.blocked.retain(|seat| !seats.contains(seat));
                Reply::YES
            }
        }
    }

    fn forget(&mut self) {
        self.locks.clear();
        self.transfers.clear();
        self.forgotten = (0..SEATS.len()).collect();
    }

    /// The lock store has learned again what is booked and blocked.
    fn learn(&mut self) {
        for seat in std::mem::take(&mut self.forgotten) {
            if self.booked(seat) || self.blocked.contains(&seat) {
                self.locks.remove(&seat);
            }
        }
    }

    fn shown(&self, seat: usize, now: u64) -> SeatStatus {
        if self.booked(seat) {
            SeatStatus::Booked
        } else if self.blocked.contains(&seat) {
            SeatStatus::Blocked
        } else if self.lock(seat, now).is_some() || self.transfers.contains_key(&seat) {
            SeatStatus::Held
        } else {
            SeatStatus::Available
        }
    }

    fn final_bookings(&self, history: &mut History) {
        for (number, b) in self.bookings.iter().enumerate() {
            history.push(Line::Booking(FinalBooking {
                booking: format!("b{number}"),
                event: "e".into(),
                user: USERS[b.user].into(),
                seats: b.seats.iter().map(|&seat| SEATS[seat].into()).collect(),
                tables: if b.as_table { vec![TABLE.into()] } else { Vec::new() },
                status: b.status,
                total: None,
                key: b.key.map(|key| format!("k{key}")),
            }));
        }
    }

    fn final_seats(&self, now: u64, history: &mut History) {
        for (number, seat) in SEATS.iter().enumerate() {
            let status = self.shown(number, now);
            let seat = (*seat).into();
            history.push(Line::Seat(FinalSeat { event: "e".into(), seat, status }));
        }
    }
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Forget,
    Learn,
    Begin(usize),
    Effect(usize),
    Bookings,
    Seats,
}

/// How the world ends: a loss or none, and the reading of the final state.
#[derive(Debug, Clone)]
struct World {
    /// When the lock store forgets, for how long the fault was under way around that, and how long
    /// it takes to learn again.
    loss: Option<(u64, u64, u64)>,
    quiet: bool,
    /// From the reading of the bookings to that of the seats.
    reading: u64,
}

fn run(plans: &[Plan], world: &World) -> History {
    let mut history = History::default();
    let mut steps = Vec::new();
    let (mut answered, mut settled) = (0, 0);
    for (number, plan) in plans.iter().enumerate() {
        let begin = plan.start + plan.delays[0];
        let effect = match plan.fate {
            Fate::Answered | Fate::Undone => begin + plan.delays[1],
            Fate::Unheard(late) => begin + plan.delays[1] + late,
        };
        steps.extend([(begin, Step::Begin(number)), (effect, Step::Effect(number))]);
        answered = answered.max(begin + plan.delays[1] + plan.delays[2]);
        settled = settled.max(effect);
    }
    if let Some((at, around, blind)) = world.loss {
        steps.extend([(at + around, Step::Forget), (at + around + blind, Step::Learn)]);
        let (start_us, end_us) = (at * SECOND, Some((at + 2 * around) * SECOND));
        history.push(Line::Fault(Fault { kind: "flush".into(), start_us, end_us, forgets: true }));
        answered = answered.max(at + 2 * around);
        settled = settled.max(at + 2 * around + 60);
    }
    // Longer than the longest hold.
    let read_at = if world.quiet { settled.max(answered) + 100 } else { answered };
    steps.extend([(read_at, Step::Bookings), (read_at + world.reading, Step::Seats)]);
    steps.sort_unstable();

    let mut model = Model::default();
    let mut operations: Vec<Operation> = plans.iter().map(Plan::operation).collect();
    for (now, step) in steps {
        match step {
            Step::Forget => model.forget(),
            Step::Learn => model.learn(),
            Step::Begin(number) => {
                if plans[number].kind == OperationKind::Confirm {
                    model.begin(number, &plans[number], now);
                }
            }
            Step::Effect(number) => {
                let plan = &plans[number];
                if plan.fate == Fate::Undone {
                    model.give_back(number);
                    continue;
                }
                let reply = model.take_effect(number, plan, now);
                let operation = &mut operations[number];
                let target = matches!(plan.kind, OperationKind::Cancel | OperationKind::Payment);
                if target || plan.fate == Fate::Answered {
                    operation.booking = reply.booking.map(|booking| format!("b{booking}"));
                }
                if plan.fate == Fate::Answered {
                    operation.outcome = reply.outcome;
                    operation.code = reply.code.map(str::to_owned);
                    operation.expires_us = reply.until.map(|until| until * SECOND);
                }
            }
            Step::Bookings => model.final_bookings(&mut history),
            Step::Seats => model.final_seats(now, &mut history),
        }
    }
    for (plan, mut operation) in plans.iter().zip(operations) {
        operation.end_us = Some((plan.start + plan.delays.iter().sum::<u64>()) * SECOND);
        history.push(Line::Operation(operation));
    }
    history.push(Line::End(FinalEnd { at_us: Some(read_at * SECOND), quiet: world.quiet }));
    history
}

fn plan() -> impl Strategy<Value = Plan> {
    use OperationKind::{Block, Cancel, Confirm, Extend, Hold, Payment, Release, Unblock};
    let kind = prop_oneof![
        9 => Just(Hold), 2 => Just(Extend), 2 => Just(Release), 8 => Just(Confirm),
        3 => Just(Cancel), 1 => Just(Payment), 1 => Just(Block), 1 => Just(Unblock),
    ];
    let fate = prop_oneof![
        6 => Just(Fate::Answered),
        1 => (0..150u64).prop_map(Fate::Unheard),
        1 => Just(Fate::Undone),
    ];
    let who = (0..3usize, 1..16u8, prop::bool::weighted(0.2), prop::option::of(0..2u8), 0..2u8);
    let when = (0..150u64, [0..4u64, 0..4u64, 0..4u64], 5..90u64);
    (kind, who, 0..4usize, when, fate, any::<bool>()).prop_map(
        |(kind, (user, seats, as_table, key, payload), target, (start, delays, ttl), fate, all)| {
            let house = matches!(kind, Block | Unblock);
            let seats = if kind == Release && all { 0 } else { seats };
            let as_table = as_table && !house && seats != 0;
            Plan { kind, user, seats, as_table, key, payload, target, ttl, start, delays, fate }
        },
    )
}

fn world() -> impl Strategy<Value = World> {
    let loss = prop::option::weighted(0.3, (0..150u64, 0..3u64, 0..60u64));
    (loss, any::<bool>(), 0..4u64).prop_map(|(loss, quiet, reading)| World { loss, quiet, reading })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_right_history_is_refused(plans in prop::collection::vec(plan(), 1..40), world in world()) {
        let history = run(&plans, &world);
        let report = check(&history);
        prop_assert!(report.violations.is_empty(), "{report}\n{:#?}", history.operations);
    }
}
