#![allow(clippy::disallowed_methods, reason = "it gives up in real time")]

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use seat_booking::contract::SeededRandomness;
use seat_history::Outcome;
use seat_testbed::{Client, Server};
use tokio::time::sleep;

use super::{
    hall::Hall,
    requests::{self, Choice},
};

pub(super) const PROBE: &str = "probe";
/// After this the run is over: something does not come back.
const GIVES_UP_AFTER: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// Somebody who tries whether a server sells.
pub(super) struct Probe {
    user: Client,
    random: SeededRandomness,
    orders: AtomicU64,
}

/// An order of the probe.
pub(super) struct Tried {
    choice: Choice,
    key: String,
}

impl Probe {
    pub(super) fn new(server: &Server, seed: u64) -> Self {
        let user = Client::user(server, PROBE);
        Self { user, random: SeededRandomness::new(seed), orders: AtomicU64::new(0) }
    }

    /// Waits until this server lets somebody hold a seat.
    pub(super) async fn holds_at(&self, hall: &Hall, door: usize, server: &Server) {
        let start = Instant::now();
        while self.hold(hall, door).await.is_none() {
            if start.elapsed() >= GIVES_UP_AFTER {
                panic!("server {door} holds nothing any more:\n{}", server.nodes()[door].log());
            }
            sleep(PAUSE).await;
        }
    }

    /// Waits until this server lets somebody hold a seat and book it.
    pub(super) async fn sells_at(&self, hall: &Hall, door: usize, server: &Server) {
        if self.order_until(Outcome::Yes, hall, door, GIVES_UP_AFTER).await.is_none() {
            panic!("server {door} sells nothing any more:\n{}", server.nodes()[door].log());
        }
    }

    /// Orders one seat after the other until a confirm ends so; that order, if there was one in time.
    pub(super) async fn order_until(
        &self,
        wanted: Outcome,
        hall: &Hall,
        door: usize,
        within: Duration,
    ) -> Option<Tried> {
        let start = Instant::now();
        while start.elapsed() < within {
            if let Some(held) = self.hold(hall, door).await {
                let outcome = self.confirm(hall, door, &held).await;
                if outcome == wanted {
                    return Some(held);
                }
            }
            sleep(PAUSE).await;
        }
        None
    }

    /// A confirm whose outcome was not known is not known yet.
    pub(super) async fn is_refused(&self, hall: &Hall, door: usize, held: &Tried) {
        let outcome = self.confirm(hall, door, held).await;
        if outcome != Outcome::Unknown {
            hall.ledger.complain(format!("a failed file was believed again: {outcome}"));
        }
    }

    async fn hold(&self, hall: &Hall, door: usize) -> Option<Tried> {
        let venue = &hall.venues[hall.venues.len() - 1];
        let nth = self.random.number() % venue.seats.len() as u64;
        let choice = Choice { seats: vec![venue.seats[nth as usize].clone()], table: None };
        let key = format!("{PROBE}-{}", self.orders.fetch_add(1, Ordering::Relaxed));
        let (request, operation) = requests::hold(venue, PROBE, &choice, 5.0);
        let told = hall.ask(door, &self.user, &request, operation).await;
        (told.outcome == Outcome::Yes).then_some(Tried { choice, key })
    }

    async fn confirm(&self, hall: &Hall, door: usize, held: &Tried) -> Outcome {
        let venue = &hall.venues[hall.venues.len() - 1];
        let (request, operation) = requests::confirm(venue, PROBE, &held.choice, Some(&held.key));
        hall.ask(door, &self.user, &request, operation).await.outcome
    }
}
