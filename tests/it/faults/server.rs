//! One of the two servers dies; the other one ends what it had begun.

use std::time::Duration;

use seat_testbed::{Redis, Stores, shared_mongo};

use super::sale::{Booked, Sale};

/// The other server does not notice.
const AT_ONCE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_leaves_nothing_half_done() {
    let redis = Redis::start().await;
    let stores = Stores::new(redis.url(), shared_mongo().await);
    let mut sale = Sale::open(&stores, Booked::StaysBooked).await;
    sale.kill_one_server().await;
    sale.sells_again(AT_ONCE).await;
    sale.sells(100).await;
    sale.close(&stores).await.lost_no_hold();
}
