use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use seat_layout::{EventId, Layout, SeatId};
use serde::Deserialize;
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use crate::{admin::Admin, board::Board, client::ClientError, clock, version::Version};

/// One event being sold out: what all its users share.
pub(crate) struct Sale {
    pub(crate) event: EventId,
    pub(crate) layout: Arc<Layout>,
    pub(crate) board: Board,
    pub(crate) terms: Terms,
    pub(crate) started: Instant,
    /// When the users stop, sold out or not.
    pub(crate) deadline: Instant,
    /// What the times of the users' notes are counted from; absent when nobody wants any.
    pub(crate) noted_since: Option<Instant>,
    phase: watch::Sender<Phase>,
    seats_booked: AtomicU32,
}

/// How the users order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) seats_per_order: u32,
    pub(crate) hold_minutes: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Selling,
    SoldOut,
}

/// The state of every seat as the server tells it, one character a seat in the layout's order.
#[derive(Debug, Deserialize)]
pub(crate) struct States {
    pub(crate) states: String,
}

/// How often a board that looks full is compared with the server.
const SURVEY_EVERY: Duration = Duration::from_millis(20);

impl Sale {
    pub(crate) fn new(
        event: EventId,
        layout: Arc<Layout>,
        terms: Terms,
        deadline: Instant,
    ) -> Self {
        let seats =
            u32::try_from(layout.seats().len()).expect("a layout has at most 200,000 seats");
        Self {
            event,
            board: Board::new(seats),
            layout,
            terms,
            started: clock::now(),
            deadline,
            noted_since: None,
            phase: watch::Sender::new(Phase::Selling),
            seats_booked: AtomicU32::new(0),
        }
    }

    /// Tells when seats were found to be free after all, and when there are none left.
    pub(crate) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    pub(crate) fn is_sold_out(&self) -> bool {
        *self.phase.borrow() == Phase::SoldOut
    }

    pub(crate) fn count_booked(&self, seats: u32) {
        self.seats_booked.fetch_add(seats, Ordering::Relaxed);
    }

    pub(crate) fn seats_booked(&self) -> u32 {
        self.seats_booked.load(Ordering::Relaxed)
    }

    /// The position of a seat that the server named.
    pub(crate) fn position(&self, seat: &SeatId) -> Option<u32> {
        self.layout.seat_index(seat).and_then(|index| u32::try_from(index).ok())
    }

    /// How long a hold is asked for.
    pub(crate) fn hold_duration(&self) -> Duration {
        Duration::from_secs_f64(self.terms.hold_minutes * 60.0)
    }

    pub(crate) fn hold_body(&self, seats: &[u32]) -> String {
        self.body(seats, &format!(r#""holdDurationMinutes":{}"#, self.terms.hold_minutes))
    }

    pub(crate) fn confirm_body(&self, seats: &[u32], user: u32) -> String {
        let contact = format!(r#"{{"name":"User {user}","email":"user{user}@example.com"}}"#);
        self.body(seats, &format!(r#""contactInfo":{contact}"#))
    }

    /// The JSON of an order; no character of an id needs an escape in it.
    fn body(&self, seats: &[u32], rest: &str) -> String {
        let ids = seats.iter().map(|&seat| self.layout.seat_at(seat as usize).id.as_str());
        let ids = ids.collect::<Vec<_>>().join(r#"",""#);
        format!(r#"{{"eventId":"{}","seatIds":["{ids}"],{rest}}}"#, self.event)
    }

    /// Whenever nobody knows of a free seat, asks the server; ends when that has none either.
    ///
    /// # Errors
    /// When the server does not answer as it should. A server that can't be reached for a while is
    /// asked again: the users try on until the deadline, too.
    pub(crate) async fn survey(&self, admin: &mut Admin) -> Result<(), ClientError> {
        loop {
            time::sleep(SURVEY_EVERY).await;
            if !self.board.is_full() {
                continue;
            }
            let states = match self.states(admin, None).await {
                Ok(States { states }) => states,
                Err(error) if error.may_pass() => continue,
                Err(error) => return Err(error),
            };
            if states.bytes().all(|state| state == b'b') {
                self.phase.send_replace(Phase::SoldOut);
                return Ok(());
            }
            let free =
                (0..self.board.seats()).zip(states.bytes()).filter(|(_, state)| *state == b'a');
            let found = free.map(|(seat, _)| self.board.mark_free(seat)).count();
            // Woken only for something: there may be a thousand users.
            if found > 0 {
                self.phase.send_replace(Phase::Selling);
            }
        }
    }

    /// # Errors
    /// Every [`ClientError`].
    pub(crate) async fn states(
        &self,
        admin: &mut Admin,
        at_least: Option<Version>,
    ) -> Result<States, ClientError> {
        admin.read(&format!("/seat-booking/states/{}{}", self.event, query(at_least))).await
    }
}

/// `?atLeast=<version>`, or nothing.
pub(crate) fn query(at_least: Option<Version>) -> String {
    at_least.map_or_else(String::new, |version| format!("?atLeast={version}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_order_is_written_as_the_contract_has_it() {
        let terms = Terms { seats_per_order: 2, hold_minutes: 2.5 };
        let layout = Arc::new(Layout::grid(1, 4).unwrap());
        let deadline = clock::now() + Duration::from_secs(1);
        let sale = Sale::new(EventId::from_bytes([1; 12]), layout, terms, deadline);
        assert_eq!(
            serde_json::from_str::<Value>(&sale.hold_body(&[3, 0])).unwrap(),
            json!({
                "eventId": "010101010101010101010101",
                "seatIds": ["A-4", "A-1"],
                "holdDurationMinutes": 2.5,
            })
        );
        assert_eq!(
            serde_json::from_str::<Value>(&sale.confirm_body(&[1], 7)).unwrap(),
            json!({
                "eventId": "010101010101010101010101",
                "seatIds": ["A-2"],
                "contactInfo": { "name": "User 7", "email": "user7@example.com" },
            })
        );
    }
}
