//! The OpenAPI document, made from the handlers.

use bytes::Bytes;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        PathItem,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    problem::ProblemDocument,
    routes::{bookings, changes, confirm, demo, events, health, holds, layouts, live, metrics},
};

/// The document as JSON; the demo's path is in it where the server has it.
pub(crate) fn document(demo: bool) -> Bytes {
    let mut document = Document::openapi();
    if !demo {
        document.paths.paths.remove("/seat-booking/demo/token");
    }
    serde_json::to_vec(&document).expect("the document is JSON").into()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Seat booking",
        description = "Holds and books the seats of an event. Every answer carries `X-Request-Id` \
                       and `X-Server-Time`; every error is a problem of RFC 9457 with a `code`.",
        license(name = "MIT", identifier = "MIT"),
    ),
    paths(
        holds::hold_seats,
        holds::hold_table,
        holds::release_seats,
        holds::extend,
        holds::my_holds,
        confirm::confirm,
        bookings::my_bookings,
        bookings::booking,
        bookings::cancel,
        bookings::payment,
        live::layout,
        live::states,
        live::stats,
        live::availability,
        changes::changes,
        events::create_event,
        events::events,
        events::event,
        events::block,
        events::unblock,
        layouts::create_layout,
        layouts::layout,
        demo::token,
        health::livez,
        health::readyz,
        metrics::metrics,
    ),
    components(schemas(ProblemDocument)),
    modifiers(&BearerToken, &ImpossibleProblems),
)]
struct Document;

/// How callers show who they are.
struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("HS256; `sub`, `exp`, and `role`: `user` or `admin`"))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Takes the common problems away from the operations that can't answer them.
struct ImpossibleProblems;

impl Modify for ImpossibleProblems {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for operation in document.paths.paths.values_mut().flat_map(operations) {
            let mut impossible = Vec::new();
            if operation.security.is_none() {
                impossible.extend(["401", "403"]);
            }
            if operation.request_body.is_none() {
                impossible.extend(["413", "415"]);
            }
            for status in impossible {
                operation.responses.responses.remove(status);
            }
        }
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.post, &mut path.delete].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn json(demo: bool) -> Value {
        serde_json::from_slice(&document(demo)).unwrap()
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(value: &Value, document: &Value) {
            match value {
                Value::Object(fields) => {
                    if let Some(Value::String(reference)) = fields.get("$ref") {
                        let pointer = reference.trim_start_matches('#');
                        assert!(document.pointer(pointer).is_some(), "{reference}");
                    }
                    fields.values().for_each(|value| check(value, document));
                }
                Value::Array(entries) => entries.iter().for_each(|value| check(value, document)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let document = json(true);
        check(&document, &document);
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    }

    #[test]
    fn only_a_demo_hands_out_tokens() {
        let path = "/paths/~1seat-booking~1demo~1token";
        assert!(json(true).pointer(path).is_some());
        assert!(json(false).pointer(path).is_none());
    }

    #[test]
    fn public_operations_need_no_token() {
        let document = json(false);
        let statuses = |path: &str, method: &str| {
            let responses = &document["paths"][path][method]["responses"];
            responses.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        let public = statuses("/seat-booking/states/{eventId}", "get");
        assert!(!public.contains(&"401".to_owned()), "{public:?}");
        assert!(public.contains(&"429".to_owned()), "{public:?}");
        let hold = statuses("/seat-booking/hold-seats", "post");
        for status in ["201", "400", "401", "404", "409", "413", "415", "422", "429", "503"] {
            assert!(hold.contains(&status.to_owned()), "{status} {hold:?}");
        }
    }
}
