use std::{
    pin::pin,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
    time::Duration,
};

use futures_util::future::{Either, select};
use seat_layout::{EventId, Layout, LayoutId};
use seat_state::{Timestamp, Version};

use super::{BookingService, EventView, guard};
use crate::{BookingError, Event};

/// What this node keeps of an event that somebody asks for.
pub(super) struct Slot {
    pub(super) event: Arc<Event>,
    pub(super) layout: Arc<Layout>,
    /// Made for the first reader: an event that is only sold has none.
    view: OnceLock<Arc<EventView>>,
    /// The latest version that this node has made; its own reads show at least that.
    written: Mutex<Written>,
    touched_at: Mutex<Timestamp>,
}

/// What this node has written of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// The greatest version.
    pub(super) version: Option<Version>,
    /// How often, so that nobody takes two states for one.
    times: u64,
}

impl Slot {
    pub(super) fn written(&self) -> Written {
        *guard(&self.written)
    }

    /// Forgets a version written that the view does not show though it was read since: the lock
    /// store has lost it, and its clock is behind, so that later versions are smaller.
    pub(super) fn forget_lost(&self, before: Written) {
        let mut written = guard(&self.written);
        if *written == before {
            written.version.take_if(|version| self.view().version() < *version);
        }
    }

    pub(super) fn view(&self) -> &Arc<EventView> {
        self.view.get_or_init(|| {
            Arc::new(EventView::new(Arc::clone(&self.event), Arc::clone(&self.layout)))
        })
    }

    /// Whether there is a view, and it has read something.
    pub(super) fn was_read(&self) -> bool {
        self.view.get().is_some_and(|view| view.was_read())
    }

    /// Whether nobody has asked for it for so long, and nobody watches it.
    pub(super) fn is_idle(&self, now: Timestamp, after: Duration) -> bool {
        let watched = self.view.get().is_some_and(|view| Arc::strong_count(view) > 1);
        now.since(*guard(&self.touched_at)) > after && !watched
    }
}

impl BookingService {
    /// What this node keeps of the event; read from the repository at first.
    pub(super) async fn slot(&self, id: &EventId) -> Result<Arc<Slot>, BookingError> {
        if let Some(slot) = self.touched_slot(id) {
            return Ok(slot);
        }
        let turn = pin!(self.inner.readings.take(*id));
        let _turn = self.within_load_wait(turn).await?;
        if let Some(slot) = self.touched_slot(id) {
            return Ok(slot);
        }
        let slot = self.read_slot(id).await?;
        let mut slots = self.inner.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.insert(*id, Arc::clone(&slot));
        Ok(slot)
    }

    /// The same for a round: an event that nobody asks for is not kept for it.
    pub(super) async fn passing_slot(&self, id: &EventId) -> Result<Arc<Slot>, BookingError> {
        match self.known_slot(id) {
            Some(slot) => Ok(slot),
            None => self.read_slot(id).await,
        }
    }

    async fn read_slot(&self, id: &EventId) -> Result<Arc<Slot>, BookingError> {
        let event = self.repository().event(*id).await?.ok_or(BookingError::EventNotFound)?;
        let layout = self.layout(&event.layout_id).await?;
        let event = Arc::new(event);
        Ok(Arc::new(Slot {
            view: OnceLock::new(),
            event,
            layout,
            written: Mutex::default(),
            touched_at: Mutex::new(self.now()),
        }))
    }

    /// A slot that somebody asks for. It is touched while it can't be dropped, or the caller could
    /// be left with a view that nobody follows.
    pub(super) fn touched_slot(&self, id: &EventId) -> Option<Arc<Slot>> {
        let slots = self.inner.slots.read().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.get(id)?;
        *guard(&slot.touched_at) = self.now();
        Some(Arc::clone(slot))
    }

    pub(super) fn known_slot(&self, id: &EventId) -> Option<Arc<Slot>> {
        self.inner.slots.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Notes a version that this node has made, so that its own reads show it and it is projected.
    pub(super) fn wrote(&self, event: &EventId, version: Version) -> Version {
        self.note_unprojected(*event, version);
        if let Some(slot) = self.known_slot(event) {
            let mut written = guard(&slot.written);
            written.version = written.version.max(Some(version));
            written.times += 1;
            drop(written);
            if slot.was_read() {
                self.note_changed([*event]);
            }
        }
        version
    }

    fn note_changed(&self, events: impl IntoIterator<Item = EventId>) {
        let mut changed = guard(&self.inner.changed_events);
        let known = changed.len();
        changed.extend(events);
        if changed.len() > known {
            self.inner.changed.notify_one();
        }
    }

    /// Listens to the lock store for what other nodes change: returns when it has hinted at some
    /// events with live views, which [`changed`](Self::changed) then tells of, and when there is
    /// one more event to listen for. To be called in a loop. Dropping the future loses nothing.
    pub async fn listen(&self) {
        let hinted = self.locks().hinted(self.followed());
        let first_read = pin!(self.inner.first_read.notified());
        match select(hinted, first_read).await {
            Either::Left((events, _)) => self.note_changed(events),
            Either::Right(((), _)) => {}
        }
    }

    /// Waits until an event that has a live view was changed by this node, or by another as far as
    /// the lock store [hinted](Self::listen) at it. Dropping the future loses nothing.
    pub async fn changed(&self) {
        self.inner.changed.notified().await;
    }

    /// The events with live views that were changed since the last call: those to
    /// [`follow`](Self::follow) at once.
    pub fn take_changed(&self) -> Vec<EventId> {
        guard(&self.inner.changed_events).drain().collect()
    }

    /// The events with a live view on this node.
    pub fn followed(&self) -> Vec<EventId> {
        let slots = self.inner.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.iter().filter(|(_, slot)| slot.was_read()).map(|(id, _)| *id).collect()
    }

    /// Forgets what nobody has asked for lately; it is read again when somebody does.
    pub fn drop_idle(&self) {
        let (now, after) = (self.now(), self.inner.settings.timing.view_idle);
        let mut slots = self.inner.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slot| !slot.is_idle(now, after));
        drop(slots);
        guard(&self.inner.layouts).retain(|_, layout| layout.strong_count() > 0);
    }

    /// A layout that some slot still has.
    pub(super) fn known_layout(&self, id: &LayoutId) -> Option<Arc<Layout>> {
        guard(&self.inner.layouts).get(id).and_then(Weak::upgrade)
    }

    pub(super) fn remember_layout(&self, id: LayoutId, layout: &Arc<Layout>) {
        guard(&self.inner.layouts).insert(id, Arc::downgrade(layout));
    }
}
