use std::{sync::Arc, time::Duration};

use seat_layout::{BookingId, EventId, Money, SeatId, TableId, UserId};
use seat_state::{Timestamp, Version};

use super::{BookingService, settle::Fence, slot::Slot};
use crate::{
    Active, Booking, BookingError, BookingStatus, Contact, Fingerprint, IdempotencyKey, Item, Mark,
    Payment, PaymentInfo, PaymentStatus, Record, RequestMark, Selection, booking_id,
    planted::planted,
    ports::{BeginReply, FinishReply, FinishRequest, InsertReply, LockError, TransferRequest},
};

/// How many abandoned attempts one key may have before its requests are told to come later.
const ATTEMPTS_MAX: u8 = 8;

/// What a user wants to book of what it holds.
#[derive(Debug, Clone, Default)]
pub struct Confirm {
    /// Seats held singly.
    pub seats: Vec<SeatId>,
    /// Tables held as tables.
    pub tables: Vec<TableId>,
    /// Whom to write to.
    pub contact: Contact,
    /// What the client says about its payment.
    pub payment: Option<PaymentInfo>,
    /// What the customer wishes to add.
    pub notes: Option<String>,
    /// The name of this wish; with it, repeating the request has one effect.
    pub key: Option<IdempotencyKey>,
}

impl Confirm {
    /// These seats, and nothing said about whom and how.
    pub fn seats(seats: &[SeatId]) -> Self {
        Self { seats: seats.to_vec(), ..Self::default() }
    }
}

/// A booking that was made, by this request or by an earlier one with the same key.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// The booking as it now stands.
    pub booking: Booking,
    /// The version that shows it booked; absent when the lock store did not say.
    pub version: Option<Version>,
    /// Whether an earlier request made it.
    pub replayed: bool,
}

/// One confirm on its way: everything but the id, which changes with the attempt.
pub(super) struct Order {
    pub(super) slot: Arc<Slot>,
    user: UserId,
    selection: Selection,
    fingerprint: Fingerprint,
    confirm: Confirm,
    deadline: Timestamp,
}

/// One try of an order under one id.
pub(super) struct Attempt {
    pub(super) id: BookingId,
    number: u8,
    /// Whether an insert of this try may have been done without our hearing of it.
    unheard: bool,
    /// Whether the lock store knows that it was undone, or cancelled.
    gone: bool,
}

/// Why a try can't become a booking, once it is certain that it can't.
enum Refusal {
    NotHeld(Vec<SeatId>),
    Taken,
}

impl BookingService {
    /// Turns held seats into a booking that is durable before the answer.
    ///
    /// With a key the call may be repeated, on any node, and has one effect: the first booking is
    /// given again. Without one, a repetition finds the booking that it made as long as the request
    /// is the same.
    ///
    /// # Errors
    /// [`BookingError::EventNotFound`], [`BookingError::UnknownSeats`],
    /// [`BookingError::TableNotFound`], [`BookingError::DuplicateSeats`],
    /// [`BookingError::NoSeats`], [`BookingError::TooManySeats`];
    /// [`BookingError::NotHeld`] with the seats that the user does not hold;
    /// [`BookingError::SeatsUnavailable`] when the lock store had forgotten that they were sold;
    /// [`BookingError::IdempotencyMismatch`]. All of these are final: the request never takes
    /// effect later. [`BookingError::Unavailable`]: the outcome is not known, repeat it.
    pub async fn confirm(
        &self,
        event: &EventId,
        user: &UserId,
        confirm: Confirm,
    ) -> Result<Confirmed, BookingError> {
        let slot = self.slot(event).await?;
        let selection = slot.selection(&confirm.seats, &confirm.tables)?;
        self.check_count(selection.all_seats().count())?;
        let fingerprint = Fingerprint::of(
            &selection,
            &confirm.contact,
            confirm.payment.as_ref(),
            confirm.notes.as_deref(),
        );
        planted!(ExpiryByNodeClock => self.check_expiry(event, user, &selection).await?);
        let deadline = self.now().after(self.inner.settings.timing.confirm_budget);
        let user = user.clone();
        let order = Order { slot, user, selection, fingerprint, confirm, deadline };
        for number in 0..ATTEMPTS_MAX {
            let id = match &order.confirm.key {
                Some(key) => booking_id(event, &order.user, key, number),
                None => self.random_id(),
            };
            #[cfg(planted)]
            let id = self.forgetful_id(id);
            let attempt = Attempt { id, number, unheard: false, gone: false };
            if let Some(confirmed) = self.attempt(&order, attempt).await? {
                return Ok(confirmed);
            }
        }
        Err(BookingError::Unavailable(None))
    }

