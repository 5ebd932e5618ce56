use std::time::Duration;

use seat_layout::{BookingId, SeatId};
use seat_state::Version;

use super::{LONG, LockSubject, items, sorted};
use crate::{
    Fingerprint, Item, Mark,
    contract::{seat, selection, user},
    ports::{
        BeginReply, BlockReply, BlockRequest, FinishReply, FinishRequest, Transfer, TransferRequest,
    },
};

/// What every transfer asked for, unless a case says otherwise.
pub(crate) const FINGERPRINT: Fingerprint = Fingerprint::from_bytes([7; 16]);

impl LockSubject {
    pub(crate) async fn begin(&self, id: BookingId, who: &str, what: &str) -> BeginReply {
        self.begin_as(FINGERPRINT, id, who, what).await
    }

    pub(crate) async fn begin_as(
        &self,
        fingerprint: Fingerprint,
        id: BookingId,
        who: &str,
        what: &str,
    ) -> BeginReply {
        let (event, user, selection) = (self.event, user(who), selection(what));
        let request = TransferRequest { event, id, user, fingerprint, selection };
        self.store.begin(request).await.unwrap()
    }

    /// The epoch of the transfer.
    pub(crate) async fn begun(&self, id: BookingId, who: &str, what: &str) -> u64 {
        let reply = self.begin(id, who, what).await;
        let BeginReply::Begun { epoch } = reply else {
            panic!("{who} should begin with {what}: {reply:?}")
        };
        epoch
    }

    /// The seats that are missing, sorted, and the user's own transfer in which one of them is.
    pub(crate) async fn not_owner(
        &self,
        who: &str,
        what: &str,
    ) -> (Vec<SeatId>, Option<BookingId>) {
        let reply = self.begin(self.id(), who, what).await;
        let BeginReply::NotOwner { seats, own_transfer } = reply else {
            panic!("{who} should not own all of {what}: {reply:?}")
        };
        (sorted(seats), own_transfer)
    }

    /// A transfer of seats and tables that the user holds for so long.
    pub(crate) async fn transferring(&self, who: &str, what: &str, ttl: Duration) -> BookingId {
        self.held_all(who, what, ttl).await;
        let id = self.id();
        self.begun(id, who, what).await;
        id
    }

    pub(crate) async fn finish(&self, id: BookingId, what: &str) -> FinishReply {
        self.finish_as(Mark::Booked, id, what).await
    }

    /// Says what the repository has, in the present epoch, and what the transfer has.
    pub(crate) async fn finish_as(&self, mark: Mark, id: BookingId, what: &str) -> FinishReply {
        let reply = self.store.transfer(self.event, id).await.unwrap();
        let transfer_items = reply.transfer.map(|transfer| transfer.items).unwrap_or_default();
        let (event, epoch, items) = (self.event, reply.epoch, items(what));
        let request = FinishRequest { event, id, epoch, mark, items, transfer_items };
        self.store.finish(request).await.unwrap()
    }

    /// Says in some epoch what the repository has of an id that is in no transfer.
    pub(crate) async fn finish_at(&self, epoch: u64, id: BookingId, what: &str) -> FinishReply {
        let (event, mark, items) = (self.event, Mark::Booked, items(what));
        let transfer_items = Vec::new();
        let request = FinishRequest { event, id, epoch, mark, items, transfer_items };
        self.store.finish(request).await.unwrap()
    }

    pub(crate) async fn finished(&self, id: BookingId, what: &str) -> Version {
        let reply = self.finish(id, what).await;
        let FinishReply::Finished(version) = reply else {
            panic!("{id} should get {what}: {reply:?}")
        };
        version
    }

    /// A booking, from its hold to its marks.
    pub(crate) async fn booked(&self, who: &str, what: &str) -> BookingId {
        let id = self.transferring(who, what, LONG).await;
        self.finished(id, what).await;
        id
    }

    /// A block of one seat, from the transfer to its mark.
    pub(crate) async fn blocked(&self, what: &str) -> BookingId {
        let id = self.id();
        assert_eq!(self.block_begun(&[(id, what)]).await, []);
        let reply = self.finish_as(Mark::Blocked, id, what).await;
        assert!(matches!(reply, FinishReply::Finished(_)), "{reply:?}");
        id
    }

    pub(crate) async fn begin_block(&self, seats: &[(BookingId, &str)]) -> BlockReply {
        let seats = seats.iter().map(|&(id, what)| (id, seat(what))).collect();
        self.store.begin_block(BlockRequest { event: self.event, seats }).await.unwrap()
    }

    /// The seats that were blocked already.
    pub(crate) async fn block_begun(&self, seats: &[(BookingId, &str)]) -> Vec<SeatId> {
        let reply = self.begin_block(seats).await;
        let BlockReply::Begun { blocked, epoch: _ } = reply else {
            panic!("{seats:?} should be blocked: {reply:?}")
        };
        blocked
    }

    pub(crate) async fn abort(&self, id: BookingId, what: &str) -> Version {
        self.store.abort(self.event, id, items(what)).await.unwrap()
    }

    pub(crate) async fn free(&self, id: BookingId, what: &str) -> Version {
        self.store.free(self.event, id, items(what)).await.unwrap()
    }

    /// An id that is abandoned, and never had anything.
    pub(crate) async fn gone(&self) -> BookingId {
        let id = self.id();
        self.abort(id, "").await;
        id
    }

    pub(crate) async fn is_gone(&self, id: BookingId) -> bool {
        self.begin(id, "nobody", "Z-99").await == BeginReply::Gone
    }

    pub(crate) async fn transfer(&self, id: BookingId) -> Option<Transfer> {
        self.store.transfer(self.event, id).await.unwrap().transfer
    }

    /// What is in a transfer, sorted.
    pub(crate) async fn in_transfer(&self, id: BookingId) -> Vec<Item> {
        let transfer = self.transfer(id).await;
        sorted(transfer.map(|transfer| transfer.items).unwrap_or_default())
    }

    pub(crate) async fn transfers(&self, age: Duration, limit: usize) -> Vec<BookingId> {
        self.store.transfers(self.event, age, limit).await.unwrap()
    }
}
