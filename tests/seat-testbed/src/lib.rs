//! What the integration tests share: a real server process, people who call it over HTTP, a reader
//! of its event streams, and small venues.
//!
//! A test takes [`shared`] or starts a [`Server`] with flags of its own, and makes a [`new_event`]
//! that nobody else uses; so tests run beside each other and nothing is wiped.

#![allow(clippy::disallowed_methods, reason = "a test waits for other processes, in real time")]

mod addresses;
mod answer;
mod authority;
mod client;
mod events;
mod interposed;
mod mongo;
mod mongod;
mod node;
mod points;
mod process;
mod proxy;
mod redis;
mod redis_cluster;
mod redis_sentinel;
mod redis_tls;
mod seen;
mod server;
mod stores;
mod trap;
mod venue;
mod wait;

pub use answer::Answer;
pub use authority::Authority;
pub use client::{Client, confirm_body, token};
pub use events::{Events, SseEvent};
pub use interposed::Interposed;
pub use mongo::{Mongo, shared_mongo};
pub use node::Node;
pub use points::{POINTS, Point};
pub use process::{executable, own_executable};
pub use proxy::{Proxy, Way};
pub use redis::Redis;
pub use redis_cluster::{RedisCluster, SlotMove, shared_cluster};
pub use redis_sentinel::RedisSentinel;
pub use redis_tls::RedisTls;
pub use rustix::process::Signal;
pub use server::{Server, shared};
pub use stores::Stores;
pub use trap::{Failure, Trap};
pub use venue::{new_event, new_layout, small_layout};
pub use wait::eventually;
