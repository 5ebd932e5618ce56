//! The integration tests: one binary.

#![allow(clippy::unwrap_used, reason = "a test that can't go on panics, in its own functions too")]

mod agreement;
mod command_line;
mod compose;
mod contract;
mod crash;
mod crash_points;
mod embedding;
mod examples;
mod http;
mod mongo_index_build;
mod mongo_processes;
mod mongo_start;
mod openapi;
mod operations;
mod pause;
mod planted;
mod race;
mod readme;
mod redis_cluster;
mod redis_faults;
mod redis_feed;
mod redis_proxy;
mod redis_sentinel;
mod redis_start;
mod seat_states;
mod security;
mod settings_table;
mod stop;
mod storm;
mod tidy;
mod tidy_contract;
