use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::{ContentType, ETag, EntityTag},
    web,
};
use seat_booking::BookingError;
use seat_layout::{CategoryId, EventId, Layout, SeatId};
use seat_state::{Counts, Status, Version};
use serde::Deserialize;
use utoipa::IntoParams;

use super::holds::seat_set;
use crate::{
    answers::{Coding, Ready, accepted, etag_matches},
    auth::{Caller, Role},
    extract::{Ids, PathId, Query},
    problem::{CommonProblems, Problem},
    state::State,
    wire::{
        live::{
            AvailabilityAnswer, CategoryStats, LiveLayoutAnswer, StatesAnswer, StatsAnswer,
            Viewport,
        },
        schema,
    },
};

/// A cache asks each time whether what it has is still the state.
const NO_CACHE: (&str, &str) = ("Cache-Control", "no-cache");

/// The most seats whose availability one request may ask for.
const AVAILABILITY_MAX: usize = 200;

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/seat-booking/layout/{eventId}").route(web::get().to(layout)))
        .service(web::resource("/seat-booking/states/{eventId}").route(web::get().to(states)))
        .service(web::resource("/seat-booking/stats/{eventId}").route(web::get().to(stats)))
        .service(
            web::resource("/seat-booking/availability/{eventId}")
                .route(web::get().to(availability)),
        );
}

/// What a client wants to see of the layout.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct LayoutQuery {
    /// The part of the plan: JSON as text. Only the seats whose `pos` lies in it or on its edge,
    /// and the items whose rectangle meets it.
    #[param(value_type = Option<String>, example = r#"{"x":0,"y":0,"width":800,"height":600}"#)]
    viewport: Option<Viewport>,
    /// Wait up to a second for this version or a later one.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,16}-[0-9]{1,19}$")]
    at_least: Option<Version>,
}

/// A read that can wait for a version.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ReadQuery {
    /// Wait up to a second for this version or a later one.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,16}-[0-9]{1,19}$")]
    pub(super) at_least: Option<Version>,
}

/// An event's layout with the state of every seat.
///
/// It never shows who holds or booked a seat. A lapsed hold is shown until it is swept, at most a
/// second later.
#[utoipa::path(
    get,
    path = "/seat-booking/layout/{eventId}",
    operation_id = "liveLayout",
    tag = "live",
    params(
        ("eventId" = inline(schema::EventId), Path, description = "The event"),
        LayoutQuery,
        ("If-None-Match" = Option<String>, Header, nullable = false,
            description = "The `ETag` of what the client has"),
    ),
    responses(
        (status = 200, description = "The layout as it is now", body = LiveLayoutAnswer,
            headers(("ETag" = String, description = "Weak; of the version"))),
        (status = 304, description = "Nothing has changed since"),
        CommonProblems
    ),
)]
pub(crate) async fn layout(
    state: web::Data<State>,
    request: HttpRequest,
    PathId(event): PathId<EventId>,
    Query(query): Query<LayoutQuery>,
) -> Result<HttpResponse, Problem> {
    let (service, answers) = (state.service(), state.answers());
    let view = state.view(event, query.at_least).await?;
    if let Some(unchanged) = unchanged(&request, view.version()) {
        return Ok(unchanged);
    }
    let viewport = query.viewport.map(|Viewport(viewport)| viewport);
    Ok(send_live(answers.live_layout(service, view, viewport, accepted(&request)).await?))
}

/// The state of every seat of an event, one letter each.
///
/// A client that has the layout reads this, then applies the changes after its version.
#[utoipa::path(
    get,
    path = "/seat-booking/states/{eventId}",
    operation_id = "states",
    tag = "live",
    params(
        ("eventId" = inline(schema::EventId), Path, description = "The event"),
        ReadQuery,
        ("If-None-Match" = Option<String>, Header, nullable = false,
            description = "The `ETag` of what the client has"),
    ),
    responses(
        (status = 200, description = "The states as they are now", body = StatesAnswer,
            headers(("ETag" = String, description = "Weak; of the version"))),
        (status = 304, description = "Nothing has changed since"),
        CommonProblems
    ),
)]
pub(crate) async fn states(
    state: web::Data<State>,
    request: HttpRequest,
    PathId(event): PathId<EventId>,
    Query(query): Query<ReadQuery>,
) -> Result<HttpResponse, Problem> {
    let (service, answers) = (state.service(), state.answers());
    let view = state.view(event, query.at_least).await?;
    if let Some(unchanged) = unchanged(&request, view.version()) {
        return Ok(unchanged);
    }
    Ok(send_live(answers.states(service, view, accepted(&request)).await?))
}

