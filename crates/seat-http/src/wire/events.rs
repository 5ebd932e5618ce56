use seat_booking::{Event, NewEvent, SeatsChanged};
use seat_layout::{Currency, EventId, LayoutId, SeatId};
use seat_state::{Timestamp, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::schema;

/// An event to sell.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateEventRequest {
    #[schema(value_type = schema::LayoutId)]
    layout_id: LayoutId,
    #[schema(min_length = 1, max_length = 200)]
    #[validate(length(min = 1, max = 200, message = "must be 1 to 200 characters"))]
    name: String,
    /// When the doors open.
    #[schema(value_type = Option<schema::Timestamp>)]
    starts_at: Option<Timestamp>,
    /// What its prices are in; USD when missing.
    #[schema(value_type = Option<schema::Currency>)]
    currency: Option<Currency>,
}

impl From<CreateEventRequest> for NewEvent {
    fn from(request: CreateEventRequest) -> Self {
        Self {
            layout_id: request.layout_id,
            name: request.name,
            starts_at: request.starts_at,
            currency: request.currency.unwrap_or(Currency::USD),
        }
    }
}

/// The event that was created.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventCreated {
    /// Always `true`.
    pub(crate) success: bool,
    #[schema(value_type = schema::EventId)]
    pub(crate) event_id: EventId,
}

/// One sale of a layout.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub(crate) struct EventBody {
    #[schema(value_type = schema::EventId)]
    event_id: EventId,
    #[schema(value_type = schema::LayoutId)]
    layout_id: LayoutId,
    name: String,
    /// When the doors open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Timestamp)]
    starts_at: Option<Timestamp>,
    #[schema(value_type = schema::Currency)]
    currency: Currency,
    #[schema(value_type = schema::Timestamp)]
    created_at: Timestamp,
}

impl From<&Event> for EventBody {
    fn from(event: &Event) -> Self {
        Self {
            event_id: event.id,
            layout_id: event.layout_id,
            name: event.name.clone(),
            starts_at: event.starts_at,
            currency: event.currency,
            created_at: event.created_at,
        }
    }
}

/// Some of the events, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventsAnswer {
    pub(crate) events: Vec<EventBody>,
    /// Gives the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    pub(crate) next_cursor: Option<EventId>,
}

/// Seats that the house keeps back, or gives back.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlockRequest {
    /// The seats, each once.
    #[schema(value_type = Vec<schema::SeatId>, min_items = 1, max_items = 200)]
    #[validate(length(min = 1, max = 200, message = "must be 1 to 200 seats"))]
    pub(crate) seat_ids: Vec<SeatId>,
}

/// The seats that are now kept back, or given back.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlockAnswer {
    /// Always `true`.
    success: bool,
    #[schema(value_type = Vec<schema::SeatId>)]
    seat_ids: Vec<SeatId>,
    /// The version that this made, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::Version)]
    version: Option<Version>,
}

impl From<SeatsChanged> for BlockAnswer {
    fn from(changed: SeatsChanged) -> Self {
        Self { success: true, seat_ids: changed.seats, version: changed.version }
    }
}
