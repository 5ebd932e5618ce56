use std::sync::Arc;

use seat_layout::{BookingId, Currency, EventId, LayoutId, Money, UserId};
use seat_state::Timestamp;

use super::RepositoryFixture;
use crate::{
    Abandoned, Active, Block, BookedSeat, BookedTable, Booking, BookingStatus, Contact, Event,
    Fingerprint, Item, Payment, PaymentStatus, Record, RequestMark,
    contract::{Fresh, seat, selection},
    ports::{InsertReply, Repository, UpdateReply},
};

/// What every seat costs.
const PRICE: Money = Money::from_minor(49_50);

/// When every document was made, unless a case says otherwise.
pub(crate) const CREATED: Timestamp = Timestamp::from_ms(1_767_225_600_000);

/// A repository, an event of its own in it, and its calls in short: seats are written `A-1,A-2`,
/// a table `table:T`, and a call that must be answered panics where it is not.
pub struct RepositorySubject {
    fixture: Arc<dyn RepositoryFixture>,
    pub(crate) repository: Arc<dyn Repository>,
    pub(crate) event: EventId,
    fresh: Arc<Fresh>,
}

impl RepositorySubject {
    /// The subject of one case; its event has no document.
    pub fn new(fixture: impl RepositoryFixture + 'static) -> Self {
        let fresh = Fresh::for_case();
        let event = EventId::from_bytes(fresh.bytes());
        let (repository, fresh) = (fixture.repository(), Arc::new(fresh));
        Self { repository, event, fresh, fixture: Arc::new(fixture) }
    }

    /// The same documents, as a process finds them that starts now.
    pub(crate) async fn reopened(&self) -> Self {
        let (fixture, fresh) = (Arc::clone(&self.fixture), Arc::clone(&self.fresh));
        Self { repository: fixture.reopen().await, event: self.event, fixture, fresh }
    }

    /// A new id, greater than those before.
    pub(crate) fn id(&self) -> BookingId {
        BookingId::from_bytes(self.fresh.bytes())
    }

    pub(crate) fn event_id(&self) -> EventId {
        EventId::from_bytes(self.fresh.bytes())
    }

    pub(crate) fn layout_id(&self) -> LayoutId {
        LayoutId::from_bytes(self.fresh.bytes())
    }

    /// A user whom no other case knows.
    pub(crate) fn user(&self) -> UserId {
        self.id().to_string().parse().unwrap()
    }

    pub(crate) fn new_event(&self) -> Event {
        Event {
            id: self.event_id(),
            layout_id: self.layout_id(),
            name: "Gala".to_owned(),
            starts_at: None,
            currency: Currency::USD,
            created_at: CREATED,
        }
    }

    /// A confirmed booking with as little in it as there may be.
    pub(crate) fn booking(&self, what: &str) -> Booking {
        self.booking_in(self.event, what)
    }

    pub(crate) fn booking_in(&self, event: EventId, what: &str) -> Booking {
        let selection = selection(what);
        let total = PRICE.times(selection.all_seats().count() as i64);
        let booked_seats = selection.seats.into_iter().map(|seat_id| BookedSeat {
            seat_id,
            category_id: "standard".parse().unwrap(),
            price: PRICE,
            row_label: None,
            seat_number: None,
        });
        let booked_tables = selection.tables.into_iter().map(|table| BookedTable {
            table_id: table.table,
            seat_count: table.seats.len() as u32,
            total_price: PRICE.times(table.seats.len() as i64),
            associated_seat_ids: table.seats,
        });
        Booking {
            id: self.id(),
            event_id: event,
            user_id: self.user(),
            booked_seats: booked_seats.collect(),
            booked_tables: booked_tables.collect(),
            total_amount: total,
            currency: Currency::USD,
            status: BookingStatus::Confirmed,
            payment: Payment {
                status: PaymentStatus::Pending,
                amount: total,
                method: None,
                transaction_id: None,
                recorded_transaction_id: None,
            },
            contact: Contact {
                name: "Ada".to_owned(),
                email: "ada@example.org".to_owned(),
                phone: None,
            },
            notes: None,
            created_at: CREATED,
            cancel_reason: None,
            request: request(),
            rev: 0,
            change_id: None,
        }
    }

