//! What the planted bugs do to the protocol.

use seat_layout::{BookingId, EventId, UserId};

use super::{Actor, BookingService};
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
