use std::{error::Error, sync::Arc};

use actix_web::web;
use seat_booking::StoreError;
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

/// Whether the server takes requests: its stores answer, and it is not about to stop. A refusal
/// names the store that is away.
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
        return Err(Problem::not_ready("the server is about to stop"));
    }
    let [of_locks, of_repository] = [state.service().clone(), state.service().clone()];
    let (locks, repository) = futures_util::join!(
        answers(&state, async move { of_locks.locks_ready().await }),
        answers(&state, async move { of_repository.repository_ready().await }),
    );
    match (locks, repository) {
        (Ok(()), Ok(())) => Ok(web::Json(Health { status: "ready" })),
        (Err(cause), Ok(())) => Err(away("the lock store is not ready", cause)),
        (Ok(()), Err(cause)) => Err(away("the repository is not ready", cause)),
        (Err(cause), Err(_)) => Err(away("neither store is ready", cause)),
    }
}

type Cause = Arc<dyn Error + Send + Sync>;

/// Asks a store, as a task because its driver does not like to be dropped half-way.
async fn answers<F>(state: &State, ask: F) -> Result<(), Cause>
where
    F: Future<Output = Result<(), StoreError>> + Send + 'static,
{
    let within = state.service().settings().timing.answer_within;
    match tokio::time::timeout(within, state.tasks().spawn(ask)).await {
        Ok(Ok(answer)) => answer.map_err(|error| Arc::new(error) as Cause),
        Ok(Err(ended)) => Err(Arc::new(ended)),
        Err(elapsed) => Err(Arc::new(elapsed)),
    }
}

fn away(detail: &'static str, cause: Cause) -> Problem {
    Problem::not_ready(detail).caused_by(cause)
}
