//! Sells a fresh event of a seat-booking server out over HTTP, measures it, and audits the result.
//!
//! `seat-load storm --url http://127.0.0.1:3000 --seats 10000 --users 1000 --per-order 2`
//!
//! The exit code is 0 for a clean audit, 1 for a violation or an error, 2 when the time limit came
//! before the last seat was sold. `storm.rs` tells the course of a run; start there.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a report on stdout and complaints on stderr are what this program is for"
)]

mod admin;
mod audit;
mod board;
mod client;
mod clock;
mod cpu;
mod history;
mod ledger;
mod options;
mod origin;
mod progress;
mod random;
mod report;
mod sale;
mod storm;
mod tokens;
mod user;
mod version;
mod wire;
mod witness;

use std::{error::Error, process::ExitCode};

use clap::Parser;

use crate::options::{Command, Options};

// One thread: the server has the other cores to itself, and no wake-up crosses a core.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Options { command: Command::Storm(options) } = Options::parse();
    let (report, history) = match storm::run(&options).await {
        Ok(ended) => ended,
        Err(error) => return failed(&error),
    };
    print!("{report}");
    if let Some(path) = &options.json
        && let Err(error) = report.write_json(path)
    {
        return failed(&error);
    }
    if let Some(path) = &options.history
        && let Err(error) = history::write(&history, path)
    {
        return failed(&error);
    }
    report.exit_code()
}

/// Prints the error with all its causes.
fn failed(error: &dyn Error) -> ExitCode {
    eprint!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprint!(": {error}");
        cause = error.source();
    }
    eprintln!();
    ExitCode::FAILURE
}
