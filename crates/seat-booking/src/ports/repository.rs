use async_trait::async_trait;
use seat_layout::{BookingId, EventId, Layout, LayoutId, UserId};
use seat_state::Timestamp;
use thiserror::Error;

use super::BackendError;
use crate::{Active, Booking, Event, Item, Record};

/// Layouts, events and bookings, for good: the one place where it is true that a seat was sold.
///
/// # Contract
/// - R1. A layout and an event read back as they were inserted, and inserting the same again
///   changes nothing.
/// - R2. `events` lists events by id, the greatest first, from before the given one.
/// - R3. Of all documents of one event, no two that are active share an item, whoever inserts at
///   the same moment: one insert is `Inserted`, the other a `Duplicate`.
/// - R4. Items of different events have nothing to do with each other.
/// - R5. A second document under an id is a `Duplicate`, whatever it is.
/// - R6. An insert stores its document whole or not at all.
/// - R7. What was `Inserted` or `Updated` is durable before the answer.
/// - R8. A document reads back as it was written last.
/// - R9. `update` replaces a booking only when the stored one has the revision just before, and is
///   `Stale` otherwise.
/// - R10. An update that cancels gives the items back at once; nothing ever puts them back: an
///   update of a cancelled booking is `Stale`.
/// - R11. `unblock` gives a block's seat back and leaves an abandoned document; it may be repeated,
///   and does nothing to a booking.
/// - R12. `active` pages by id through every active document of the event.
/// - R13. `owners` lists every active document of the event that has one of the items.
/// - R14. `bookings_of` lists a user's bookings, cancelled too, newest first, and no blocks or
///   abandoned documents.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Repository: Send + Sync {
    /// Stores a layout.
    async fn insert_layout(&self, id: LayoutId, layout: &Layout) -> Result<(), RepositoryError>;

    /// A layout.
    async fn layout(&self, id: LayoutId) -> Result<Option<Layout>, RepositoryError>;

    /// Stores an event.
    async fn insert_event(&self, event: &Event) -> Result<(), RepositoryError>;

    /// An event.
    async fn event(&self, id: EventId) -> Result<Option<Event>, RepositoryError>;

    /// At most `limit` events with ids below `before`, or the greatest ones.
    async fn events(
        &self,
        before: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<Event>, RepositoryError>;

    /// Stores a document under its id.
    async fn insert(&self, record: Record) -> Result<InsertReply, RepositoryError>;

    /// The document of this id.
    async fn record(&self, id: BookingId) -> Result<Option<Record>, RepositoryError>;

    /// Replaces a booking by its next revision.
    async fn update(&self, booking: Booking) -> Result<UpdateReply, RepositoryError>;

    /// Turns a block into an abandoned document.
    async fn unblock(&self, id: BookingId) -> Result<(), RepositoryError>;

    /// At most `limit` active documents of the event with ids above `after`, in the order of ids.
    async fn active(
        &self,
        event: EventId,
        after: Option<BookingId>,
        limit: usize,
    ) -> Result<Vec<Active>, RepositoryError>;

    /// The active documents of the event that have one of these items.
    async fn owners(
        &self,
        event: EventId,
        items: Vec<Item>,
    ) -> Result<Vec<Active>, RepositoryError>;

    /// At most `limit` bookings of the user that are older than `before`, newest first, by time and
    /// then by id.
    async fn bookings_of(
        &self,
        user: UserId,
        before: Option<(Timestamp, BookingId)>,
        limit: usize,
    ) -> Result<Vec<Booking>, RepositoryError>;

    /// Whether the store can be reached and keeps its promises.
    async fn ready(&self) -> Result<(), RepositoryError>;
}

/// The answer to an insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsertReply {
    /// It is stored.
    Inserted,
    /// A document of this id, or an active one with one of the items, is there already. Which of
    /// the two is not said: the caller reads the id.
    Duplicate,
}

/// The answer to an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateReply {
    /// It is stored.
    Updated,
    /// The stored document is of another revision, cancelled, or not a booking.
    Stale,
}

/// Why a repository gave no answer.
#[derive(Debug, Clone, Error)]
pub enum RepositoryError {
    /// Nothing was done; it may be repeated.
    #[error("the repository is not available")]
    Unavailable(#[source] BackendError),
    /// It was done or not: read before anything is said, or repeat it under the same id.
    #[error("the repository did not say whether it was done")]
    Unknown(#[source] BackendError),
}
