use std::time::Duration;

use actix_web::{HttpResponse, web};
use seat_booking::ports::{Randomness, SystemRandomness};
use seat_layout::UserId;
use seat_state::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    auth::Role,
    extract::OptionalJson,
    problem::{CommonProblems, Problem},
    request_id::hex,
    state::State,
    wire::schema,
};

/// Longer than anybody tries something out.
const VALID_FOR: Duration = Duration::from_secs(12 * 60 * 60);

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config.service(web::resource("/seat-booking/demo/token").route(web::post().to(token)));
}

/// Who the guest wants to be.
#[derive(Default, Deserialize, Validate, ToSchema)]
pub(crate) struct DemoTokenRequest {
    /// `user` when missing.
    #[serde(default)]
    role: Role,
}

/// A token for a new guest.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DemoTokenAnswer {
    /// For `Authorization: Bearer`.
    token: String,
    #[schema(value_type = schema::UserId)]
    sub: UserId,
    #[schema(value_type = schema::Timestamp)]
    expires_at: Timestamp,
}

/// A token for a guest. Only a server in demo mode has this.
#[utoipa::path(
    post,
    path = "/seat-booking/demo/token",
    tag = "demo",
    request_body = Option<DemoTokenRequest>,
    responses((status = 201, description = "A token for a new guest", body = DemoTokenAnswer), CommonProblems)
)]
pub(crate) async fn token(
    state: web::Data<State>,
    OptionalJson(request): OptionalJson<DemoTokenRequest>,
) -> Result<HttpResponse, Problem> {
    let guest = format!("guest-{}", hex(&SystemRandomness.bytes()));
    let sub: UserId = guest.parse().expect("a guest's name is a user id");
    // A token counts in whole seconds.
    let until = state.service().now().after(VALID_FOR).ms().div_euclid(1_000);
    let expires_at = Timestamp::from_ms(until * 1_000);
    let token = state.tokens().sign(&sub, request.role, expires_at);
    Ok(HttpResponse::Created().json(DemoTokenAnswer { token, sub, expires_at }))
}
