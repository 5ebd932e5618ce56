use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};

use super::{Admin, Caller, Role};
use crate::{
    problem::{Code, Problem},
    state::State,
};

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller(request))
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller(request).and_then(|caller| match caller.role {
            Role::Admin => Ok(Self),
            Role::User => Err(Problem::new(Code::Forbidden, "this needs the role admin")),
        }))
    }
}

fn caller(request: &HttpRequest) -> Result<Caller, Problem> {
    let state = State::of(request);
    let token = bearer(request).ok_or_else(|| Problem::unauthorized("a bearer token is needed"))?;
    let caller = state
        .tokens()
        .verify(token, state.service().now())
        .ok_or_else(|| Problem::unauthorized("the token is not valid"))?;
    state.check_user(&caller.user)?;
    Ok(caller)
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let (scheme, token) =
        request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        let token = |value: &str| {
            let request = TestRequest::default().insert_header((header::AUTHORIZATION, value));
            bearer(&request.to_http_request()).map(str::to_owned)
        };
        assert_eq!(token("Bearer a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(token("bearer  a.b.c").as_deref(), Some("a.b.c"));
        for value in ["Basic a.b.c", "a.b.c", "Bearer", ""] {
            assert_eq!(token(value), None, "{value}");
        }
    }
}
