//! What the planted bugs do to the protocol.

use seat_layout::{BookingId, EventId, UserId};

use super::{
    Actor, BookingService, Confirmed,
    confirm::{Attempt, Order},
};
use crate::{BookingError, Selection, planted::planted};

impl BookingService {
    /// An id that another process would not come to.
    pub(super) fn forgetful_id(&self, id: BookingId) -> BookingId {
        if !planted!(IdempotencyByMemory) {
            return id;
        }
        let (id, salt) = (id.as_bytes(), self.inner.salt);
        BookingId::from_bytes(std::array::from_fn(|i| id[i] ^ salt[i]))
    }

    pub(super) async fn check_expiry(
        &self,
        event: &EventId,
        user: &UserId,
        selection: &Selection,
    ) -> Result<(), BookingError> {
        let held = self.holds_of(event, user).await?.seats;
        let over = held.into_iter().filter(|held| held.expires_at <= self.now());
        let over: Vec<_> = over.map(|held| held.seat).collect();
        let wanted: Vec<_> =
            selection.all_seats().filter(|seat| over.contains(seat)).cloned().collect();
        if wanted.is_empty() { Ok(()) } else { Err(BookingError::NotHeld(wanted)) }
    }

    /// What an earlier request of that id has begun, as if it were done.
    pub(super) async fn begun(
        &self,
        order: &Order,
        attempt: &Attempt,
    ) -> Result<Option<Confirmed>, BookingError> {
        let event = order.slot.event.id;
        let standing = self.loaded(event, || self.locks().transfer(event, attempt.id)).await?;
        let booking = standing.transfer.map(|_| self.draft(order, attempt));
        Ok(booking.map(|booking| Confirmed { booking, version: None, replayed: true }))
    }

    pub(super) async fn free_too_early(
        &self,
        actor: &Actor,
        id: &BookingId,
    ) -> Result<(), BookingError> {
        let booking = self.booking(actor, id).await?;
        let items = booking.selection().items().collect();
        self.locks().free(booking.event_id, *id, items).await?;
        Ok(())
    }
}
