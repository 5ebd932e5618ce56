use std::sync::Arc;

use seat_layout::{EventId, Layout, LayoutId};

use super::{BookingService, view::UNREAD};
use crate::{BookingError, Event, NewEvent};

impl BookingService {
    /// Stores a layout, for good. Repeating the call stores another one.
    ///
    /// # Errors
    /// [`BookingError::Unavailable`].
    pub async fn create_layout(&self, layout: Layout) -> Result<LayoutId, BookingError> {
        let id = LayoutId::from_bytes(self.dated_id());
        self.repository().insert_layout(id, &layout).await?;
        Ok(id)
    }

    /// A layout.
    ///
    /// # Errors
    /// [`BookingError::LayoutNotFound`], [`BookingError::Unavailable`].
    pub async fn layout(&self, id: &LayoutId) -> Result<Arc<Layout>, BookingError> {
        if let Some(layout) = self.known_layout(id) {
            return Ok(layout);
        }
        let layout = self.repository().layout(*id).await?.ok_or(BookingError::LayoutNotFound)?;
        let layout = Arc::new(layout);
        self.remember_layout(*id, &layout);
        Ok(layout)
    }

    /// Puts a layout on sale. Repeating the call makes another event.
    ///
    /// # Errors
    /// [`BookingError::LayoutNotFound`], [`BookingError::Unavailable`].
    pub async fn create_event(&self, event: NewEvent) -> Result<EventId, BookingError> {
        self.layout(&event.layout_id).await?;
        let event = Event {
            id: EventId::from_bytes(self.dated_id()),
            layout_id: event.layout_id,
            name: event.name,
            starts_at: event.starts_at,
            currency: event.currency,
            created_at: self.now(),
        };
        self.repository().insert_event(&event).await?;
        self.note_unprojected(event.id, UNREAD);
        Ok(event.id)
    }

    /// An event.
    ///
    /// # Errors
    /// [`BookingError::EventNotFound`], [`BookingError::Unavailable`].
    pub async fn event(&self, id: &EventId) -> Result<Arc<Event>, BookingError> {
        Ok(Arc::clone(&self.slot(id).await?.event))
    }

    /// At most `limit` events created before the given one, the newest first.
    ///
    /// # Errors
    /// [`BookingError::Unavailable`].
    pub async fn events(
        &self,
        before: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<Event>, BookingError> {
        Ok(self.repository().events(before, limit).await?)
    }

    /// An id that sorts by the millisecond it was made in, and begins with the second like a
    /// MongoDB ObjectId.
    fn dated_id(&self) -> [u8; 12] {
        let mut bytes = self.inner.ports.random.bytes();
        let ms = u64::try_from(self.now().ms()).unwrap_or(0);
        let seconds = u32::try_from(ms / 1_000).unwrap_or(u32::MAX);
        let rest = (ms % 1_000) as u16;
        bytes[..4].copy_from_slice(&seconds.to_be_bytes());
        bytes[4..6].copy_from_slice(&rest.to_be_bytes());
        bytes
    }
}
