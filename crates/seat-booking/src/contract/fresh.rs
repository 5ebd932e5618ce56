use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use crate::ports::{Randomness, SystemRandomness};

/// Ids that no other case uses, in no other process either: cases share a store and wipe nothing.
#[derive(Debug)]
pub(crate) struct Fresh {
    case: [u8; 8],
    next: AtomicU32,
}

impl Fresh {
    /// The ids of one case: no id of another lies between two of them.
    pub(crate) fn for_case() -> Self {
        static PROCESS: OnceLock<[u8; 12]> = OnceLock::new();
        static CASES: AtomicU32 = AtomicU32::new(0);
        let process = PROCESS.get_or_init(|| SystemRandomness.bytes());
        let case = CASES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        Self {
            case: std::array::from_fn(|i| if i < 4 { process[i] } else { case[i - 4] }),
            next: AtomicU32::new(0),
        }
    }

    /// The bytes of the next id, greater than those before.
    pub(crate) fn bytes(&self) -> [u8; 12] {
        let next = self.next.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        std::array::from_fn(|i| if i < 8 { self.case[i] } else { next[i - 8] })
    }
}
