use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use seat_layout::{EventId, Layout};
use seat_state::{Change, LiveState, Timestamp, Version};
use tokio::sync::{Mutex as AsyncMutex, broadcast};

use super::{Announcement, BookingService, WatchMessage, guard, slot::Slot};
use crate::{BookingError, Event, ports::ChangesReply};

/// How many steps a watcher may be behind before it is told to read the states anew.
const WATCH_BEHIND_MAX: usize = 4_096;
/// How often the state is read anew because what follows does not fit it.
pub(super) const RESYNCS_MAX: usize = 4;
/// The version of a view that has read nothing; every lock store's is greater.
pub(super) const UNREAD: Version = Version { epoch: 0, seq: 0 };

/// An event as this node shows it. It may lag by the time of a hop; its version says what it
/// shows, and nothing is decided by it.
pub struct EventView {
    event: Arc<Event>,
    live: RwLock<LiveState>,
    announcements: broadcast::Sender<WatchMessage>,
    /// One reader at a time brings it up to date; the others wait for that.
    refreshing: AsyncMutex<()>,
    refreshed_at: Mutex<Option<Timestamp>>,
}

impl EventView {
    pub(super) fn new(event: Arc<Event>, layout: Arc<Layout>) -> Self {
        Self {
            event,
            live: RwLock::new(LiveState::new(layout, UNREAD)),
            announcements: broadcast::Sender::new(WATCH_BEHIND_MAX),
            refreshing: AsyncMutex::new(()),
            refreshed_at: Mutex::new(None),
        }
    }

    /// The event.
    pub fn event(&self) -> &Arc<Event> {
        &self.event
    }

    /// Its layout.
    pub fn layout(&self) -> Arc<Layout> {
        self.read(|live| Arc::clone(live.layout()))
    }

    /// The version that it shows.
    pub fn version(&self) -> Version {
        self.read(LiveState::version)
    }

    /// Looks at the state, which stays as it is meanwhile: `look` must be quick and not call back.
    pub fn read<T>(&self, look: impl FnOnce(&LiveState) -> T) -> T {
        look(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn was_read(&self) -> bool {
        self.version() != UNREAD
    }

    /// Everything announced from now on, and the version that it starts after.
    pub(super) fn subscribe(&self) -> (broadcast::Receiver<WatchMessage>, Version) {
        // Announcements are made under the write lock, so none falls between the two.
        self.read(|live| (self.announcements.subscribe(), live.version()))
    }

    /// Takes the next steps; `false` when they do not fit and the state must be read anew.
    fn apply(&self, changes: Vec<Change>) -> bool {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            if live.apply(&change).is_err() {
                return false;
            }
            let announcement = Announcement::new(live.version(), change);
            // Without watchers there is nobody to tell.
            let _ = self.announcements.send(WatchMessage::Change(Arc::new(announcement)));
        }
        true
    }

    fn replace(&self, state: LiveState) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        let _ = self.announcements.send(WatchMessage::Resync(state.version()));
        *live = state;
    }

    fn shows(&self, version: Option<Version>) -> bool {
        version.is_none_or(|version| self.version() >= version)
    }

    fn is_fresh(&self, now: Timestamp, within: Duration) -> bool {
        // A clock that was set back would make it fresh until it has come so far again.
        guard(&self.refreshed_at).is_some_and(|at| at <= now && now.since(at) < within)
    }
}

impl BookingService {
    /// The same as [`view`](Self::view) would give, if no store has to be asked for it.
    pub fn fresh_view(&self, event: &EventId, at_least: Option<Version>) -> Option<Arc<EventView>> {
        let slot = self.touched_slot(event)?;
        let view = slot.view();
        let fresh =
            view.was_read() && view.is_fresh(self.now(), self.inner.settings.timing.poll_every);
        (fresh && view.shows(slot.written().version) && view.shows(at_least))
            .then(|| Arc::clone(view))
    }

