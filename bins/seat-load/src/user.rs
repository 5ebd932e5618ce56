use std::{sync::Arc, time::Duration};

use seat_layout::{BookingId, EventId, Money, SeatId};
use serde::Deserialize;
use thiserror::Error;
use tokio::time;

use crate::{
    client::{Client, ClientError},
    clock,
    history::{ListedBooking, Notes, Request},
    ledger::{Booking, Ledger, Step},
    random::Random,
    sale::{Phase, Sale},
    tokens::Token,
    version::Version,
    wire::{Answer, Head, Message},
};

/// Someone who orders seats until there are none left.
pub(crate) struct User {
    number: u32,
    client: Client,
    random: Random,
    orders: u64,
    pub(crate) ledger: Ledger,
    notes: Option<Notes>,
    hold: Head,
    confirm: Head,
    token: Token,
}

/// An answer that no server that keeps the contract gives; the sale is stopped.
#[derive(Debug, Error)]
#[error("user {user}: the {step} of {seats} was answered {status}: {body}")]
pub(crate) struct Unexpected {
    user: u32,
    step: Step,
    seats: String,
    status: u16,
    body: String,
}

enum Confirmed {
    Booked(Booking),
    /// At least one hold had run out, or was lost.
    NotHeld,
}

/// The pause before a connection is opened again.
const RECONNECT_AFTER: Duration = Duration::from_millis(50);

const CREATED: u16 = 201;
const CONFLICT: u16 = 409;

impl User {
    pub(crate) fn new(number: u32, client: Client, token: Token, random: Random) -> Self {
        let post = |path| Head::post(client.origin(), path, Some(&token));
        Self {
            hold: post("/seat-booking/hold-seats"),
            confirm: post("/seat-booking/confirm"),
            number,
            client,
            random,
            orders: 0,
            ledger: Ledger::default(),
            notes: None,
            token,
        }
    }

    /// Orders until the event is sold out, or its deadline, even in the midst of an order.
    ///
    /// # Errors
    /// [`Unexpected`]. A server that is away or busy is asked again until the deadline.
    pub(crate) async fn take_part(mut self, sale: Arc<Sale>) -> Result<Self, Unexpected> {
        self.notes = sale.noted_since.map(|since| Notes::new(since, sale.hold_duration()));
        let bought = time::timeout_at(sale.deadline, self.buy(&sale)).await;
        self.ledger.operations = self.notes.take().map(Notes::into_operations).unwrap_or_default();
        match bought {
            Ok(bought) => bought.map(|()| self),
            Err(_deadline) => Ok(self),
        }
    }

