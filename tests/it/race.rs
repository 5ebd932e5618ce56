//! Many users want the same seats at the same moment (I1, I3, I4, I7).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
};

use futures_util::future::join_all;
use seat_booking::contract::SeededRandomness;
use seat_layout::arena;
use seat_testbed::{Answer, Client, Server, confirm_body, new_event, shared, small_layout};
use serde_json::json;
use tokio::sync::Barrier;

const USERS: usize = 1_000;
const SEATS: usize = 50;
const ATTEMPTS_MAX: usize = 3;

#[tokio::test]
async fn a_seat_has_one_winner_among_a_thousand_users() {
    let server = shared().await;
    let layout = arena(SEATS as u32);
    let seats: Vec<String> = layout.seats.iter().map(|seat| seat.id.clone()).collect();
    let event = new_event(server, serde_json::to_value(layout).unwrap()).await;

    let attempts = everybody_at_once(server, &event, &seats).await;

    let winners = winners(&attempts);
    for attempt in &attempts {
        match attempt.answer.status {
            201 => assert_eq!(attempt.named("heldSeats"), attempt.wanted, "not all, or others"),
            409 => check_refusal(attempt, &winners),
            _ => panic!("{:?}", attempt.answer),
        }
    }

    let booked = join_all(
        attempts.iter().filter(|attempt| attempt.won()).map(|attempt| attempt.book(&event)),
    )
    .await;
    let sold: Vec<String> = booked.into_iter().flatten().collect();
    let once: BTreeSet<&str> = sold.iter().map(String::as_str).collect();
    assert_eq!(once.len(), sold.len(), "a seat is in two bookings");
    assert_eq!(once, winners.keys().copied().collect(), "not what was held");

    let states = Client::anyone(server).get(&format!("/seat-booking/states/{event}")).await;
    let expected: String =
        seats.iter().map(|seat| if once.contains(seat.as_str()) { 'b' } else { 'a' }).collect();
    assert_eq!(states.expect(200).text("states"), expected);
}

/// One user's one request for some seats.
struct Attempt {
    user: Client,
    wanted: BTreeSet<String>,
    /// When the request began and when its answer had come, by a clock that counts both.
    began: u64,
    ended: u64,
    answer: Answer,
}

impl Attempt {
    fn won(&self) -> bool {
        self.answer.status == 201
    }

    /// The seats that the answer lists under this name.
    fn named(&self, field: &str) -> BTreeSet<String> {
        let seats = self.answer.field(field).as_array().expect("a list");
        seats.iter().map(|seat| seat.as_str().expect("an id").to_owned()).collect()
    }

    /// Confirms what was held; the seats of the booking.
    async fn book(&self, event: &str) -> Vec<String> {
        let seats: Vec<&str> = self.wanted.iter().map(String::as_str).collect();
        let booking = self.user.confirm(event, &seats, None).await.expect(201);
        let booked = booking.field("allSeatIds").as_array().expect("a list");
        let booked: Vec<_> = booked.iter().map(|seat| seat.as_str().unwrap().to_owned()).collect();
        assert_eq!(booked.iter().cloned().collect::<BTreeSet<_>>(), self.wanted);
        booked
    }
}

/// Each user asks for two or three of the seats, all at once and from open connections; who is
/// refused asks for others.
async fn everybody_at_once(server: &Server, event: &str, seats: &[String]) -> Vec<Attempt> {
    let crowd = Client::anyone(server);
    let clock = AtomicU64::new(0);
    let start = Barrier::new(USERS);
    let users = (0..USERS).map(|number| {
        let user = crowd.and_user(server, &format!("user-{number}"));
        let random = SeededRandomness::new(number as u64);
        let (clock, start) = (&clock, &start);
        async move {
            user.get("/livez").await.expect(200);
            start.wait().await;
            let mut attempts: Vec<Attempt> = Vec::new();
            while attempts.len() < ATTEMPTS_MAX && !attempts.last().is_some_and(Attempt::won) {
                let wanted = draw(seats, 2 + number % 2, &random);
                let seats: Vec<&str> = wanted.iter().map(String::as_str).collect();
                let began = clock.fetch_add(1, Ordering::SeqCst);
                let answer = user.hold(event, &seats).await;
                let ended = clock.fetch_add(1, Ordering::SeqCst);
                attempts.push(Attempt { user: user.clone(), wanted, began, ended, answer });
            }
            attempts
        }
    });
    join_all(users).await.into_iter().flatten().collect()
}

fn draw(seats: &[String], count: usize, random: &SeededRandomness) -> BTreeSet<String> {
    let mut drawn = BTreeSet::new();
    while drawn.len() < count {
        drawn.insert(seats[(random.number() % seats.len() as u64) as usize].clone());
    }
    drawn
}

