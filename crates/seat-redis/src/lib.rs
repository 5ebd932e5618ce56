#![doc = include_str!("../README.md")]

mod call;
mod connect;
mod heartbeat;
mod hints;
mod keys;
mod reply;
mod script;
mod store;

pub use connect::ConnectError;
pub use store::RedisLockStore;