    /// One try; `None` when it was abandoned and the next may do better.
    async fn attempt(
        &self,
        order: &Order,
        mut attempt: Attempt,
    ) -> Result<Option<Confirmed>, BookingError> {
        let mut pause = self.inner.settings.timing.retry_pause;
        loop {
            planted!(ReplayedBeforeDurable => if let Some(booking) = self.begun(order, &attempt).await? {
                return Ok(Some(booking));
            });
            let begun =
                self.loaded(order.slot.event.id, || self.locks().begin(order.transfer(attempt.id)));
            return match begun.await? {
                BeginReply::Begun { epoch } => self.insert(order, attempt, epoch).await,
                // What stands there may be another use of a key whose booking is stored, or one
                // that comes to nothing. The document says whose the key is.
                BeginReply::Mismatch => {
                    planted!(KeyOfTransfer => return Err(BookingError::IdempotencyMismatch));
                    if self.repository().record(attempt.id).await?.is_none() {
                        self.wait_for_transfer(order, &mut pause).await?;
                        continue;
                    }
                    self.look(order, &attempt, Refusal::Taken).await
                }
                BeginReply::Gone => {
                    attempt.gone = true;
                    let seats = order.selection.all_seats().cloned().collect();
                    self.look(order, &attempt, Refusal::NotHeld(seats)).await
                }
                BeginReply::NotOwner { seats, .. } if order.confirm.key.is_some() => {
                    self.look(order, &attempt, Refusal::NotHeld(seats)).await
                }
                BeginReply::NotOwner { own_transfer: Some(_), .. } => {
                    self.wait_for_transfer(order, &mut pause).await?;
                    continue;
                }
                BeginReply::NotOwner { seats, own_transfer: None } => {
                    let owners = self.owners(order).await?;
                    let own = self.own_booking(order, &owners).await?;
                    own.map_or(Err(BookingError::NotHeld(seats)), |own| Ok(Some(own)))
                }
            };
        }
    }

    /// An earlier request of the same user is at it, or was left standing. How it ends decides
    /// this one.
    async fn wait_for_transfer(
        &self,
        order: &Order,
        pause: &mut Duration,
    ) -> Result<(), BookingError> {
        self.reconcile(&order.slot.event.id).await?;
        if self.now() >= order.deadline {
            return Err(BookingError::Unavailable(None));
        }
        self.clock().sleep(*pause).await;
        *pause = (*pause * 2).min(self.inner.settings.timing.retry_pause * 16);
        Ok(())
    }

    /// The seats are in the transfer: now the repository decides.
    async fn insert(
        &self,
        order: &Order,
        mut attempt: Attempt,
        epoch: u64,
    ) -> Result<Option<Confirmed>, BookingError> {
        let booking = self.draft(order, &attempt);
        planted!(FinishBeforeInsert => self.finish_own(&booking, epoch).await);
        let mut pause = self.inner.settings.timing.retry_pause;
        let pause_max = pause * 16;
        loop {
            let record = Record::Booking(Box::new(booking.clone()));
            match self.repository().insert(record).await {
                Ok(InsertReply::Inserted) => {
                    let version = self.finish_own(&booking, epoch).await;
                    return Ok(Some(Confirmed { booking, version, replayed: false }));
                }
                Ok(InsertReply::Duplicate) => {
                    planted!(AbandonedTakenForBooking => {
                        if self.repository().record(attempt.id).await?.is_some() {
                            return Ok(Some(Confirmed { booking, version: None, replayed: true }));
                        }
                    });
                    return self.look(order, &attempt, Refusal::Taken).await;
                }
                // Out of time, the transfer is left standing for the reconciler, which asks the
                // repository what became of it.
                Err(error) if self.now() >= order.deadline => return Err(error.into()),
                Err(error) => {
                    planted!(AnsweredBeforeDurable => {
                        return Ok(Some(Confirmed { booking, version: None, replayed: false }));
                    });
                    tracing::warn!(booking = %attempt.id, %error, "repeating the insert");
                    attempt.unheard = true;
                    self.clock().sleep(pause).await;
                    pause = (pause * 2).min(pause_max);
                }
            }
        }
    }

