use seat_booking::{
    BookedSeat, BookedTable, Booking, BookingStatus, BookingType, Contact, Payment, PaymentInfo,
    PaymentStatus, PaymentUpdate,
};
use seat_layout::{BookingId, CategoryId, Currency, EventId, Money, SeatId, TableId, UserId};
use seat_state::{Timestamp, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::schema;

/// Held seats and tables to book; at least one, and 50 seats at the most in all.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfirmRequest {
    #[schema(value_type = schema::EventId)]
    pub(crate) event_id: EventId,
    /// Seats that are held singly.
    #[serde(default)]
    #[schema(value_type = Vec<schema::SeatId>, max_items = 50)]
    #[validate(length(max = 50, message = "must be at most 50 seats"))]
    pub(crate) seat_ids: Vec<SeatId>,
    /// Tables that are held as tables; their seats are not named again.
    #[serde(default)]
    #[schema(value_type = Vec<schema::TableId>, max_items = 50)]
    #[validate(length(max = 50, message = "must be at most 50 tables"))]
    pub(crate) table_ids: Vec<TableId>,
    #[validate(nested)]
    pub(crate) contact_info: ContactBody,
    #[validate(nested)]
    pub(crate) payment_info: Option<PaymentInfoBody>,
    /// What the customer wishes to add.
    #[schema(max_length = 2000)]
    #[validate(length(max = 2000, message = "must be at most 2000 characters"))]
    pub(crate) notes: Option<String>,
}

/// Whom to write to.
#[derive(Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = Contact)]
pub(crate) struct ContactBody {
    #[schema(min_length = 1, max_length = 200)]
    #[validate(length(min = 1, max = 200, message = "must be 1 to 200 characters"))]
    name: String,
    #[schema(format = "email", max_length = 320, example = "jo@example.com")]
    #[validate(email(message = "must be an email address"))]
    email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40)]
    #[validate(length(max = 40, message = "must be at most 40 characters"))]
    phone: Option<String>,
}

impl From<ContactBody> for Contact {
    fn from(body: ContactBody) -> Self {
        Self { name: body.name, email: body.email, phone: body.phone }
    }
}

impl From<Contact> for ContactBody {
    fn from(contact: Contact) -> Self {
        Self { name: contact.name, email: contact.email, phone: contact.phone }
    }
}

/// What the client says about its payment: kept, never taken as proof.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PaymentInfo)]
pub(crate) struct PaymentInfoBody {
    #[schema(min_length = 1, max_length = 64, example = "card")]
    #[validate(length(min = 1, max = 64, message = "must be 1 to 64 characters"))]
    method: String,
    #[schema(min_length = 1, max_length = 128)]
    #[validate(length(min = 1, max = 128, message = "must be 1 to 128 characters"))]
    transaction_id: Option<String>,
}

impl From<PaymentInfoBody> for PaymentInfo {
    fn from(body: PaymentInfoBody) -> Self {
        Self { method: body.method, transaction_id: body.transaction_id }
    }
}

/// Why a booking is cancelled.
#[derive(Default, Deserialize, Validate, ToSchema)]
pub(crate) struct CancelRequest {
    #[schema(max_length = 2000)]
    #[validate(length(max = 2000, message = "must be at most 2000 characters"))]
    pub(crate) reason: Option<String>,
}

/// What became of a payment.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentRequest {
    status: PaymentOutcome,
    /// The provider's transaction.
    #[schema(min_length = 1, max_length = 128)]
    #[validate(length(min = 1, max = 128, message = "must be 1 to 128 characters"))]
    transaction_id: Option<String>,
    /// What was paid; when given, it must be the booking's total.
    #[schema(value_type = Option<schema::Money>)]
    amount: Option<Money>,
}

/// How a payment ended.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum PaymentOutcome {
    Paid,
    Failed,
}

impl From<PaymentRequest> for PaymentUpdate {
    fn from(request: PaymentRequest) -> Self {
        let PaymentRequest { status, transaction_id, amount } = request;
        match status {
            PaymentOutcome::Paid => Self::Paid { transaction_id, amount },
            PaymentOutcome::Failed => Self::Failed { transaction_id },
        }
    }
}

