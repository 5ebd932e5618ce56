use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use seat_booking::{
    Active, Booking, Event, Item, Record, Selection,
    ports::{
        BackendError, BeginReply, BlockReply, BlockRequest, ChangesReply, ExtendReply,
        ExtendRequest, FinishReply, FinishRequest, HoldReply, HoldRequest, InsertReply,
        LoadBeginReply, LoadReply, LoadRequest, LockError, LockStore, MarksPage, ReleaseReply,
        Repository, RepositoryError, SnapshotPage, SweepReply, TableHoldRequest, TransferReply,
        TransferRequest, UpdateReply, UserHolds,
    },
};
use seat_layout::{BookingId, EventId, Layout, LayoutId, SeatId, UserId};
use seat_state::{Timestamp, Version};

use crate::Trap;

/// A store with a trap before and after each call: between two steps of the protocol a process can
/// be stopped only where it calls a store.
///
/// A call that fails before it is made leaves the store as it is; one that fails after it was
/// answered has been made, and the answer is lost.
pub struct Interposed<P: ?Sized> {
    /// Does the work.
    pub store: Arc<P>,
    /// Is asked before and after each call.
    pub trap: Arc<Trap>,
    /// The only event that the process takes care of by itself: where many tests share the stores,
    /// it would come to its point in another one's event.
    pub only: Option<EventId>,
}

impl<P: ?Sized> Interposed<P> {
    /// A call with the trap on both sides of it.
    async fn call<T, E>(
        &self,
        [before, after]: Sides<E>,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.trap.at(before.0).map_err(before.1)?;
        let reply = call.await?;
        self.trap.at(after.0).map_err(after.1)?;
        Ok(reply)
    }
}

/// What is before a call and what is after it: the name of the point, and how the port says that it
/// failed there.
type Sides<E> = [(&'static str, fn(BackendError) -> E); 2];

/// The two sides of a call of this name, with the errors that the port has for them.
macro_rules! sides {
    ($name:expr, $before:path, $after:path) => {
        [(concat!($name, ".before"), $before), (concat!($name, ".after"), $after)]
    };
}

macro_rules! pass_on {
    (
        impl $port:ident or $error:ident: $before:path, $after:path;
        { $($name:ident($($argument:ident: $type:ty),*) -> $reply:ty;)* }
        $($differently:tt)*
    ) => {
        #[async_trait]
        impl $port for Interposed<dyn $port> {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$reply, $error> {
                let call = self.store.$name($($argument),*);
                self.call(sides!(stringify!($name), $before, $after), call).await
            })*

            $($differently)*
        }
    };
}

pass_on! {
    impl LockStore or LockError: LockError::Unknown, LockError::Unknown;
    {
        hold(request: HoldRequest) -> HoldReply;
        hold_table(request: TableHoldRequest) -> HoldReply;
        release(event: EventId, user: UserId, selection: Selection) -> ReleaseReply;
        extend(request: ExtendRequest) -> ExtendReply;
        holds_of(event: EventId, user: UserId) -> UserHolds;
        begin(request: TransferRequest) -> BeginReply;
        begin_block(request: BlockRequest) -> BlockReply;
        finish(request: FinishRequest) -> FinishReply;
        abort(event: EventId, id: BookingId, items: Vec<Item>) -> Version;
        free(event: EventId, id: BookingId, items: Vec<Item>) -> Version;
        transfer(event: EventId, id: BookingId) -> TransferReply;
        transfers(event: EventId, age: Duration, limit: usize) -> Vec<BookingId>;
        load_begin(request: LoadRequest) -> LoadBeginReply;
        load_drop(event: EventId, epoch: u64) -> LoadReply;
        load_chunk(event: EventId, epoch: u64, active: Vec<Active>) -> LoadReply;
        load_end(event: EventId, epoch: u64) -> LoadReply;
        sweep(event: EventId, limit: usize) -> SweepReply;
        snapshot(event: EventId, cursor: String) -> SnapshotPage;
        changes(event: EventId, since: Version, limit: usize) -> ChangesReply;
        marks(event: EventId, cursor: String) -> MarksPage;
        holders(event: EventId, seats: Vec<SeatId>) -> Vec<(SeatId, UserId)>;
        ready() -> ();
    }

    async fn hinted(&self, following: Vec<EventId>) -> Vec<EventId> {
        self.store.hinted(following).await
    }
}

pass_on! {
    impl Repository or RepositoryError: RepositoryError::Unavailable, RepositoryError::Unknown;
    {
        insert_layout(id: LayoutId, layout: &Layout) -> ();
        layout(id: LayoutId) -> Option<Layout>;
        insert_event(event: &Event) -> ();
        event(id: EventId) -> Option<Event>;
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

    async fn insert(&self, record: Record) -> Result<InsertReply, RepositoryError> {
        use RepositoryError::{Unavailable, Unknown};
        let sides: Sides<RepositoryError> = match &record {
            Record::Booking(_) => sides!("insert", Unavailable, Unknown),
            Record::Abandoned(_) => sides!("fence", Unavailable, Unknown),
            Record::Block(_) => sides!("block", Unavailable, Unknown),
        };
        self.call(sides, self.store.insert(record)).await
    }

    async fn events(
        &self,
        before: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<Event>, RepositoryError> {
        match (self.only, before) {
            (None, _) => self.store.events(before, limit).await,
            (Some(only), None) => Ok(self.store.event(only).await?.into_iter().collect()),
            (Some(_), Some(_)) => Ok(Vec::new()),
        }
    }
}
