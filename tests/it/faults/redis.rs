//! Redis forgets, or hangs.

use std::time::Duration;

use seat_testbed::{Redis, Signal, Stores, shared_mongo};

use super::sale::{Booked, Sale};

/// How long after Redis answers again everything is sold again.
const BACK_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flushed_redis_costs_holds_and_no_booking() {
    let redis = Redis::start().await;
    let stores = Stores::new(redis.url(), shared_mongo().await);
    let sale = Sale::open(&stores, Booked::StaysBooked).await;
    for _ in 0..3 {
        redis.forget().await;
        sale.sells_again(BACK_WITHIN).await;
        sale.sells(100).await;
    }
    sale.close(&stores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_back_empty_costs_holds_and_no_booking() {
    let mut redis = Redis::start().await;
    let stores = Stores::new(redis.url(), shared_mongo().await);
    let sale = Sale::open(&stores, Booked::StaysBooked).await;
    redis.kill();
    sale.refuses_holds().await;
    sale.is_not_ready_for("lock store").await;
    redis.start_again().await;
    sale.sells_again(BACK_WITHIN).await;
    sale.sells(100).await;
    sale.close(&stores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_costs_nothing() {
    let redis = Redis::start().await;
    let stores = Stores::new(redis.url(), shared_mongo().await);
    let sale = Sale::open(&stores, Booked::StaysBooked).await;
    redis.signal(Signal::STOP);
    sale.refuses_holds().await;
    sale.is_not_ready_for("lock store").await;
    redis.signal(Signal::CONT);
    sale.sells_again(BACK_WITHIN).await;
    sale.sells(100).await;
    sale.close(&stores).await.lost_no_hold();
}