    /// The event as it is to be shown: with everything that this node has changed, and, after a
    /// wait of at most a second, with what another node had changed at the version `at_least`.
    ///
    /// # Errors
    /// [`BookingError::EventNotFound`], [`BookingError::Unavailable`].
    pub async fn view(
        &self,
        event: &EventId,
        at_least: Option<Version>,
    ) -> Result<Arc<EventView>, BookingError> {
        let slot = self.slot(event).await?;
        let timing = &self.inner.settings.timing;
        self.refresh(&slot, slot.written().version, timing.poll_every).await?;
        let view = slot.view();
        if view.shows(at_least) {
            return Ok(Arc::clone(view));
        }
        let deadline = self.now().after(timing.at_least_wait);
        // However many wait for it, the store is asked only so often.
        let ask_every = timing.retry_pause * 4;
        loop {
            self.refresh(&slot, slot.written().version, ask_every).await?;
            if view.shows(at_least) || self.now() >= deadline {
                return Ok(Arc::clone(view));
            }
            self.clock().sleep(timing.retry_pause).await;
        }
    }

    /// Brings the view of an event up to date and tells its watchers; nothing without a view.
    ///
    /// # Errors
    /// [`BookingError::Unavailable`].
    pub async fn follow(&self, event: &EventId) -> Result<(), BookingError> {
        match self.known_slot(event) {
            Some(slot) if slot.was_read() => self.refresh(&slot, None, Duration::ZERO).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Reads what has changed, unless the view shows `wanted` and somebody has read so lately.
    async fn refresh(
        &self,
        slot: &Slot,
        wanted: Option<Version>,
        lately: Duration,
    ) -> Result<(), BookingError> {
        let view = slot.view();
        let is_good = || view.was_read() && view.shows(wanted) && view.is_fresh(self.now(), lately);
        if is_good() {
            return Ok(());
        }
        let _turn = self.within_load_wait(pin!(view.refreshing.lock())).await?;
        // Whoever had the turn before may have read enough for all who waited.
        if is_good() {
            return Ok(());
        }
        let (now, written) = (self.now(), slot.written());
        while let Some(changes) = self.changes_after(slot, view.version()).await? {
            let all = changes.len() < self.inner.settings.pages.changes;
            if !view.apply(changes) {
                break;
            }
            if all {
                *guard(&view.refreshed_at) = Some(now);
                slot.forget_lost(written);
                return Ok(());
            }
        }
        for _ in 0..RESYNCS_MAX {
            if let Some(state) = self.read_anew(slot).await? {
                let is_first = !view.was_read();
                view.replace(state);
                if is_first {
                    self.inner.first_read.notify_one();
                }
                *guard(&view.refreshed_at) = Some(now);
                slot.forget_lost(written);
                return Ok(());
            }
        }
        Err(BookingError::Unavailable(None))
    }

    /// The state as it is now; `None` when the lock store was loaded anew meanwhile.
    ///
    /// The pages are read at different versions. The changes after the first page's, applied to
    /// all of them, make one state.
    pub(super) async fn read_anew(&self, slot: &Slot) -> Result<Option<LiveState>, BookingError> {
        let event = slot.event.id;
        let mut cursor = String::new();
        let mut state: Option<LiveState> = None;
        loop {
            let page = self.loaded(event, || self.locks().snapshot(event, cursor.clone()));
            let page = page.await?;
            let state =
                state.get_or_insert_with(|| LiveState::new(Arc::clone(&slot.layout), page.version));
            if state.version().epoch != page.version.epoch {
                return Ok(None);
            }
            for seat in &page.seats {
                state.set(seat);
            }
            match page.next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        let Some(mut state) = state else { return Ok(None) };
        loop {
            let Some(changes) = self.changes_after(slot, state.version()).await? else {
                return Ok(None);
            };
            if changes.iter().any(|change| state.apply(change).is_err()) {
                return Ok(None);
            }
            if changes.len() < self.inner.settings.pages.changes {
                return Ok(Some(state));
            }
        }
    }

    /// The next steps after a version; `None` when the state must be read anew.
    pub(super) async fn changes_after(
        &self,
        slot: &Slot,
        since: Version,
    ) -> Result<Option<Vec<Change>>, BookingError> {
        let event = slot.event.id;
        let changes = self.loaded(event, || {
            self.locks().changes(event, since, self.inner.settings.pages.changes)
        });
        match changes.await? {
            ChangesReply::Changes(changes) => Ok(Some(changes)),
            ChangesReply::Resync => Ok(None),
        }
    }
}
