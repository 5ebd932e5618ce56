//! The service: the protocol, and the live view of an event.
//!
//! Nothing here spawns, and nothing reads an ambient clock or randomness. What goes on in the
//! background is one bounded round of [`sweep`](BookingService::sweep),
//! [`reconcile`](BookingService::reconcile), [`audit`](BookingService::audit),
//! [`follow`](BookingService::follow) or [`project`](BookingService::project), which somebody else
//! calls in a loop.

mod block;
mod bookings;
mod catalogue;
mod confirm;
mod hold;
mod load;
mod order;
#[cfg(planted)]
mod planted;
mod project;
mod rounds;
mod settle;
mod slot;
#[cfg(test)]
mod tests;
mod turns;
mod view;
mod watch;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use seat_layout::{BookingId, EventId, Layout, LayoutId, SeatId};
use seat_state::{Timestamp, Version};
use tokio::sync::Notify;

pub use self::{
    bookings::{Actor, Cancelled, PaymentUpdate},
    confirm::{Confirm, Confirmed},
    project::ProjectedAnew,
    rounds::AuditReport,
    view::EventView,
    watch::{Announcement, Watch, WatchMessage},
};
use self::{slot::Slot, turns::Turns};
use crate::{
    Settings, StoreError,
    ports::{Clock, LockStore, Projection, Randomness, Repository, SystemClock, SystemRandomness},
};

/// What a service stands on.
#[derive(Clone)]
pub struct Ports {
    /// Who holds what.
    pub locks: Arc<dyn LockStore>,
    /// What was sold.
    pub repository: Arc<dyn Repository>,
    /// Where every seat's state is written behind; `None` where nobody makes reports of it.
    pub projection: Option<Arc<dyn Projection>>,
    /// The node's time.
    pub clock: Arc<dyn Clock>,
    /// The node's randomness.
    pub random: Arc<dyn Randomness>,
}

/// Sells seats: holds, the transfer of a hold into a booking, and what a seat map shows.
///
/// Cloning shares everything. Any number of services, in any number of processes, may stand on the
/// same stores.
#[derive(Clone)]
pub struct BookingService {
    inner: Arc<Inner>,
}

struct Inner {
    ports: Ports,
    settings: Settings,
    slots: RwLock<HashMap<EventId, Arc<Slot>>>,
    /// Who reads an event for this node.
    readings: Turns<EventId>,
    /// Who loads an event for this node.
    loadings: Turns<EventId>,
    /// Layouts never change, and many events may have the same one.
    layouts: Mutex<HashMap<LayoutId, std::sync::Weak<Layout>>>,
    /// Events loaded by this node that are to be audited at that time.
    audits: Mutex<HashMap<EventId, Timestamp>>,
    /// Events with live views that were changed and not yet followed, as far as this node knows.
    changed_events: Mutex<HashSet<EventId>>,
    changed: Notify,
    /// There is one more event with a live view.
    first_read: Notify,
    /// Events whose projection may be behind, by the latest version that this node has made.
    unprojected: Mutex<HashMap<EventId, Version>>,
    #[cfg(planted)]
    salt: [u8; 12],
}

/// Seats that were given back, blocked or unblocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatsChanged {
    /// The seats.
    pub seats: Vec<SeatId>,
    /// The version that shows it; absent when the lock store did not say.
    pub version: Option<Version>,
}

impl BookingService {
    /// A service on these stores, with the system's clock and randomness and the default
    /// settings.
    pub fn new(locks: impl LockStore + 'static, repository: impl Repository + 'static) -> Self {
        let ports = Ports {
            locks: Arc::new(locks),
            repository: Arc::new(repository),
            projection: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandomness),
        };
        Self::with_ports(ports, Settings::default())
    }

    /// A service on anyone's ports.
    pub fn with_ports(ports: Ports, settings: Settings) -> Self {
        let settings = Settings { pages: settings.pages.bounded(), ..settings };
        let inner = Inner {
            #[cfg(planted)]
            salt: ports.random.bytes(),
            ports,
            settings,
            slots: RwLock::default(),
            readings: Turns::default(),
            loadings: Turns::default(),
            layouts: Mutex::default(),
            audits: Mutex::default(),
            changed_events: Mutex::default(),
            changed: Notify::new(),
            first_read: Notify::new(),
            unprojected: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The node's time.
    pub fn now(&self) -> Timestamp {
        self.inner.ports.clock.now()
    }

    /// Whether the lock store can be reached and keeps its promises.
    ///
    /// # Errors
    /// Its own.
    pub async fn locks_ready(&self) -> Result<(), StoreError> {
        Ok(self.locks().ready().await?)
    }

    /// Whether the repository can be reached and keeps its promises.
    ///
    /// # Errors
    /// Its own.
    pub async fn repository_ready(&self) -> Result<(), StoreError> {
        Ok(self.repository().ready().await?)
    }

    fn locks(&self) -> &dyn LockStore {
        &*self.inner.ports.locks
    }

    fn repository(&self) -> &dyn Repository {
        &*self.inner.ports.repository
    }

    fn clock(&self) -> &dyn Clock {
        &*self.inner.ports.clock
    }

    fn random_id(&self) -> BookingId {
        BookingId::from_bytes(self.inner.ports.random.bytes())
    }
}

/// A poisoned mutex is taken all the same: nothing here panics half-way through a change.
fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
