#![doc = include_str!("../README.md")]

mod call;
mod cluster;
mod connect;
mod heartbeat;
mod hints;
mod keys;
mod link;
mod reply;
mod script;
mod store;

pub use connect::ConnectError;
pub use store::RedisLockStore;
