use std::time::Duration;

use actix_web::{HttpResponse, web};
use seat_booking::{BookingError, BookingService};
use seat_layout::{EventId, SeatId, SeatSet, SeatSetError, TableId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::live::ReadQuery;
use crate::{
    auth::Caller,
    extract::{Ids, Json, PathId, Query},
    problem::{CommonProblems, Problem, ProblemDocument},
    state::State,
    wire::{
        holds::{
            ExtendRequest, HoldAnswer, HoldSeatsRequest, HoldTableRequest, MyHoldsAnswer,
            ReleaseAnswer, minutes,
        },
        schema,
    },
};

/// The most seats, and tables, that one request may free by name.
const RELEASED_MAX: usize = 200;

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/seat-booking/hold-seats").route(web::post().to(hold_seats)))
        .service(web::resource("/seat-booking/hold-table").route(web::post().to(hold_table)))
        .service(web::resource("/seat-booking/extend").route(web::post().to(extend)))
        .service(
            web::resource("/seat-booking/release-seats/{eventId}")
                .route(web::delete().to(release_seats)),
        )
        .service(web::resource("/seat-booking/my-holds/{eventId}").route(web::get().to(my_holds)));
}

/// Hold seats.
///
/// All of them or none. Seats that the caller already holds count as held and keep the expiry they
/// have, so the request may be repeated and never stretches a hold.
#[utoipa::path(
    post,
    path = "/seat-booking/hold-seats",
    operation_id = "holdSeats",
    tag = "holds",
    request_body = HoldSeatsRequest,
    responses(
        (status = 201, description = "All seats are held", body = HoldAnswer),
        (status = 409, description = "Some seats are not available; nothing was held",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The caller would hold too many seats of the event",
            body = ProblemDocument, content_type = "application/problem+json"),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn hold_seats(
    state: web::Data<State>,
    caller: Caller,
    Json(request): Json<HoldSeatsRequest>,
) -> Result<HttpResponse, Problem> {
    let service = state.service().clone();
    let seats = seat_set(request.seat_ids)?;
    let duration = duration(&service, request.hold_duration_minutes);
    let hold = state
        .run(async move { service.hold(&request.event_id, &caller.user, &seats, duration).await })
        .await?;
    Ok(HttpResponse::Created().json(HoldAnswer::new(hold, state.service().now())))
}

/// Hold a table with all its seats.
///
/// Single holds of the caller on its seats become part of it; table and seats then expire together,
/// at the earliest of them.
#[utoipa::path(
    post,
    path = "/seat-booking/hold-table",
    operation_id = "holdTable",
    tag = "holds",
    request_body = HoldTableRequest,
    responses(
        (status = 201, description = "The table and all its seats are held", body = HoldAnswer),
        (status = 409, description = "Some of its seats are not available; nothing was held",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The caller would hold too many seats of the event",
            body = ProblemDocument, content_type = "application/problem+json"),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn hold_table(
    state: web::Data<State>,
    caller: Caller,
    Json(request): Json<HoldTableRequest>,
) -> Result<HttpResponse, Problem> {
    let service = state.service().clone();
    let duration = duration(&service, request.hold_duration_minutes);
    let hold = state
        .run(async move {
            let HoldTableRequest { event_id, table_id, .. } = request;
            service.hold_table(&event_id, &caller.user, &table_id, duration).await
        })
        .await?;
    Ok(HttpResponse::Created().json(HoldAnswer::new(hold, state.service().now())))
}

/// Let a hold last longer.
///
/// The new expiry counts from now; it is never earlier than the old one, and never later than the
/// longest allowed hold after the seat was first held.
#[utoipa::path(
    post,
    path = "/seat-booking/extend",
    operation_id = "extendHold",
    tag = "holds",
    request_body = ExtendRequest,
    responses(
        (status = 200, description = "The hold as it is now", body = HoldAnswer),
        (status = 409, description = "Some seats are not held by the caller; nothing was changed",
            body = ProblemDocument, content_type = "application/problem+json"),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn extend(
    state: web::Data<State>,
    caller: Caller,
    Json(request): Json<ExtendRequest>,
) -> Result<HttpResponse, Problem> {
    let service = state.service().clone();
    let duration = duration(&service, request.hold_duration_minutes);
    let hold = state
        .run(async move {
            let ExtendRequest { event_id, seat_ids, table_ids, .. } = request;
            service.extend(&event_id, &caller.user, &seat_ids, &table_ids, duration).await
        })
        .await?;
    Ok(HttpResponse::Ok().json(HoldAnswer::new(hold, state.service().now())))
}

/// What to free; everything that the caller holds in the event when neither is given.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ReleaseQuery {
    /// Seats that are held singly, separated by commas.
    #[param(
        value_type = Option<String>,
        pattern = "^[A-Za-z0-9_.-]{1,64}(,[A-Za-z0-9_.-]{1,64}){0,199}$",
        example = "A-1,A-2"
    )]
    seat_ids: Option<Ids<SeatId>>,
    /// Tables that are held as tables, separated by commas.
    #[param(
        value_type = Option<String>,
        pattern = "^[A-Za-z0-9_.-]{1,64}(,[A-Za-z0-9_.-]{1,64}){0,199}$",
        example = "table_1"
    )]
    table_ids: Option<Ids<TableId>>,
}

