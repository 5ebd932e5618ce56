use actix_web::{HttpResponse, web};
use seat_layout::EventId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::holds::seat_set;
use crate::{
    auth::Admin,
    extract::{Json, PathId, Query},
    problem::{CommonProblems, Problem, ProblemDocument},
    state::State,
    wire::{
        events::{
            BlockAnswer, BlockRequest, CreateEventRequest, EventBody, EventCreated, EventsAnswer,
        },
        page::Limit,
        schema,
    },
};

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/seat-booking/events")
                .route(web::get().to(events))
                .route(web::post().to(create_event)),
        )
        .service(web::resource("/seat-booking/events/{eventId}").route(web::get().to(event)))
        .service(web::resource("/seat-booking/events/{eventId}/block").route(web::post().to(block)))
        .service(
            web::resource("/seat-booking/events/{eventId}/unblock").route(web::post().to(unblock)),
        );
}

/// Put a layout on sale, for admins.
#[utoipa::path(
    post,
    path = "/seat-booking/events",
    operation_id = "createEvent",
    tag = "events",
    request_body = CreateEventRequest,
    responses(
        (status = 201, description = "The event is on sale", body = EventCreated),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create_event(
    state: web::Data<State>,
    _admin: Admin,
    Json(request): Json<CreateEventRequest>,
) -> Result<HttpResponse, Problem> {
    let service = state.service().clone();
    let event_id = state.run(async move { service.create_event(request.into()).await }).await?;
    Ok(HttpResponse::Created().json(EventCreated { success: true, event_id }))
}

/// Which page of the events.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// How many at the most.
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 100, default = 20)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>, pattern = "^[0-9a-fA-F]{24}$")]
    cursor: Option<EventId>,
}

/// The events, newest first.
#[utoipa::path(
    get,
    path = "/seat-booking/events",
    operation_id = "events",
    tag = "events",
    params(EventsQuery),
    responses(
        (status = 200, description = "Some of the events", body = EventsAnswer),
        CommonProblems
    ),
)]
pub(crate) async fn events(
    state: web::Data<State>,
    Query(query): Query<EventsQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = query.limit;
    let (service, count) = (state.service().clone(), limit.and_one_more());
    let mut events = state.run(async move { service.events(query.cursor, count).await }).await?;
    let more = limit.cut(&mut events);
    let next_cursor = events.last().filter(|_| more).map(|last| last.id);
    let events = events.iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(EventsAnswer { events, next_cursor }))
}

/// An event.
#[utoipa::path(
    get,
    path = "/seat-booking/events/{eventId}",
    operation_id = "event",
    tag = "events",
    params(("eventId" = inline(schema::EventId), Path, description = "The event")),
    responses(
        (status = 200, description = "The event", body = EventBody),
        CommonProblems
    ),
)]
pub(crate) async fn event(
    state: web::Data<State>,
    PathId(id): PathId<EventId>,
) -> Result<HttpResponse, Problem> {
    let service = state.service().clone();
    let event = state.run(async move { service.event(&id).await }).await?;
    Ok(HttpResponse::Ok().json(EventBody::from(&*event)))
}

/// Keep seats back, for admins.
///
/// All of them or none; a held or booked seat can't be kept back.
#[utoipa::path(
    post,
    path = "/seat-booking/events/{eventId}/block",
    operation_id = "blockSeats",
    tag = "events",
    params(("eventId" = inline(schema::EventId), Path, description = "The event")),
    request_body = BlockRequest,
    responses(
        (status = 200, description = "The seats are kept back", body = BlockAnswer),
        (status = 409, description = "Some seats are held or booked; nothing was changed",
            body = ProblemDocument, content_type = "application/problem+json"),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn block(
    state: web::Data<State>,
    _admin: Admin,
    PathId(event): PathId<EventId>,
    Json(request): Json<BlockRequest>,
) -> Result<HttpResponse, Problem> {
    let service = state.service().clone();
    let seats = seat_set(request.seat_ids)?;
    let blocked = state.run(async move { service.block(&event, &seats).await }).await?;
    Ok(HttpResponse::Ok().json(BlockAnswer::from(blocked)))
}

/// Give seats back that were kept, for admins.
///
/// Seats that are not kept back are simply not in the answer.
#[utoipa::path(
    post,
    path = "/seat-booking/events/{eventId}/unblock",
    operation_id = "unblockSeats",
    tag = "events",
    params(("eventId" = inline(schema::EventId), Path, description = "The event")),
    request_body = BlockRequest,
    responses(
        (status = 200, description = "The seats that were given back", body = BlockAnswer),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn unblock(
    state: web::Data<State>,
    _admin: Admin,
    PathId(event): PathId<EventId>,
    Json(request): Json<BlockRequest>,
) -> Result<HttpResponse, Problem> {
    let service = state.service().clone();
    let seats = seat_set(request.seat_ids)?;
    let unblocked = state.run(async move { service.unblock(&event, &seats).await }).await?;
    Ok(HttpResponse::Ok().json(BlockAnswer::from(unblocked)))
}
