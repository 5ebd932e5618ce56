use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::fields;
use crate::problem::{FieldError, Problem};

/// The query of a request.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parsed(request.query_string()).map(Self))
    }
}

fn parsed<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    match web::Query::<Named<T>>::from_query(query) {
        Ok(named) => named.into_inner().0.map_err(|error| Problem::invalid_many(vec![error])),
        Err(error) => Err(Problem::invalid("query", error.to_string())),
    }
}

/// A value or the place where it is wrong, which the query's own deserialiser does not tell.
struct Named<T>(Result<T, FieldError>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(
            serde_path_to_error::deserialize(deserializer)
                .map_err(|error| fields::of_serde(error.path(), error.inner())),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Page {
        limit: u8,
        at_least: Option<String>,
    }

    fn field(query: &str) -> String {
        let problem = parsed::<Page>(query).unwrap_err();
        problem.document("").errors.unwrap().swap_remove(0).field
    }

    #[test]
    fn a_query_is_read() {
        let page: Page = parsed("limit=5&atLeast=a%20b&more=1").unwrap();
        assert_eq!((page.limit, page.at_least.as_deref()), (5, Some("a b")));
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        assert_eq!(field("limit=x"), "limit");
        assert_eq!(field("limit=-1"), "limit");
        assert_eq!(field("limit=1&limit=2"), "limit");
        assert_eq!(field("atLeast=1-1"), "limit");
        assert_eq!(field(""), "limit");
    }
}
