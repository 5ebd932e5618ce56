use seat_layout::{
    BookingId, CategoryId, Currency, EventId, LayoutId, Money, SeatId, TableId, UserId,
};
use seat_state::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Fingerprint, IdempotencyKey, Selection, TableSeats};

/// One sale of a layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The event.
    pub id: EventId,
    /// Its layout, which never changes.
    pub layout_id: LayoutId,
    /// What it is called.
    pub name: String,
    /// When the doors open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// What its prices are in.
    pub currency: Currency,
    /// When it was created, by the clock of the node that did it.
    pub created_at: Timestamp,
}

/// An event to be created.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The layout to sell.
    pub layout_id: LayoutId,
    /// What it is called.
    pub name: String,
    /// When the doors open.
    pub starts_at: Option<Timestamp>,
    /// What its prices are in.
    pub currency: Currency,
}

impl NewEvent {
    /// An unnamed event of this layout, in US dollars.
    pub fn of(layout_id: LayoutId) -> Self {
        Self { layout_id, name: String::new(), starts_at: None, currency: Currency::USD }
    }
}

/// How far a booking has come. It only ever moves forward in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BookingStatus {
    /// Kept for a later payment flow; not written yet.
    Pending,
    /// The seats are sold, the payment is not recorded.
    Confirmed,
    /// The seats are sold and paid.
    Paid,
    /// The seats were given back.
    Cancelled,
}

/// What a booking is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingType {
    /// Seats booked singly.
    IndividualSeats,
    /// Tables booked as tables.
    TableBooking,
    /// Both.
    Mixed,
}

/// A seat as it was sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookedSeat {
    /// The seat.
    pub seat_id: SeatId,
    /// Its category.
    pub category_id: CategoryId,
    /// What it cost.
    pub price: Money,
    /// The label of its row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_label: Option<String>,
    /// Its number in the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seat_number: Option<u32>,
}

/// A table as it was sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookedTable {
    /// The table.
    pub table_id: TableId,
    /// How many seats it has.
    pub seat_count: u32,
    /// Its seats.
    pub associated_seat_ids: Vec<SeatId>,
    /// The sum of its seats' prices.
    pub total_price: Money,
}

/// Whom to write to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contact {
    /// The name.
    pub name: String,
    /// The address for letters of the electronic kind.
    pub email: String,
    /// A telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// What a client says about its payment: kept, never trusted as proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentInfo {
    /// How it is paid.
    pub method: String,
    /// The provider's transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
}

/// How far a payment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaymentStatus {
    /// Nothing was recorded yet.
    Pending,
    /// Recorded as paid.
    Paid,
    /// Recorded as failed; it may still be paid.
    Failed,
    /// The booking was cancelled after it was paid.
    Refunded,
}

/// A booking's payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// How far it has come.
    pub status: PaymentStatus,
    /// What is to be paid: the booking's total.
    pub amount: Money,
    /// How, as the client said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The provider's transaction, as the client said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// The provider's transaction, as the house has recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_transaction_id: Option<String>,
}

/// Seats that were sold: one document, which a repository stores as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Booking {
    /// The booking; derived from the idempotency key where there is one.
    pub id: BookingId,
    /// The event.
    pub event_id: EventId,
    /// Whose it is.
    pub user_id: UserId,
    /// The seats booked singly.
    pub booked_seats: Vec<BookedSeat>,
    /// The tables booked as tables.
    pub booked_tables: Vec<BookedTable>,
    /// What it costs.
    pub total_amount: Money,
    /// What that is in.
    pub currency: Currency,
    /// How far it has come.
    pub status: BookingStatus,
    /// Its payment.
    pub payment: Payment,
    /// Whom to write to.
    pub contact: Contact,
    /// What the customer wished to add.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// When it was made, by the clock of the node that did it.
    pub created_at: Timestamp,
    /// Why it was cancelled, where somebody said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<String>,
    /// Which request made it.
    pub request: RequestMark,
    /// Grows by one with each change; a new booking has 0.
    pub rev: u32,
    /// The random mark of the latest change, by which a repeated change recognises itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_id: Option<ChangeId>,
}

/// A random mark of one change of one booking: 24 hexadecimal digits, like its id.
pub type ChangeId = BookingId;

/// What a document remembers of the request that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMark {
    /// The idempotency key, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<IdempotencyKey>,
    /// Which attempt under that key, from 0.
    pub attempt: u8,
    /// What the request asked for.
    pub fingerprint: Fingerprint,
}

impl Booking {
    /// What it is made of.
    pub fn booking_type(&self) -> BookingType {
        match (self.booked_seats.is_empty(), self.booked_tables.is_empty()) {
            (_, true) => BookingType::IndividualSeats,
            (true, false) => BookingType::TableBooking,
            (false, false) => BookingType::Mixed,
        }
    }

    /// The seats and tables that it is of, for ever.
    pub fn selection(&self) -> Selection {
        Selection {
            seats: self.booked_seats.iter().map(|seat| seat.seat_id.clone()).collect(),
            tables: self
                .booked_tables
                .iter()
                .map(|table| TableSeats {
                    table: table.table_id.clone(),
                    seats: table.associated_seat_ids.clone(),
                })
                .collect(),
        }
    }

    /// Whether it has its seats.
    pub fn is_active(&self) -> bool {
        self.status != BookingStatus::Cancelled
    }
}
