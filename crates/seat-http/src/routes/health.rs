use std::sync::Arc;

use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    problem::{Problem, ProblemDocument},
    state::State,
};

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/livez").route(web::get().to(livez)))
        .service(web::resource("/readyz").route(web::get().to(readyz)));
}

/// How the server is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(value_type = String)]
    status: &'static str,
}

/// Whether the process runs: restart it when this fails.
#[utoipa::path(
    get,
    path = "/livez",
    tag = "operation",
    responses((status = 200, description = "It runs", body = Health, example = json!({"status": "alive"})))
)]
pub(crate) async fn livez() -> web::Json<Health> {
    web::Json(Health { status: "alive" })
}

/// Whether the server takes requests: its stores answer, and it is not about to stop.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    responses(
        (status = 200, description = "It takes requests", body = Health, example = json!({"status": "ready"})),
        (status = 503, description = "Send no requests", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn readyz(state: web::Data<State>) -> Result<web::Json<Health>, Problem> {
    if state.shutdown_token().is_cancelled() {
        return Err(Problem::unavailable());
    }
    let service = state.service().clone();
    // As a task, because a store's driver does not like to be dropped half-way.
    let asked = state.tasks().spawn(async move { service.ready().await });
    let within = state.service().settings().timing.answer_within;
    match tokio::time::timeout(within, asked).await {
        Ok(Ok(Ok(()))) => Ok(web::Json(Health { status: "ready" })),
        Ok(Ok(Err(error))) => Err(Problem::unavailable().caused_by(Arc::new(error))),
        Ok(Err(error)) => Err(Problem::unavailable().caused_by(Arc::new(error))),
        Err(elapsed) => Err(Problem::unavailable().caused_by(Arc::new(elapsed))),
    }
}
