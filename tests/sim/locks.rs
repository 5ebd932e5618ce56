//! The lock store as one node reaches it.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use seat_booking::{
    Active, Item, Selection,
    ports::{
        BackendError, BeginReply, BlockReply, BlockRequest, ChangesReply, ExtendReply,
        ExtendRequest, FinishReply, FinishRequest, HoldReply, HoldRequest, LoadBeginReply,
        LoadReply, LoadRequest, LockError, LockStore, MarksPage, ReleaseReply, SnapshotPage,
        SweepReply, TableHoldRequest, TransferReply, TransferRequest, UserHolds,
    },
};
use seat_layout::{BookingId, EventId, SeatId, UserId};
use seat_state::Version;

use crate::{chaos::Store, checks::LockStep, house::House, node::Node, wire::NoReply, words::Word};

pub(crate) struct NodeLocks {
    pub(crate) node: Node,
    pub(crate) house: House,
}

impl Word for LockError {
    fn word(&self) -> &'static str {
        match self {
            Self::NotLoaded => "not_loaded",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// Every method of the port: what the memory store does when the request arrives, and how the step
/// is shown to the checks.
macro_rules! ask {
    ($($name:ident($($argument:ident: $type:ty),*) -> $reply:ty, $step:expr;)*) => {
        #[async_trait]
        impl LockStore for NodeLocks {
            $(async fn $name(&self, $($argument: $type),*) -> Result<$reply, LockError> {
                let house = self.house.clone();
                let about = {
                    $(let $argument = $argument.clone();)*
                    move || format!("{:?}", ($(&$argument,)*))
                };
                let step = move || {
                    let asked = house.locks.$name($($argument.clone()),*);
                    let reply = asked.now_or_never().expect("memory answers at once");
                    let shown: fn($(&$type,)* &$reply) -> LockStep = $step;
                    let step = match &reply {
                        Ok(reply) => shown($(&$argument,)* reply),
                        Err(_) => LockStep::Refused,
                    };
                    house.checks.after_lock_step(&house, stringify!($name), &step);
                    reply
                };
                self.node.ask(Store::Locks, stringify!($name), about, step, unknown).await
            })*

            async fn hinted(&self, _following: Vec<EventId>) -> Vec<EventId> {
                std::future::pending().await
            }

            async fn ready(&self) -> Result<(), LockError> {
                Ok(())
            }
        }
    };
}

fn unknown(_: NoReply) -> LockError {
    LockError::Unknown(BackendError::new("the simulation", "answer", "no reply"))
}

ask! {
    hold(request: HoldRequest) -> HoldReply, |request, reply| LockStep::Hold {
        user: request.user.clone(),
        items: request.seats.iter().cloned().map(Item::Seat).collect(),
        ttl: request.ttl,
        seats_max: request.seats_max,
        reply: reply.clone(),
    };
    hold_table(request: TableHoldRequest) -> HoldReply, |request, reply| LockStep::Hold {
        user: request.user.clone(),
        items: request
            .seats
            .iter()
            .cloned()
            .map(Item::Seat)
            .chain([Item::Table(request.table.clone())])
            .collect(),
        ttl: request.ttl,
        seats_max: request.seats_max,
        reply: reply.clone(),
    };
    release(event: EventId, user: UserId, selection: Selection) -> ReleaseReply,
        |_, user, selection, _| LockStep::Release {
            user: user.clone(),
            items: selection.items().collect(),
        };
    extend(request: ExtendRequest) -> ExtendReply, |request, _| LockStep::Extend {
        user: request.user.clone(),
        items: request.selection.items().collect(),
        ttl: request.ttl,
    };
    holds_of(event: EventId, user: UserId) -> UserHolds, |_, _, _| LockStep::Read;
    begin(request: TransferRequest) -> BeginReply, |request, reply| LockStep::Begin {
        id: request.id,
        user: request.user.clone(),
        items: request.selection.items().collect(),
        reply: reply.clone(),
    };
    begin_block(request: BlockRequest) -> BlockReply, |request, reply| LockStep::BeginBlock {
        ids: request.seats.iter().map(|(id, _)| *id).collect(),
        begun: matches!(reply, BlockReply::Begun { .. }),
    };
    finish(request: FinishRequest) -> FinishReply,
        |request, reply| LockStep::Finish { id: request.id, reply: *reply };
    abort(event: EventId, id: BookingId, items: Vec<Item>) -> Version,
        |_, id, _, _| LockStep::GiveBack { id: *id };
    free(event: EventId, id: BookingId, items: Vec<Item>) -> Version,
        |_, id, _, _| LockStep::GiveBack { id: *id };
    transfer(event: EventId, id: BookingId) -> TransferReply, |_, _, _| LockStep::Read;
    transfers(event: EventId, age: Duration, limit: usize) -> Vec<BookingId>,
        |_, _, _, _| LockStep::Read;
    load_begin(request: LoadRequest) -> LoadBeginReply,
        |_, reply| LockStep::LoadBegin { reply: *reply };
    load_drop(event: EventId, epoch: u64) -> LoadReply,
        |_, _, reply| LockStep::LoadDrop { reply: *reply };
    load_chunk(event: EventId, epoch: u64, active: Vec<Active>) -> LoadReply,
        |_, _, active, reply| LockStep::LoadChunk {
            ids: active.iter().map(|active| active.id).collect(),
            reply: *reply,
        };
    load_end(event: EventId, epoch: u64) -> LoadReply,
        |_, _, reply| LockStep::LoadEnd { reply: *reply };
    sweep(event: EventId, limit: usize) -> SweepReply, |_, _, _| LockStep::Sweep;
    snapshot(event: EventId, cursor: String) -> SnapshotPage, |_, _, _| LockStep::Read;
    changes(event: EventId, since: Version, limit: usize) -> ChangesReply,
        |_, _, _, _| LockStep::Read;
    marks(event: EventId, cursor: String) -> MarksPage, |_, _, _| LockStep::Read;
    holders(event: EventId, seats: Vec<SeatId>) -> Vec<(SeatId, UserId)>, |_, _, _| LockStep::Read;
}
