//! A sale goes on while one process, network, disk or clock after the other fails; then everything
//! that anybody was told is compared with what is there (I1 to I7), and every seat that is not sold
//! can be held.
//!
//! `SEAT_SEED` chooses the faults, the orders and their times; what the machine does with them is its
//! own affair, so a run can't be repeated step by step. Its history can be checked again:
//! `cargo run --release -p seat-tests --bin check-history FILE`. `SEAT_LONG=1` makes it long.
//!
//! A test program of its own, one run after the other, because bounds are measured: nothing else shall
//! take the machine.

#![allow(clippy::unwrap_used, reason = "a test that can't go on panics, in its own functions too")]
#![allow(clippy::disallowed_methods, reason = "a run says how long it took")]

mod desk;
mod door;
mod ending;
mod fault;
mod figures;
mod hall;
mod ledger;
mod probe;
mod requests;
mod shopper;
mod site;
mod strike;
mod venue;

use std::{
    env,
    fs::File,
    io::{BufWriter, Write, stderr},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use seat_history::{BookingStatus, History, Line, check};
use seat_testbed::Client;
use tokio::{sync::Mutex, task::JoinSet, time::sleep};

use desk::Desk;
use fault::Planned;
use figures::Figures;
use hall::Hall;
use probe::{PROBE, Probe};
use shopper::Shopper;
use site::Site;
use strike::Cost;
use venue::Venue;

const SHOPPERS: u64 = 16;
const SEED: u64 = 4;
/// How long the sale may take for its next operations.
const GOES_ON_WITHIN: Duration = Duration::from_secs(120);
/// The sale goes on at least for so many operations between two faults.
const OPERATIONS_BETWEEN: usize = 200;
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sold_twice_or_lost_or_stuck_on_the_embedded_stores() {
    let _turn = TURN.lock().await;
    run(Site::embedded().await, "embedded", Size::of_this_run()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sold_twice_or_lost_or_stuck_on_redis_and_mongodb() {
    let _turn = TURN.lock().await;
    run(Site::shared().await, "redis-mongodb", Size::of_this_run()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sold_twice_or_lost_or_stuck_on_a_redis_cluster() {
    let _turn = TURN.lock().await;
    let size = Size::of_this_run();
    // All but Redis is as in the run before.
    let size = Size { faults: size.faults / 2, operations: size.operations / 2, ..size };
    run(Site::cluster().await, "redis-cluster", size).await;
}

#[derive(Debug, Clone, Copy)]
struct Size {
    seed: u64,
    faults: usize,
    operations: usize,
    is_long: bool,
}

impl Size {
    fn of_this_run() -> Self {
        let seed = env::var("SEAT_SEED").map_or(SEED, |seed| seed.parse().expect("a number"));
        let is_long = env::var("SEAT_LONG").is_ok_and(|long| long == "1");
        let (faults, operations) = if is_long { (32, 100_000) } else { (8, 10_000) };
        Self { seed, faults, operations, is_long }
    }
}

async fn run(mut site: Site, stores: &str, size: Size) {
    let start = Instant::now();
    let hall = Arc::new(Hall::new(&site.server, Venue::open_all(&site.server).await));
    let probe = Probe::new(&site.server, size.seed);
    let mut people = open(&site, &hall, size.seed);
    if size.is_long {
        show_progress(&hall, &mut people);
    }

    let planned = fault::schedule(site.kinds(), site.is_embedded(), size.faults, size.seed);
    let mut costs: Vec<Cost> = Vec::new();
    for planned in planned {
        let due = size.operations * (costs.len() + 1) / (size.faults + 1);
        goes_on(&hall, due.max(hall.ledger.noted() + OPERATIONS_BETWEEN)).await;
        costs.push(strike(&mut site, planned, &hall, &probe).await);
    }
    goes_on(&hall, size.operations.max(hall.ledger.noted() + OPERATIONS_BETWEEN)).await;
    hall.close();
    while let Some(ended) = people.join_next().await {
        ended.expect("nobody panics");
    }

    let users: Vec<String> = (0..SHOPPERS).map(name).chain([PROBE.to_owned()]).collect();
    let history = ending::history(&site, &hall, &users).await;
    let file = write(&history, stores);
    let report = check(&history);
    let rest = ending::hold_the_rest(&site, &hall, &history).await;
    let complaints = hall.ledger.complaints();
    let figures = Figures {
        stores,
        seed: size.seed,
        took: start.elapsed(),
        costs: &costs,
        report: &report,
        reads: hall.ledger.reads(),
        rest,
        complaints: complaints.len(),
    };
    say(&format!("{figures}\n  history: {}", file.display()));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(report.violations.is_empty(), "{report}");
    a_wrong_seat_would_have_been_seen(history);
}

/// Everybody who comes to the sale, each on a seed of their own.
fn open(site: &Site, hall: &Arc<Hall>, seed: u64) -> JoinSet<()> {
    let (crowd, admin) = (Client::anyone(&site.server), Client::admin(&site.server));
    let mut people = JoinSet::new();
    for number in 0..SHOPPERS {
        let name = name(number);
        let user = crowd.and_user(&site.server, &name);
        let seed = seed.wrapping_mul(1_000) + number;
        let shopper = Shopper::new(name, user, admin.clone(), Arc::clone(hall), seed);
        people.spawn(shopper.shop_until_closed());
    }
    people.spawn(Desk::new(admin, Arc::clone(hall), seed).work_until_closed());
    people
}

fn name(number: u64) -> String {
    format!("shopper-{number}")
}

async fn goes_on(hall: &Hall, operations: usize) {
    let went_on = hall.ledger.grows_to(operations, GOES_ON_WITHIN).await;
    assert!(went_on, "the sale stands still at {} operations", hall.ledger.noted());
}

async fn strike(site: &mut Site, planned: Planned, hall: &Hall, probe: &Probe) -> Cost {
    sleep(Duration::from_millis(planned.after_ms)).await;
    site.strike(planned, hall, probe).await
}

fn show_progress(hall: &Arc<Hall>, people: &mut JoinSet<()>) {
    let hall = Arc::clone(hall);
    people.spawn(async move {
        while !hall.is_closing() {
            sleep(PROGRESS_EVERY).await;
            let (seconds, faults) = (hall.ledger.now_us() / 1_000_000, hall.ledger.faults());
            let (last, operations) = (faults.last(), hall.ledger.noted());
            let last = last.map_or("none yet", |fault| fault.kind.as_str());
            let count = faults.len();
            say(&format!("{seconds:>5} s: {operations} operations, {count} faults, last: {last}"));
        }
    });
}

/// The history as a file that `check-history` reads.
fn write(history: &History, stores: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("faults-{stores}.jsonl"));
    let mut out = BufWriter::new(File::create(&file).expect("the target folder can be written"));
    let operations = history.operations.iter().cloned().map(Line::Operation);
    let faults = history.faults.iter().cloned().map(Line::Fault);
    let bookings = history.bookings.iter().cloned().map(Line::Booking);
    let seats = history.seats.iter().cloned().map(Line::Seat);
    let lines =
        operations.chain(faults).chain(bookings).chain(seats).chain([Line::End(history.end)]);
    for line in lines {
        History::write_line(&mut out, &line).expect("there is room");
    }
    out.flush().expect("there is room");
    file
}

/// The same run with one line of it changed: a booking has the seat of another one.
fn a_wrong_seat_would_have_been_seen(mut history: History) {
    let is_active = |status| status != BookingStatus::Cancelled;
    let mut active = history.bookings.iter_mut().filter(|booking| is_active(booking.status));
    let first = active.next().expect("something is booked");
    let other = active.find(|other| other.event == first.event).expect("so is something else");
    other.seats[0].clone_from(&first.seats[0]);
    assert!(!check(&history).violations.is_empty(), "the check can't say no");
}

/// Past the test runner, which would keep it to itself.
fn say(text: &str) {
    writeln!(stderr(), "{text}").expect("somebody listens");
}
