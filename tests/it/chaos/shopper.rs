use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::future::join;
use seat_booking::contract::SeededRandomness;
use seat_history::Outcome;
use seat_testbed::Client;
use tokio::time::sleep;

use super::{
    hall::{Hall, Told},
    requests::{self, Asked, Choice},
};

/// How many bookings a shopper keeps; of more, one is cancelled, so that there is always something
/// left to want.
const BOOKINGS_KEPT: usize = 3;
/// When a request is sent again whose outcome was not known, and how often.
const REPEATS_AFTER: Duration = Duration::from_millis(100);
const REPEATS_MAX: usize = 200;
/// How long a shopper thinks, in milliseconds at the most.
const THINKS_MS: u64 = 20;

/// Somebody who orders, changes their mind and looks around until the sale closes, at whichever
/// server: the next step of the seed.
pub(super) struct Shopper {
    name: String,
    user: Client,
    admin: Client,
    hall: Arc<Hall>,
    random: SeededRandomness,
    orders: usize,
    bookings: Vec<Booked>,
}

/// A booking that was answered.
struct Booked {
    venue: usize,
    id: String,
    choice: Choice,
    key: Option<String>,
}

impl Shopper {
    pub(super) fn new(
        name: String,
        user: Client,
        admin: Client,
        hall: Arc<Hall>,
        seed: u64,
    ) -> Self {
        let random = SeededRandomness::new(seed);
        Self { name, user, admin, hall, random, orders: 0, bookings: Vec::new() }
    }

    pub(super) async fn shop_until_closed(mut self) {
        while !self.hall.is_closing() {
            sleep(Duration::from_millis(self.below(THINKS_MS))).await;
            match self.below(100) {
                0..15 => self.look_around().await,
                15..20 => self.pay().await,
                20..25 => self.repeat_an_old_order().await,
                25..35 => self.cancel_one().await,
                _ if self.bookings.len() > BOOKINGS_KEPT => self.cancel_one().await,
                _ => self.order().await,
            }
        }
    }

    async fn order(&mut self) {
        let (venue, choice) = self.choose();
        // Many are gone before they expire, some lie around.
        let longest = if self.below(10) == 0 { 8_000 } else { 2_000 };
        let seconds = (2_000 + self.below(longest)) as f64 / 1_000.0;
        let held = self.ask(requests::hold(&self.hall.venues[venue], &self.name, &choice, seconds));
        match held.await.outcome {
            Outcome::Yes => {}
            Outcome::No => return,
            // It may have been held: another try is no harm, and giving everything back is none.
            Outcome::Unknown if self.below(2) == 0 => return self.give_all_back(venue).await,
            Outcome::Unknown => return,
        }
        match self.below(100) {
            // Just left lying.
            0..3 => return,
            3..15 => {
                let venue = &self.hall.venues[venue];
                self.ask(requests::release(venue, &self.name, Some(&choice))).await;
                return;
            }
            15..30 => {
                let venue = &self.hall.venues[venue];
                self.ask(requests::extend(venue, &self.name, &choice, 4.0)).await;
            }
            _ => {}
        }
        self.confirm(venue, choice).await;
    }

    async fn confirm(&mut self, venue: usize, choice: Choice) {
        self.orders += 1;
        let key = (self.below(100) < 80).then(|| format!("{}-{}", self.name, self.orders));
        let confirm =
            || requests::confirm(&self.hall.venues[venue], &self.name, &choice, key.as_deref());
        let mut told = if key.is_some() && self.below(10) == 0 {
            // A client that was impatient: the same twice at once.
            let (one, other) = join(self.ask(confirm()), self.ask(confirm())).await;
            if one.outcome == Outcome::Unknown { other } else { one }
        } else {
            self.ask(confirm()).await
        };
        // Without a key, a repeat could be an order of its own.
        let repeats_max = if key.is_some() { REPEATS_MAX } else { 1 };
        let mut repeats = 0;
        while told.outcome == Outcome::Unknown && repeats < repeats_max {
            sleep(REPEATS_AFTER).await;
            told = self.ask(confirm()).await;
            repeats += 1;
        }
        match (told.outcome, told.answer) {
            (Outcome::Yes, Some(answer)) => {
                let id = answer.text("bookingId").to_owned();
                self.bookings.push(Booked { venue, id, choice, key });
            }
            (Outcome::Unknown, _) if key.is_some() => {
                self.hall.ledger.complain(format!("the outcome of {key:?} is still not known"));
            }
            (Outcome::Yes | Outcome::No | Outcome::Unknown, _) => {}
        }
    }