/// A booking, as its owner and the admins see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Booking)]
pub(crate) struct BookingBody {
    #[schema(value_type = schema::BookingId)]
    booking_id: BookingId,
    #[schema(value_type = schema::EventId)]
    event_id: EventId,
    #[schema(value_type = schema::UserId)]
    user_id: UserId,
    #[schema(value_type = schema::BookingType)]
    booking_type: BookingType,
    /// The seats booked singly.
    booked_seats: Vec<BookedSeatBody>,
    /// The tables booked as tables.
    booked_tables: Vec<BookedTableBody>,
    /// The single seats and those of the tables.
    #[schema(value_type = Vec<schema::SeatId>)]
    all_seat_ids: Vec<SeatId>,
    #[schema(value_type = schema::Money)]
    total_amount: Money,
    #[schema(value_type = schema::Currency)]
    currency: Currency,
    #[schema(value_type = schema::BookingStatus)]
    status: BookingStatus,
    payment: PaymentBody,
    contact: ContactBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    notes: Option<String>,
    /// Why it was cancelled, where somebody said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cancel_reason: Option<String>,
    #[schema(value_type = schema::Timestamp)]
    created_at: Timestamp,
}

impl From<Booking> for BookingBody {
    fn from(booking: Booking) -> Self {
        Self {
            booking_id: booking.id,
            event_id: booking.event_id,
            booking_type: booking.booking_type(),
            all_seat_ids: booking.selection().all_seats().cloned().collect(),
            user_id: booking.user_id,
            booked_seats: booking.booked_seats.into_iter().map(Into::into).collect(),
            booked_tables: booking.booked_tables.into_iter().map(Into::into).collect(),
            total_amount: booking.total_amount,
            currency: booking.currency,
            status: booking.status,
            payment: booking.payment.into(),
            contact: booking.contact.into(),
            notes: booking.notes,
            cancel_reason: booking.cancel_reason,
            created_at: booking.created_at,
        }
    }
}

/// A seat as it was sold.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BookedSeat)]
struct BookedSeatBody {
    #[schema(value_type = schema::SeatId)]
    seat_id: SeatId,
    #[schema(value_type = schema::CategoryId)]
    category_id: CategoryId,
    #[schema(value_type = schema::Money)]
    price: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    row_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    seat_number: Option<u32>,
}

impl From<BookedSeat> for BookedSeatBody {
    fn from(seat: BookedSeat) -> Self {
        Self {
            seat_id: seat.seat_id,
            category_id: seat.category_id,
            price: seat.price,
            row_label: seat.row_label,
            seat_number: seat.seat_number,
        }
    }
}

/// A table as it was sold.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BookedTable)]
struct BookedTableBody {
    #[schema(value_type = schema::TableId)]
    table_id: TableId,
    seat_count: u32,
    #[schema(value_type = Vec<schema::SeatId>)]
    associated_seat_ids: Vec<SeatId>,
    /// The sum of its seats' prices.
    #[schema(value_type = schema::Money)]
    total_price: Money,
}

impl From<BookedTable> for BookedTableBody {
    fn from(table: BookedTable) -> Self {
        Self {
            table_id: table.table_id,
            seat_count: table.seat_count,
            associated_seat_ids: table.associated_seat_ids,
            total_price: table.total_price,
        }
    }
}

/// A booking's payment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Payment)]
struct PaymentBody {
    #[schema(value_type = schema::PaymentStatus)]
    status: PaymentStatus,
    /// What is to be paid.
    #[schema(value_type = schema::Money)]
    amount: Money,
    /// How, as the client said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    method: Option<String>,
    /// The provider's transaction: the client's word until the payment is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    transaction_id: Option<String>,
}

impl From<Payment> for PaymentBody {
    fn from(payment: Payment) -> Self {
        Self {
            status: payment.status,
            amount: payment.amount,
            method: payment.method,
            transaction_id: payment.recorded_transaction_id.or(payment.transaction_id),
        }
    }
}

/// A booking after it was made or changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct BookingAnswer {
    /// Always `true`.
    success: bool,
    #[serde(flatten)]
    booking: BookingBody,
    /// The version that this made, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Version)]
    version: Option<Version>,
}

impl BookingAnswer {
    pub(crate) fn new(booking: Booking, version: Option<Version>) -> Self {
        Self { success: true, booking: booking.into(), version }
    }
}

/// Some of the caller's bookings, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BookingsAnswer {
    pub(crate) bookings: Vec<BookingBody>,
    /// Gives the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) next_cursor: Option<String>,
}
