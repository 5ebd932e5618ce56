use std::sync::Arc;

use async_trait::async_trait;
use seat_booking::{
    Active, Booking, Event, Item, Record,
    ports::{InsertReply, Repository, RepositoryError, UpdateReply},
};
use seat_layout::{BookingId, EventId, Layout, LayoutId, UserId};
use seat_state::Timestamp;

/// A repository that something happens to before each insert: between two steps of the protocol a
/// process can be stopped only where it calls a store.
pub struct BeforeInserts<F> {
    /// Does the work.
    pub repository: Arc<dyn Repository>,
    /// Is called with what is to be inserted.
    pub before: F,
}

macro_rules! pass_on {
    ($($name:ident($($argument:ident: $type:ty),*) -> $reply:ty;)*) => {
        #[async_trait]
        impl<F: Fn(&Record) + Send + Sync> Repository for BeforeInserts<F> {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$reply, RepositoryError> {
                self.repository.$name($($argument),*).await
            })*

            async fn insert(&self, record: Record) -> Result<InsertReply, RepositoryError> {
                (self.before)(&record);
                self.repository.insert(record).await
            }
        }
    };
}

pass_on! {
    insert_layout(id: LayoutId, layout: &Layout) -> ();
    layout(id: LayoutId) -> Option<Layout>;
    insert_event(event: &Event) -> ();
    event(id: EventId) -> Option<Event>;
    events(before: Option<EventId>, limit: usize) -> Vec<Event>;
    record(id: BookingId) -> Option<Record>;
    update(booking: Booking) -> UpdateReply;
    unblock(id: BookingId) -> ();
    active(event: EventId, after: Option<BookingId>, limit: usize) -> Vec<Active>;
    owners(event: EventId, items: Vec<Item>) -> Vec<Active>;
    bookings_of(
        user: UserId,
        before: Option<(Timestamp, BookingId)>,
        limit: usize
    ) -> Vec<Booking>;
    ready() -> ();
}
