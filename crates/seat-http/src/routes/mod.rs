//! The paths. Each is one resource with all its methods, so that a wrong method is answered 405 and
//! not 404; one file for each resource.

pub(crate) mod bookings;
pub(crate) mod changes;
pub(crate) mod confirm;
pub(crate) mod demo;
pub(crate) mod docs;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod holds;
pub(crate) mod layouts;
pub(crate) mod live;
pub(crate) mod metrics;

use actix_web::{guard::GuardContext, web};

use crate::{problem::Problem, state::State};

/// Every path, without what is common to all answers.
pub(crate) fn configure(state: &State) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let state = state.clone();
    move |config| {
        if state.demo() {
            demo::configure(config);
        }
        config.app_data(web::Data::new(state));
        // The router tries them in this order: the hot ones first.
        for configure in [
            holds::configure,
            confirm::configure,
            live::configure,
            changes::configure,
            health::configure,
            bookings::configure,
            events::configure,
            layouts::configure,
            metrics::configure,
            docs::configure,
        ] {
            configure(config);
        }
    }
}

/// Whether a request is for one of these paths, or for one beside them that nobody else has.
pub(crate) fn is_ours(request: &GuardContext<'_>) -> bool {
    let path = request.head().uri.path();
    let below = |prefix: &str| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    below("/seat-booking")
        || below("/docs")
        || ["/livez", "/readyz", "/metrics", "/openapi.json"].contains(&path)
}

/// The answer of every other path.
pub(crate) async fn not_found() -> Result<&'static str, Problem> {
    Err(Problem::not_found())
}
