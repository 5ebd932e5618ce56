use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use actix_web::{
    HttpMessage,
    dev::ServiceRequest,
    http::header::{HeaderName, HeaderValue},
};
use seat_booking::ports::Randomness;

/// The header that carries it, both ways.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The name of one request: the caller's, or a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().expect("a request id is printable ASCII")
    }

    pub(crate) fn header_value(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Makes request ids. They have to be unique, not secret: a random part for the process and a
/// count, which spares each request a call of the operating system.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: String,
    count: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(randomness: &dyn Randomness) -> Self {
        let process = hex(&randomness.bytes()[..6]);
        Self { process, count: AtomicU64::new(0) }
    }

    /// The request's id, the same however often it is asked for.
    pub(crate) fn of(&self, request: &ServiceRequest) -> Arc<RequestId> {
        if let Some(known) = request.extensions().get::<Arc<RequestId>>() {
            return Arc::clone(known);
        }
        let given = request.headers().get(X_REQUEST_ID).filter(|value| is_id(value.as_bytes()));
        let id = Arc::new(RequestId(given.cloned().unwrap_or_else(|| self.next())));
        request.extensions_mut().insert(Arc::clone(&id));
        id
    }

    fn next(&self) -> HeaderValue {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let text = format!("{}-{count:x}", self.process);
        HeaderValue::try_from(text).expect("hexadecimal digits make a header")
    }
}

/// 1 to 128 printable ASCII characters: more might fill a log, others might forge a line of it.
fn is_id(text: &[u8]) -> bool {
    (1..=128).contains(&text.len()) && text.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use seat_booking::ports::SystemRandomness;

    use super::*;

    fn id_of(given: &str) -> Arc<RequestId> {
        let request = TestRequest::default().insert_header((X_REQUEST_ID, given.to_owned()));
        RequestIds::new(&SystemRandomness).of(&request.to_srv_request())
    }

    #[test]
    fn the_callers_id_is_kept() {
        assert_eq!(id_of("order 7/retry:2").as_str(), "order 7/retry:2");
        assert_eq!(id_of(&"x".repeat(128)).as_str(), "x".repeat(128));
    }

    #[test]
    fn an_id_of_another_form_is_replaced() {
        for given in ["", "a\tb", "\u{e9}", &"x".repeat(129)] {
            let id = id_of(given);
            assert_ne!(id.as_str(), given);
            assert!(is_id(id.as_str().as_bytes()), "{id:?}");
        }
    }

    #[test]
    fn each_request_has_one_id_and_no_two_the_same() {
        let ids = RequestIds::new(&SystemRandomness);
        let (one, two) =
            (TestRequest::default().to_srv_request(), TestRequest::default().to_srv_request());
        assert_eq!(ids.of(&one), ids.of(&one));
        assert_ne!(ids.of(&one), ids.of(&two));
    }
}
