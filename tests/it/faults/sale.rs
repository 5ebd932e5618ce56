#![allow(clippy::disallowed_methods, reason = "a bound of the promise is measured in real time")]

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Method, RequestBuilder};
use seat_booking::contract::SeededRandomness;
use seat_layout::arena;
use seat_testbed::{Answer, Client, Node, Server, Stores, confirm_body, eventually, new_event};
use serde_json::json;
use tokio::{sync::watch, task::JoinSet, time::sleep};

use super::audit::{self, Order};

const SEATS: u32 = 10_000;
/// The seats at the end are nobody's choice: they are there to see whether the sale goes on.
const SEATS_KEPT: usize = 100;
const SHOPPERS: u64 = 12;
/// What a shopper does between two orders. All want seats at random, so that some are taken.
const THINKS: Duration = Duration::from_millis(30);
/// When a request is sent again whose outcome was not known.
const REPEATS: Duration = Duration::from_millis(100);
/// Within this the outcome of every request is known.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
const BUSY_WITHIN: Duration = Duration::from_secs(60);
/// A server answers within two seconds whatever its stores do; the third is for a machine that runs
/// other tests as well.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);
/// The name of whoever tries what works.
const PROBE: &str = "probe";
/// What a server of these tests is told: to answer in time, as one that is in use, and not to
/// wait long before it settles what stands.
const FLAGS: &[&str] = &[
    "--answer-within-ms",
    "1500",
    "--at-least-wait-ms",
    "1000",
    "--reconcile-age-ms",
    "3000",
    "--round-every-ms",
    "3000",
];

/// What may happen to a seat that is booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Booked {
    /// Nobody holds it again.
    StaysBooked,
    /// Somebody may be told that it is held, for a moment, and never that it is booked: Redis has
    /// lost its newest writes and does not know it yet.
    MayBeHeld,
}

/// A sale through two servers that goes on until it is closed.
pub(super) struct Sale {
    pub(super) server: Server,
    hall: Arc<Hall>,
    shoppers: JoinSet<Vec<Order>>,
    kept: AtomicUsize,
}

/// What the shoppers share.
struct Hall {
    event: String,
    /// In the layout's order.
    seats: Vec<String>,
    rule: Booked,
    /// The seats of every booking that was answered.
    sold: Mutex<HashSet<String>>,
    bookings: watch::Sender<usize>,
    /// Whether a server was killed: a request may have no answer then.
    server_killed: AtomicBool,
    closing: AtomicBool,
}

impl Sale {
    /// Opens it on these stores, and waits until it is in full swing.
    pub(super) async fn open(stores: &Stores, rule: Booked) -> Self {
        Self::open_with(stores, rule, &[]).await
    }

    /// Opens it with further flags of the servers.
    pub(super) async fn open_with(stores: &Stores, rule: Booked, flags: &[&str]) -> Self {
        let both = [stores.clone(), stores.clone()];
        let server = Server::start_on(&both, &[FLAGS, flags].concat()).await;
        let layout = arena(SEATS);
        let seats = layout.seats.iter().map(|seat| seat.id.clone()).collect();
        let event = new_event(&server, serde_json::to_value(layout).unwrap()).await;
        let hall = Arc::new(Hall {
            event,
            seats,
            rule,
            sold: Mutex::default(),
            bookings: watch::Sender::new(0),
            server_killed: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        });
        let crowd = Client::anyone(&server);
        let mut shoppers = JoinSet::new();
        for number in 0..SHOPPERS {
            let name = shopper_name(number);
            let user = crowd.and_user(&server, &name);
            let random = SeededRandomness::new(number);
            let shopper = Shopper { name, user, hall: Arc::clone(&hall), random };
            shoppers.spawn(shopper.order_until_closed());
        }
        let sale = Self { server, hall, shoppers, kept: AtomicUsize::new(0) };
        sale.sells(100).await;
        sale
    }

    pub(super) fn event(&self) -> &str {
        &self.hall.event
    }

    /// Waits for so many bookings more.
    pub(super) async fn sells(&self, bookings: usize) {
        let mut so_far = self.hall.bookings.subscribe();
        let enough = *so_far.borrow() + bookings;
        let sold = so_far.wait_for(|&so_far| so_far >= enough);
        let sold = tokio::time::timeout(BUSY_WITHIN, sold).await;
        assert!(sold.is_ok(), "no {bookings} bookings in time:\n{}", self.server.log());
    }

    /// Whoever asks for seats is told in time, by each server, that they are unavailable, and when
    /// to ask again.
    pub(super) async fn refuses_holds(&self) {
        for node in self.server.nodes() {
            let (probe, seat) = (self.probe(node), self.kept_seat());
            eventually("a hold is refused", BUSY_WITHIN, async || {
                self.hold(&probe, seat).await.status == 503
            })
            .await;
        }
    }

    /// Each server tells a load balancer to send nothing, and an operator why.
    pub(super) async fn is_not_ready_for(&self, store: &str) {
        for node in self.server.nodes() {
            let probe = self.probe(node);
            eventually("the server is not ready", BUSY_WITHIN, async || {
                let answer = ask(&probe, probe.request(Method::GET, "/readyz")).await;
                answer.status == 503 && answer.text("detail").contains(store)
            })
            .await;
        }
    }

