//! The documents of one sequence.

use seat_booking::{
    Abandoned, Block, BookedSeat, BookedTable, Booking, BookingStatus, Contact, Event, Fingerprint,
    Payment, PaymentStatus, RequestMark,
};
use seat_layout::{BookingId, Currency, EventId, Layout, LayoutId, Money, UserId};
use seat_state::Timestamp;

use super::super::choice::{seats, selection};

const PRICE: Money = Money::from_minor(49_50);
const FIRST: Timestamp = Timestamp::from_ms(1_767_225_600_000);

/// The ids of one sequence, which share no id with those of another, and its users and moments.
#[derive(Clone, Copy)]
pub(super) struct Documents {
    /// Greater than that of every sequence before, in the same stores.
    pub(super) number: u64,
}

impl Documents {
    /// In the order of their places.
    fn bytes(self, place: usize) -> [u8; 12] {
        let (number, place) = (self.number.to_be_bytes(), (place as u32).to_be_bytes());
        std::array::from_fn(|i| if i < 8 { number[i] } else { place[i - 8] })
    }

    pub(super) fn id(self, place: usize) -> BookingId {
        BookingId::from_bytes(self.bytes(place))
    }

    pub(super) fn event_id(self, place: usize) -> EventId {
        EventId::from_bytes(self.bytes(place))
    }

    /// Whether the event is one of this sequence.
    pub(super) fn has(self, event: &Event) -> bool {
        event.id.as_bytes()[..8] == self.number.to_be_bytes()
    }

    pub(super) fn layout_id(self, place: usize) -> LayoutId {
        LayoutId::from_bytes(self.bytes(place))
    }

    /// One user's id begins with another's, and one looks like an id of ours.
    pub(super) fn user(self, place: usize) -> UserId {
        let number = self.number;
        let names = [format!("{number}-u"), format!("{number}-u1"), self.id(99).to_string()];
        names[place].parse().unwrap()
    }

    pub(super) fn moment(self, place: usize) -> Timestamp {
        Timestamp::from_ms(FIRST.ms() + place as i64 * 1_500 + 7)
    }

    pub(super) fn layout(self, place: usize) -> Layout {
        Layout::grid(1 + place as u32, 3).unwrap()
    }

    pub(super) fn event(self, place: usize) -> Event {
        Event {
            id: self.event_id(place),
            layout_id: self.layout_id(0),
            name: format!("Gala {place}"),
            starts_at: place.is_multiple_of(2).then(|| self.moment(place)),
            currency: Currency::USD,
            created_at: self.moment(place),
        }
    }

    /// A booking; those under even ids have whatever may be left out.
    pub(super) fn booking(
        self,
        id: usize,
        event: usize,
        user: usize,
        what: &str,
        at: usize,
        status: BookingStatus,
    ) -> Booking {
        let selection = selection(what);
        let total = PRICE.times(selection.all_seats().count() as i64);
        let has_all = id.is_multiple_of(2);
        let text = |text: &str| has_all.then(|| text.to_owned());
        let booked_seats = selection.seats.into_iter().map(|seat_id| BookedSeat {
            seat_id,
            category_id: "standard".parse().unwrap(),
            price: PRICE,
            row_label: text("A"),
            seat_number: has_all.then_some(7),
        });
        let booked_tables = selection.tables.into_iter().map(|table| BookedTable {
            table_id: table.table,
            seat_count: table.seats.len() as u32,
            total_price: PRICE.times(table.seats.len() as i64),
            associated_seat_ids: table.seats,
        });
        Booking {
            id: self.id(id),
            event_id: self.event_id(event),
            user_id: self.user(user),
            booked_seats: booked_seats.collect(),
            booked_tables: booked_tables.collect(),
            total_amount: total,
            currency: Currency::USD,
            status,
            payment: Payment {
                status: PaymentStatus::Pending,
                amount: total,
                method: text("card"),
                transaction_id: text("tx-1"),
                recorded_transaction_id: None,
            },
            contact: Contact {
                name: "Ada".to_owned(),
                email: "ada@example.org".to_owned(),
                phone: text("+44 20 7946 0000"),
            },
            notes: text("by the aisle"),
            created_at: self.moment(at),
            cancel_reason: None,
            request: request(id),
            rev: 0,
            change_id: None,
        }
    }

    /// The booking so many revisions later.
    pub(super) fn changed(
        self,
        booking: Booking,
        revisions: u32,
        status: BookingStatus,
        at: usize,
    ) -> Booking {
        let cancel_reason = (status == BookingStatus::Cancelled).then(|| "ill".to_owned());
        let (rev, change_id) = (booking.rev + revisions, Some(self.id(200 + at)));
        let notes = Some(format!("revision {rev} at {at}"));
        Booking { rev, status, notes, cancel_reason, change_id, ..booking }
    }

    pub(super) fn block(self, id: usize, event: usize, seat: &str, at: usize) -> Block {
        let (id, event, created_at) = (self.id(id), self.event_id(event), self.moment(at));
        Block { id, event, seat: seats(seat).remove(0), created_at }
    }

    pub(super) fn abandoned(
        self,
        id: usize,
        event: usize,
        has_request: bool,
        at: usize,
    ) -> Abandoned {
        let request = has_request.then(|| request(id));
        let (id, event, created_at) = (self.id(id), self.event_id(event), self.moment(at));
        Abandoned { id, event, request, created_at }
    }
}

/// Some have an Idempotency-Key.
fn request(id: usize) -> RequestMark {
    let key = id.is_multiple_of(3).then(|| format!("key-{id}").parse().unwrap());
    RequestMark { key, attempt: (id % 4) as u8, fingerprint: Fingerprint::from_bytes([7; 16]) }
}
