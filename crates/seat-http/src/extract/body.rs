use std::{pin::pin, time::Duration};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderName},
    web,
};
use bytes::BytesMut;
use futures_util::{StreamExt, future::LocalBoxFuture};
use serde::de::DeserializeOwned;
use validator::Validate;

use super::fields;
use crate::{problem::Problem, state::State};

/// Bodies up to this are small.
const SMALL: usize = 1024 * 1024;
/// How long a small body may take to arrive.
const SMALL_WITHIN: Duration = Duration::from_secs(10);
/// How long any other body may take to arrive.
const LARGE_WITHIN: Duration = Duration::from_secs(60);

/// A JSON body, parsed and validated.
pub(crate) struct Json<T>(pub(crate) T);

/// A JSON body that may be missing or `null`, which is the default.
pub(crate) struct OptionalJson<T>(pub(crate) T);

/// A JSON body as long as a layout may be. It is parsed on a thread of its own, and whoever reads
/// it validates it.
pub(crate) struct LargeJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            require_json(&request)?;
            let body = read(&request, payload, State::of(&request).body_max()).await?;
            validated(&body).map(Self)
        })
    }
}

impl<T: DeserializeOwned + Validate + Default + 'static> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = read(&request, payload, State::of(&request).body_max()).await?;
            if body.is_empty() {
                return Ok(Self(T::default()));
            }
            require_json(&request)?;
            if body.trim_ascii() == b"null" {
                return Ok(Self(T::default()));
            }
            validated(&body).map(Self)
        })
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRequest for LargeJson<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            require_json(&request)?;
            let body = read(&request, payload, State::of(&request).layout_body_max()).await?;
            let parsed = web::block(move || parsed(&body)).await;
            parsed.map_err(Problem::internal)?.map(Self)
        })
    }
}

fn require_json(request: &HttpRequest) -> Result<(), Problem> {
    // A body that does not say what it is is taken for what is expected.
    let unnamed = !request.headers().contains_key(header::CONTENT_TYPE);
    if unnamed || request.content_type().eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Problem::unsupported_media_type("the content type must be application/json"))
    }
}

