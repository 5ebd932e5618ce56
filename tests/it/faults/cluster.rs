//! A master of a Redis Cluster dies, and its replica follows it.

use std::time::Duration;

use seat_testbed::{RedisCluster, Signal, Stores, shared_mongo};

use super::sale::{Booked, Sale};

/// A master is missed after two seconds, and then voted out.
const FAILED_OVER_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_is_killed_costs_holds_and_no_booking() {
    let cluster = RedisCluster::start().await;
    let stores = Stores::new(cluster.url(), shared_mongo().await);
    let sale = Sale::open(&stores, Booked::MayBeHeld).await;
    cluster.master_of(sale.event()).await.signal(Signal::KILL);
    sale.sells_again(FAILED_OVER_WITHIN).await;
    sale.sells(100).await;
    sale.close(&stores).await;
}
