//! The seat-booking server: flags and environment, stores, service, listen.

#![allow(clippy::print_stdout, reason = "a token, a check and the demo's address are for people")]
#![allow(clippy::print_stderr, reason = "a start that fails says why to whoever started it")]

mod check;
mod demo;
mod flags;
mod holds_file;
mod serve;
mod start_error;
mod stores;
mod token;

use std::{error::Error, process::ExitCode};

use clap::Parser;

use crate::flags::{Command, Flags};

fn main() -> ExitCode {
    // What the environment says itself goes before the file.
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        eprintln!("seat-server: the file .env can't be read: {error}");
        return ExitCode::FAILURE;
    }
    let flags = Flags::parse();
    let done = match &flags.command {
        Some(Command::Token(request)) => token::print(&flags, request),
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

/// An error with all that caused it, on one line.
fn with_sources(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_sources(source)),
        None => error.to_string(),
    }
}
