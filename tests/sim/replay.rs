//! One seed is one history.

use crate::seed::{self, LeftOut};

/// How many seeds are run twice.
const SEEDS: u64 = 10;

/// A seed that was another history the second time, from this one on.
pub(crate) fn differs(from: u64) -> Option<u64> {
    let trace = |seed| seed::run(seed, &LeftOut::default(), true).trace;
    (from..from.saturating_add(SEEDS)).find(|&seed| trace(seed) != trace(seed))
}
