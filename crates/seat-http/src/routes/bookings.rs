use actix_web::{HttpResponse, web};
use seat_layout::BookingId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::{Admin, Caller},
    extract::{Json, OptionalJson, PathId, Query},
    problem::{CommonProblems, Problem, ProblemDocument},
    state::State,
    wire::{
        bookings::{BookingAnswer, BookingBody, BookingsAnswer, CancelRequest, PaymentRequest},
        page::{BookingCursor, Limit},
        schema,
    },
};

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/seat-booking/my-bookings").route(web::get().to(my_bookings)))
        .service(web::resource("/seat-booking/bookings/{bookingId}").route(web::get().to(booking)))
        .service(
            web::resource("/seat-booking/bookings/{bookingId}/cancel")
                .route(web::post().to(cancel)),
        )
        .service(
            web::resource("/seat-booking/bookings/{bookingId}/payment")
                .route(web::post().to(payment)),
        );
}

/// Which page of the bookings.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MyBookingsQuery {
    /// How many at the most.
    #[serde(default)]
    #[param(value_type = u32, minimum = 1, maximum = 100, default = 20)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    #[param(value_type = Option<String>, pattern = "^[0-9a-fA-F]{40}$")]
    cursor: Option<BookingCursor>,
}

/// The caller's bookings, newest first; cancelled ones too.
#[utoipa::path(
    get,
    path = "/seat-booking/my-bookings",
    operation_id = "myBookings",
    tag = "bookings",
    params(MyBookingsQuery),
    responses(
        (status = 200, description = "Some of the caller's bookings", body = BookingsAnswer),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn my_bookings(
    state: web::Data<State>,
    caller: Caller,
    Query(query): Query<MyBookingsQuery>,
) -> Result<HttpResponse, Problem> {
    let before = query.cursor.map(|cursor| (cursor.created_at, cursor.id));
    let limit = query.limit;
    let (service, count) = (state.service().clone(), limit.and_one_more());
    let read = async move { service.bookings_of(&caller.user, before, count).await };
    let mut bookings = state.run(read).await?;
    let more = limit.cut(&mut bookings);
    let next = bookings.last().filter(|_| more);
    let next_cursor =
        next.map(|last| BookingCursor { created_at: last.created_at, id: last.id }.to_string());
    let bookings = bookings.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(BookingsAnswer { bookings, next_cursor }))
}

/// A booking, for its owner and the admins.
#[utoipa::path(
    get,
    path = "/seat-booking/bookings/{bookingId}",
    operation_id = "booking",
    tag = "bookings",
    params(("bookingId" = inline(schema::BookingId), Path, description = "The booking")),
    responses(
        (status = 200, description = "The booking as it stands", body = BookingBody),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn booking(
    state: web::Data<State>,
    caller: Caller,
    PathId(id): PathId<BookingId>,
) -> Result<HttpResponse, Problem> {
    let (service, actor) = (state.service().clone(), caller.actor());
    let booking = state.run(async move { service.booking(&actor, &id).await }).await?;
    Ok(HttpResponse::Ok().json(BookingBody::from(booking)))
}

/// Cancel a booking, for its owner and the admins.
///
/// Its seats are free at once.
#[utoipa::path(
    post,
    path = "/seat-booking/bookings/{bookingId}/cancel",
    operation_id = "cancelBooking",
    tag = "bookings",
    params(("bookingId" = inline(schema::BookingId), Path, description = "The booking")),
    request_body = Option<CancelRequest>,
    responses(
        (status = 200, description = "The cancelled booking", body = BookingAnswer),
        (status = 409, description = "It was cancelled already",
            body = ProblemDocument, content_type = "application/problem+json"),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn cancel(
    state: web::Data<State>,
    caller: Caller,
    PathId(id): PathId<BookingId>,
    OptionalJson(request): OptionalJson<CancelRequest>,
) -> Result<HttpResponse, Problem> {
    let service = state.service().clone();
    let cancelled = state
        .run(async move { service.cancel(&caller.actor(), &id, request.reason).await })
        .await?;
    Ok(HttpResponse::Ok().json(BookingAnswer::new(cancelled.booking, cancelled.version)))
}

/// Record what became of a payment, for admins.
///
/// Recording the same transaction again is the same answer. `failed` changes the payment's status
/// alone: the booking keeps its seats.
#[utoipa::path(
    post,
    path = "/seat-booking/bookings/{bookingId}/payment",
    operation_id = "recordPayment",
    tag = "bookings",
    params(("bookingId" = inline(schema::BookingId), Path, description = "The booking")),
    request_body = PaymentRequest,
    responses(
        (status = 200, description = "The booking as it is now", body = BookingAnswer),
        (status = 409, description = "It is cancelled, or paid by another transaction",
            body = ProblemDocument, content_type = "application/problem+json"),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn payment(
    state: web::Data<State>,
    _admin: Admin,
    PathId(id): PathId<BookingId>,
    Json(request): Json<PaymentRequest>,
) -> Result<HttpResponse, Problem> {
    let service = state.service().clone();
    let booking =
        state.run(async move { service.record_payment(&id, request.into()).await }).await?;
    Ok(HttpResponse::Ok().json(BookingAnswer::new(booking, None)))
}
