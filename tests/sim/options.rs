use std::{num::NonZero, thread, time::Duration};

use clap::Parser;

/// Runs the booking service through seeded histories of faults, and looks for a broken invariant.
#[derive(Debug, Clone, Parser)]
#[command(name = "sim")]
pub(crate) struct Options {
    /// How many seeds.
    #[arg(long, default_value_t = 1_000, conflicts_with_all = ["seed", "bugs", "for_seconds"])]
    pub(crate) seeds: u64,

    /// The first of them.
    #[arg(long, default_value_t = 0)]
    pub(crate) from: u64,

    /// Goes on for so many seconds instead.
    #[arg(long = "for", value_name = "SECONDS")]
    pub(crate) for_seconds: Option<u64>,

    /// Runs this one alone and prints its history.
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    /// Looks for every planted bug.
    #[arg(long)]
    pub(crate) bugs: bool,

    /// How many searches for each planted bug, each from seeds of its own; the median is reported.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) runs: u64,

    /// Only this planted bug, by name; with a seed, the history of that seed under it.
    #[arg(long, value_name = "NAME")]
    pub(crate) bug: Option<String>,

    /// How many seeds at once; as many as there are cores when not given.
    #[arg(long)]
    pub(crate) jobs: Option<NonZero<usize>>,
}

impl Options {
    pub(crate) fn jobs(&self) -> usize {
        let cores = || thread::available_parallelism();
        self.jobs.map_or_else(|| cores().map_or(1, NonZero::get), NonZero::get)
    }

    pub(crate) fn lasts(&self) -> Option<Duration> {
        self.for_seconds.map(Duration::from_secs)
    }
}