    /// Says that the booking is made. Whatever becomes of this, the booking stands.
    async fn finish_own(&self, booking: &Booking, epoch: u64) -> Option<Version> {
        let items: Vec<Item> = booking.selection().items().collect();
        let request = FinishRequest {
            event: booking.event_id,
            id: booking.id,
            epoch,
            mark: Mark::Booked,
            transfer_items: items.clone(),
            items,
        };
        match self.locks().finish(request).await {
            Ok(FinishReply::Finished(version)) => Some(self.wrote(&booking.event_id, version)),
            // The store has forgotten or was told otherwise meanwhile: ask the repository again.
            Ok(FinishReply::OtherEpoch | FinishReply::Gone) | Err(LockError::NotLoaded) => {
                self.settle(booking.event_id, booking.id, &[]).await.ok().flatten()
            }
            Err(error @ LockError::Unknown(_)) => {
                tracing::warn!(booking = %booking.id, %error, "left the finish to the reconciler");
                None
            }
        }
    }

    /// Reads what has become of an id that could not be inserted or begun, and answers by it. "No"
    /// is only said behind a fence, so that it can't become "yes" later.
    async fn look(
        &self,
        order: &Order,
        attempt: &Attempt,
        refusal: Refusal,
    ) -> Result<Option<Confirmed>, BookingError> {
        let event = order.slot.event.id;
        let deadline = self.now().after(self.inner.settings.timing.look_budget);
        loop {
            let record = self.repository().record(attempt.id).await?;
            planted!(NoWithoutFence => if record.is_none() {
                let seats = order.selection.all_seats().cloned().collect();
                return Err(BookingError::NotHeld(seats));
            });
            match record {
                Some(record) => {
                    // Each refusal of a key leaves an abandoned document: a repetition passes
                    // those quickly of which the lock store knows.
                    let version = match record {
                        Record::Abandoned(_) if attempt.gone => None,
                        Record::Abandoned(_) | Record::Booking(_) | Record::Block(_) => {
                            self.settle(event, attempt.id, &[]).await.ok().flatten()
                        }
                    };
                    let other =
                        record.request().is_some_and(|r| r.fingerprint != order.fingerprint)
                            && !planted!(FingerprintsNotCompared);
                    return match record {
                        _ if other => Err(BookingError::IdempotencyMismatch),
                        Record::Booking(booking) => {
                            let replayed = !attempt.unheard;
                            Ok(Some(Confirmed { booking: *booking, version, replayed }))
                        }
                        Record::Abandoned(_) | Record::Block(_) => Ok(None),
                    };
                }
                None => match self.fence(event, attempt.id, Some(order.request(attempt))).await? {
                    Fence::Won => return self.refuse(order, attempt, refusal).await,
                    Fence::Lost if self.now() >= deadline => {
                        return Err(BookingError::Unavailable(None));
                    }
                    Fence::Lost => self.clock().sleep(self.inner.settings.timing.retry_pause).await,
                },
            }
        }
    }

