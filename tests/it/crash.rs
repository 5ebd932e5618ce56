//! kill -9 in the middle of a storm: what was answered is there, nothing is sold twice, nothing
//! sticks, and a repeated request has one effect (I1, I2, I3, I6, I7).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, future::join_all, stream};
use reqwest::Method;
use seat_booking::contract::SeededRandomness;
use seat_layout::arena;
use seat_testbed::{Answer, Client, Server, confirm_body, new_event};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet, time::timeout};

const SEATS: u32 = 2_000;
const USERS: u64 = 64;
const KILLS: u64 = 3;
/// A kill comes after so many bookings of this life of the server.
const BOOKINGS_BEFORE_KILL: std::ops::Range<u64> = 20..200;
/// On another seed the kills come at other moments and the users want other seats.
const SEED: u64 = 9;
const BUSY_WITHIN: Duration = Duration::from_secs(60);
/// How many requests a check has open at once.
const CHECKS_OPEN: usize = 16;
/// The most that one user may hold, and one request.
const SEATS_OF_USER: usize = 50;

#[tokio::test]
async fn a_killed_server_keeps_what_it_answered_and_nothing_else() {
    let random = SeededRandomness::new(SEED);
    let mut server = Server::start(&[]).await;
    let layout = arena(SEATS);
    let hall = Arc::new(Hall {
        seats: layout.seats.iter().map(|seat| seat.id.clone()).collect(),
        event: new_event(&server, serde_json::to_value(layout).unwrap()).await,
    });
    let mut orders = Vec::new();
    for life in 0..KILLS {
        let bookings = between(&BOOKINGS_BEFORE_KILL, &random);
        orders.extend(storm_and_kill(&mut server, &hall, life, bookings).await);
        server.start_again().await;
        hall.check(&server, &mut orders).await;
    }
    let unanswered = orders.iter().filter(|order| !order.answered).count();
    assert!(unanswered > 0, "no kill came while a confirm was open");
}

/// A confirm that was sent: its seats were held by the user.
struct Order {
    user: String,
    key: String,
    seats: Vec<String>,
    /// Whether the first confirm had an answer.
    answered: bool,
    /// The booking, once an answer named it.
    booking: Option<String>,
}

/// Lets the users order until there are so many bookings more, kills the server, and gives all
/// orders whose confirm was sent.
async fn storm_and_kill(
    server: &mut Server,
    hall: &Arc<Hall>,
    life: u64,
    bookings: u64,
) -> Vec<Order> {
    let (booked, mut so_far) = watch::channel(0);
    let crowd = Client::anyone(server);
    let mut users = JoinSet::new();
    for number in 0..USERS {
        let name = format!("user-{number}");
        let user = crowd.and_user(server, &name);
        let shopper = Shopper {
            name,
            user,
            life,
            hall: Arc::clone(hall),
            random: SeededRandomness::new(SEED + 1 + life * USERS + number),
            booked: booked.clone(),
        };
        users.spawn(shopper.order_until_the_server_is_gone());
    }
    let busy = timeout(BUSY_WITHIN, so_far.wait_for(|&so_far| so_far >= bookings)).await;
    busy.expect("the users book").expect("there are users");
    server.kill().await;
    users.join_all().await.into_iter().flatten().collect()
}

struct Shopper {
    name: String,
    user: Client,
    life: u64,
    hall: Arc<Hall>,
    random: SeededRandomness,
    booked: watch::Sender<u64>,
}

impl Shopper {
    async fn order_until_the_server_is_gone(self) -> Vec<Order> {
        let mut orders = Vec::new();
        loop {
            let seats = self.two_seats();
            let Some(hold) = self.hold(&seats).await else { break };
            if hold.status == 409 {
                continue;
            }
            hold.expect(201);
            let key = format!("{}-{}-{}", self.name, self.life, orders.len());
            let user = self.name.clone();
            let mut order = Order { user, key, seats, answered: false, booking: None };
            let confirmed = self.user.try_send(self.hall.confirm(&self.user, &order)).await;
            if let Ok(answer) = &confirmed {
                let answer = answer.clone().expect(201);
                order.answered = true;
                order.booking = Some(answer.text("bookingId").to_owned());
                self.booked.send_modify(|booked| *booked += 1);
            }
            orders.push(order);
            if confirmed.is_err() {
                break;
            }
        }
        orders
    }

    /// None when the server is gone.
    async fn hold(&self, seats: &[String]) -> Option<Answer> {
        let body = json!({ "eventId": self.hall.event, "seatIds": seats });
        let request = self.user.request(Method::POST, "/seat-booking/hold-seats").json(&body);
        self.user.try_send(request).await.ok()
    }

