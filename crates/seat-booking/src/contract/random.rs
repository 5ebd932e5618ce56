use std::sync::atomic::{AtomicU64, Ordering};

use crate::ports::Randomness;

/// Numbers that look random and are the same for one seed (splitmix64), so that a run can be
/// repeated.
#[derive(Debug)]
pub struct SeededRandomness {
    state: AtomicU64,
}

impl SeededRandomness {
    /// The numbers of this seed.
    pub const fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    /// The next number.
    pub fn number(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut number = self.state.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }
}

impl Randomness for SeededRandomness {
    fn bytes(&self) -> [u8; 12] {
        let [first, second] = [self.number(), self.number()].map(u64::to_be_bytes);
        std::array::from_fn(|i| if i < 8 { first[i] } else { second[i - 8] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_has_one_run_of_numbers() {
        // The first numbers of the reference implementation for the seed 1234567.
        let random = SeededRandomness::new(1_234_567);
        assert_eq!(random.number(), 6_457_827_717_110_365_317);
        assert_eq!(random.number(), 3_203_168_211_198_807_973);
        assert_ne!(random.bytes(), random.bytes());
        assert_eq!(SeededRandomness::new(7).bytes(), SeededRandomness::new(7).bytes());
    }
}
