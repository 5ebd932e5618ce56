//! A customer: wants seats, asks any node, hangs up, comes back, and asks again for the same.

use std::{
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
    time::Duration,
};

use futures_util::future::{BoxFuture, join};
use seat_booking::{Actor, BookingError, BookingService, Confirmed, PaymentUpdate, Settings};
use seat_history::{Operation, OperationKind};
use seat_layout::{BookingId, SeatId, SeatSet, TableId, UserId};
use seat_state::{Hold, Version};

use crate::{
    chaos::{Chaos, Fault},
    house::House,
    node::Node,
    noted::{self, Noted, table_texts, texts},
    wishes::{Wish, Wishes},
    world::{Slot, World},
};

const HOP_US: (u64, u64) = (100, 5_000);
/// After this a customer asks again, perhaps somebody else.
const PATIENCE_US: u64 = 1_500_000;
/// How long somebody thinks.
const THINKS_US: (u64, u64) = (1_000, 2_000_000);
/// How often a request is sent whose outcome is not known.
const TRIES_MAX: u64 = 12;

pub(crate) struct Client {
    pub(crate) world: World,
    pub(crate) chaos: Chaos,
    pub(crate) house: House,
    pub(crate) nodes: Arc<[Node]>,
    pub(crate) settings: Settings,
    pub(crate) wishes: Wishes,
    pub(crate) noted: Noted,
    pub(crate) user: UserId,
    pub(crate) done: Arc<AtomicU64>,
}

/// What a wish was answered in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Booked, and the version that shows it, if the lock store said one.
    Booked(BookingId, Option<Version>),
    Refused,
    /// Nobody could say, however often it was asked.
    Nothing,
}

impl Answer {
    pub(crate) fn booking(self) -> Option<BookingId> {
        match self {
            Self::Booked(id, _) => Some(id),
            Self::Refused | Self::Nothing => None,
        }
    }
}

/// What a request came to; `None` when nobody could say.
pub(crate) type Outcome<T> = Option<Result<T, BookingError>>;

