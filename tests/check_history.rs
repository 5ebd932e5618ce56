//! Judges a history of what clients saw: `cargo run --release -p seat-tests --bin check-history FILE`.
//!
//! The exit code is 0 when the promise was kept, 1 when it was broken, 2 when the history can't be
//! read. The format is in `crates/seat-history/README.md`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a report on stdout and complaints on stderr are what this program is for"
)]

use std::{
    error::Error,
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use seat_history::{History, check};

/// Checks what clients of a sale saw against the promise.
#[derive(Debug, Parser)]
#[command(name = "check-history", version)]
struct Options {
    /// The history, a JSON object a line; `-` is the standard input.
    file: PathBuf,
}

fn main() -> ExitCode {
    let Options { file } = Options::parse();
    let history = match read(&file) {
        Ok(history) => history,
        Err(error) => {
            complain(&file, error.as_ref());
            return ExitCode::from(2);
        }
    };
    let report = check(&history);
    println!("{report}");
    if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(file: &Path) -> Result<History, Box<dyn Error>> {
    Ok(if file.as_os_str() == "-" {
        History::read(io::stdin().lock())?
    } else {
        History::read(BufReader::new(File::open(file)?))?
    })
}

/// Prints the error with all its causes.
fn complain(file: &Path, error: &dyn Error) {
    eprint!("error: {}: {error}", file.display());
    let mut cause = error.source();
    while let Some(error) = cause {
        eprint!(": {error}");
        cause = error.source();
    }
    eprintln!();
}