/// Give back held seats.
///
/// Frees the caller's own holds. Seats of others, and seats that are just being confirmed, are
/// simply not in the answer.
#[utoipa::path(
    delete,
    path = "/seat-booking/release-seats/{eventId}",
    operation_id = "releaseSeats",
    tag = "holds",
    params(
        ("eventId" = inline(schema::EventId), Path, description = "The event"),
        ReleaseQuery
    ),
    responses(
        (status = 200, description = "The seats that were freed", body = ReleaseAnswer),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn release_seats(
    state: web::Data<State>,
    caller: Caller,
    PathId(event): PathId<EventId>,
    Query(query): Query<ReleaseQuery>,
) -> Result<HttpResponse, Problem> {
    let service = state.service().clone();
    let seats = named("seatIds", query.seat_ids)?;
    let tables = named("tableIds", query.table_ids)?;
    let released = state
        .run(async move { service.release(&event, &caller.user, &seats, &tables).await })
        .await?;
    Ok(HttpResponse::Ok().json(ReleaseAnswer {
        success: true,
        released_seats: released.seats,
        version: released.version,
    }))
}

/// The ids of a parameter; none when it is missing. One that is there and empty is a client's
/// mistake: taken as missing, it would free everything.
fn named<T>(parameter: &str, ids: Option<Ids<T>>) -> Result<Vec<T>, Problem> {
    match ids {
        None => Ok(Vec::new()),
        Some(Ids(ids)) if (1..=RELEASED_MAX).contains(&ids.len()) => Ok(ids),
        Some(_) => Err(Problem::invalid(parameter, format!("must be 1 to {RELEASED_MAX} ids"))),
    }
}

/// What the caller holds in an event.
#[utoipa::path(
    get,
    path = "/seat-booking/my-holds/{eventId}",
    operation_id = "myHolds",
    tag = "holds",
    params(
        ("eventId" = inline(schema::EventId), Path, description = "The event"),
        ReadQuery
    ),
    responses(
        (status = 200, description = "The caller's held seats", body = MyHoldsAnswer),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn my_holds(
    state: web::Data<State>,
    caller: Caller,
    PathId(event): PathId<EventId>,
    Query(query): Query<ReadQuery>,
) -> Result<HttpResponse, Problem> {
    if query.at_least.is_some() {
        state.view(event, query.at_least).await?;
    }
    let service = state.service().clone();
    let held = state.run(async move { service.holds_of(&event, &caller.user).await }).await?;
    Ok(HttpResponse::Ok().json(MyHoldsAnswer {
        holds: held.seats.into_iter().map(Into::into).collect(),
        server_time: state.service().now(),
        version: held.version,
    }))
}

/// The seats of a request as a set.
pub(super) fn seat_set(seats: Vec<SeatId>) -> Result<SeatSet, Problem> {
    SeatSet::new(seats).map_err(|error| match error {
        SeatSetError::Duplicate(seats) => BookingError::DuplicateSeats(seats).into(),
        SeatSetError::Empty | SeatSetError::Malformed { .. } => BookingError::NoSeats.into(),
    })
}

/// How long a hold shall last: so many minutes, or as the settings say.
fn duration(service: &BookingService, asked: Option<f64>) -> Duration {
    asked.map_or(service.settings().limits.hold_default, minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_without_ids_does_not_free_everything() {
        assert!(named::<SeatId>("seatIds", Some(Ids(vec![]))).is_err());
        assert!(named::<SeatId>("seatIds", None).unwrap().is_empty());
        let one: Vec<SeatId> = vec!["A-1".parse().unwrap()];
        assert_eq!(named("seatIds", Some(Ids(one.clone()))).unwrap(), one);
        assert!(named("seatIds", Some(Ids(vec![0; RELEASED_MAX + 1]))).is_err());
    }

    #[test]
    fn a_seat_named_twice_is_refused_as_such() {
        let seats = ["A-1", "A-2", "A-1"].map(|id| id.parse().unwrap());
        let problem = seat_set(seats.to_vec()).unwrap_err().document("r-1");
        assert_eq!(problem.duplicate_seats.unwrap(), seats[..1]);
    }
}
