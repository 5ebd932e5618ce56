//! What clients send and see: one file for each resource, each type with its place in the OpenAPI
//! document.

pub(crate) mod bookings;
pub(crate) mod changes;
pub(crate) mod events;
pub(crate) mod holds;
pub(crate) mod layouts;
pub(crate) mod live;
pub(crate) mod page;
pub(crate) mod schema;
