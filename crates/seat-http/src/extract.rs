//! The parts of a request as types. What is not of the form is answered `invalid_request` and names
//! the field, before a handler runs.

mod body;
mod fields;
mod ids;
mod path;
mod query;

pub(crate) use body::{Json, LargeJson, OptionalJson};
pub(crate) use ids::Ids;
pub(crate) use path::PathId;
pub(crate) use query::Query;
