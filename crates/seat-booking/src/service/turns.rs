use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex},
};

use tokio::sync::OwnedMutexGuard;

use super::guard;

/// One at a time for each key: where a thousand requests need the same thing at once, one fetches
/// it, and the others find it there.
pub(super) struct Turns<K: Hash + Eq + Copy>(Mutex<HashMap<K, Arc<tokio::sync::Mutex<()>>>>);

impl<K: Hash + Eq + Copy> Default for Turns<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq + Copy> Turns<K> {
    /// Waits until nobody else has the turn. Dropping the future gives it up.
    pub(super) async fn take(&self, key: K) -> Turn<'_, K> {
        let mutex = Arc::clone(guard(&self.0).entry(key).or_default());
        let held = Some(mutex.lock_owned().await);
        Turn { turns: self, key, held }
    }

    /// The turn, if nobody else has it.
    pub(super) fn try_take(&self, key: K) -> Option<Turn<'_, K>> {
        let mutex = Arc::clone(guard(&self.0).entry(key).or_default());
        let held = Some(mutex.try_lock_owned().ok()?);
        Some(Turn { turns: self, key, held })
    }
}

/// Ends with its drop.
pub(super) struct Turn<'t, K: Hash + Eq + Copy> {
    turns: &'t Turns<K>,
    key: K,
    held: Option<OwnedMutexGuard<()>>,
}

impl<K: Hash + Eq + Copy> Drop for Turn<'_, K> {
    fn drop(&mut self) {
        let mut turns = guard(&self.turns.0);
        self.held = None;
        // Nobody waits when only the map knows it; whoever comes now waits for the map.
        if turns.get(&self.key).is_some_and(|mutex| Arc::strong_count(mutex) == 1) {
            turns.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn a_turn_waits_for_the_one_before_and_for_no_other_key() {
        let turns = Turns::default();
        let first = turns.take(1).await;
        assert!(turns.try_take(1).is_none());
        assert!(turns.take(2).now_or_never().is_some());
        let mut second = pin!(turns.take(1));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        drop(second.await);
        assert!(guard(&turns.0).is_empty(), "nobody waits and something is kept");
    }
}
