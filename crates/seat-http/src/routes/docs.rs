use std::{borrow::Cow, sync::Arc};

use actix_web::{
    HttpResponse,
    http::header::{self, ContentEncoding},
    web,
};
use utoipa_swagger_ui::Config;

use crate::{problem::Problem, state::State};

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    // Relative, so that it is also found behind a proxy that puts a prefix before the path.
    let ui = Arc::new(Config::from("../openapi.json"));
    let files = move |file: web::Path<String>| {
        let ui = Arc::clone(&ui);
        async move { page(&file, ui) }
    };
    config
        .service(web::resource("/openapi.json").route(web::get().to(openapi)))
        .service(web::resource("/docs").route(web::get().to(redirect)))
        .service(web::resource("/docs/{file:.*}").route(web::get().to(files)));
}

async fn openapi(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(state.openapi())
}

/// The pages name their files relative to a folder.
async fn redirect() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "docs/")).finish()
}

fn page(file: &str, ui: Arc<Config<'static>>) -> Result<HttpResponse, Problem> {
    let found = utoipa_swagger_ui::serve(file, ui).map_err(|error| error.to_string());
    let file = found.map_err(Problem::internal)?.ok_or_else(Problem::not_found)?;
    let mut answer = HttpResponse::Ok();
    answer.content_type(file.content_type);
    if file.gzpipped {
        answer.insert_header(ContentEncoding::Gzip);
    }
    Ok(match file.bytes {
        Cow::Borrowed(bytes) => answer.body(bytes),
        Cow::Owned(bytes) => answer.body(bytes),
    })
}
