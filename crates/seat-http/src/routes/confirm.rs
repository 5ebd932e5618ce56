use actix_web::{HttpRequest, HttpResponse, web};
use seat_booking::{Confirm, IdempotencyKey};

use crate::{
    auth::Caller,
    extract::Json,
    problem::{CommonProblems, Problem, ProblemDocument},
    state::State,
    wire::bookings::{BookingAnswer, ConfirmRequest},
};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const IDEMPOTENCY_REPLAYED: &str = "Idempotency-Replayed";

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config.service(web::resource("/seat-booking/confirm").route(web::post().to(confirm)));
}

/// Turn a hold into a booking.
///
/// With an `Idempotency-Key` the request may be repeated, also after `unavailable`: the same key
/// with the same payload gives the first booking again, as it now stands, with the header
/// `Idempotency-Replayed: true`.
#[utoipa::path(
    post,
    path = "/seat-booking/confirm",
    operation_id = "confirm",
    tag = "bookings",
    params(
        ("Idempotency-Key" = Option<String>, Header, nullable = false,
            min_length = 1, max_length = 255, pattern = "^[ -~]+$",
            description = "The client's name for this wish, of one user in one event; advised"),
    ),
    request_body = ConfirmRequest,
    responses(
        (status = 201, description = "The seats are booked", body = BookingAnswer,
            headers(("Idempotency-Replayed" = String,
                description = "`true` when the booking was made by an earlier request"))),
        (status = 409, description = "Some seats are not held by the caller, or not available",
            body = ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "The key was used with another payload",
            body = ProblemDocument, content_type = "application/problem+json"),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn confirm(
    state: web::Data<State>,
    caller: Caller,
    request: HttpRequest,
    Json(body): Json<ConfirmRequest>,
) -> Result<HttpResponse, Problem> {
    let service = state.service().clone();
    let event = body.event_id;
    let confirm = Confirm {
        seats: body.seat_ids,
        tables: body.table_ids,
        contact: body.contact_info.into(),
        payment: body.payment_info.map(Into::into),
        notes: body.notes,
        key: idempotency_key(&request)?,
    };
    let confirmed =
        state.run(async move { service.confirm(&event, &caller.user, confirm).await }).await?;

    let mut answer = HttpResponse::Created();
    if confirmed.replayed {
        answer.insert_header((IDEMPOTENCY_REPLAYED, "true"));
    }
    Ok(answer.json(BookingAnswer::new(confirmed.booking, confirmed.version)))
}

fn idempotency_key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(value) = request.headers().get(IDEMPOTENCY_KEY) else { return Ok(None) };
    // A header that is not ASCII is no key either; the message is the same.
    match value.to_str().unwrap_or_default().parse() {
        Ok(key) => Ok(Some(key)),
        Err(error) => Err(Problem::invalid(IDEMPOTENCY_KEY, error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn key(value: &[u8]) -> Result<Option<IdempotencyKey>, Problem> {
        let header = actix_web::http::header::HeaderValue::from_bytes(value).unwrap();
        let request = TestRequest::default().insert_header((IDEMPOTENCY_KEY, header));
        idempotency_key(&request.to_http_request())
    }

    #[test]
    fn a_key_is_optional_and_may_be_quoted() {
        assert_eq!(idempotency_key(&TestRequest::default().to_http_request()).unwrap(), None);
        assert_eq!(key(b"\"order-1\"").unwrap(), key(b"order-1").unwrap());
        assert_eq!(key(b"order-1").unwrap().unwrap().as_str(), "order-1");
    }

    #[test]
    fn a_key_that_is_empty_or_not_ascii_is_refused_by_its_name() {
        for value in [&b""[..], b"\"\"", "schlüssel".as_bytes(), &[b'x'; 256]] {
            let problem = key(value).unwrap_err().document("r-1");
            assert_eq!(problem.errors.unwrap()[0].field, IDEMPOTENCY_KEY);
        }
    }
}
