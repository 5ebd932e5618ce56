use std::time::{Duration, Instant};

use tokio::time::sleep;

/// Asks again every 20 ms until it is so.
///
/// # Panics
/// With `what`, when it is not so within the time.
#[track_caller]
pub fn eventually<F>(what: &str, within: Duration, mut probe: F) -> impl Future<Output = ()>
where
    F: AsyncFnMut() -> bool,
{
    let caller = std::panic::Location::caller();
    async move {
        let start = Instant::now();
        while !probe().await {
            assert!(start.elapsed() < within, "{caller}: not within {within:?}: {what}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}
