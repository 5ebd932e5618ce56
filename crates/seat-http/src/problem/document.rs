use std::{borrow::Cow, collections::BTreeMap};

use seat_layout::{SeatId, TableId};
use serde::Serialize;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{Content, Ref, RefOr, Response, ResponseBuilder},
};

use super::{Code, PROBLEM_JSON};
use crate::wire::schema;

/// Why a request was refused or failed, in the form of RFC 9457.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// The code as a URI.
    #[schema(format = "uri", example = "urn:seat-booking:problem:seats_unavailable")]
    pub(crate) r#type: String,
    /// The same for every problem of this code.
    #[schema(value_type = String)]
    pub(crate) title: &'static str,
    /// The status of the answer.
    pub(crate) status: u16,
    /// What happened this time.
    #[schema(value_type = String)]
    pub(crate) detail: Cow<'static, str>,
    pub(crate) code: Code,
    /// The `X-Request-Id` of the answer.
    pub(crate) request_id: String,
    /// Always `false`.
    pub(crate) success: bool,
    /// What is wrong with the request and where, of `invalid_request`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<FieldError>)]
    pub(crate) errors: Option<Vec<FieldError>>,
    /// The seats that the layout does not have, of `unknown_seats`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<schema::SeatId>)]
    pub(crate) unknown_seats: Option<Vec<SeatId>>,
    /// The seats that were named twice, of `duplicate_seats`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<schema::SeatId>)]
    pub(crate) duplicate_seats: Option<Vec<SeatId>>,
    /// Every seat in the way, of `seats_unavailable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<schema::SeatId>)]
    pub(crate) conflicting_seats: Option<Vec<SeatId>>,
    /// The tables in the way, of `seats_unavailable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<schema::TableId>)]
    pub(crate) conflicting_tables: Option<Vec<TableId>>,
    /// The seats that the caller does not hold, of `not_held`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<schema::SeatId>)]
    pub(crate) missing_seats: Option<Vec<SeatId>>,
    /// How many seats one user may hold, of `hold_limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32)]
    pub(crate) limit: Option<u32>,
}

/// What is wrong at one place of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Where, as in `contactInfo.email` or `seatIds[3]`.
    #[schema(example = "seatIds[3]")]
    pub(crate) field: String,
    /// What is wrong there.
    pub(crate) message: String,
}

/// The problems that operations have in common. `openapi` takes those away again that an
/// operation without a token or without a body can't answer.
pub(crate) struct CommonProblems;

impl IntoResponses for CommonProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            ("400", "The request is not of the form, or names seats wrongly"),
            ("401", "No token, or not a valid one"),
            ("403", "The token's role does not suffice"),
            ("404", "There is no such thing"),
            ("413", "The body is too large"),
            ("415", "The body is not JSON"),
            ("429", "Too many requests: wait for `Retry-After` seconds"),
            ("500", "A bug of the server"),
            ("503", "A store can't be reached, or the outcome is unknown: repeat the same request"),
        ]
        .into_iter()
        .map(|(status, description)| (status.to_owned(), problem_response(description).into()))
        .collect()
    }
}

fn problem_response(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    ResponseBuilder::new()
        .description(description)
        .content(PROBLEM_JSON, Content::new(Some(schema)))
        .build()
}
