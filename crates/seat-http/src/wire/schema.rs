//! How the types of other crates look in the OpenAPI document.
#![expect(dead_code, reason = "these types stand for others in the document and are never made")]

use utoipa::ToSchema;

/// An event.
#[derive(ToSchema)]
#[schema(pattern = "^[0-9a-fA-F]{24}$", example = "64f123456789abcd12345678")]
pub(crate) struct EventId(String);

/// A layout.
#[derive(ToSchema)]
#[schema(pattern = "^[0-9a-fA-F]{24}$", example = "64f123456789abcd12345679")]
pub(crate) struct LayoutId(String);

/// A booking.
#[derive(ToSchema)]
#[schema(pattern = "^[0-9a-fA-F]{24}$", example = "64f123456789abcd1234567a")]
pub(crate) struct BookingId(String);

/// A seat, unique in its layout.
#[derive(ToSchema)]
#[schema(pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "A-1")]
pub(crate) struct SeatId(String);

/// A table, unique in its layout.
#[derive(ToSchema)]
#[schema(pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "table_1")]
pub(crate) struct TableId(String);

/// A price category, unique in its layout.
#[derive(ToSchema)]
#[schema(pattern = "^[A-Za-z0-9_.-]{1,64}$", example = "standard")]
pub(crate) struct CategoryId(String);

/// A user: the `sub` of a token.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 128)]
pub(crate) struct UserId(String);

/// Where the event's sequence of changes stands: epoch and number.
#[derive(ToSchema)]
#[schema(pattern = "^[0-9]{1,16}-[0-9]{1,19}$", example = "1698067200100042-17")]
pub(crate) struct Version(String);

/// A moment: RFC 3339, in UTC with milliseconds.
#[derive(ToSchema)]
#[schema(format = DateTime, example = "2026-11-22T19:30:00.000Z")]
pub(crate) struct Timestamp(String);

/// An amount in major units with at most two decimals.
#[derive(ToSchema)]
#[schema(minimum = 0, exclusive_maximum = 1_000_000_000_000i64, example = 157.5)]
pub(crate) struct Money(f64);

/// An ISO 4217 code.
#[derive(ToSchema)]
#[schema(pattern = "^[A-Z]{3}$", example = "USD")]
pub(crate) struct Currency(String);

/// What a seat is to somebody who would like to have it.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Status {
    Available,
    Held,
    Booked,
    Blocked,
}

/// `confirmed` until the payment is recorded.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum BookingStatus {
    Pending,
    Confirmed,
    Paid,
    Cancelled,
}

/// What a booking is made of.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum BookingType {
    IndividualSeats,
    TableBooking,
    Mixed,
}

/// How far a payment has come.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum PaymentStatus {
    Pending,
    Paid,
    Failed,
    Refunded,
}
