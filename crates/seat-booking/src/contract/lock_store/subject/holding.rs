use std::time::Duration;

use seat_layout::SeatId;
use seat_state::{HeldSeat, Timestamp};

use super::{LockSubject, sorted};
use crate::{
    TableSeats,
    contract::{seat, selection, user},
    ports::{ExtendReply, ExtendRequest, Held, HoldReply, HoldRequest, TableHoldRequest},
};

/// More seats than anybody holds in a case that is not about this limit.
const SEATS_MAX: u32 = 50;

impl LockSubject {
    /// Holds single seats, or one table.
    pub(crate) async fn hold(&self, who: &str, what: &str, ttl: Duration) -> HoldReply {
        self.hold_at_most(SEATS_MAX, who, what, ttl).await
    }

    pub(crate) async fn hold_at_most(
        &self,
        seats_max: u32,
        who: &str,
        what: &str,
        ttl: Duration,
    ) -> HoldReply {
        let (event, user, mut wanted) = (self.event, user(who), selection(what));
        match wanted.tables.pop() {
            Some(TableSeats { table, seats }) => {
                assert!(wanted.is_empty(), "a table is held in a call of its own");
                let request = TableHoldRequest { event, user, table, seats, ttl, seats_max };
                self.store.hold_table(request).await.unwrap()
            }
            None => {
                let request = HoldRequest { event, user, seats: wanted.seats, ttl, seats_max };
                self.store.hold(request).await.unwrap()
            }
        }
    }

    pub(crate) async fn held(&self, who: &str, what: &str, ttl: Duration) -> Held {
        let reply = self.hold(who, what, ttl).await;
        let HoldReply::Held(held) = reply else { panic!("{who} should hold {what}: {reply:?}") };
        held
    }

    /// Holds single seats in one call, and each table in one.
    pub(crate) async fn held_all(&self, who: &str, what: &str, ttl: Duration) {
        let (tables, singles): (Vec<_>, Vec<_>) =
            what.split(',').partition(|part| part.starts_with("table:"));
        if !singles.is_empty() {
            self.held(who, &singles.join(","), ttl).await;
        }
        for table in tables {
            self.held(who, table, ttl).await;
        }
    }

    /// The seats in the way of the hold, and whether the table itself is.
    pub(crate) async fn taken(&self, who: &str, what: &str) -> (Vec<SeatId>, bool) {
        let reply = self.hold(who, what, self.short()).await;
        let HoldReply::Taken { seats, table } = reply else {
            panic!("{who} should not get {what}: {reply:?}")
        };
        (seats, table)
    }

    /// The seats that were given back, sorted.
    pub(crate) async fn release(&self, who: &str, what: &str) -> Vec<SeatId> {
        let reply = self.store.release(self.event, user(who), selection(what)).await.unwrap();
        sorted(reply.seats)
    }

    pub(crate) async fn extend(
        &self,
        who: &str,
        what: &str,
        ttl: Duration,
        cap: Duration,
    ) -> ExtendReply {
        let (event, user, selection) = (self.event, user(who), selection(what));
        self.store.extend(ExtendRequest { event, user, selection, ttl, cap }).await.unwrap()
    }

    pub(crate) async fn extended(
        &self,
        who: &str,
        what: &str,
        ttl: Duration,
        cap: Duration,
    ) -> Held {
        let reply = self.extend(who, what, ttl, cap).await;
        let ExtendReply::Extended(held) = reply else {
            panic!("{who} should extend {what}: {reply:?}")
        };
        held
    }

    /// What the user holds, by seat.
    pub(crate) async fn holds(&self, who: &str) -> Vec<HeldSeat> {
        sorted(self.store.holds_of(self.event, user(who)).await.unwrap().seats)
    }

    /// The seats that the user holds, sorted.
    pub(crate) async fn held_seats(&self, who: &str) -> Vec<SeatId> {
        self.holds(who).await.into_iter().map(|held| held.seat).collect()
    }

    /// Until when the user holds this seat.
    pub(crate) async fn expiry(&self, who: &str, what: &str) -> Timestamp {
        let holds = self.holds(who).await;
        let held = holds.iter().find(|held| held.seat == seat(what));
        held.unwrap_or_else(|| panic!("{who} should hold {what}, not {holds:?}")).expires_at
    }
}
