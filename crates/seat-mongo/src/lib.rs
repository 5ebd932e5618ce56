#![doc = include_str!("../README.md")]

mod connect;
mod driver;
mod events;
mod fault;
mod fields;
mod inserts;
mod layouts;
mod records;
mod repository;
mod schema;
mod schema_watch;
mod seat_states;

pub use connect::ConnectError;
pub use repository::MongoRepository;
pub use schema::SchemaDifference;
pub use seat_states::SeatStates;
