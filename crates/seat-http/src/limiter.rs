use std::{
    hash::Hash,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};

/// After so many checks the keys are forgotten that have their whole burst again.
const CHECKS_PER_SWEEP: u32 = 16_384;

/// So many requests a second for each key, twice that as a burst.
///
/// Memory is bounded: a key that made no request for two seconds is forgotten, so there are at the
/// most the keys of two seconds and of [`CHECKS_PER_SWEEP`] checks. The time is a monotonic one,
/// not the service's: setting a clock back must not lock anybody out.
pub(crate) struct Limiter<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    limiter: RateLimiter<K, DashMapStateStore<K>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    checks: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// A limiter of so many requests a second; none for 0.
    pub(crate) fn per_second(rate: u32) -> Option<Self> {
        Some(Self::with_clock(NonZeroU32::new(rate)?, DefaultClock::default()))
    }
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Limiter<K, C> {
    fn with_clock(rate: NonZeroU32, clock: C) -> Self {
        let quota = Quota::per_second(rate).allow_burst(rate.saturating_mul(TWO));
        let limiter = RateLimiter::new(quota, DashMapStateStore::default(), clock.clone());
        Self { limiter, clock, checks: AtomicU32::new(0) }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// How long the key has to wait when it makes too many.
    pub(crate) fn check(&self, key: &K) -> Result<(), Duration> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CHECKS_PER_SWEEP == CHECKS_PER_SWEEP - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter.check_key(key).map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }
}

const TWO: NonZeroU32 = NonZeroU32::new(2).expect("two is not zero");

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limiter(rate: u32) -> (Limiter<u32, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Limiter::with_clock(NonZeroU32::new(rate).unwrap(), clock.clone()), clock)
    }

    #[test]
    fn a_burst_is_twice_the_rate_and_then_the_rate_holds() {
        let (limiter, clock) = limiter(5);
        assert_eq!((0..100).filter(|_| limiter.check(&1).is_ok()).count(), 10);
        clock.advance(Duration::from_secs(1));
        assert_eq!((0..100).filter(|_| limiter.check(&1).is_ok()).count(), 5);
        let wait = limiter.check(&1).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_millis(200), "{wait:?}");
        clock.advance(wait);
        assert!(limiter.check(&1).is_ok());
    }

    #[test]
    fn one_key_does_not_wait_for_another() {
        let (limiter, _clock) = limiter(1);
        while limiter.check(&1).is_ok() {}
        assert!(limiter.check(&2).is_ok());
    }

    #[test]
    fn keys_that_went_away_are_forgotten() {
        let (limiter, clock) = limiter(1);
        for key in 1..CHECKS_PER_SWEEP {
            limiter.check(&key).unwrap();
        }
        assert_eq!(limiter.limiter.len(), CHECKS_PER_SWEEP as usize - 1);
        clock.advance(Duration::from_secs(3));
        limiter.check(&0).unwrap();
        assert_eq!(limiter.limiter.len(), 1);
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        assert!(Limiter::<u32>::per_second(0).is_none());
    }
}