    /// Whoever confirms what is held already is told the same as who asks for seats.
    pub(super) async fn refuses_confirms(&self, held: &[&str]) {
        for (node, seat) in self.server.nodes().iter().zip(held) {
            let probe = self.probe(node);
            eventually("a confirm is refused", BUSY_WITHIN, async || {
                self.confirm(&probe, seat).await.status == 503
            })
            .await;
        }
    }

    /// Each server has been told that an insert of its failed, and tries again.
    pub(super) async fn repeats_inserts(&self) {
        for node in self.server.nodes() {
            eventually("an insert is repeated", BUSY_WITHIN, async || {
                node.log().contains("repeating the insert")
            })
            .await;
        }
    }

    /// Kills one of the servers. Who asked it asks the other one.
    pub(super) async fn kill_one_server(&mut self) {
        self.hall.server_killed.store(true, Ordering::SeqCst);
        self.server.kill_one().await;
    }

    /// Holds a seat at each server.
    pub(super) async fn holds_two(&self) -> Vec<&str> {
        let mut held = Vec::new();
        for node in self.server.nodes() {
            let seat = self.kept_seat();
            self.hold(&self.probe(node), seat).await.expect(201);
            held.push(seat);
        }
        held
    }

    /// Whoever confirms what was held before gets it within this time.
    pub(super) async fn books(&self, held: &[&str], within: Duration) {
        for (node, seat) in self.server.nodes().iter().zip(held) {
            let probe = self.probe(node);
            eventually("a held seat is booked", within, async || {
                self.confirm(&probe, seat).await.status == 201
            })
            .await;
        }
    }

    /// Each server lets somebody hold and book a seat within this time.
    pub(super) async fn sells_again(&self, within: Duration) {
        let deadline = Instant::now() + within;
        for node in self.server.nodes() {
            let (probe, seat) = (self.probe(node), self.kept_seat());
            let left = deadline.saturating_duration_since(Instant::now());
            let mut held = false;
            eventually("a seat is held and booked", left, async || {
                held = held || self.hold(&probe, seat).await.status == 201;
                if !held {
                    return false;
                }
                let confirm = self.confirm(&probe, seat).await;
                // Redis may have lost the hold meanwhile; 503 is repeated as it is.
                held = confirm.status != 409;
                confirm.status == 201
            })
            .await;
        }
    }

    /// Ends the sale and checks all of it, against the servers and against the database.
    pub(super) async fn close(mut self, stores: &Stores) -> Closed {
        self.hall.closing.store(true, Ordering::SeqCst);
        let mut orders = Vec::new();
        while let Some(shopper) = self.shoppers.join_next().await {
            orders.extend(shopper.unwrap());
        }
        self.give_back().await;
        let database = stores.database().await;
        audit::check(&self.server, &self.hall.event, &self.hall.seats, &orders, &database).await;
        Closed { orders }
    }

    /// Releases what is still held, as after a hold whose answer was lost.
    async fn give_back(&self) {
        let release = format!("/seat-booking/release-seats/{}", self.hall.event);
        for name in (0..SHOPPERS).map(shopper_name).chain([PROBE.to_owned()]) {
            let user = Client::user(&self.server, &name);
            eventually("what is held is given back", SETTLED_WITHIN, async || {
                ask(&user, user.request(Method::DELETE, &release)).await.status == 200
            })
            .await;
        }
    }

    fn probe(&self, node: &Node) -> Client {
        Client::user(&self.server, PROBE).at(node)
    }

    fn kept_seat(&self) -> &str {
        let nth = self.kept.fetch_add(1, Ordering::Relaxed);
        assert!(nth < SEATS_KEPT, "no seats are left to try");
        &self.hall.seats[self.hall.seats.len() - 1 - nth]
    }

    async fn hold(&self, user: &Client, seat: &str) -> Answer {
        ask(user, hold_request(user, &self.hall.event, &[seat])).await
    }

    async fn confirm(&self, user: &Client, seat: &str) -> Answer {
        ask(user, confirm_request(user, &self.hall.event, &[seat], seat)).await
    }
}

/// A sale that has ended and was found right.
pub(super) struct Closed {
    orders: Vec<Order>,
}

impl Closed {
    /// No confirm was refused: whoever held seats has booked them in the end.
    pub(super) fn lost_no_hold(&self) {
        let refused = self.orders.iter().filter(|order| order.booking.is_none()).count();
        assert_eq!(refused, 0, "confirms were refused, though their seats were held");
    }

    /// Some outcome was not known at first: the fault came while there was something to break.
    pub(super) fn had_doubts(&self) {
        assert!(self.orders.iter().any(|order| order.repeated), "no confirm met the fault");
    }
}

struct Shopper {
    name: String,
    user: Client,
    hall: Arc<Hall>,
    random: SeededRandomness,
}

