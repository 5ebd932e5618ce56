use std::{sync::Arc, time::Duration};

use seat_layout::{EventId, Money, SeatId, SeatSet, TableId, UserId};
use seat_state::Hold;

use super::{BookingService, SeatsChanged, slot::Slot};
use crate::{
    BookingError, Selection, TableSeats,
    ports::{
        ExtendReply, ExtendRequest, Held, HoldReply, HoldRequest, TableHoldRequest, UserHolds,
    },
};

impl BookingService {
    /// Holds seats for a user: all of them or none.
    ///
    /// Seats that the user already holds count as held and keep the expiry they have, so the call
    /// may be repeated and never stretches a hold.
    ///
    /// # Errors
    /// [`BookingError::EventNotFound`], [`BookingError::UnknownSeats`],
    /// [`BookingError::TooManySeats`], [`BookingError::HoldDuration`],
    /// [`BookingError::SeatsUnavailable`] with every seat in the way, [`BookingError::HoldLimit`],
    /// [`BookingError::Unavailable`].
    pub async fn hold(
        &self,
        event: &EventId,
        user: &UserId,
        seats: &SeatSet,
        duration: Duration,
    ) -> Result<Hold, BookingError> {
        let slot = self.slot(event).await?;
        self.check_count(seats.len())?;
        self.check_duration(duration)?;
        let total = slot.price_of(seats.as_slice())?;
        let reply = self.loaded(*event, || {
            let request = HoldRequest {
                event: *event,
                user: user.clone(),
                seats: seats.as_slice().to_vec(),
                ttl: duration,
                seats_max: self.inner.settings.limits.seats_per_user_max,
            };
            self.locks().hold(request)
        });
        let held = self.held(reply.await?, None)?;
        Ok(self.hold_of(&slot, held, seats.as_slice().to_vec(), None, total))
    }

    /// Holds a table with all its seats.
    ///
    /// Single holds of the user on its seats become part of it; table and seats then expire
    /// together, at the earliest of them. The call may be repeated.
    ///
    /// # Errors
    /// As of [`hold`](Self::hold), and [`BookingError::TableNotFound`].
    pub async fn hold_table(
        &self,
        event: &EventId,
        user: &UserId,
        table: &TableId,
        duration: Duration,
    ) -> Result<Hold, BookingError> {
        let slot = self.slot(event).await?;
        let TableSeats { table, seats } = slot.table(table)?;
        // A table without seats is furniture.
        if seats.is_empty() {
            return Err(BookingError::TableNotFound(table));
        }
        self.check_count(seats.len())?;
        self.check_duration(duration)?;
        let total = slot.price_of(&seats)?;
        let reply = self.loaded(*event, || {
            let request = TableHoldRequest {
                event: *event,
                user: user.clone(),
                table: table.clone(),
                seats: seats.clone(),
                ttl: duration,
                seats_max: self.inner.settings.limits.seats_per_user_max,
            };
            self.locks().hold_table(request)
        });
        let held = self.held(reply.await?, Some(&table))?;
        Ok(self.hold_of(&slot, held, seats, Some(table), total))
    }

    /// Gives back seats and tables that the user holds; all of them in that event when neither is
    /// named. What the user does not hold is simply not in the answer, so the call may be repeated.
    ///
    /// # Errors
    /// [`BookingError::EventNotFound`], [`BookingError::UnknownSeats`],
    /// [`BookingError::TableNotFound`], [`BookingError::DuplicateSeats`],
    /// [`BookingError::Unavailable`].
    pub async fn release(
        &self,
        event: &EventId,
        user: &UserId,
        seats: &[SeatId],
        tables: &[TableId],
    ) -> Result<SeatsChanged, BookingError> {
        let slot = self.slot(event).await?;
        let selection = if seats.is_empty() && tables.is_empty() {
            held_selection(&slot, &self.holds_of(event, user).await?)?
        } else {
            slot.selection(seats, tables)?
        };
        let released =
            self.loaded(*event, || self.locks().release(*event, user.clone(), selection.clone()));
        let released = released.await?;
        let version = Some(self.wrote(event, released.version));
        Ok(SeatsChanged { seats: released.seats, version })
    }

