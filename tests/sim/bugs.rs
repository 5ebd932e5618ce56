//! Planted bugs: a simulation that finds none of them proves nothing.

#[cfg(planted)]
mod found;

use std::process::ExitCode;

use crate::options::Options;

/// Looks for every planted bug, in the build that has them.
#[cfg(planted)]
pub(crate) fn find_all(options: &Options) -> ExitCode {
    found::find_all(options)
}

/// Builds this program with planted bugs, in a target folder of its own, and lets that one look.
#[cfg(not(planted))]
pub(crate) fn find_all(options: &Options) -> ExitCode {
    use std::{env, path::Path, process::Command};

    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // This program lies in `target/release`.
    let program = env::current_exe().unwrap_or_default();
    let target = program.ancestors().nth(2).unwrap_or(Path::new("target")).join("planted");
    let mut build = Command::new(cargo);
    build
        .args(["run", "--quiet", "--release", "--manifest-path", manifest, "--bin", "sim"])
        .arg("--target-dir")
        .arg(target)
        .args(["--", "--bugs", "--runs", &options.runs.to_string()])
        .args(["--jobs", &options.jobs().to_string()])
        .env("RUSTFLAGS", "--cfg planted")
        // It would count instead.
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    if let Some(bug) = &options.bug {
        build.args(["--bug", bug]);
    }
    eprintln!("building the simulation with planted bugs");
    match build.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Switches a bug on for this thread.
///
/// # Panics
/// When this build has no such bug.
#[cfg(planted)]
pub(crate) fn plant(name: Option<&str>) {
    found::plant(name);
}

/// There is none to be switched on.
#[cfg(not(planted))]
pub(crate) fn plant(_name: Option<&str>) {}