impl Shopper {
    async fn order_until_closed(self) -> Vec<Order> {
        let mut orders = Vec::new();
        while !self.hall.closing.load(Ordering::SeqCst) {
            sleep(THINKS).await;
            self.ask_for_what_is_sold().await;
            if let Some(order) = self.order(orders.len()).await {
                orders.push(order);
            }
        }
        orders
    }

    /// A seat of somebody's answered booking is neither shown as free nor held again.
    async fn ask_for_what_is_sold(&self) {
        let sold = self.hall.sold().iter().next().cloned();
        let (Some(seat), Booked::StaysBooked) = (sold, self.hall.rule) else { return };
        let path = format!("/seat-booking/availability/{}?seatIds={seat}", self.hall.event);
        let shown = self.ask(self.user.request(Method::GET, &path)).await;
        if let Some(shown) = shown.filter(|shown| shown.status != 503) {
            // Shown held until a finish has come through that was lost.
            assert_ne!(shown.expect(200).field("availability")[&seat], "available", "{seat}");
        }
        let hold = self.ask(hold_request(&self.user, &self.hall.event, &[&seat])).await;
        if let Some(hold) = hold.filter(|hold| hold.status != 503) {
            assert_eq!(hold.expect(409).code(), "seats_unavailable", "{seat}");
        }
    }

    /// `None` when the seats were taken, or when nobody could say.
    async fn order(&self, number: usize) -> Option<Order> {
        let seats = self.two_seats();
        let names: Vec<&str> = seats.iter().map(String::as_str).collect();
        let sold_before = self.hall.sold().iter().find(|&sold| seats.contains(sold)).cloned();
        let hold = self.ask(hold_request(&self.user, &self.hall.event, &names)).await?;
        match hold.status {
            201 => {}
            409 => {
                assert_eq!(hold.code(), "seats_unavailable");
                return None;
            }
            503 => return None,
            _ => panic!("{hold:?}"),
        }
        if let (Some(seat), Booked::StaysBooked) = (&sold_before, self.hall.rule) {
            panic!("{seat} is booked and was held again: {hold:?}");
        }

        let key = format!("{}-{number}", self.name);
        let first = Instant::now();
        let mut repeated = false;
        let booking = loop {
            let confirm = confirm_request(&self.user, &self.hall.event, &names, &key);
            match self.ask(confirm).await {
                Some(answer) if answer.status == 201 => {
                    break Some(answer.text("bookingId").to_owned());
                }
                Some(answer) if answer.status == 409 => {
                    assert!(["not_held", "seats_unavailable"].contains(&answer.code()));
                    break None;
                }
                Some(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
                None => {}
            }
            repeated = true;
            assert!(first.elapsed() < SETTLED_WITHIN, "{key} is still not known");
            sleep(REPEATS).await;
        };
        if booking.is_some() {
            assert_eq!(sold_before, None, "it is booked once more");
            self.hall.sold().extend(seats.iter().cloned());
            self.hall.bookings.send_modify(|bookings| *bookings += 1);
        }
        Some(Order { user: self.name.clone(), seats, repeated, booking })
    }

    /// `None` when the server was killed.
    async fn ask(&self, request: RequestBuilder) -> Option<Answer> {
        match try_ask(&self.user, request).await {
            Ok(answer) => Some(answer),
            Err(_) if self.hall.server_killed.load(Ordering::SeqCst) => None,
            Err(error) => panic!("no answer: {error:?}"),
        }
    }

    fn two_seats(&self) -> Vec<String> {
        let count = (self.hall.seats.len() - SEATS_KEPT) as u64;
        let first = self.random.number() % count;
        let second = (first + 1 + self.random.number() % (count - 1)) % count;
        [first, second].map(|seat| self.hall.seats[seat as usize].clone()).into()
    }
}

impl Hall {
    fn sold(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.sold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shopper_name(number: u64) -> String {
    format!("shopper-{number}")
}

fn hold_request(user: &Client, event: &str, seats: &[&str]) -> RequestBuilder {
    let body = json!({ "eventId": event, "seatIds": seats });
    user.request(Method::POST, "/seat-booking/hold-seats").json(&body)
}

fn confirm_request(user: &Client, event: &str, seats: &[&str], key: &str) -> RequestBuilder {
    let body = confirm_body(event, seats, &[]);
    let request = user.request(Method::POST, "/seat-booking/confirm").json(&body);
    request.header("Idempotency-Key", key)
}

/// Sends a request to a server that runs.
async fn ask(user: &Client, request: RequestBuilder) -> Answer {
    try_ask(user, request).await.expect("the server answers")
}

/// Sends a request, which is answered in time; one that is refused for now says until when.
async fn try_ask(user: &Client, request: RequestBuilder) -> reqwest::Result<Answer> {
    let start = Instant::now();
    let answer = user.try_send(request).await?;
    let took = start.elapsed();
    assert!(took < ANSWERED_WITHIN, "answered after {took:?}: {answer:?}");
    if answer.status == 503 {
        assert_eq!(answer.code(), "unavailable");
        assert!(answer.header("Retry-After").is_some(), "{answer:?}");
    }
    Ok(answer)
}