    fn two_seats(&self) -> Vec<String> {
        let count = self.hall.seats.len() as u64;
        let first = self.random.number() % count;
        let second = (first + between(&(1..count), &self.random)) % count;
        [first, second].map(|seat| self.hall.seats[seat as usize].clone()).into()
    }
}

fn between(range: &std::ops::Range<u64>, random: &SeededRandomness) -> u64 {
    range.start + random.number() % (range.end - range.start)
}

struct Hall {
    event: String,
    /// In the layout's order.
    seats: Vec<String>,
}

impl Hall {
    fn confirm(&self, user: &Client, order: &Order) -> reqwest::RequestBuilder {
        let seats: Vec<&str> = order.seats.iter().map(String::as_str).collect();
        let body = confirm_body(&self.event, &seats, &[]);
        let request = user.request(Method::POST, "/seat-booking/confirm").json(&body);
        request.header("Idempotency-Key", &order.key)
    }

    /// Everything that must be so after a restart; finds out what became of the open orders.
    async fn check(&self, server: &Server, orders: &mut [Order]) {
        let desk = Client::anyone(server);
        let checks = orders.iter_mut().map(|order| async {
            let user = desk.and_user(server, &order.user);
            if let Some(booking) = &order.booking {
                let path = format!("/seat-booking/bookings/{booking}");
                order.check_booking(&user.get(&path).await.expect(200).body);
            }
            self.repeat(&user, order).await;
        });
        stream::iter(checks).for_each_concurrent(CHECKS_OPEN, |check| check).await;

        let sold = sold(orders);
        self.check_states(&desk, &sold).await;
        self.check_rest_is_on_sale(server, &desk, &sold).await;
        self.check_states(&desk, &sold).await;
    }

    /// Sends the confirm of an order twice more: one effect, and once booked, one answer.
    async fn repeat(&self, user: &Client, order: &mut Order) {
        for _ in 0..2 {
            let answer = user.send(self.confirm(user, order)).await;
            match (&order.booking, answer.status) {
                (Some(_), 201) => {
                    order.check_booking(&answer.body);
                    assert_eq!(answer.header("Idempotency-Replayed"), Some("true"));
                }
                // It was booked, and the answer was lost with the server.
                (None, 201) => {
                    order.booking = Some(answer.text("bookingId").to_owned());
                    order.check_booking(&answer.body);
                }
                // The server was gone before it was booked, and with it the hold.
                (None, 409) => assert_eq!(answer.code(), "not_held"),
                (Some(_) | None, _) => panic!("{}: {answer:?}", order.key),
            }
        }
    }

    async fn check_states(&self, desk: &Client, sold: &BTreeMap<&str, &Order>) {
        let states = desk.get(&format!("/seat-booking/states/{}", self.event)).await.expect(200);
        let states = states.text("states");
        assert_eq!(states.len(), self.seats.len());
        for (seat, state) in self.seats.iter().zip(states.chars()) {
            let expected = if sold.contains_key(seat.as_str()) { 'b' } else { 'a' };
            assert_eq!(state, expected, "{seat}");
        }
    }

    /// The holds ended with the server that was killed: everything that is not sold can be held.
    async fn check_rest_is_on_sale(
        &self,
        server: &Server,
        desk: &Client,
        sold: &BTreeMap<&str, &Order>,
    ) {
        let rest = self.seats.iter().map(String::as_str).filter(|seat| !sold.contains_key(seat));
        let rest: Vec<&str> = rest.collect();
        let holds = rest.chunks(SEATS_OF_USER).enumerate().map(|(number, seats)| async move {
            let user = desk.and_user(server, &format!("inspector-{number}"));
            user.hold(&self.event, seats).await.expect(201);
            let path = format!("/seat-booking/release-seats/{}", self.event);
            let released = user.delete(&path).await.expect(200);
            assert_eq!(released.field("releasedSeats").as_array().unwrap().len(), seats.len());
        });
        join_all(holds).await;
    }
}

impl Order {
    fn check_booking(&self, booking: &Value) {
        assert_eq!(booking["bookingId"].as_str(), self.booking.as_deref(), "{}", self.key);
        assert_eq!(booking["status"], "confirmed");
        let booked = booking["allSeatIds"].as_array().unwrap().iter();
        let booked: BTreeSet<&str> = booked.map(|seat| seat.as_str().unwrap()).collect();
        assert_eq!(booked, self.seats.iter().map(String::as_str).collect(), "{}", self.key);
    }
}

/// The order that has each sold seat.
fn sold(orders: &[Order]) -> BTreeMap<&str, &Order> {
    let mut sold = BTreeMap::new();
    for order in orders.iter().filter(|order| order.booking.is_some()) {
        for seat in &order.seats {
            let other = sold.insert(seat.as_str(), order);
            assert!(other.is_none(), "{seat} is in two bookings");
        }
    }
    sold
}
