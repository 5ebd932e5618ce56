use std::{sync::Arc, time::Duration};

use seat_booking::contract::SeededRandomness;
use seat_history::Outcome;
use seat_testbed::Client;
use tokio::time::sleep;

use super::{
    hall::Hall,
    requests::{self, Asked},
};

/// How many of its blocks the house keeps to the end.
const BLOCKS_KEPT: usize = 3;
const PAUSE: Duration = Duration::from_millis(50);
/// How often the house asks until it knows.
const REPEATS_MAX: usize = 200;

/// The house, which keeps seats back and sells them again.
pub(super) struct Desk {
    admin: Client,
    hall: Arc<Hall>,
    random: SeededRandomness,
    blocked: Vec<(usize, Vec<String>)>,
}

impl Desk {
    pub(super) fn new(admin: Client, hall: Arc<Hall>, seed: u64) -> Self {
        Self { admin, hall, random: SeededRandomness::new(seed), blocked: Vec::new() }
    }

    pub(super) async fn work_until_closed(mut self) {
        while !self.hall.is_closing() {
            sleep(PAUSE).await;
            if self.blocked.len() <= BLOCKS_KEPT {
                self.block().await;
            } else {
                self.unblock().await;
            }
        }
    }

    async fn block(&mut self) {
        let venue = self.below(self.hall.venues.len());
        let seats = &self.hall.venues[venue].seats;
        // Neighbours, so that no seat is named twice.
        let first = self.below(seats.len() - 1);
        let seats = seats[first..=first + self.below(2)].to_vec();
        let is_there = self
            .blocked
            .iter()
            .any(|(at, other)| *at == venue && other.iter().any(|seat| seats.contains(seat)));
        if is_there {
            return;
        }
        let outcome = self.until_known(|| requests::block(&self.hall.venues[venue], &seats)).await;
        if outcome != Outcome::No {
            self.blocked.push((venue, seats));
        }
    }

    async fn unblock(&mut self) {
        let nth = self.below(self.blocked.len());
        let (venue, seats) = self.blocked.swap_remove(nth);
        self.until_known(|| requests::unblock(&self.hall.venues[venue], &seats)).await;
    }

    async fn until_known(&self, request: impl Fn() -> Asked) -> Outcome {
        for _ in 0..REPEATS_MAX {
            let (request, operation) = request();
            let door = self.below(self.hall.doors.len());
            let told = self.hall.ask(door, &self.admin, &request, operation).await;
            if told.outcome != Outcome::Unknown {
                return told.outcome;
            }
            sleep(PAUSE).await;
        }
        self.hall.ledger.complain("the house is still not told".to_owned());
        Outcome::Unknown
    }

    fn below(&self, bound: usize) -> usize {
        (self.random.number() % bound as u64) as usize
    }
}
