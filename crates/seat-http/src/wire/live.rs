use std::{collections::BTreeMap, str::FromStr};

use seat_layout::{CategoryId, Currency, EventId, LayoutId, Money, Rect, SeatId};
use seat_state::{Status, Timestamp, Version};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use super::{layouts, schema};

/// The part of the plan that a client looks at: JSON text, as it stands in a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Viewport(pub(crate) Rect);

impl FromStr for Viewport {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rect: Rect = serde_json::from_str(text)
            .map_err(|_| r#"must be JSON such as {"x":0,"y":0,"width":800,"height":600}"#)?;
        // Numbers in JSON are finite: one that is too great for a double was refused above.
        if rect.width < 0.0 || rect.height < 0.0 {
            return Err("width and height must not be negative");
        }
        Ok(Self(rect))
    }
}

impl<'de> Deserialize<'de> for Viewport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// An event's layout with the state of its seats.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it stands for an answer that is put together as text")]
pub(crate) struct LiveLayoutAnswer {
    #[schema(value_type = schema::EventId)]
    event_id: EventId,
    #[schema(value_type = schema::LayoutId)]
    layout_id: LayoutId,
    name: String,
    #[schema(value_type = schema::Version)]
    version: Version,
    /// When this body was made.
    #[schema(value_type = schema::Timestamp)]
    server_time: Timestamp,
    categories: Vec<layouts::Category>,
    items: Vec<LiveItem>,
    seats: Vec<LiveSeat>,
}

/// An item with its state.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it stands for an answer that is put together as text")]
pub(crate) struct LiveItem {
    #[schema(inline)]
    #[serde(flatten)]
    item: layouts::Item,
    /// Of a table: available when all its seats are, else the first of booked, blocked and held
    /// that one of them is. Anything else is available.
    #[schema(value_type = schema::Status)]
    status: Status,
}

/// A seat with its state.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it stands for an answer that is put together as text")]
pub(crate) struct LiveSeat {
    #[schema(inline)]
    #[serde(flatten)]
    seat: layouts::Seat,
    #[schema(value_type = schema::Status)]
    status: Status,
    /// When its hold ends, of a held seat.
    #[schema(value_type = schema::Timestamp, required = false)]
    hold_expires_at: Option<Timestamp>,
}

/// The state of every seat of an event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatesAnswer {
    #[schema(value_type = schema::EventId)]
    pub(crate) event_id: EventId,
    #[schema(value_type = schema::LayoutId)]
    pub(crate) layout_id: LayoutId,
    #[schema(value_type = schema::Version)]
    pub(crate) version: Version,
    /// When this body was made.
    #[schema(value_type = schema::Timestamp)]
    pub(crate) server_time: Timestamp,
    /// One letter for each seat, in the layout's order: `a` available, `h` held, `b` booked, `x`
    /// blocked.
    #[schema(pattern = "^[ahbx]+$")]
    pub(crate) states: String,
}

/// The state of the seats that were asked for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AvailabilityAnswer {
    #[schema(value_type = schema::EventId)]
    pub(crate) event_id: EventId,
    #[schema(value_type = schema::Version)]
    pub(crate) version: Version,
    /// The status of each seat, by its id.
    #[schema(value_type = BTreeMap<String, schema::Status>)]
    pub(crate) availability: BTreeMap<SeatId, Status>,
}

/// How many seats of an event are in each status; the money is for admins alone.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatsAnswer {
    pub(crate) total_seats: u32,
    pub(crate) booked_seats: u32,
    pub(crate) held_seats: u32,
    pub(crate) available_seats: u32,
    pub(crate) blocked_seats: u32,
    #[schema(value_type = schema::Version)]
    pub(crate) version: Version,
    /// What the active bookings are worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Money)]
    pub(crate) revenue: Option<Money>,
    /// What that is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Currency)]
    pub(crate) currency: Option<Currency>,
    /// The seats of each category, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = BTreeMap<String, CategoryStats>)]
    pub(crate) category_breakdown: Option<BTreeMap<CategoryId, CategoryStats>>,
}

/// How many seats of a category are in each status, and what the booked ones are worth.
#[derive(Serialize, ToSchema)]
pub(crate) struct CategoryStats {
    pub(crate) total: u32,
    pub(crate) booked: u32,
    pub(crate) held: u32,
    pub(crate) available: u32,
    #[schema(value_type = schema::Money)]
    pub(crate) revenue: Money,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewport_is_read_with_whole_numbers_and_fractions() {
        let viewport: Viewport = r#"{"x":0,"y":-1.5,"width":800,"height":0}"#.parse().unwrap();
        assert_eq!(viewport, Viewport(Rect { x: 0.0, y: -1.5, width: 800.0, height: 0.0 }));
    }

    #[test]
    fn a_viewport_of_another_form_is_refused() {
        for text in [
            "",
            "0,0,800,600",
            r#"{"x":0,"y":0,"width":800}"#,
            r#"{"x":"0","y":0,"width":800,"height":600}"#,
            r#"{"x":0,"y":0,"width":-1,"height":600}"#,
            r#"{"x":0,"y":0,"width":800,"height":-0.5}"#,
            r#"{"x":1e999,"y":0,"width":800,"height":600}"#,
            r#"{"x":NaN,"y":0,"width":800,"height":600}"#,
        ] {
            assert!(text.parse::<Viewport>().is_err(), "{text}");
        }
    }
}
