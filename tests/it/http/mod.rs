//! The wire contract over HTTP, against a real server process; one file for each resource.

mod blocks;
mod booking_path;
mod bookings;
mod confirm;
mod errors;
mod events;
mod holds;
mod layouts;
mod limits;
mod live;
mod live_changes;
pub(crate) mod raw;
mod room;
mod security;
mod tables;
