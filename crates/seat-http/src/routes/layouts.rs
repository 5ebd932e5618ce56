use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ETag, EntityTag},
    web,
};
use seat_layout::{Layout, LayoutDocument, LayoutErrors, LayoutId};

use super::live::send;
use crate::{
    answers::{Coding, FOR_EVER, Key, accepted, etag_matches},
    auth::Admin,
    extract::{LargeJson, PathId},
    problem::{CommonProblems, FieldError, Problem},
    state::State,
    wire::{
        layouts::{self, LayoutAnswer, LayoutCreated},
        schema,
    },
};

const CACHE_FOR_EVER: (&str, &str) = ("Cache-Control", "public, max-age=31536000, immutable");

/// How long a great layout may take to be stored; whoever gave up would not learn its id.
const STORED_WITHIN: Duration = Duration::from_secs(30);

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/seat-booking/layouts").route(web::post().to(create_layout)))
        .service(web::resource("/seat-booking/layouts/{layoutId}").route(web::get().to(layout)));
}

/// Store a layout, for admins.
///
/// It never changes: an edited layout is a new one.
#[utoipa::path(
    post,
    path = "/seat-booking/layouts",
    operation_id = "createLayout",
    tag = "layouts",
    request_body = layouts::LayoutDocument,
    responses(
        (status = 201, description = "The layout is stored", body = LayoutCreated),
        CommonProblems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create_layout(
    state: web::Data<State>,
    _admin: Admin,
    LargeJson(document): LargeJson<LayoutDocument>,
) -> Result<HttpResponse, Problem> {
    let service = state.service().clone();
    // A great layout takes a while to check, and a worker has other requests to serve.
    let checked = web::block(move || Layout::new(document)).await;
    let layout = checked.map_err(|_| Problem::unavailable())?.map_err(|errors| refused(&errors))?;
    let layout_id =
        state.run_within(STORED_WITHIN, async move { service.create_layout(layout).await }).await?;
    Ok(HttpResponse::Created().json(LayoutCreated { success: true, layout_id }))
}

/// A layout without the state of its seats.
///
/// It never changes, so it may be kept for ever.
#[utoipa::path(
    get,
    path = "/seat-booking/layouts/{layoutId}",
    operation_id = "layout",
    tag = "layouts",
    params(
        ("layoutId" = inline(schema::LayoutId), Path, description = "The layout"),
        ("If-None-Match" = Option<String>, Header, nullable = false,
            description = "The `ETag` of what the client has"),
    ),
    responses(
        (status = 200, description = "The layout", body = LayoutAnswer,
            headers(("ETag" = String, description = "Strong; of the id and the coding"))),
        (status = 304, description = "The client has it"),
        CommonProblems
    ),
)]
pub(crate) async fn layout(
    state: web::Data<State>,
    request: HttpRequest,
    PathId(id): PathId<LayoutId>,
) -> Result<HttpResponse, Problem> {
    let (answers, coding) = (state.answers(), accepted(&request));
    let ready = match answers.ready(Key::Layout(id), FOR_EVER, coding) {
        Some(ready) => ready,
        None => {
            let service = state.service().clone();
            let layout = state.run(async move { service.layout(&id).await }).await?;
            answers
                .built(Key::Layout(id), FOR_EVER, coding, move |answers| {
                    (FOR_EVER, answers.geometry(id, &layout).layout_body(id))
                })
                .await?
        }
    };

    let known = [Coding::Identity, Coding::Gzip]
        .into_iter()
        .any(|coding| etag_matches(&request, &tag(id, coding)));
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header(CACHE_FOR_EVER).insert_header(ETag(tag(id, ready.coding)));
    Ok(send(answer, (!known).then_some(ready)))
}

/// A strong tag stands for exact bytes, so each coding has its own.
fn tag(id: LayoutId, coding: Coding) -> EntityTag {
    match coding {
        Coding::Identity => EntityTag::new_strong(id.to_string()),
        Coding::Gzip => EntityTag::new_strong(format!("{id}-gzip")),
    }
}

fn refused(errors: &LayoutErrors) -> Problem {
    let places = errors.places().iter();
    Problem::invalid_many(
        places
            .map(|place| FieldError { field: place.field.clone(), message: place.message.clone() })
            .collect(),
    )
}
