//! Planted bugs: a simulation that finds none of them proves nothing. They are in a build of their
//! own, in a target folder of its own.

#[cfg(planted)]
mod found;

use std::process::ExitCode;

use crate::options::Options;

#[cfg(planted)]
pub(crate) use found::{find_all, plant};

/// Whether the options need the build that has them, and this one has not.
pub(crate) fn are_wanted_elsewhere(options: &Options) -> bool {
    cfg!(not(planted)) && (options.bugs || options.bug.is_some())
}

/// Builds this program with planted bugs, and gives it the same options.
pub(crate) fn run_where_they_are() -> ExitCode {
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
        .arg("--")
        .args(env::args_os().skip(1))
        .env("RUSTFLAGS", "--cfg planted")
        // It would count instead.
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
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

/// There is none to be switched on.
#[cfg(not(planted))]
pub(crate) fn plant(_name: Option<&str>) {}

/// There is none to be found.
#[cfg(not(planted))]
pub(crate) fn find_all(_options: &Options) -> ExitCode {
    ExitCode::FAILURE
}
