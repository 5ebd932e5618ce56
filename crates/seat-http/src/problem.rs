//! What a caller is told when a request is refused or fails: RFC 9457 bodies.

mod booking;
mod code;
mod document;

use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    body::{self, BoxBody},
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};

pub(crate) use code::Code;
pub(crate) use document::{CommonProblems, FieldError, ProblemDocument};

/// The media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// More places than this help nobody to mend a request.
const FIELD_ERRORS_MAX: usize = 100;

/// The error of every handler and extractor.
///
/// Its answer has a status and headers but no body: the body names the request's id, so the
/// middleware writes it.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    document: ProblemDocument,
    retry_after: Option<u64>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem of this code that says so.
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let document = ProblemDocument {
            r#type: format!("urn:seat-booking:problem:{}", code.as_str()),
            title: code.title(),
            status: code.status().as_u16(),
            detail: detail.into(),
            code,
            request_id: String::new(),
            success: false,
            errors: None,
            unknown_seats: None,
            duplicate_seats: None,
            conflicting_seats: None,
            conflicting_tables: None,
            missing_seats: None,
            limit: None,
        };
        Self(Box::new(Inner { document, retry_after: None, source: None }))
    }

    /// The request is wrong at one place.
    pub(crate) fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_many(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// The request is wrong at these places; at most the first 100 are told.
    pub(crate) fn invalid_many(mut errors: Vec<FieldError>) -> Self {
        errors.truncate(FIELD_ERRORS_MAX);
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.field, only.message),
            several => format!("{} fields are wrong", several.len()),
        };
        Self::new(Code::InvalidRequest, detail).with(|document| document.errors = Some(errors))
    }

    /// The caller can't be told apart from anyone else.
    pub(crate) fn unauthorized(detail: &'static str) -> Self {
        Self::new(Code::Unauthorized, detail)
    }

    /// There is nothing at this path.
    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing at this path")
    }

    /// The body is longer than allowed.
    pub(crate) fn payload_too_large(limit: usize) -> Self {
        Self::new(Code::PayloadTooLarge, format!("the body has more than {limit} bytes"))
    }

    /// The body is of a kind that is not read here.
    pub(crate) fn unsupported_media_type(detail: &'static str) -> Self {
        Self::new(Code::UnsupportedMediaType, detail)
    }

    /// The caller asks too often and has to wait so long, in whole seconds, at least one.
    pub(crate) fn rate_limited(wait: Duration) -> Self {
        let mut problem = Self::new(Code::RateLimited, "too many requests");
        problem.0.retry_after = Some((wait.as_secs_f64().ceil() as u64).max(1));
        problem
    }

    /// The outcome is unknown, or a store can't be reached: the same request may be repeated.
    pub(crate) fn unavailable() -> Self {
        Self::not_ready("the outcome is not known yet: repeat the same request")
    }

    /// Something that is needed is not there at present.
    pub(crate) fn not_ready(detail: &'static str) -> Self {
        let mut problem = Self::new(Code::Unavailable, detail);
        problem.0.retry_after = Some(1);
        problem
    }

    /// A bug; what it was is logged, not told.
    pub(crate) fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "an internal error").caused_by(Arc::from(source.into()))
    }

    /// The problem that an answer without one stands for, so that every error has this form.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(Code::MethodNotAllowed, "the path does not have this method")
            }
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(Code::PayloadTooLarge, "the body is too large")
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::unsupported_media_type("the body is not JSON")
            }
            status if status.is_client_error() => {
                Self::new(Code::InvalidRequest, "the request is not of the form")
            }
            status => Self::internal(format!("answered {status} without a problem")),
        }
    }

    /// The same problem with what its code adds to the document.
    pub(crate) fn with(mut self, add: impl FnOnce(&mut ProblemDocument)) -> Self {
        add(&mut self.0.document);
        self
    }

    /// The same problem with its cause, for the log alone.
    pub(crate) fn caused_by(mut self, source: Arc<dyn Error + Send + Sync>) -> Self {
        self.0.source = Some(source);
        self
    }

    /// What went wrong.
    pub(crate) fn code(&self) -> Code {
        self.0.document.code
    }

    /// The body, for the request of this id.
    pub(crate) fn document(&self, request_id: &str) -> ProblemDocument {
        ProblemDocument { request_id: request_id.to_owned(), ..self.0.document.clone() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.document.detail)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code().status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response =
            HttpResponse::with_body(self.status_code(), BoxBody::new(body::None::new()));
        let headers = response.headers_mut();
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code() == Code::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_whole_seconds_and_never_as_zero() {
        for (wait, seconds) in [(0, "1"), (20, "1"), (1_000, "1"), (1_001, "2")] {
            let answer = Problem::rate_limited(Duration::from_millis(wait)).error_response();
            assert_eq!(answer.headers().get(header::RETRY_AFTER).unwrap(), seconds, "{wait}");
        }
        let answer = Problem::unavailable().error_response();
        assert!(answer.headers().contains_key(header::RETRY_AFTER));
    }

    #[test]
    fn whoever_is_not_known_is_told_how_to_be() {
        let answer = Problem::unauthorized("no token").error_response();
        assert_eq!(answer.headers().get(header::WWW_AUTHENTICATE).unwrap(), "Bearer");
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }

    #[test]
    fn an_internal_error_is_not_shown() {
        let body = Problem::internal("a secret").document("r-1");
        assert!(!serde_json::to_string(&body).unwrap().contains("secret"));
        assert_eq!((body.status, body.request_id.as_str()), (500, "r-1"));
    }

    #[test]
    fn a_body_that_is_wrong_throughout_is_told_in_bounds() {
        let error = FieldError { field: "seatIds".to_owned(), message: "wrong".to_owned() };
        let body = Problem::invalid_many(vec![error; 20_000]).document("r-1");
        assert_eq!(body.errors.unwrap().len(), 100);
    }
}