/// Who won each seat.
fn winners(attempts: &[Attempt]) -> BTreeMap<&str, &Attempt> {
    let mut winners = BTreeMap::new();
    for attempt in attempts.iter().filter(|attempt| attempt.won()) {
        for seat in &attempt.wanted {
            assert!(winners.insert(seat.as_str(), attempt).is_none(), "{seat} has two winners");
        }
    }
    assert!(!winners.is_empty());
    winners
}

/// Nobody gave a seat back, so a refusal is right about a seat if its winner can have come before,
/// and must name it if the winner surely did.
fn check_refusal(refused: &Attempt, winners: &BTreeMap<&str, &Attempt>) {
    assert_eq!(refused.answer.code(), "seats_unavailable");
    let named = refused.named("conflictingSeats");
    assert!(!named.is_empty(), "refused for no reason");
    for seat in &named {
        assert!(refused.wanted.contains(seat), "{seat} was not asked for");
        let winner = winners.get(seat.as_str()).unwrap_or_else(|| panic!("{seat} was free"));
        assert!(winner.began < refused.ended, "{seat} was still free");
    }
    for seat in refused.wanted.difference(&named) {
        let surely_taken =
            winners.get(seat.as_str()).is_some_and(|winner| winner.ended < refused.began);
        assert!(!surely_taken, "{seat} was in the way and is not named");
    }
}

#[tokio::test]
async fn a_table_and_its_seats_have_one_kind_of_winner() {
    let server = shared().await;
    let event = &new_event(server, small_layout()).await;
    let crowd = Client::anyone(server);
    let users = (0..200).map(|number| {
        let user = crowd.and_user(server, &format!("guest-{number}"));
        async move {
            let table = number % 5 == 0;
            let answer = if table {
                user.hold_table(event, "table_VIP_001").await
            } else {
                user.hold(event, &[&format!("table_VIP_001_s{}", number % 5)]).await
            };
            assert!([201, 409].contains(&answer.status), "{answer:?}");
            (table, answer)
        }
    });
    let answers = join_all(users).await;
    let won = |table: bool| answers.iter().filter(|(t, a)| *t == table && a.status == 201).count();
    match (won(true), won(false)) {
        (1, 0) | (0, 1..=4) => {}
        (tables, seats) => panic!("{tables} hold the table and {seats} seats of it are held"),
    }
}

#[tokio::test]
async fn confirms_of_one_key_make_one_booking() {
    let server = shared().await;
    let event = &new_event(server, small_layout()).await;
    let user = &Client::user(server, "hasty");
    user.hold(event, &["seat_A1", "seat_A2"]).await.expect(201);

    let confirm = || user.confirm(event, &["seat_A1", "seat_A2"], Some("order-1"));
    let answers = join_all((0..64).map(|_| confirm())).await;

    let bookings: BTreeSet<_> = answers
        .iter()
        .map(|answer| answer.clone().expect(201).text("bookingId").to_owned())
        .collect();
    assert_eq!(bookings.len(), 1);
    let first = answers.iter().filter(|answer| answer.header("Idempotency-Replayed").is_none());
    assert_eq!(first.count(), 1, "one confirm books, the others replay");
    assert_eq!(bookings_of(user).await, 1);
}

#[tokio::test]
async fn confirms_of_one_key_and_two_payloads_make_one_booking() {
    let server = shared().await;
    let event = &new_event(server, small_layout()).await;
    let user = &Client::user(server, "two-minds");
    user.hold(event, &["seat_A1"]).await.expect(201);

    let answers = join_all((0..64).map(|number| async move {
        let mut body = confirm_body(event, &["seat_A1"], &[]);
        body["notes"] = json!(if number % 2 == 0 { "aisle" } else { "window" });
        user.confirm_with(body, Some("order-1")).await
    }))
    .await;

    let booked = answers.iter().filter(|answer| answer.status == 201);
    let bookings: BTreeSet<_> = booked.clone().map(|answer| answer.text("bookingId")).collect();
    assert_eq!(bookings.len(), 1);
    let notes: BTreeSet<_> = booked.clone().map(|answer| answer.text("notes")).collect();
    assert_eq!((notes.len(), booked.count()), (1, 32), "every confirm of one payload is answered");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((answer.status, answer.code()), (422, "idempotency_mismatch"));
    }
    assert_eq!(bookings_of(user).await, 1);
}

async fn bookings_of(user: &Client) -> usize {
    let answer = user.get("/seat-booking/my-bookings").await.expect(200);
    answer.field("bookings").as_array().unwrap().len()
}
