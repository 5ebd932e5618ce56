#![doc = include_str!("../README.md")]

mod address;
mod answers;
mod auth;
mod extract;
mod limiter;
mod middleware;
mod openapi;
mod options;
mod problem;
mod request_id;
mod rounds;
mod routes;
mod state;
mod tasks;
mod telemetry;
#[cfg(test)]
mod tests;
mod wire;

use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    guard,
    middleware::{Compress, Condition, from_fn},
    web,
};
use tracing_actix_web::TracingLogger;

pub use auth::{Role, sign_token};
pub use options::Options;
pub use state::State;
pub use tasks::Tasks;

/// Mounts every path in an app of somebody else, for `App::configure`; other paths are left alone.
///
/// Answers have their ids, times and problem bodies. Compression, CORS, the limit of each address
/// and the span of a request are the app's matter: [`app`] has them. Of two resources for one path
/// actix takes the first, so an app with its own `/metrics` or `/docs` registers them before.
pub fn routes(state: &State) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let configure = routes::configure(state);
    move |config| {
        config.service(
            web::scope("")
                .guard(guard::fn_guard(routes::is_ours))
                .configure(configure)
                .default_service(web::to(routes::not_found))
                .wrap(from_fn(middleware::answers)),
        );
    }
}

/// A whole app, for `HttpServer::new`: every path, and what is common to all answers.
pub fn app(
    state: &State,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let origins = state.cors_origins();
    App::new()
        .configure(routes::configure(state))
        .default_service(web::to(routes::not_found))
        // The last is the first to see a request and the last to see its answer.
        .wrap(from_fn(middleware::limit_addresses))
        .wrap(Condition::new(!origins.is_empty(), middleware::cors(origins)))
        .wrap(Compress::default())
        .wrap(from_fn(middleware::answers))
        .wrap(TracingLogger::<middleware::RequestSpan>::new())
}