    /// Says no to an attempt that is fenced off.
    async fn refuse(
        &self,
        order: &Order,
        attempt: &Attempt,
        refusal: Refusal,
    ) -> Result<Option<Confirmed>, BookingError> {
        let event = order.slot.event.id;
        let answer = match refusal {
            Refusal::NotHeld(seats) => Err(BookingError::NotHeld(seats)),
            // The lock store may have forgotten the caller's own booking.
            Refusal::Taken => {
                let owners = self.owners(order).await?;
                match self.own_booking(order, &owners).await? {
                    Some(own) => Ok(Some(own)),
                    None => self.conflict(order, &owners).await.map_or(Ok(None), Err),
                }
            }
        };
        if let Err(error) = self.settle(event, attempt.id, &[]).await {
            tracing::warn!(booking = %attempt.id, %error, "left the abort to the reconciler");
        }
        // Where nobody has the seats any more, the next attempt decides.
        answer
    }

    /// The seats were the caller's in the lock store and somebody else's in the repository: the
    /// lock store had lost something, and is told.
    async fn conflict(&self, order: &Order, owners: &[Active]) -> Option<BookingError> {
        let wanted: Vec<Item> = order.selection.items().collect();
        self.settle_owners(order.slot.event.id, owners).await;
        let (mut seats, mut tables) = (Vec::new(), Vec::new());
        for item in wanted.into_iter().filter(|i| owners.iter().any(|o| o.items.contains(i))) {
            match item {
                Item::Seat(seat) => seats.push(seat),
                Item::Table(table) => tables.push(table),
            }
        }
        (!owners.is_empty()).then_some(BookingError::SeatsUnavailable { seats, tables })
    }

    /// What has any of the seats, or the tables, by the repository.
    async fn owners(&self, order: &Order) -> Result<Vec<Active>, BookingError> {
        let items = order.selection.items().collect();
        Ok(self.repository().owners(order.slot.event.id, items).await?)
    }

    /// The one of these that the same request without a key has made before.
    async fn own_booking(
        &self,
        order: &Order,
        owners: &[Active],
    ) -> Result<Option<Confirmed>, BookingError> {
        if order.confirm.key.is_some() {
            return Ok(None);
        }
        let event = order.slot.event.id;
        for owner in owners {
            if let Some(Record::Booking(booking)) = self.repository().record(owner.id).await?
                && booking.is_active()
                && booking.user_id == order.user
                && booking.request.fingerprint == order.fingerprint
            {
                let version = self.settle(event, owner.id, &[]).await.ok().flatten();
                return Ok(Some(Confirmed { booking: *booking, version, replayed: true }));
            }
        }
        Ok(None)
    }

    pub(super) fn draft(&self, order: &Order, attempt: &Attempt) -> Booking {
        let booked_seats = order.slot.booked_seats(&order.selection);
        let booked_tables = order.slot.booked_tables(&order.selection);
        let total_amount = booked_seats.iter().map(|seat| seat.price).sum::<Money>()
            + booked_tables.iter().map(|table| table.total_price).sum();
        let payment = order.confirm.payment.clone();
        Booking {
            id: attempt.id,
            event_id: order.slot.event.id,
            user_id: order.user.clone(),
            booked_seats,
            booked_tables,
            total_amount,
            currency: order.slot.event.currency,
            status: BookingStatus::Confirmed,
            payment: Payment {
                status: PaymentStatus::Pending,
                amount: total_amount,
                method: payment.as_ref().map(|payment| payment.method.clone()),
                transaction_id: payment.and_then(|payment| payment.transaction_id),
                recorded_transaction_id: None,
            },
            contact: order.confirm.contact.clone(),
            notes: order.confirm.notes.clone(),
            created_at: self.now(),
            cancel_reason: None,
            request: order.request(attempt),
            rev: 0,
            change_id: None,
        }
    }
}

impl Order {
    fn transfer(&self, id: BookingId) -> TransferRequest {
        TransferRequest {
            event: self.slot.event.id,
            id,
            user: self.user.clone(),
            fingerprint: self.fingerprint,
            selection: self.selection.clone(),
        }
    }

    fn request(&self, attempt: &Attempt) -> RequestMark {
        RequestMark {
            key: self.confirm.key.clone(),
            attempt: attempt.number,
            fingerprint: self.fingerprint,
        }
    }
}
