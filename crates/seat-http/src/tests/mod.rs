//! Requests that are nearly right, to every route of the whole app over the stores in memory: each
//! is done or refused, in the words of the contract, and none is our fault.

mod change;
mod room;

use actix_web::{
    body::{MessageBody, to_bytes},
    dev::Service,
    http::{StatusCode, header},
    rt::System,
    test::{TestRequest, init_service},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestCaseResult, TestRunner},
};
use serde_json::Value;

use self::{
    change::{any_change, changed},
    room::Room,
};
use crate::{app, problem::PROBLEM_JSON};

const CASES: u32 = 1_000;

/// Asks the app whatever a strategy makes, and checks the answers.
fn check<S: Strategy>(strategy: &S, request: impl Fn(&Room, S::Value) -> (TestRequest, bool)) {
    let system = System::new();
    let room = system.block_on(Room::open());
    let app = system.block_on(init_service(app(&room.state)));
    let mut runner = TestRunner::new(Config { cases: CASES, ..Config::with_source_file(file!()) });
    let outcome = runner.run(strategy, |case| {
        let (request, late) = request(&room, case);
        let token = (header::AUTHORIZATION, format!("Bearer {}", room.token));
        let answer = system
            .block_on(app.call(request.insert_header(token).to_request()))
            .unwrap_or_else(|error| panic!("{error}"));
        let (status, head) = (answer.status(), answer.headers().clone());
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(());
        }
        prop_assert_eq!(head.get(header::CONTENT_TYPE).unwrap(), PROBLEM_JSON);
        let body = answer.into_body().boxed();
        let body = system.block_on(to_bytes(body)).unwrap();
        is_a_refusal(status, &body, late)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// `late`: a version that is not there yet is waited for, and then it is 503.
fn is_a_refusal(status: StatusCode, body: &[u8], late: bool) -> TestCaseResult {
    let problem: Value = serde_json::from_slice(body).unwrap();
    prop_assert_eq!(&problem["status"], status.as_u16());
    let allowed = status.is_client_error() || (late && status == StatusCode::SERVICE_UNAVAILABLE);
    prop_assert!(allowed, "{}", problem);
    if problem["code"] == "invalid_request" {
        let errors = problem["errors"].as_array().expect("it names its places");
        prop_assert!((1..=100).contains(&errors.len()));
        for error in errors {
            prop_assert!(!error["field"].as_str().unwrap().is_empty(), "{}", problem);
            prop_assert!(error["message"].as_str().unwrap().chars().count() <= 200, "{}", problem);
        }
    }
    Ok(())
}

#[test]
fn a_body_that_is_nearly_right_is_done_or_refused_by_its_place() {
    let text = (any::<Index>(), any::<u8>());
    let strategy = (
        any::<Index>(),
        vec(any_change(), 0..3),
        prop_oneof![3 => Just(None), 1 => text.prop_map(Some)],
        prop_oneof![3 => Just(None), 1 => "[ -~]{0,300}".prop_map(Some)],
    );
    check(&strategy, |room, (route, changes, byte, key)| {
        let (path, body) = route.get(&room.bodies()).clone();
        let mut body = serde_json::to_vec(&changed(body, changes)).unwrap();
        if let Some((at, byte)) = byte
            && !body.is_empty()
        {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let request = TestRequest::post()
            .uri(&format!("/seat-booking/{path}"))
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .set_payload(body);
        match key {
            Some(key) => (request.insert_header(("Idempotency-Key", key)), false),
            None => (request, false),
        }
    });
}

#[test]
fn a_query_or_header_that_is_nearly_right_is_answered_or_refused_by_its_name() {
    let names = vec!["limit", "cursor", "viewport", "atLeast", "seatIds", "tableIds", "since"];
    let value = prop_oneof![
        "[A-Za-z0-9._~%!$&'()*+,;=:@/?-]{0,30}",
        "[0-9]{1,17}-[0-9]{1,20}",
        "[0-9a-f]{40}",
        "([A-E]-[0-9],){0,4}[A-E]-[0-9]",
        "(-?[0-9.e]{1,6},){3}-?[0-9.e]{1,6}",
        "%7B%22x%22:[0-9]{1,4},%22y%22:0,%22width%22:-?[0-9]{1,3},%22height%22:1e[0-9]{1,3}%7D",
    ];
    let strategy = (
        any::<Index>(),
        vec((select(names), value), 0..4),
        prop_oneof![3 => Just(None), 1 => "[ -~]{0,40}".prop_map(Some)],
    );
    check(&strategy, |room, (route, parameters, text)| {
        let (method, path) = route.get(&room.queries()).clone();
        let query: Vec<_> =
            parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let uri = format!("/seat-booking/{path}?{}", query.join("&"));
        let request = TestRequest::default().method(method).uri(&uri);
        let late = uri.contains("atLeast");
        match text {
            Some(text) => {
                let headers = ["Last-Event-ID", "If-None-Match", "Accept-Encoding", "X-Request-Id"];
                let request = headers
                    .into_iter()
                    .fold(request, |request, name| request.insert_header((name, text.as_str())));
                (request, late)
            }
            None => (request, late),
        }
    });
}
