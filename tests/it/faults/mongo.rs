//! MongoDB goes away, or its set elects another primary. Holds are Redis', and none is lost.

use std::time::Duration;

use seat_testbed::{Mongo, Redis, Signal, Stores, eventually};

use super::sale::{Booked, Sale};

/// How long after MongoDB takes writes again everything is sold again.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// With an election, which begins when the primary was missed for two seconds.
const ELECTED_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_mongod_costs_nothing() {
    let (redis, mut mongo) = (Redis::start().await, Mongo::start().await);
    let stores = Stores::new(redis.url(), &mongo);
    let sale = Sale::open(&stores, Booked::StaysBooked).await;
    let held = sale.holds_two().await;
    mongo.kill_primary().await;
    sale.refuses_confirms(&held).await;
    sale.is_not_ready_for("repository").await;
    sale.repeats_inserts().await;
    mongo.start_again().await;
    sale.books(&held, BACK_WITHIN).await;
    sale.sells_again(BACK_WITHIN).await;
    sale.sells(100).await;
    let closed = sale.close(&stores).await;
    closed.lost_no_hold();
    closed.had_doubts();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_steps_down_costs_nothing() {
    let (redis, mut mongo) = (Redis::start().await, Mongo::start_set().await);
    let stores = Stores::new(redis.url(), &mongo);
    let sale = Sale::open(&stores, Booked::StaysBooked).await;
    let first = mongo.primary().await;
    mongo.step_down().await;
    sale.sells_again(ELECTED_WITHIN).await;
    eventually("another member is primary", ELECTED_WITHIN, async || {
        let now = mongo.primary().await;
        now.is_some() && now != first
    })
    .await;
    sale.sells(100).await;
    sale.close(&stores).await.lost_no_hold();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_is_killed_costs_nothing() {
    let (redis, mut mongo) = (Redis::start().await, Mongo::start_set().await);
    let stores = Stores::new(redis.url(), &mongo);
    let sale = Sale::open(&stores, Booked::StaysBooked).await;
    mongo.kill_primary().await;
    sale.sells_again(ELECTED_WITHIN).await;
    sale.sells(100).await;
    let closed = sale.close(&stores).await;
    closed.lost_no_hold();
    closed.had_doubts();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongod_that_hangs_costs_nothing() {
    let (redis, mut mongo) = (Redis::start().await, Mongo::start().await);
    let stores = Stores::new(redis.url(), &mongo);
    let sale = Sale::open(&stores, Booked::StaysBooked).await;
    let held = sale.holds_two().await;
    mongo.hang_primary().await;
    sale.refuses_confirms(&held).await;
    sale.is_not_ready_for("repository").await;
    mongo.signal(Signal::CONT);
    sale.books(&held, BACK_WITHIN).await;
    sale.sells_again(BACK_WITHIN).await;
    sale.sells(100).await;
    let closed = sale.close(&stores).await;
    closed.lost_no_hold();
    closed.had_doubts();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_hangs_is_left_for_another_one() {
    let (redis, mut mongo) = (Redis::start().await, Mongo::start_set().await);
    let stores = Stores::new(redis.url(), &mongo);
    let sale = Sale::open(&stores, Booked::StaysBooked).await;
    let held = sale.holds_two().await;
    mongo.hang_primary().await;
    sale.refuses_confirms(&held).await;
    sale.books(&held, ELECTED_WITHIN).await;
    sale.sells_again(ELECTED_WITHIN).await;
    sale.sells(100).await;
    mongo.signal(Signal::CONT);
    sale.sells(100).await;
    let closed = sale.close(&stores).await;
    closed.lost_no_hold();
    closed.had_doubts();
}
