//! The repository as one node reaches it.

use async_trait::async_trait;
use futures_util::FutureExt;
use seat_booking::{
    Active, Booking, Event, Item, Record,
    ports::{BackendError, InsertReply, Repository, RepositoryError, UpdateReply},
};
use seat_layout::{BookingId, EventId, Layout, LayoutId, UserId};
use seat_state::Timestamp;

use crate::{chaos::Store, house::House, node::Node, wire::NoReply, words::Word};

pub(crate) struct NodeRepository {
    pub(crate) node: Node,
    pub(crate) house: House,
}

impl Word for RepositoryError {
    fn word(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// Every method of the port but those that take something borrowed, which no request calls.
macro_rules! ask {
    ($($name:ident($($argument:ident: $type:ty),*) -> $reply:ty, $then:expr;)*) => {
        #[async_trait]
        impl Repository for NodeRepository {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$reply, RepositoryError> {
                let house = self.house.clone();
                let about = {
                    $(let $argument = $argument.clone();)*
                    move || format!("{:?}", ($(&$argument,)*))
                };
                let step = move || {
                    let asked = house.repository.$name($($argument.clone()),*);
                    let reply = asked.now_or_never().expect("memory answers at once")?;
                    let then: fn(&House, $(&$type,)* &$reply) = $then;
                    then(&house, $(&$argument,)* &reply);
                    Ok(reply)
                };
                self.node.ask(Store::Repository, stringify!($name), about, step, no_reply).await
            })*

            async fn insert_layout(
                &self,
                id: LayoutId,
                layout: &Layout,
            ) -> Result<(), RepositoryError> {
                self.house.repository.insert_layout(id, layout).await
            }

            async fn insert_event(&self, event: &Event) -> Result<(), RepositoryError> {
                self.house.repository.insert_event(event).await
            }
        }
    };
}

fn no_reply(no: NoReply) -> RepositoryError {
    let error = BackendError::new("the simulation", "answer", "no reply");
    match no {
        NoReply::Refused => RepositoryError::Unavailable(error),
        NoReply::Unheard => RepositoryError::Unknown(error),
    }
}

ask! {
    layout(id: LayoutId) -> Option<Layout>, |_, _, _| {};
    event(id: EventId) -> Option<Event>, |_, _, _| {};
    events(before: Option<EventId>, limit: usize) -> Vec<Event>, |_, _, _, _| {};
    insert(record: Record) -> InsertReply, |house, record, reply| {
        if *reply == InsertReply::Inserted {
            house.checks.after_insert(record);
        }
    };
    record(id: BookingId) -> Option<Record>, |_, _, _| {};
    update(booking: Booking) -> UpdateReply, |house, booking, reply| {
        if *reply == UpdateReply::Updated && !booking.is_active() {
            house.checks.after_given_back(booking.id);
        }
    };
    unblock(id: BookingId) -> (), |house, id, ()| house.checks.after_given_back(*id);
    active(event: EventId, after: Option<BookingId>, limit: usize) -> Vec<Active>,
        |_, _, _, _, _| {};
    owners(event: EventId, items: Vec<Item>) -> Vec<Active>, |_, _, _, _| {};
    bookings_of(
        user: UserId,
        before: Option<(Timestamp, BookingId)>,
        limit: usize
    ) -> Vec<Booking>, |_, _, _, _, _| {};
    ready() -> (), |_, ()| {};
}
