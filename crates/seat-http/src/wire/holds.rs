use std::time::Duration;

use seat_layout::{Currency, EventId, Money, SeatId, TableId};
use seat_state::{HeldSeat, Hold, Timestamp, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::schema;

/// Seats to hold, all or none.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HoldSeatsRequest {
    #[schema(value_type = schema::EventId)]
    pub(crate) event_id: EventId,
    /// The seats, each once.
    #[schema(value_type = Vec<schema::SeatId>, min_items = 1, max_items = 50)]
    #[validate(length(min = 1, max = 50, message = "must be 1 to 50 seats"))]
    pub(crate) seat_ids: Vec<SeatId>,
    /// How long, fractions allowed; 1 to 120, and 10 when missing, unless the server is set
    /// otherwise.
    #[schema(exclusive_minimum = 0, example = 10)]
    #[validate(range(exclusive_min = 0.0, message = "must be greater than 0"))]
    pub(crate) hold_duration_minutes: Option<f64>,
}

/// A table to hold with all its seats.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HoldTableRequest {
    #[schema(value_type = schema::EventId)]
    pub(crate) event_id: EventId,
    #[schema(value_type = schema::TableId)]
    pub(crate) table_id: TableId,
    /// How long, fractions allowed; 1 to 120, and 10 when missing, unless the server is set
    /// otherwise.
    #[schema(exclusive_minimum = 0, example = 10)]
    #[validate(range(exclusive_min = 0.0, message = "must be greater than 0"))]
    pub(crate) hold_duration_minutes: Option<f64>,
}

/// Held seats and tables whose hold shall last longer; at least one.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExtendRequest {
    #[schema(value_type = schema::EventId)]
    pub(crate) event_id: EventId,
    /// Seats that are held singly.
    #[serde(default)]
    #[schema(value_type = Vec<schema::SeatId>, max_items = 50)]
    #[validate(length(max = 50, message = "must be at most 50 seats"))]
    pub(crate) seat_ids: Vec<SeatId>,
    /// Tables that are held as tables.
    #[serde(default)]
    #[schema(value_type = Vec<schema::TableId>, max_items = 50)]
    #[validate(length(max = 50, message = "must be at most 50 tables"))]
    pub(crate) table_ids: Vec<TableId>,
    /// How long from now, fractions allowed; 1 to 120, and 10 when missing, unless the server is
    /// set otherwise.
    #[schema(exclusive_minimum = 0, example = 10)]
    #[validate(range(exclusive_min = 0.0, message = "must be greater than 0"))]
    pub(crate) hold_duration_minutes: Option<f64>,
}

/// The duration of so many minutes, which are positive; the longest there is where they are too
/// many for any.
pub(crate) fn minutes(minutes: f64) -> Duration {
    Duration::try_from_secs_f64(minutes * 60.0).unwrap_or(Duration::MAX)
}

/// A hold.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HoldAnswer {
    /// Always `true`.
    success: bool,
    #[schema(value_type = Vec<schema::SeatId>)]
    held_seats: Vec<SeatId>,
    /// The table, when a table was held.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::TableId)]
    table_id: Option<TableId>,
    #[schema(value_type = schema::Money)]
    total_amount: Money,
    #[schema(value_type = schema::Currency)]
    currency: Currency,
    /// When the first of the seats was held.
    #[schema(value_type = schema::Timestamp)]
    held_at: Timestamp,
    /// When the first of the seats becomes available again.
    #[schema(value_type = schema::Timestamp)]
    expires_at: Timestamp,
    #[schema(value_type = schema::Timestamp)]
    server_time: Timestamp,
    #[schema(value_type = schema::Version)]
    version: Version,
}

impl HoldAnswer {
    pub(crate) fn new(hold: Hold, server_time: Timestamp) -> Self {
        Self {
            success: true,
            held_seats: hold.seats,
            table_id: hold.table,
            total_amount: hold.total_amount,
            currency: hold.currency,
            held_at: hold.held_at,
            expires_at: hold.expires_at,
            server_time,
            version: hold.version,
        }
    }
}

/// The seats that were freed: the caller's own among those that were asked for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReleaseAnswer {
    /// Always `true`.
    pub(crate) success: bool,
    #[schema(value_type = Vec<schema::SeatId>)]
    pub(crate) released_seats: Vec<SeatId>,
    /// Where that made a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Version)]
    pub(crate) version: Option<Version>,
}

/// What the caller holds in an event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MyHoldsAnswer {
    pub(crate) holds: Vec<HeldSeatEntry>,
    #[schema(value_type = schema::Timestamp)]
    pub(crate) server_time: Timestamp,
    #[schema(value_type = schema::Version)]
    pub(crate) version: Version,
}

/// One held seat.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HeldSeatEntry {
    #[schema(value_type = schema::SeatId)]
    seat_id: SeatId,
    /// The table that it is held with, when the table is held as a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::TableId)]
    table_id: Option<TableId>,
    #[schema(value_type = schema::Timestamp)]
    held_at: Timestamp,
    #[schema(value_type = schema::Timestamp)]
    expires_at: Timestamp,
}

impl From<HeldSeat> for HeldSeatEntry {
    fn from(held: HeldSeat) -> Self {
        Self {
            seat_id: held.seat,
            table_id: held.table,
            held_at: held.held_at,
            expires_at: held.expires_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_a_minute_is_a_duration() {
        assert_eq!(minutes(1.5), Duration::from_secs(90));
    }

    #[test]
    fn minutes_beyond_every_duration_are_the_longest_one() {
        assert_eq!(minutes(f64::MAX), Duration::MAX);
    }

    #[test]
    fn no_time_at_all_is_refused_by_its_field() {
        let body = r#"{"eventId":"64f123456789abcd12345678","seatIds":[],"holdDurationMinutes":0}"#;
        let request: HoldSeatsRequest = serde_json::from_str(body).unwrap();
        let errors = request.validate().unwrap_err();
        let mut fields: Vec<_> = errors.field_errors().into_keys().collect();
        fields.sort_unstable();
        assert_eq!(fields, ["hold_duration_minutes", "seat_ids"]);
    }
}