/// How many seats are in each status; what they are worth, for admins.
#[utoipa::path(
    get,
    path = "/seat-booking/stats/{eventId}",
    operation_id = "stats",
    tag = "live",
    params(
        ("eventId" = inline(schema::EventId), Path, description = "The event"),
        ReadQuery
    ),
    responses(
        (status = 200, description = "The counts as they are now", body = StatsAnswer),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn stats(
    state: web::Data<State>,
    caller: Caller,
    PathId(event): PathId<EventId>,
    Query(query): Query<ReadQuery>,
) -> Result<HttpResponse, Problem> {
    let view = state.view(event, query.at_least).await?;
    let (version, all, by_category) =
        view.read(|live| (live.version(), live.counts(), live.counts_by_category().to_vec()));
    let breakdown = match caller.role {
        Role::Admin => Some(breakdown(&view.layout(), &by_category)),
        Role::User => None,
    };
    Ok(HttpResponse::Ok().json(StatsAnswer {
        total_seats: all.total(),
        booked_seats: all.of(Status::Booked),
        held_seats: all.of(Status::Held),
        available_seats: all.of(Status::Available),
        blocked_seats: all.of(Status::Blocked),
        version,
        revenue: breakdown.as_ref().map(|all| all.values().map(|stats| stats.revenue).sum()),
        currency: breakdown.as_ref().map(|_| view.event().currency),
        category_breakdown: breakdown,
    }))
}

/// Which seats.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct AvailabilityQuery {
    /// The seats, separated by commas, each once; at most 200.
    #[param(
        value_type = String,
        pattern = "^[A-Za-z0-9_.-]{1,64}(,[A-Za-z0-9_.-]{1,64}){0,199}$",
        example = "A-1,A-2"
    )]
    seat_ids: Ids<SeatId>,
    /// Wait up to a second for this version or a later one.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,16}-[0-9]{1,19}$")]
    at_least: Option<Version>,
}

/// The status of some seats.
#[utoipa::path(
    get,
    path = "/seat-booking/availability/{eventId}",
    operation_id = "availability",
    tag = "live",
    params(
        ("eventId" = inline(schema::EventId), Path, description = "The event"),
        AvailabilityQuery
    ),
    responses(
        (status = 200, description = "The seats as they are now", body = AvailabilityAnswer),
        CommonProblems
    ),
)]
pub(crate) async fn availability(
    state: web::Data<State>,
    PathId(event): PathId<EventId>,
    Query(query): Query<AvailabilityQuery>,
) -> Result<HttpResponse, Problem> {
    let seats = seat_set(query.seat_ids.0)?;
    if seats.len() > AVAILABILITY_MAX {
        let message = format!("must be 1 to {AVAILABILITY_MAX} seats");
        return Err(Problem::invalid("seatIds", message));
    }
    let view = state.view(event, query.at_least).await?;
    let layout = view.layout();
    let unknown = seats.as_slice().iter().filter(|seat| layout.seat_index(seat).is_none());
    let unknown: Vec<SeatId> = unknown.cloned().collect();
    if !unknown.is_empty() {
        return Err(BookingError::UnknownSeats(unknown).into());
    }
    let (version, availability) = view.read(|live| {
        let status = |seat: SeatId| live.status_of(&seat).map(|status| (seat, status));
        (live.version(), seats.into_vec().into_iter().filter_map(status).collect())
    });
    let answer = AvailabilityAnswer { event_id: event, version, availability };
    Ok(HttpResponse::Ok().insert_header(NO_CACHE).json(answer))
}

fn breakdown(layout: &Layout, by_category: &[Counts]) -> BTreeMap<CategoryId, CategoryStats> {
    let categories = layout.categories().iter().zip(by_category);
    categories
        .map(|(category, counts)| {
            let stats = CategoryStats {
                total: counts.total(),
                booked: counts.of(Status::Booked),
                held: counts.of(Status::Held),
                available: counts.of(Status::Available),
                // A layout never changes, so what a seat costs is what it was sold for.
                revenue: category.price.times(counts.of(Status::Booked).into()),
            };
            (category.id.clone(), stats)
        })
        .collect()
}

fn tag(version: Version) -> EntityTag {
    EntityTag::new_weak(version.to_string())
}

/// The answer to a client that has this version already.
fn unchanged(request: &HttpRequest, version: Version) -> Option<HttpResponse> {
    let tag = tag(version);
    etag_matches(request, &tag).then(|| {
        let mut answer = HttpResponse::NotModified();
        answer.insert_header(NO_CACHE).insert_header(ETag(tag));
        send(answer, None)
    })
}

fn send_live(ready: Ready) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer.insert_header(NO_CACHE).insert_header(ETag(tag(ready.version)));
    send(answer, Some(ready))
}

/// Sends ready bytes, or none to a client that has them.
pub(super) fn send(mut answer: HttpResponseBuilder, ready: Option<Ready>) -> HttpResponse {
    answer.insert_header(("Vary", "Accept-Encoding"));
    let Some(ready) = ready else { return answer.finish() };
    answer.insert_header(ContentType::json());
    match ready.coding {
        Coding::Identity => {}
        Coding::Gzip => {
            answer.insert_header(("Content-Encoding", "gzip"));
        }
    }
    answer.body(ready.bytes)
}