    pub(crate) fn block(&self, what: &str) -> Block {
        Block { id: self.id(), event: self.event, seat: seat(what), created_at: CREATED }
    }

    /// A block that is stored.
    pub(crate) async fn blocked(&self, what: &str) -> Block {
        let block = self.block(what);
        self.inserted(&Record::Block(block.clone())).await;
        block
    }

    pub(crate) fn abandoned(&self) -> Abandoned {
        let request = Some(request());
        Abandoned { id: self.id(), event: self.event, request, created_at: CREATED }
    }

    pub(crate) async fn insert(&self, record: &Record) -> InsertReply {
        self.repository.insert(record.clone()).await.unwrap()
    }

    pub(crate) async fn inserted(&self, record: &Record) {
        assert_eq!(self.insert(record).await, InsertReply::Inserted, "{record:?}");
    }

    /// Whether something has one of these seats or tables, so that no booking can have it.
    pub(crate) async fn is_taken(&self, what: &str) -> bool {
        let booking = self.booking(what);
        match self.insert(&document(&booking)).await {
            InsertReply::Duplicate => true,
            InsertReply::Inserted => {
                self.cancelled(&booking).await;
                false
            }
        }
    }

    /// A booking that is stored.
    pub(crate) async fn booked(&self, what: &str) -> Booking {
        let booking = self.booking(what);
        self.inserted(&document(&booking)).await;
        booking
    }

    pub(crate) async fn record(&self, id: BookingId) -> Option<Record> {
        self.repository.record(id).await.unwrap()
    }

    pub(crate) async fn update(&self, booking: &Booking) -> UpdateReply {
        self.repository.update(booking.clone()).await.unwrap()
    }

    /// Stores the booking's next revision, cancelled, and gives it back.
    pub(crate) async fn cancelled(&self, booking: &Booking) -> Booking {
        let cancelled = Booking { status: BookingStatus::Cancelled, ..self.next(booking) };
        assert_eq!(self.update(&cancelled).await, UpdateReply::Updated);
        cancelled
    }

    /// The booking's next revision, with nothing else changed.
    pub(crate) fn next(&self, booking: &Booking) -> Booking {
        Booking { rev: booking.rev + 1, change_id: Some(self.id()), ..booking.clone() }
    }

    pub(crate) async fn unblock(&self, id: BookingId) {
        self.repository.unblock(id).await.unwrap();
    }

    pub(crate) async fn active(&self, after: Option<BookingId>, limit: usize) -> Vec<Active> {
        self.repository.active(self.event, after, limit).await.unwrap()
    }

    /// The ids of the active documents that have one of these seats or tables, sorted.
    pub(crate) async fn owners(&self, what: &str) -> Vec<BookingId> {
        let owners = self.owners_in(self.event, what).await;
        owners.into_iter().map(|active| active.id).collect()
    }

    /// The active documents that have one of these seats or tables, by id.
    pub(crate) async fn owners_in(&self, event: EventId, what: &str) -> Vec<Active> {
        let items: Vec<Item> = selection(what).items().collect();
        let mut owners = self.repository.owners(event, items).await.unwrap();
        owners.sort_by_key(|active| active.id);
        owners
    }

    pub(crate) async fn bookings_of(
        &self,
        user: &UserId,
        before: Option<(Timestamp, BookingId)>,
        limit: usize,
    ) -> Vec<Booking> {
        self.repository.bookings_of(user.clone(), before, limit).await.unwrap()
    }
}

/// The mark of a request without a key.
fn request() -> RequestMark {
    RequestMark { key: None, attempt: 0, fingerprint: Fingerprint::from_bytes([7; 16]) }
}

/// The booking as a document.
pub(crate) fn document(booking: &Booking) -> Record {
    Record::Booking(Box::new(booking.clone()))
}