impl Client {
    /// Buys and gives back until it has had so many wishes.
    pub(crate) async fn shop(self, wishes: u64) {
        for _ in 0..wishes {
            self.think().await;
            // Whoever comes after the last fault would never be done.
            if self.chaos.is_over() {
                break;
            }
            match self.world.pick(12) {
                0 => self.block_and_unblock().await,
                1 => self.look_around().await,
                _ => self.order().await,
            }
        }
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    async fn think(&self) {
        let (low, high) = THINKS_US;
        self.world.wait_us(self.world.between_us(low, high)).await;
    }

    async fn order(&self) {
        let (seats, tables) = self.choose();
        let Some(Ok(())) = self.hold(&seats, &tables).await else { return };
        match self.world.pick(10) {
            0 => return drop(self.release(&seats, &tables).await),
            1 => self.extend(&seats, &tables).await,
            // More than one may have at once, sooner or later.
            2 => {
                let (seats, tables) = self.choose();
                self.hold(&seats, &tables).await;
            }
            _ => {}
        }
        self.think().await;
        let key = self.world.happens(750).then(|| self.wishes.new_key());
        let wish = self.wishes.new_wish(&self.house, &self.user, &seats, &tables, key);
        let booking = self.confirm(&wish).await.booking();
        if wish.key.is_some() && self.world.happens(100) {
            self.use_key_again(&wish).await;
        }
        let Some(booking) = booking else { return };
        self.think().await;
        if self.world.happens(150) {
            self.confirm(&wish).await;
        }
        if self.world.happens(300) {
            self.pay(booking).await;
        }
        if self.world.happens(600) {
            self.cancel(booking).await;
        }
        // Also after a cancellation the answer is the same booking.
        if wish.key.is_some() && self.world.happens(200) {
            self.confirm(&wish).await;
        }
    }

    /// The same key for something else: refused, or its own booking where there is none. The first
    /// wish may be asked for at the same time.
    async fn use_key_again(&self, wish: &Wish) {
        let (seats, tables) = self.choose();
        if self.world.happens(500) {
            self.hold(&seats, &tables).await;
        }
        let key = wish.key.clone();
        let other = self.wishes.new_wish(&self.house, &self.user, &seats, &tables, key);
        if self.world.happens(500) {
            join(self.confirm(&other), self.confirm(wish)).await;
        } else {
            self.confirm(&other).await;
        }
    }

    /// One to three seats, the table, or both.
    fn choose(&self) -> (Vec<SeatId>, Vec<TableId>) {
        let tables = match self.world.pick(4) {
            0 => vec![self.house.table.clone()],
            _ => Vec::new(),
        };
        let mut seats = Vec::new();
        let singles = if tables.is_empty() { self.house.seats.len() as u64 } else { 4 };
        let wanted = if tables.is_empty() { 1 + self.world.pick(3) } else { self.world.pick(2) };
        for _ in 0..wanted {
            let seat = &self.house.seats[self.world.pick(singles) as usize];
            if !seats.contains(seat) {
                seats.push(seat.clone());
            }
        }
        (seats, tables)
    }

    /// Seats and then tables: two requests where both are wanted.
    pub(crate) async fn hold(&self, seats: &[SeatId], tables: &[TableId]) -> Outcome<()> {
        let limits = &self.settings.limits;
        let (low, high) = (limits.hold_min.as_micros() as u64, limits.hold_max.as_micros() as u64);
        let lasts = Duration::from_micros(self.world.between_us(low, high));
        let (event, user) = (self.house.event, self.user.clone());
        for table in tables {
            let (user, table) = (user.clone(), table.clone());
            let seats = self.house.table_seats();
            let about = Operation {
                seats: texts(seats),
                tables: table_texts(std::slice::from_ref(&table)),
                ..self.request(OperationKind::Hold)
            };
            let held = self.ask(about, self.until(), move |service| {
                Box::pin(async move { service.hold_table(&event, &user, &table, lasts).await })
            });
            match held.await? {
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        if seats.is_empty() {
            return Some(Ok(()));
        }
        let about = Operation { seats: texts(seats), ..self.request(OperationKind::Hold) };
        let wanted = seats.to_vec();
        let seats = SeatSet::new(wanted.clone()).expect("each seat is named once");
        let held = self.ask(about, self.until(), move |service| {
            Box::pin(async move { service.hold(&event, &user, &seats, lasts).await })
        });
        let held = held.await?;
        if let Err(error) = &held {
            self.wishes.names_only(&wanted, error);
        }
        Some(held.map(drop))
    }

    async fn release(&self, seats: &[SeatId], tables: &[TableId]) -> Outcome<()> {
        let (event, user) = (self.house.event, self.user.clone());
        let all = self.world.happens(300);
        let (seats, tables) = match all {
            true => (Vec::new(), Vec::new()),
            false => (seats.to_vec(), tables.to_vec()),
        };
        let about = Operation {
            seats: if all { Vec::new() } else { self.all_texts(&seats, &tables) },
            tables: table_texts(&tables),
            ..self.request(OperationKind::Release)
        };
        let released = self.ask(about, nothing, move |service| {
            Box::pin(async move { service.release(&event, &user, &seats, &tables).await })
        });
        Some(released.await?.map(drop))
    }

    async fn extend(&self, seats: &[SeatId], tables: &[TableId]) {
        let (event, user, lasts) =
            (self.house.event, self.user.clone(), self.settings.limits.hold_max);
        let (seats, tables) = (seats.to_vec(), tables.to_vec());
        let about = Operation {
            seats: self.all_texts(&seats, &tables),
            tables: table_texts(&tables),
            ..self.request(OperationKind::Extend)
        };
        self.ask(about, self.until(), move |service| {
            Box::pin(async move { service.extend(&event, &user, &seats, &tables, lasts).await })
        })
        .await;
    }

    /// Sends it until there is an answer, at any node.
    pub(crate) async fn confirm(&self, wish: &Wish) -> Answer {
        for _ in 0..TRIES_MAX {
            let since_us = self.world.now_us();
            let (event, user, confirm) = (self.house.event, self.user.clone(), wish.confirm());
            let about = Operation {
                seats: texts(&wish.seats),
                tables: table_texts(&wish.tables),
                key: wish.key.clone(),
                payload: Some(wish.name.clone()),
                ..self.request(OperationKind::Confirm)
            };
            let booked = |confirmed: &Confirmed, about: &mut Operation| {
                about.booking = Some(confirmed.booking.id.to_string());
                about.total = u64::try_from(confirmed.booking.total_amount.minor()).ok();
            };
            let (wishes, name) = (self.wishes.clone(), wish.name.clone());
            let answer: Outcome<Confirmed> = self
                .ask(about, booked, move |service| {
                    Box::pin(async move {
                        wishes.arrived(&name);
                        let answer = service.confirm(&event, &user, confirm).await;
                        // Also where nobody waits for it any more.
                        wishes.decided(&name, &answer);
                        answer
                    })
                })
                .await;
            match answer {
                Some(Ok(confirmed)) => {
                    self.wishes.granted(&self.house, wish, &confirmed.booking);
                    return Answer::Booked(confirmed.booking.id, confirmed.version);
                }
                Some(Err(BookingError::Unavailable(_))) | None => {}
                Some(Err(error)) => {
                    self.wishes.refused(&self.house, wish, since_us, &error);
                    return Answer::Refused;
                }
            }
            let (low, high) = THINKS_US;
            self.world.wait_us(self.world.between_us(low, high / 4)).await;
            if self.world.happens(200) {
                self.extend(&wish.singles, &wish.tables).await;
            }
        }
        Answer::Nothing
    }

    async fn pay(&self, id: BookingId) {
        let about =
            Operation { booking: Some(id.to_string()), ..self.request(OperationKind::Payment) };
        let paid = self.ask(about, nothing, move |service| {
            Box::pin(async move { service.record_payment(&id, paid_once()).await })
        });
        if let Some(answer) = paid.await {
            self.wishes.after_change(&self.house, id, &answer.map(drop));
        }
    }

    pub(crate) async fn cancel(&self, id: BookingId) {
        let actor = Actor::User(self.user.clone());
        for _ in 0..TRIES_MAX {
            let actor = actor.clone();
            let about =
                Operation { booking: Some(id.to_string()), ..self.request(OperationKind::Cancel) };
            let cancelled = self.ask(about, nothing, move |service| {
                Box::pin(async move { service.cancel(&actor, &id, None).await })
            });
            match cancelled.await {
                Some(Ok(_)) => return self.wishes.cancelled(&self.house, id),
                Some(Err(BookingError::Unavailable(_))) | None => self.think().await,
                Some(Err(error)) => {
                    return self.wishes.after_change(&self.house, id, &Err(error));
                }
            }
        }
    }

    async fn block_and_unblock(&self) {
        let (seats, _) = self.choose();
        if seats.is_empty() {
            return;
        }
        let (event, names) = (self.house.event, texts(&seats));
        let about =
            |kind| Operation { user: String::new(), seats: names.clone(), ..self.request(kind) };
        let seats = SeatSet::new(seats).expect("each seat is named once");
        let block = async || {
            let (wanted, since_us) = (seats.clone(), self.world.now_us());
            let blocked = self.ask(about(OperationKind::Block), nothing, move |service| {
                Box::pin(async move { service.block(&event, &wanted).await })
            });
            if let Some(Ok(_)) = blocked.await {
                self.house.checks.were_blocked(seats.as_slice(), since_us);
            }
        };
        block().await;
        self.think().await;
        for _ in 0..TRIES_MAX {
            let seats = seats.clone();
            let unblocked = self.ask(about(OperationKind::Unblock), nothing, move |service| {
                Box::pin(async move { service.unblock(&event, &seats).await })
            });
            match unblocked.await {
                Some(Err(BookingError::Unavailable(_))) | None => self.think().await,
                Some(Ok(_) | Err(_)) => break,
            }
        }
        if self.world.happens(300) {
            block().await;
        }
    }

    async fn look_around(&self) {
        let (event, user) = (self.house.event, self.user.clone());
        self.send(move |service| {
            Box::pin(async move {
                service.holds_of(&event, &user).await?;
                service.bookings_of(&user, None, 10).await
            })
        })
        .await;
    }

    fn until(&self) -> impl FnOnce(&Hold, &mut Operation) + use<> {
        let world = self.world.clone();
        move |hold, about| about.expires_us = Some(world.at_us(hold.expires_at))
    }

    fn request(&self, kind: OperationKind) -> Operation {
        noted::request(&self.world, &self.house, kind, &self.user)
    }

    /// These seats, and those of the table where it is among them.
    fn all_texts(&self, seats: &[SeatId], tables: &[TableId]) -> Vec<String> {
        let of_table = self.house.table_seats().filter(|_| !tables.is_empty());
        texts(seats.iter().chain(of_table))
    }

    /// Asks a node for something that is noted; `tell` adds what the answer says.
    async fn ask<T: Send + 'static>(
        &self,
        about: Operation,
        tell: impl FnOnce(&T, &mut Operation),
        make: impl FnOnce(BookingService) -> BoxFuture<'static, Result<T, BookingError>>
        + Send
        + 'static,
    ) -> Outcome<T> {
        let answer = self.send(make).await;
        self.noted.request(&self.world, about, &answer, tell);
        answer
    }

    /// Asks a node, and waits for its answer as long as a customer does.
    async fn send<T: Send + 'static>(
        &self,
        make: impl FnOnce(BookingService) -> BoxFuture<'static, Result<T, BookingError>>
        + Send
        + 'static,
    ) -> Outcome<T> {
        let node = self.nodes[self.world.pick(self.nodes.len() as u64) as usize].clone();
        let slot: Slot<Outcome<T>> = Slot::default();
        let answer = slot.clone();
        let hop = |world: &World| world.between_us(HOP_US.0, HOP_US.1);
        let arrives_us = hop(&self.world);
        node.clone().after_us(arrives_us, move || {
            let Some(service) = node.service() else { return answer.fill(None) };
            let unheard = answer.clone();
            node.when_dead(move || unheard.fill(None));
            let world = node.world.clone();
            world.spawn(Some(node.id), async move {
                let outcome = make(service).await;
                let back_us = hop(&node.world);
                node.after_us(back_us, move || answer.fill(Some(outcome)));
            });
        });
        let patience_us = match self.chaos.strikes(Fault::HangUp) {
            true => self.world.pick(PATIENCE_US / 4),
            false => PATIENCE_US,
        };
        let gives_up = slot.clone();
        self.world.after_us(patience_us, move || gives_up.fill(None));
        slot.await
    }
}

fn paid_once() -> PaymentUpdate {
    PaymentUpdate::Paid { transaction_id: Some("one".to_owned()), amount: None }
}

fn nothing<T>(_: &T, _: &mut Operation) {}
