mod holding;
mod loading;
mod transferring;
mod watching;

pub(crate) use loading::{assert_not_loaded, begun_epoch, block, booking};
pub(crate) use transferring::FINGERPRINT;

use std::{sync::Arc, time::Duration};

use seat_layout::{BookingId, EventId};

use super::LockFixture;
use crate::{
    Item,
    contract::{Fresh, selection},
    ports::LockStore,
};

/// Longer than any case lasts.
pub(crate) const LONG: Duration = Duration::from_secs(600);

/// A lock store, an event of its own in it, and its calls in short: seats are written `A-1,A-2`,
/// a table `table:T`, and a call that must be answered panics where it is not.
pub struct LockSubject {
    fixture: Box<dyn LockFixture>,
    pub(crate) store: Arc<dyn LockStore>,
    pub(crate) event: EventId,
    fresh: Fresh,
}

impl LockSubject {
    /// The subject of one case; its event is not loaded.
    pub fn new(fixture: impl LockFixture + 'static) -> Self {
        let fresh = Fresh::for_case();
        let event = EventId::from_bytes(fresh.bytes());
        Self { store: fixture.store(), event, fresh, fixture: Box::new(fixture) }
    }

    pub(crate) fn id(&self) -> BookingId {
        BookingId::from_bytes(self.fresh.bytes())
    }

    /// How long a hold lasts that a case outlasts.
    pub(crate) fn short(&self) -> Duration {
        self.fixture.short()
    }

    pub(crate) async fn advance(&self, by: Duration) {
        self.fixture.advance(by).await;
    }

    pub(crate) async fn outlast_short(&self) {
        self.advance(self.short() * 2).await;
    }

    pub(crate) async fn lose(&self) {
        self.fixture.lose(self.event).await;
    }

    pub(crate) async fn restart(&self) {
        self.fixture.restart(self.event).await;
    }
}

pub(crate) fn items(what: &str) -> Vec<Item> {
    selection(what).items().collect()
}

/// For lists whose order means nothing.
pub(crate) fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list
}
