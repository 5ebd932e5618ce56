use futures_util::future::join_all;
use seat_layout::{BookingId, EventId, SeatId, SeatSet};
use seat_state::{Timestamp, Version};

use super::{BookingService, SeatsChanged, settle::Fence};
use crate::{
    Block, BookingError, Item, Mark, Record,
    planted::planted,
    ports::{BlockReply, BlockRequest, FinishReply, FinishRequest, InsertReply},
};

impl BookingService {
    /// Keeps seats back: all of them or none. Seats that are blocked already count as blocked, so
    /// the call may be repeated.
    ///
    /// # Errors
    /// [`BookingError::EventNotFound`], [`BookingError::UnknownSeats`];
    /// [`BookingError::SeatsUnavailable`] with every seat that is held or booked;
    /// [`BookingError::Unavailable`], also for up to a round's time after an unblock of which the
    /// lock store has not heard.
    pub async fn block(
        &self,
        event: &EventId,
        seats: &SeatSet,
    ) -> Result<SeatsChanged, BookingError> {
        let slot = self.slot(event).await?;
        slot.check(seats)?;
        let deadline = self.now().after(self.inner.settings.timing.confirm_budget);
        let named: Vec<(BookingId, SeatId)> =
            seats.as_slice().iter().map(|seat| (self.random_id(), seat.clone())).collect();
        let begun = self.loaded(*event, || {
            let request = BlockRequest { event: *event, seats: named.clone() };
            self.locks().begin_block(request)
        });
        let (epoch, blocked) = match begun.await? {
            BlockReply::Begun { epoch, blocked } => (epoch, blocked),
            BlockReply::Taken(seats) => {
                return Err(BookingError::SeatsUnavailable { seats, tables: Vec::new() });
            }
        };
        let fresh: Vec<_> = named.iter().filter(|(_, seat)| !blocked.contains(seat)).collect();
        if !self.are_blocked(*event, &blocked).await? && !planted!(BlockedByMark) {
            for (id, _) in &fresh {
                self.settle(*event, *id, &[]).await?;
            }
            return Err(BookingError::Unavailable(None));
        }
        let kept = fresh.iter().map(|(id, seat)| self.keep(*event, *id, seat, epoch, deadline));
        let outcomes = join_all(kept).await;
        let mut version = None;
        let (mut done, mut taken) = (Vec::new(), Vec::new());
        for ((id, seat), outcome) in fresh.iter().zip(outcomes) {
            match outcome? {
                Kept::Blocked(at) => {
                    version = version.max(at);
                    done.push((*id, seat.clone()));
                }
                Kept::Taken => taken.push(seat.clone()),
            }
        }
        if taken.is_empty() {
            return Ok(SeatsChanged { seats: seats.as_slice().to_vec(), version });
        }
        for (id, seat) in done {
            self.give_free(*event, id, seat).await?;
        }
        Err(BookingError::SeatsUnavailable { seats: taken, tables: Vec::new() })
    }

    /// Offers blocked seats again; seats that are not blocked are simply not in the answer, so the
    /// call may be repeated.
    ///
    /// # Errors
    /// [`BookingError::EventNotFound`], [`BookingError::UnknownSeats`],
    /// [`BookingError::Unavailable`].
    pub async fn unblock(
        &self,
        event: &EventId,
        seats: &SeatSet,
    ) -> Result<SeatsChanged, BookingError> {
        let slot = self.slot(event).await?;
        slot.check(seats)?;
        let items = seats.as_slice().iter().cloned().map(Item::Seat).collect();
        let owners = self.repository().owners(*event, items).await?;
        let mut changed = SeatsChanged { seats: Vec::new(), version: None };
        for block in owners.into_iter().filter(|owner| owner.mark == Mark::Blocked) {
            for seat in block.items.iter().filter_map(Item::seat) {
                let version = self.give_free(*event, block.id, seat.clone()).await?;
                changed.version = changed.version.max(version);
                changed.seats.push(seat.clone());
            }
        }
        Ok(changed)
    }

    /// Whether these are still blocked by the repository. The lock store may not have heard that
    /// they were unblocked; an audit will tell it.
    async fn are_blocked(&self, event: EventId, seats: &[SeatId]) -> Result<bool, BookingError> {
        if seats.is_empty() {
            return Ok(true);
        }
        let items: Vec<Item> = seats.iter().cloned().map(Item::Seat).collect();
        let owners = self.repository().owners(event, items.clone()).await?;
        let blocks = owners.iter().filter(|owner| owner.mark == Mark::Blocked);
        let blocked: Vec<&Item> = blocks.flat_map(|block| &block.items).collect();
        Ok(items.iter().all(|item| blocked.contains(&item)))
    }

    /// One seat of a block, as far as a confirm goes with one booking.
    async fn keep(
        &self,
        event: EventId,
        id: BookingId,
        seat: &SeatId,
        epoch: u64,
        deadline: Timestamp,
    ) -> Result<Kept, BookingError> {
        let block = Block { id, event, seat: seat.clone(), created_at: self.now() };
        loop {
            match self.repository().insert(Record::Block(block.clone())).await {
                Ok(InsertReply::Inserted) => break,
                Ok(InsertReply::Duplicate) => match self.repository().record(id).await? {
                    Some(Record::Block(_)) => break,
                    Some(Record::Booking(_) | Record::Abandoned(_)) => return Ok(Kept::Taken),
                    None => match self.fence(event, id, None).await? {
                        Fence::Won => {
                            let seat = vec![Item::Seat(seat.clone())];
                            let owners = self.repository().owners(event, seat).await?;
                            self.settle_owners(event, &owners).await;
                            self.settle(event, id, &[]).await?;
                            return Ok(Kept::Taken);
                        }
                        Fence::Lost => {}
                    },
                },
                Err(error) if self.now() >= deadline => return Err(error.into()),
                Err(_) => self.clock().sleep(self.inner.settings.timing.retry_pause).await,
            }
        }
        let items = vec![Item::Seat(seat.clone())];
        let request = FinishRequest {
            event,
            id,
            epoch,
            mark: Mark::Blocked,
            transfer_items: items.clone(),
            items,
        };
        match self.locks().finish(request).await {
            Ok(FinishReply::Finished(version)) => {
                Ok(Kept::Blocked(Some(self.wrote(&event, version))))
            }
            Ok(FinishReply::OtherEpoch | FinishReply::Gone) | Err(_) => {
                Ok(Kept::Blocked(self.settle(event, id, &[]).await.ok().flatten()))
            }
        }
    }

    /// The repository first, then the lock store.
    async fn give_free(
        &self,
        event: EventId,
        id: BookingId,
        seat: SeatId,
    ) -> Result<Option<Version>, BookingError> {
        self.repository().unblock(id).await?;
        let items = vec![Item::Seat(seat)];
        let freed = self.loaded(event, || self.locks().free(event, id, items.clone())).await;
        Ok(freed.ok().map(|version| self.wrote(&event, version)))
    }
}

/// What became of one seat of a block.
enum Kept {
    Blocked(Option<Version>),
    Taken,
}
