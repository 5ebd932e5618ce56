//! The seat-booking server: flags and environment, stores, service, listen.

#![allow(
    clippy::print_stdout,
    reason = "what a command found and the demo's address are for people"
)]
#![allow(clippy::print_stderr, reason = "a start that fails says why to whoever started it")]

#[cfg(planted)]
compile_error!("the planted bugs are the simulation's, and no server has them");

mod check;
mod connection;
mod demo;
mod flags;
mod holds_file;
mod listener;
mod rebuild;
mod serve;
mod start_error;
mod stores;
mod token;

use std::{error::Error, process::ExitCode};

use clap::Parser;
use tokio::runtime::{Builder, Runtime};

use crate::{
    flags::{Command, Flags},
    start_error::StartError,
};

fn main() -> ExitCode {
    // What the environment says itself goes before the file.
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        eprintln!("seat-server: the file .env can't be read: {}", without_line(&error));
        return ExitCode::FAILURE;
    }
    let flags = Flags::parse();
    let done = match &flags.command {
        Some(Command::Token(request)) => token::print(&flags, request),
        Some(Command::RebuildSeatStates(request)) => rebuild::rebuild(&flags, request),
        None if flags.check => check::check(&flags),
        None => serve::serve(&flags),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seat-server: {}", with_sources(&error));
            ExitCode::FAILURE
        }
    }
}

/// Without the line that is wrong, which may have a secret in it.
fn without_line(error: &dotenvy::Error) -> String {
    if matches!(error, dotenvy::Error::LineParse(..)) {
        "a line is not of the form NAME=value; a value with spaces stands in quotes".to_owned()
    } else {
        error.to_string()
    }
}

/// Drives the connections of a command that ends.
fn runtime_of_a_command() -> Result<Runtime, StartError> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(StartError::Runtime)
}

/// An error with all that caused it, on one line.
fn with_sources(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_sources(source)),
        None => error.to_string(),
    }
}
