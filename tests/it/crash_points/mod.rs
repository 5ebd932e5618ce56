//! A server dies, stands still, or gets no answer, at each point of the protocol, while another one
//! goes on selling the same event from the same Redis and MongoDB: every request has one outcome,
//! nothing is sold twice, and nothing sticks (I1, I2, I3, I5, I6, I7).

#![allow(clippy::disallowed_methods, reason = "a server stands still in real time")]

mod cases;
mod embedded;
mod fail;
mod house;
mod judge;
mod room;
mod verdict;

use std::{
    any::Any,
    env,
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use futures_util::{FutureExt, StreamExt, stream};

use self::{
    cases::Case,
    fail::fail_and_check,
    house::{House, Pace},
    room::Room,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_at_any_point_has_one_outcome_and_nothing_sticks() {
    try_all(Pace::short()).await;
}

/// It takes some minutes: only with `SEAT_LONG=1`, as `tests/run --long` sets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_for_long_changes_nothing_afterwards() {
    if env::var_os("SEAT_LONG").is_some_and(|long| long == "1") {
        try_all(Pace::long()).await;
    }
}

#[allow(clippy::print_stdout, reason = "progress, and the table of what was tried")]
async fn try_all(pace: Pace) {
    let (faults, at_once) = (pace.faults.clone(), pace.at_once);
    let house = House::open(pace).await;
    let cases = Case::all(&faults);
    let (all, done) = (cases.len(), AtomicUsize::new(0));
    let tried = cases.into_iter().enumerate().map(|(row, case)| {
        let (house, done) = (&house, &done);
        async move {
            let outcome = try_one(house, case).await;
            println!("{} of {all}: {case}", done.fetch_add(1, Ordering::Relaxed) + 1);
            (row, case, outcome)
        }
    });
    let mut tried: Vec<_> = stream::iter(tried).buffer_unordered(at_once).collect().await;
    tried.sort_by_key(|(row, ..)| *row);
    for (_, case, outcome) in &tried {
        match outcome {
            Ok(told) => println!("{case} {told}"),
            Err(_) => println!("{case} FAILED"),
        }
    }
    let failed =
        tried.iter().filter_map(|(_, case, outcome)| Some((case, outcome.as_ref().err()?)));
    let failed: Vec<String> = failed.map(|(case, why)| format!("{case}\n{why}")).collect();
    println!("{all} cases, {} failed", failed.len());
    assert!(failed.is_empty(), "{}\n{}", failed.join("\n\n"), house.server.log());
}

/// What came of it, or why it is wrong, with the log of the server that failed.
async fn try_one(house: &House, case: Case) -> Result<String, String> {
    let start = Instant::now();
    let set_up = async {
        let room = Room::new(&house.server, case.operation, house.pace.settled_within).await;
        let node = house.failing(&case, &room.event).await;
        (room, node)
    };
    let (mut room, mut node) = caught(set_up).await?;
    let told = caught(fail_and_check(house, &mut room, &mut node, case)).await;
    let told = told.map_err(|why| format!("event {}: {why}\n{}", room.event, node.log()))?;
    Ok(format!("{told} ({:.1} s)", start.elapsed().as_secs_f64()))
}

/// One case that is wrong must not keep the others back.
async fn caught<T>(tried: impl Future<Output = T>) -> Result<T, String> {
    let why = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
    };
    AssertUnwindSafe(tried).catch_unwind().await.map_err(why)
}
