//! The simulation: the service, unchanged, on several nodes over stores in memory, under a
//! scheduler that draws every delay and every fault from a seed. It has a time of its own, waits
//! for nothing, and looks at the invariants after every step of a store.
//!
//! `sim --seeds N` runs so many seeds and ends with 1 when an invariant was broken; `--seed S` runs
//! one and prints its history; `--bugs` builds itself with planted bugs and ends with 1 when one of
//! them is not found.
//!
//! To read it: `seed` is one history from its start to its `ending`. It happens in a `world`, which
//! has the time and the tasks. A `node` is a server; its ports `locks` and `repository` ask the
//! `house` over the `wire`, where `chaos` says what goes wrong. A `client` has `wishes`, a `watcher`
//! draws a seat map. `checks` looks at every step of a store, `noted` at what clients were told.
//! `sweep` runs many seeds, `bugs` those with planted bugs; `directed` plays what random seeds come
//! to too rarely, and `shrink` shortens what has failed.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program that reports")]

mod bugs;
mod chaos;
mod checks;
mod client;
mod directed;
mod ending;
mod history;
mod house;
mod locks;
mod node;
mod noted;
mod options;
mod replay;
mod report;
mod repository;
mod seed;
mod shrink;
mod sweep;
mod watcher;
mod wire;
mod wishes;
mod words;
mod world;

use std::process::ExitCode;

use clap::Parser;

use crate::{options::Options, seed::LeftOut};

fn main() -> ExitCode {
    let options = Options::parse();
    if bugs::are_wanted_elsewhere(&options) {
        return bugs::run_where_they_are();
    }
    if options.bugs {
        return bugs::find_all(&options);
    }
    bugs::plant(options.bug.as_deref());
    match options.seed {
        Some(seed) => show(seed),
        None => sweep::run(&options),
    }
}

/// Runs one seed and prints its whole history.
fn show(seed: u64) -> ExitCode {
    let outcome = seed::run(seed, &LeftOut::default(), true);
    history::print(&outcome);
    match outcome.violation {
        None => ExitCode::SUCCESS,
        Some(_) => shrink::show(seed),
    }
}
