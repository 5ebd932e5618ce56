//! What every answer has, whatever route made it.

use std::{borrow::Cow, error::Error as StdError, panic::AssertUnwindSafe, sync::Arc};

use actix_cors::Cors;
use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use futures_util::FutureExt;
use tracing::Span;
use tracing_actix_web::RootSpanBuilder;

use crate::{
    address::client_address,
    problem::{Code, PROBLEM_JSON, Problem},
    request_id::{RequestId, X_REQUEST_ID},
    state::State,
    telemetry::{self, Stopwatch},
};

/// When the answer was made, by the node's clock.
const X_SERVER_TIME: HeaderName = HeaderName::from_static("x-server-time");

/// Gives every answer its headers and every problem its body, and counts, logs and survives what
/// went wrong.
pub(crate) async fn answers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let state = State::of(request.request()).clone();
    let id = state.request_ids().of(&request);
    let method = request.method().clone();
    let stopwatch = Stopwatch::start();
    let outcome = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| Err(Problem::internal("a handler panicked").into()));
    match outcome {
        Ok(answer) => {
            let (request, response) = answer.into_parts();
            let response = complete(response, &state, &id);
            let route = request.match_pattern().unwrap_or_else(|| "unmatched".to_owned());
            telemetry::answered(route, &method, response.status(), stopwatch.elapsed());
            Ok(ServiceResponse::new(request, response))
        }
        // The request is gone; actix still answers it with the response that the error carries.
        Err(error) => {
            let response = complete(HttpResponse::from_error(error), &state, &id);
            telemetry::answered(
                "unknown".to_owned(),
                &method,
                response.status(),
                stopwatch.elapsed(),
            );
            let status = response.status();
            Err(InternalError::from_response(status, response.map_into_boxed_body()).into())
        }
    }
}

fn complete<B: MessageBody>(
    response: HttpResponse<B>,
    state: &State,
    id: &RequestId,
) -> HttpResponse<EitherBody<B>> {
    let document = problem_of(&response).map(|problem| {
        log(&problem);
        let document = problem.document(id.as_str());
        (problem.code().status(), serde_json::to_vec(&document).expect("a problem is JSON"))
    });
    let mut response = match document {
        Some((status, document)) => response.map_body(|head, _| {
            head.status = status;
            let headers = head.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
            // What the body was that is replaced.
            headers.remove(header::CONTENT_ENCODING);
            EitherBody::right(BoxBody::new(document))
        }),
        None => response.map_into_left_body(),
    };
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id.header_value());
    let now = HeaderValue::try_from(state.service().now().to_string());
    headers.insert(X_SERVER_TIME, now.expect("a time makes a header"));
    // What a client sent may stand in an answer, and is never to be taken for a page.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Holds and bookings are somebody's own: only what says so itself is kept by a cache.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// The problem that an answer stands for: the handler's own, or, for an error of actix or of a
/// middleware, one of the same status.
fn problem_of<B>(response: &HttpResponse<B>) -> Option<Cow<'_, Problem>> {
    let own = response.error().and_then(|error| error.as_error::<Problem>());
    let status = response.status();
    match own {
        Some(problem) => Some(Cow::Borrowed(problem)),
        None if status.is_client_error() || status.is_server_error() => {
            Some(Cow::Owned(Problem::of_status(status)))
        }
        None => None,
    }
}

/// What is a server's fault is logged here, once, with its causes.
fn log(problem: &Problem) {
    let causes = || {
        let first = problem.source();
        let texts = std::iter::successors(first, |&error| StdError::source(error));
        texts.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    };
    if problem.code() == Code::Internal {
        tracing::error!(causes = causes(), "a request met a bug");
    } else if problem.code() == Code::Unavailable {
        tracing::warn!(causes = causes(), "a request was not answered");
    }
}

/// Turns away an address that asks too often.
pub(crate) async fn limit_addresses<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    // A probe that is refused in a rush would have a server restarted that is only busy.
    if ["/livez", "/readyz"].contains(&request.path()) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let address = |trusted: &_| client_address(request.request(), trusted);
    match State::of(request.request()).check_address(address) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => Ok(request.error_response(problem).map_into_right_body()),
    }
}

