#![doc = include_str!("../README.md")]

mod connect;
mod events;
mod fault;
mod fields;
mod inserts;
mod layouts;
mod records;
mod repository;
mod schema;
mod schema_watch;

pub use connect::ConnectError;
pub use repository::MongoRepository;
pub use schema::SchemaDifference;
