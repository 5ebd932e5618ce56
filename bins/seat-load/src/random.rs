/// SplitMix64: enough to spread users over a hall, and a seed gives the same choices again.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of this number, independent of the other streams of the seed.
    pub(crate) fn new(seed: u64, stream: u32) -> Self {
        let mut seeds = Self(seed);
        Self(seeds.next() ^ u64::from(stream).wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    /// A number below the bound, which is at least 1.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// At most so many of the items, each at most once.
    pub(crate) fn sample<T: Copy>(&mut self, items: &[T], count: usize) -> Vec<T> {
        let mut pool = items.to_vec();
        let count = count.min(pool.len());
        for drawn in 0..count {
            let rest = pool.len() - drawn;
            pool.swap(drawn, drawn + self.below(rest as u32) as usize);
        }
        pool.truncate(count);
        pool
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_no_item_twice() {
        let mut sample = Random::new(1, 0).sample(&(0..1_000).collect::<Vec<u32>>(), 100);
        sample.sort_unstable();
        sample.dedup();
        assert_eq!(sample.len(), 100);
        assert_eq!(Random::new(1, 0).sample(&[1, 2, 3], 100).len(), 3);
    }

    #[test]
    fn a_seed_gives_the_same_choices_again_and_another_stream_others() {
        let choices = |seed, stream| {
            let mut random = Random::new(seed, stream);
            [(); 8].map(|()| random.below(10_000))
        };
        assert_eq!(choices(1, 7), choices(1, 7));
        assert_ne!(choices(1, 7), choices(1, 8));
        assert_ne!(choices(1, 7), choices(2, 7));
    }
}