    /// Lets holds last `duration` from now: never shorter than they did, and never longer than the
    /// longest allowed hold after the seat was first held.
    ///
    /// # Errors
    /// [`BookingError::NotHeld`] with the seats that the user does not hold, and as of
    /// [`release`](Self::release), [`BookingError::NoSeats`], [`BookingError::TooManySeats`],
    /// [`BookingError::HoldDuration`]. [`BookingError::Unavailable`] also while one of the seats is
    /// just being confirmed.
    pub async fn extend(
        &self,
        event: &EventId,
        user: &UserId,
        seats: &[SeatId],
        tables: &[TableId],
        duration: Duration,
    ) -> Result<Hold, BookingError> {
        let slot = self.slot(event).await?;
        let selection = slot.selection(seats, tables)?;
        let all: Vec<SeatId> = selection.all_seats().cloned().collect();
        self.check_count(all.len())?;
        self.check_duration(duration)?;
        let total = slot.price_of(&all)?;
        let reply = self.loaded(*event, || {
            let request = ExtendRequest {
                event: *event,
                user: user.clone(),
                selection: selection.clone(),
                ttl: duration,
                cap: self.inner.settings.limits.hold_max,
            };
            self.locks().extend(request)
        });
        match reply.await? {
            ExtendReply::Extended(held) => {
                let table = match (seats, tables) {
                    ([], [table]) => Some(table.clone()),
                    _ => None,
                };
                Ok(self.hold_of(&slot, held, all, table, total))
            }
            ExtendReply::NotHeld(seats) => Err(BookingError::NotHeld(seats)),
            ExtendReply::InTransfer => Err(BookingError::Unavailable(None)),
        }
    }

    /// What the user holds in this event.
    ///
    /// # Errors
    /// [`BookingError::EventNotFound`], [`BookingError::Unavailable`].
    pub async fn holds_of(
        &self,
        event: &EventId,
        user: &UserId,
    ) -> Result<UserHolds, BookingError> {
        self.slot(event).await?;
        self.loaded(*event, || self.locks().holds_of(*event, user.clone())).await
    }

    /// Refuses a request for more seats than one may have at once.
    pub(super) fn check_count(&self, seats: usize) -> Result<(), BookingError> {
        let max = self.inner.settings.limits.seats_per_hold_max;
        if seats > max as usize { Err(BookingError::TooManySeats { max }) } else { Ok(()) }
    }

    fn check_duration(&self, duration: Duration) -> Result<(), BookingError> {
        let limits = &self.inner.settings.limits;
        let (min, max) = (limits.hold_min, limits.hold_max);
        if (min..=max).contains(&duration) {
            Ok(())
        } else {
            Err(BookingError::HoldDuration { min, max })
        }
    }

    fn held(&self, reply: HoldReply, table: Option<&TableId>) -> Result<Held, BookingError> {
        match reply {
            HoldReply::Held(held) => Ok(held),
            HoldReply::Taken { seats, table: taken } => {
                let tables = table.filter(|_| taken).cloned().into_iter().collect();
                Err(BookingError::SeatsUnavailable { seats, tables })
            }
            HoldReply::Limit => Err(BookingError::HoldLimit {
                limit: self.inner.settings.limits.seats_per_user_max,
            }),
        }
    }

    fn hold_of(
        &self,
        slot: &Arc<Slot>,
        held: Held,
        seats: Vec<SeatId>,
        table: Option<TableId>,
        total_amount: Money,
    ) -> Hold {
        Hold {
            seats,
            table,
            held_at: held.held_at,
            expires_at: held.expires_at,
            version: self.wrote(&slot.event.id, held.version),
            total_amount,
            currency: slot.event.currency,
        }
    }
}

/// Everything that a user holds, singly and by table.
fn held_selection(slot: &Slot, holds: &UserHolds) -> Result<Selection, BookingError> {
    let mut selection = Selection::default();
    for held in &holds.seats {
        match &held.table {
            None => selection.seats.push(held.seat.clone()),
            Some(table) if selection.tables.iter().any(|known| known.table == *table) => {}
            Some(table) => selection.tables.push(slot.table(table)?),
        }
    }
    Ok(selection)
}