async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<BytesMut, Problem> {
    let coding = text(request, header::CONTENT_ENCODING).unwrap_or("identity");
    if !coding.eq_ignore_ascii_case("identity") {
        return Err(Problem::unsupported_media_type("a body must not be compressed"));
    }
    let declared =
        text(request, header::CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(Problem::payload_too_large(limit));
    }
    // What a client only declares does not make us reserve much.
    let mut body = BytesMut::with_capacity(declared.unwrap_or_default().min(64 * 1024));
    let stopping = State::of(request).shutdown_token().clone();
    let deadline = tokio::time::sleep(if limit > SMALL { LARGE_WITHIN } else { SMALL_WITHIN });
    let mut deadline = pin!(deadline);
    loop {
        // A client that dawdles would else keep a connection for ever, and hold up a stop.
        let chunk = tokio::select! {
            chunk = payload.next() => chunk,
            () = &mut deadline => return Err(Problem::invalid("body", "took too long")),
            () = stopping.cancelled() => return Err(Problem::unavailable()),
        };
        let Some(chunk) = chunk else { return Ok(body) };
        let chunk = chunk.map_err(|_| Problem::invalid("body", "could not be read to its end"))?;
        if body.len() + chunk.len() > limit {
            return Err(Problem::payload_too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
}

fn text(request: &HttpRequest, name: HeaderName) -> Option<&str> {
    request.headers().get(name)?.to_str().ok()
}

fn validated<T: DeserializeOwned + Validate>(body: &[u8]) -> Result<T, Problem> {
    let value: T = parsed(body)?;
    value.validate().map_err(|errors| Problem::invalid_many(fields::of_validator(&errors)))?;
    Ok(value)
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    match serde_json::from_slice(body) {
        Ok(value) => Ok(value),
        Err(error) if error.is_data() => Err(misplaced::<T>(body)),
        Err(error) => Err(not_json(&error)),
    }
}

/// Reads a body again that is JSON of another form, to name the place: following the path costs
/// more than the reading itself.
fn misplaced<T: DeserializeOwned>(body: &[u8]) -> Problem {
    let mut json = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Ok(_) => Problem::invalid("body", "is not of the form"),
        Err(error) => Problem::invalid_many(vec![fields::of_serde(error.path(), error.inner())]),
    }
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::invalid("body", format!("is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use actix_web::{ResponseError, http::header::ContentType, test::TestRequest};
    use serde::Deserialize;

    use super::*;
    use crate::{problem::Code, state::tests::state};

    #[derive(Debug, Default, Deserialize, Validate)]
    struct Note {
        #[validate(length(max = 5))]
        text: String,
    }

    fn request() -> TestRequest {
        TestRequest::default().app_data(web::Data::new(state()))
    }

    async fn json(request: TestRequest) -> Result<Note, Problem> {
        let (request, mut payload) = request.to_http_parts();
        Json::from_request(&request, &mut payload).await.map(|Json(note)| note)
    }

    async fn code(request: TestRequest) -> Code {
        json(request).await.unwrap_err().code()
    }

    #[actix_web::test]
    async fn a_good_body_is_read() {
        let body = request().insert_header(ContentType::json()).set_payload(r#"{"text":"hi"}"#);
        assert_eq!(json(body).await.unwrap().text, "hi");
        let body = request()
            .insert_header((header::CONTENT_TYPE, "Application/JSON; charset=utf-8"))
            .set_payload(r#"{"text":"hi","more":1}"#);
        assert_eq!(json(body).await.unwrap().text, "hi");
    }

    #[actix_web::test]
    async fn another_type_is_not_supported_and_none_is() {
        let good = r#"{"text":"hi"}"#;
        assert_eq!(json(request().set_payload(good)).await.unwrap().text, "hi");
        let plain = request().insert_header(ContentType::plaintext()).set_payload(good);
        assert_eq!(code(plain).await, Code::UnsupportedMediaType);
        let gzip = request()
            .insert_header(ContentType::json())
            .insert_header((header::CONTENT_ENCODING, "gzip"))
            .set_payload(good);
        assert_eq!(code(gzip).await, Code::UnsupportedMediaType);
    }

    #[actix_web::test]
    async fn a_body_that_is_not_of_the_form_is_refused() {
        for body in ["", "{", r#"{"text":1}"#, r#"{"text":"long text"}"#, r#"{"text":"a"} x"#] {
            let body = request().insert_header(ContentType::json()).set_payload(body);
            assert_eq!(code(body).await, Code::InvalidRequest);
        }
    }

    #[actix_web::test]
    async fn a_long_body_is_refused_whether_or_not_it_says_how_long() {
        let long = format!(r#"{{"text":"{}"}}"#, "a".repeat(64 * 1024));
        let body = request().insert_header(ContentType::json()).set_payload(long);
        assert_eq!(code(body).await, Code::PayloadTooLarge);
        let declared = request()
            .insert_header(ContentType::json())
            .insert_header((header::CONTENT_LENGTH, "65537"));
        let problem = json(declared).await.unwrap_err();
        assert_eq!(problem.status_code(), 413);
    }

    #[actix_web::test]
    async fn an_optional_body_may_be_missing_but_not_wrong() {
        let optional = async |request: TestRequest| {
            let (request, mut payload) = request.to_http_parts();
            OptionalJson::<Note>::from_request(&request, &mut payload).await
        };
        assert_eq!(optional(request()).await.ok().unwrap().0.text, "");
        let null = request().insert_header(ContentType::json()).set_payload(" null ");
        assert_eq!(optional(null).await.ok().unwrap().0.text, "");
        let wrong = request().insert_header(ContentType::json()).set_payload("[");
        assert_eq!(optional(wrong).await.err().unwrap().code(), Code::InvalidRequest);
    }
}