    /// The same request again, long after it was answered; or the same key for something else.
    async fn repeat_an_old_order(&self) {
        let Some(booked) = self.one_booking() else { return };
        let Some(key) = &booked.key else { return };
        let venue = &self.hall.venues[booked.venue];
        let other = self.below(10) == 0;
        let choice = if other { self.some_seats(booked.venue) } else { booked.choice.clone() };
        self.ask(requests::confirm(venue, &self.name, &choice, Some(key))).await;
    }

    async fn cancel_one(&mut self) {
        if self.bookings.is_empty() {
            return;
        }
        let nth = self.below(self.bookings.len() as u64) as usize;
        let booked = &self.bookings[nth];
        let venue = &self.hall.venues[booked.venue];
        let told = self.ask(requests::cancel(venue, &self.name, &booked.id)).await;
        if told.outcome != Outcome::Unknown {
            self.bookings.swap_remove(nth);
        }
    }

    async fn pay(&self) {
        let Some(booked) = self.one_booking() else { return };
        let (request, operation) = requests::payment(&self.hall.venues[booked.venue], &booked.id);
        self.hall.ask(self.door(), &self.admin, &request, operation).await;
    }

    async fn give_all_back(&self, venue: usize) {
        self.ask(requests::release(&self.hall.venues[venue], &self.name, None)).await;
    }

    async fn look_around(&self) {
        let venue = &self.hall.venues[self.venue()];
        let (event, seat) =
            (&venue.event, &venue.seats[self.below(venue.seats.len() as u64) as usize]);
        let path = match self.below(4) {
            0 => format!("/seat-booking/states/{event}"),
            1 => format!("/seat-booking/stats/{event}"),
            2 => format!("/seat-booking/availability/{event}?seatIds={seat}"),
            // A part of it: all of a large one is a megabyte.
            _ => format!(
                "/seat-booking/layout/{event}?viewport=%7B%22x%22:0,%22y%22:0,%22width%22:400,\
                 %22height%22:400%7D"
            ),
        };
        self.hall.look(self.door(), &self.user, &path).await;
    }

    async fn ask(&self, (request, operation): Asked) -> Told {
        self.hall.ask(self.door(), &self.user, &request, operation).await
    }

    fn one_booking(&self) -> Option<&Booked> {
        let count = self.bookings.len() as u64;
        (count > 0).then(|| &self.bookings[self.below(count) as usize])
    }

    /// A table in one of five orders, where there are some.
    fn choose(&self) -> (usize, Choice) {
        let venue = self.venue();
        let tables = &self.hall.venues[venue].tables;
        if tables.is_empty() || self.below(5) > 0 {
            return (venue, self.some_seats(venue));
        }
        let table = &tables[self.below(tables.len() as u64) as usize];
        (venue, Choice { seats: table.seats.clone(), table: Some(table.id.clone()) })
    }

    fn some_seats(&self, venue: usize) -> Choice {
        let seats = &self.hall.venues[venue].seats;
        let nth = (0..=self.below(3)).map(|_| self.below(seats.len() as u64) as usize);
        let nth: BTreeSet<usize> = nth.collect();
        Choice { seats: nth.into_iter().map(|nth| seats[nth].clone()).collect(), table: None }
    }

    /// In two of three orders one of the small ones.
    fn venue(&self) -> usize {
        let small = self.hall.venues.len() as u64 - 1;
        if self.below(3) == 0 { small as usize } else { self.below(small) as usize }
    }

    fn door(&self) -> usize {
        self.below(self.hall.doors.len() as u64) as usize
    }

    fn below(&self, bound: u64) -> u64 {
        self.random.number() % bound
    }
}