    async fn buy(&mut self, sale: &Sale) -> Result<(), Unexpected> {
        let mut phase = sale.phase();
        // Looked at before the pick, so that a survey between the two is not slept through.
        while *phase.borrow_and_update() == Phase::Selling {
            let start = self.random.below(sale.board.seats());
            let seats = sale.board.pick(start, sale.terms.seats_per_order);
            if !seats.is_empty() {
                self.order(sale, seats).await?;
            } else if phase.changed().await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// All that this user has booked in this event, as the server lists it.
    ///
    /// # Errors
    /// Every [`ClientError`].
    pub(crate) async fn list_bookings(
        &mut self,
        event: EventId,
    ) -> Result<Vec<(u32, ListedBooking)>, ClientError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            bookings: Vec<ListedBooking>,
            next_cursor: Option<String>,
        }
        let mut listed = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/seat-booking/my-bookings?limit=100{cursor}");
            let message = Head::get(self.client.origin(), &path, Some(&self.token)).bare();
            let Page { bookings, next_cursor } = self.client.json(&message).await?;
            // The newest first: what follows another event's is older still.
            let goes_on = bookings.last().is_some_and(|last| last.event_id == event);
            let of_event = bookings.into_iter().filter(|booking| booking.event_id == event);
            listed.extend(of_event.map(|booking| (self.number, booking)));
            match next_cursor.filter(|_| goes_on) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(listed),
            }
        }
    }

    /// Holds these seats and books them, unless someone else has one of them.
    async fn order(&mut self, sale: &Sale, mut seats: Vec<u32>) -> Result<(), Unexpected> {
        let mut held_before = false;
        while !seats.is_empty() {
            let conflicting = self.hold(sale, &seats).await?;
            if conflicting.is_empty() {
                seats.iter().for_each(|&seat| sale.board.mark_taken(seat));
                match self.confirm(sale, &seats).await? {
                    Confirmed::Booked(booking) => {
                        sale.count_booked(booking.seats.len() as u32);
                        self.ledger.bookings.push(booking);
                        return Ok(());
                    }
                    // Some of them may be this user's still, and nobody else could book those.
                    Confirmed::NotHeld => held_before = true,
                }
            } else {
                conflicting.iter().for_each(|&seat| sale.board.mark_taken(seat));
                if !held_before {
                    return Ok(());
                }
                seats.retain(|seat| !conflicting.contains(seat));
            }
        }
        Ok(())
    }

    /// The seats that someone else has; none when these are held now.
    async fn hold(&mut self, sale: &Sale, seats: &[u32]) -> Result<Vec<u32>, Unexpected> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Conflict {
            conflicting_seats: Vec<SeatId>,
        }
        let message = self.hold.with_body(sale.hold_body(seats).as_bytes());
        let request = Request { step: Step::Hold, seats, key: None };
        let answer = self.ask(sale, request, &message).await;
        if answer.status == CREATED {
            return Ok(Vec::new());
        }
        let conflicting: Vec<u32> = parsed(&answer, CONFLICT)
            .map(|Conflict { conflicting_seats }| conflicting_seats)
            .unwrap_or_default()
            .iter()
            .filter_map(|seat| sale.position(seat))
            .collect();
        // A refusal that names none of the seats would be repeated for ever.
        if conflicting.iter().any(|seat| seats.contains(seat)) {
            Ok(conflicting)
        } else {
            Err(self.unexpected(sale, Step::Hold, seats, &answer))
        }
    }

    async fn confirm(&mut self, sale: &Sale, seats: &[u32]) -> Result<Confirmed, Unexpected> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Confirmation {
            booking_id: BookingId,
            all_seat_ids: Vec<SeatId>,
            total_amount: Money,
            version: Option<Version>,
        }
        #[derive(Deserialize)]
        struct Problem<'a> {
            code: &'a str,
        }
        self.orders += 1;
        let key = format!("storm-{}-{}", self.number, self.orders);
        let body = sale.confirm_body(seats, self.number);
        let message = self.confirm.with_header("Idempotency-Key", &key).with_body(body.as_bytes());
        let request = Request { step: Step::Confirm, seats, key: Some(&key) };
        let answer = self.ask(sale, request, &message).await;
        if let Some(Confirmation { booking_id, all_seat_ids, total_amount, version }) =
            parsed(&answer, CREATED)
        {
            let (known, strangers): (Vec<_>, Vec<_>) = all_seat_ids
                .into_iter()
                .map(|seat| sale.position(&seat).ok_or(seat))
                .partition(Result::is_ok);
            let mut booking = Booking {
                id: booking_id,
                asked: seats.to_vec(),
                seats: known.into_iter().flatten().collect(),
                strangers: strangers.into_iter().filter_map(Result::err).collect(),
                total: total_amount,
                version,
                after: clock::now() - sale.started,
            };
            booking.asked.sort_unstable();
            booking.seats.sort_unstable();
            return Ok(Confirmed::Booked(booking));
        }
        match parsed(&answer, CONFLICT) {
            Some(Problem { code: "not_held" }) => Ok(Confirmed::NotHeld),
            Some(Problem { .. }) | None => {
                Err(self.unexpected(sale, Step::Confirm, seats, &answer))
            }
        }
    }

    /// Sends the request until it is answered with something other than "again later".
    ///
    /// A hold may be repeated, since seats that one holds count as held, and a confirm has its key.
    async fn ask(&mut self, sale: &Sale, request: Request<'_>, message: &Message) -> Answer {
        loop {
            if let Some(notes) = &mut self.notes {
                notes.ask(sale, self.number, request);
            }
            let asked = clock::now();
            let answer = self.client.send(message).await;
            let status = answer.as_ref().ok().map(|answer| answer.status);
            self.ledger.note(request.step, status, asked.elapsed());
            if let Some(notes) = &mut self.notes {
                notes.answered(answer.as_ref().ok());
            }
            match answer {
                Ok(Answer { again_after: Some(pause), .. }) => time::sleep(pause).await,
                Ok(answer) => return answer,
                // The ledger counts it; the sale goes on when the server is back.
                Err(_unanswered) => time::sleep(RECONNECT_AFTER).await,
            }
        }
    }

    fn unexpected(&self, sale: &Sale, step: Step, seats: &[u32], answer: &Answer) -> Unexpected {
        let ids = seats.iter().map(|&seat| sale.layout.seat_at(seat as usize).id.as_str());
        Unexpected {
            user: self.number,
            step,
            seats: ids.collect::<Vec<_>>().join(", "),
            status: answer.status,
            body: String::from_utf8_lossy(&answer.body).into_owned(),
        }
    }
}

/// The body, when the answer has this status and the form that is wanted.
fn parsed<'a, T: Deserialize<'a>>(answer: &'a Answer, status: u16) -> Option<T> {
    (answer.status == status).then(|| serde_json::from_slice(&answer.body).ok()).flatten()
}
