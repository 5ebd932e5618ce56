use seat_layout::{BookingId, Money, UserId};
use seat_state::{Timestamp, Version};

use super::BookingService;
use crate::{
    Booking, BookingError, BookingStatus, PaymentStatus, Record, planted::planted,
    ports::UpdateReply,
};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A user, who sees only its own bookings.
    User(UserId),
    /// The house, which sees all.
    Admin,
}

/// A booking whose seats were given back.
#[derive(Debug, Clone)]
pub struct Cancelled {
    /// The booking.
    pub booking: Booking,
    /// The version that shows its seats available; absent when the lock store did not say.
    pub version: Option<Version>,
}

/// What the house has learned about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentUpdate {
    /// It was paid.
    Paid {
        /// The provider's transaction.
        transaction_id: Option<String>,
        /// How much; it must be the booking's total.
        amount: Option<Money>,
    },
    /// It failed; it may still be paid.
    Failed {
        /// The provider's transaction.
        transaction_id: Option<String>,
    },
}

/// What a change does to a booking.
enum Step {
    /// Store this.
    To(Box<Booking>),
    /// It is so already.
    Unchanged,
}

impl BookingService {
    /// A booking.
    ///
    /// # Errors
    /// [`BookingError::BookingNotFound`], also when it is somebody else's, so that ids can't be
    /// probed; [`BookingError::Unavailable`].
    pub async fn booking(&self, actor: &Actor, id: &BookingId) -> Result<Booking, BookingError> {
        match self.repository().record(*id).await? {
            Some(Record::Booking(booking)) if actor.sees(&booking) => Ok(*booking),
            Some(Record::Booking(_) | Record::Block(_) | Record::Abandoned(_)) | None => {
                Err(BookingError::BookingNotFound)
            }
        }
    }

    /// At most `limit` bookings of a user that are older than `before`, the newest first.
    ///
    /// # Errors
    /// [`BookingError::Unavailable`].
    pub async fn bookings_of(
        &self,
        user: &UserId,
        before: Option<(Timestamp, BookingId)>,
        limit: usize,
    ) -> Result<Vec<Booking>, BookingError> {
        Ok(self.repository().bookings_of(user.clone(), before, limit).await?)
    }

    /// Gives a booking's seats back. One that was paid is then `refunded`: the money is owed back.
    ///
    /// # Errors
    /// [`BookingError::BookingNotFound`]; [`BookingError::InvalidState`] when it is cancelled
    /// already; [`BookingError::Unavailable`].
    pub async fn cancel(
        &self,
        actor: &Actor,
        id: &BookingId,
        reason: Option<String>,
    ) -> Result<Cancelled, BookingError> {
        planted!(FreeBeforeRepository => self.free_too_early(actor, id).await?);
        let booking = self
            .change(actor, id, |mut booking| {
                if !booking.is_active() {
                    return Err(BookingError::InvalidState { reason: "the booking is cancelled" });
                }
                booking.status = BookingStatus::Cancelled;
                booking.cancel_reason.clone_from(&reason);
                if booking.payment.status == PaymentStatus::Paid {
                    booking.payment.status = PaymentStatus::Refunded;
                }
                Ok(Step::To(Box::new(booking)))
            })
            .await?;
        // The repository knows; whatever becomes of this, the audit makes it good.
        let items: Vec<_> = booking.selection().items().collect();
        let event = booking.event_id;
        let freed = self.loaded(event, || self.locks().free(event, *id, items.clone())).await;
        let version = match freed {
            Ok(version) => Some(self.wrote(&event, version)),
            Err(error) => {
                tracing::warn!(booking = %id, %error, "left the seats to the audit");
                None
            }
        };
        Ok(Cancelled { booking, version })
    }

    /// Records what became of a payment. The same call with the same transaction may be repeated.
    ///
    /// # Errors
    /// [`BookingError::BookingNotFound`]; [`BookingError::AmountMismatch`];
    /// [`BookingError::InvalidState`] when the booking is cancelled, or paid by another
    /// transaction; [`BookingError::Unavailable`].
    pub async fn record_payment(
        &self,
        id: &BookingId,
        update: PaymentUpdate,
    ) -> Result<Booking, BookingError> {
        self.change(&Actor::Admin, id, |booking| paid(booking, &update)).await
    }

    /// Changes a booking by a compare-and-set on its revision, until it is done or refused. The
    /// random mark tells a change whose answer was lost that it was itself.
    async fn change(
        &self,
        actor: &Actor,
        id: &BookingId,
        step: impl Fn(Booking) -> Result<Step, BookingError>,
    ) -> Result<Booking, BookingError> {
        let timing = &self.inner.settings.timing;
        let deadline = self.now().after(timing.confirm_budget);
        let change_id = self.random_id();
        loop {
            let booking = self.booking(actor, id).await?;
            if booking.change_id == Some(change_id) {
                return Ok(booking);
            }
            let mut next = match step(booking.clone())? {
                Step::To(next) => *next,
                Step::Unchanged => return Ok(booking),
            };
            next.rev += 1;
            next.change_id = Some(change_id);
            match self.repository().update(next.clone()).await {
                Ok(UpdateReply::Updated) => return Ok(next),
                // Another change came first; or ours, of which not every server knows yet.
                Ok(UpdateReply::Stale) if self.now() < deadline => {
                    self.clock().sleep(timing.retry_pause).await;
                }
                Ok(UpdateReply::Stale) => return Err(BookingError::Unavailable(None)),
                Err(error) if self.now() >= deadline => return Err(error.into()),
                Err(_) => self.clock().sleep(timing.retry_pause).await,
            }
        }
    }
}

impl Actor {
    fn sees(&self, booking: &Booking) -> bool {
        match self {
            Self::User(user) => *user == booking.user_id,
            Self::Admin => true,
        }
    }
}

/// A booking after a payment was recorded.
fn paid(mut booking: Booking, update: &PaymentUpdate) -> Result<Step, BookingError> {
    if !booking.is_active() {
        return Err(BookingError::InvalidState { reason: "the booking is cancelled" });
    }
    let is_paid = booking.payment.status == PaymentStatus::Paid;
    let (status, transaction) = match update {
        PaymentUpdate::Paid { amount, .. } if amount.is_some_and(|a| a != booking.total_amount) => {
            return Err(BookingError::AmountMismatch);
        }
        PaymentUpdate::Paid { transaction_id, .. } => (PaymentStatus::Paid, transaction_id),
        PaymentUpdate::Failed { .. } if is_paid => {
            return Err(BookingError::InvalidState { reason: "the booking is paid" });
        }
        PaymentUpdate::Failed { transaction_id } => (PaymentStatus::Failed, transaction_id),
    };
    // What the client said about its payment proves nothing and is not compared.
    let same = *transaction == booking.payment.recorded_transaction_id;
    if is_paid && !same {
        return Err(BookingError::InvalidState { reason: "another transaction has paid for it" });
    }
    if booking.payment.status == status && same {
        return Ok(Step::Unchanged);
    }
    booking.payment.status = status;
    booking.payment.recorded_transaction_id.clone_from(transaction);
    if status == PaymentStatus::Paid {
        booking.status = BookingStatus::Paid;
    }
    Ok(Step::To(Box::new(booking)))
}