/// Lets pages of these origins read the answers.
pub(crate) fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "DELETE"])
        .allowed_headers(["authorization", "content-type", "idempotency-key", "if-none-match"])
        .allowed_headers(["last-event-id", "x-request-id"])
        .expose_headers(["etag", "idempotency-replayed", "retry-after"])
        .expose_headers(["x-request-id", "x-server-time"])
        .max_age(3_600);
    origins.iter().fold(cors, |cors, origin| match origin.as_str() {
        "*" => cors.allow_any_origin(),
        origin => cors.allowed_origin(origin),
    })
}

/// The span of a request, in which everything is logged that it causes: few fields, since each is
/// formatted for every request.
pub(crate) struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id: Arc<RequestId> = State::of(request.request()).request_ids().of(request);
        tracing::info_span!(
            "request",
            request_id = id.as_str(),
            method = request.method().as_str(),
            path = request.path(),
            status = tracing::field::Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("status", StatusCode::as_u16(&status));
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App,
        http::Method,
        middleware::from_fn,
        test::{self, TestRequest},
        web,
    };
    use serde_json::Value;

    use super::*;
    use crate::{
        Options,
        state::tests::{state, state_with},
    };

    /// What a client sees of a problem.
    async fn problem<B: MessageBody>(answer: ServiceResponse<B>) -> (u16, Value) {
        let status = answer.status().as_u16();
        let header = |name: &str| answer.headers().get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), PROBLEM_JSON);
        assert!(header("x-server-time").ends_with('Z'));
        let id = header("x-request-id");
        let body: Value = test::read_body_json(answer).await;
        assert_eq!(body["requestId"], id);
        assert_eq!(body["success"], false);
        assert_eq!(body["status"], status);
        (status, body["code"].clone())
    }

    #[actix_web::test]
    async fn an_unknown_path_and_a_wrong_method_are_problems() {
        let app = test::init_service(crate::app(&state())).await;
        for path in ["/", "/nothing", "/seat-booking", "/seat-booking/nothing", "/docs/nothing"] {
            let answer = test::call_service(&app, TestRequest::with_uri(path).to_request()).await;
            assert_eq!(problem(answer).await, (404, "not_found".into()), "{path}");
        }
        let wrong = TestRequest::patch().uri("/seat-booking/hold-seats").to_request();
        let answer = test::call_service(&app, wrong).await;
        assert_eq!(answer.headers().get(header::ALLOW).unwrap(), "POST");
        assert_eq!(problem(answer).await, (405, "method_not_allowed".into()));
    }

    #[actix_web::test]
    async fn a_problem_is_whole_for_a_client_that_takes_gzip_or_nothing() {
        let app = test::init_service(crate::app(&state())).await;
        for (accepts, expected) in
            [("gzip", (404, "not_found")), ("identity;q=0", (400, "invalid_request"))]
        {
            let request =
                TestRequest::with_uri("/nothing").insert_header((header::ACCEPT_ENCODING, accepts));
            let answer = test::call_service(&app, request.to_request()).await;
            assert!(!answer.headers().contains_key(header::CONTENT_ENCODING));
            let (status, code) = problem(answer).await;
            assert_eq!((status, code.as_str().unwrap()), expected);
        }
    }

    #[actix_web::test]
    async fn a_request_keeps_its_id() {
        let app = test::init_service(crate::app(&state())).await;
        let request = TestRequest::with_uri("/livez").insert_header((X_REQUEST_ID, "mine"));
        let answer = test::call_service(&app, request.to_request()).await;
        assert_eq!(answer.headers().get(X_REQUEST_ID).unwrap(), "mine");
        assert!(answer.headers().contains_key(X_SERVER_TIME));
        assert_eq!(answer.status(), 200);
    }

    #[actix_web::test]
    async fn a_panic_is_an_internal_error_that_says_nothing() {
        async fn panics() -> &'static str {
            panic!("the secret is s3cret")
        }
        let app = App::new()
            .app_data(web::Data::new(state()))
            .route("/", web::get().to(panics))
            .wrap(from_fn(answers));
        let app = test::init_service(app).await;
        let error = test::try_call_service(&app, TestRequest::default().to_request()).await;
        let request = TestRequest::default().to_http_request();
        let answer = ServiceResponse::new(request, error.err().unwrap().error_response());
        assert_eq!(problem(answer).await, (500, "internal".into()));
    }

    #[actix_web::test]
    async fn other_paths_of_an_app_are_left_to_it() {
        let state = state();
        let app = App::new()
            .configure(crate::routes(&state))
            .route("/theirs", web::get().to(async || "theirs"));
        let app = test::init_service(app).await;
        let theirs = TestRequest::with_uri("/theirs").to_request();
        assert_eq!(test::call_and_read_body(&app, theirs).await, "theirs");
        let ours = TestRequest::with_uri("/seat-booking/my-bookings").to_request();
        let answer = test::call_service(&app, ours).await;
        assert_eq!(answer.headers().get(header::WWW_AUTHENTICATE).unwrap(), "Bearer");
        assert_eq!(problem(answer).await, (401, "unauthorized".into()));
        let unknown = TestRequest::with_uri("/seat-booking/nothing").to_request();
        let answer = test::call_service(&app, unknown).await;
        assert_eq!(problem(answer).await, (404, "not_found".into()));
        let beside = TestRequest::with_uri("/seat-bookings").to_request();
        assert!(!test::call_service(&app, beside).await.headers().contains_key(X_REQUEST_ID));
    }

    #[actix_web::test]
    async fn an_address_that_asks_too_often_has_to_wait() {
        let mut options = Options::new("s3cret".into());
        options.rate_per_address = 1;
        options.cors_origins = vec!["*".to_owned()];
        let app = test::init_service(crate::app(&state_with(options))).await;
        let request = |path| {
            let request = TestRequest::with_uri(path).peer_addr("192.0.2.7:1".parse().unwrap());
            request.insert_header((header::ORIGIN, "https://tickets.example")).to_request()
        };
        for _ in 0..2 {
            assert_eq!(test::call_service(&app, request("/metrics")).await.status(), 200);
        }
        let answer = test::call_service(&app, request("/metrics")).await;
        assert_eq!(answer.headers().get(header::RETRY_AFTER).unwrap(), "1");
        assert!(answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
        assert_eq!(problem(answer).await, (429, "rate_limited".into()));
        // Whether the server lives is nobody's rush.
        assert_eq!(test::call_service(&app, request("/livez")).await.status(), 200);
    }

    #[actix_web::test]
    async fn pages_of_other_origins_are_let_in_where_that_is_set() {
        let preflight = || {
            TestRequest::with_uri("/seat-booking/hold-seats")
                .method(Method::OPTIONS)
                .insert_header((header::ORIGIN, "https://tickets.example"))
                .insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, "POST"))
                .insert_header((header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization"))
                .to_request()
        };
        let app = test::init_service(crate::app(&state())).await;
        assert_eq!(test::call_service(&app, preflight()).await.status(), 405);
        let mut options = Options::new("s3cret".into());
        options.cors_origins = vec!["https://tickets.example".to_owned()];
        let app = test::init_service(crate::app(&state_with(options))).await;
        let answer = test::call_service(&app, preflight()).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.headers().contains_key(X_REQUEST_ID));
        let allowed = answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).unwrap();
        assert_eq!(allowed, "https://tickets.example");
        let mut stranger = preflight();
        let origin = HeaderValue::from_static("https://stranger.example");
        stranger.head_mut().headers_mut().insert(header::ORIGIN, origin);
        let gzip = HeaderValue::from_static("gzip");
        stranger.head_mut().headers_mut().insert(header::ACCEPT_ENCODING, gzip);
        let answer = test::call_service(&app, stranger).await;
        assert!(!answer.headers().contains_key(header::CONTENT_ENCODING));
        assert_eq!(problem(answer).await, (400, "invalid_request".into()));
    }
}
