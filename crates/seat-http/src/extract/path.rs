use std::{
    fmt::Display,
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::problem::Problem;

/// The one id in the path of a request.
pub(crate) struct PathId<T>(pub(crate) T);

impl<T: FromStr<Err: Display>> FromRequest for PathId<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (name, text) = request.match_info().iter().next().unwrap_or_default();
        ready(match text.parse() {
            Ok(id) => Ok(Self(id)),
            Err(error) => Err(Problem::invalid(name, error.to_string())),
        })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use seat_layout::EventId;

    use super::*;

    #[actix_web::test]
    async fn a_malformed_id_is_named_by_its_place_in_the_path() {
        let request = TestRequest::default().param("eventId", "nonsense").to_http_request();
        let problem = PathId::<EventId>::extract(&request).await.err().unwrap();
        assert_eq!(problem.document("").errors.unwrap()[0].field, "eventId");
        let request =
            TestRequest::default().param("eventId", "64f123456789abcd12345678").to_http_request();
        assert!(PathId::<EventId>::extract(&request).await.is_ok());
    }
}
