//! How many seeds it takes to find each planted bug.

use std::{
    collections::BTreeSet,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use seat_booking::planted::Bug;

use crate::{
    directed,
    options::Options,
    seed::{self, LeftOut},
    world::lock,
};

/// After so many seeds a search gives up.
const SEEDS_MAX: u64 = 20_000;
/// Each search has seeds of its own.
const APART: u64 = 1_000_000;

/// Switches a bug on for this thread.
///
/// # Panics
/// When there is no such bug.
pub(crate) fn plant(name: Option<&str>) {
    let bug = name.map(|name| {
        let found = Bug::ALL.iter().find(|(bug, _)| format!("{bug:?}") == name);
        found.unwrap_or_else(|| panic!("there is no bug {name}")).0
    });
    Bug::plant(bug);
}

/// What the searches for one bug came to.
struct Found {
    /// How many seeds each took; none when it gave up.
    seeds: Vec<Option<u64>>,
    /// The first seed that found it.
    by: Option<u64>,
    invariants: BTreeSet<&'static str>,
}

/// Looks for every bug and prints the table.
pub(crate) fn find_all(options: &Options) -> ExitCode {
    let wanted: Vec<(Bug, &str)> = Bug::ALL
        .iter()
        .filter(|(bug, _)| options.bug.as_ref().is_none_or(|name| format!("{bug:?}") == *name))
        .copied()
        .collect();
    let next = AtomicUsize::new(0);
    let missed = Mutex::new(Vec::new());
    println!(
        "{:<26} {:>8} {:>8} {:>8}  {:<8} what it does",
        "bug", "median", "most", "by seed", "breaks"
    );
    thread::scope(|scope| {
        for _ in 0..options.jobs() {
            scope.spawn(|| {
                while let Some((bug, what)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = search(*bug, options.runs);
                    println!("{}", found.line(*bug, what));
                    if found.seeds.iter().any(Option::is_none) {
                        lock(&missed).push(format!("{bug:?}"));
                    }
                }
            });
        }
    });
    let missed = lock(&missed);
    if missed.is_empty() {
        println!(
            "every one of {} planted bugs was found by each of {} searches",
            wanted.len(),
            options.runs
        );
        ExitCode::SUCCESS
    } else {
        println!("not found within {SEEDS_MAX} seeds: {}", missed.join(", "));
        ExitCode::FAILURE
    }
}

fn search(bug: Bug, runs: u64) -> Found {
    Bug::plant(Some(bug));
    let mut found = Found { seeds: Vec::new(), by: None, invariants: BTreeSet::new() };
    // These need more coincidences than a search has seeds.
    let directed = match bug {
        Bug::NoWithoutFence => Some(directed::an_insert_after_its_refusal()),
        Bug::LoadReplaces => Some(directed::a_finish_within_a_load()),
        Bug::FinishWithoutEpoch => Some(directed::a_finish_of_an_earlier_epoch()),
        Bug::EpochTwice => Some(directed::a_load_with_the_epoch_of_another()),
        _ => None,
    };
    if let Some(violation) = directed {
        found.seeds.push(violation.as_ref().map(|_| 0));
        found.invariants.extend(violation.map(|violation| violation.invariant));
        return found;
    }
    for run in 0..runs {
        let mut violations = (0..SEEDS_MAX).map(|nth| {
            let outcome = seed::run(run * APART + nth, &LeftOut::default(), false);
            outcome.violation.map(|violation| (nth + 1, violation.invariant))
        });
        let first = violations.find_map(|violation| violation);
        found.seeds.push(first.map(|(seeds, _)| seeds));
        found.invariants.extend(first.map(|(_, invariant)| invariant));
        found.by = found.by.or(first.map(|(seeds, _)| run * APART + seeds - 1));
    }
    Bug::plant(None);
    found
}

impl Found {
    fn line(&self, bug: Bug, what: &str) -> String {
        let mut seeds: Vec<u64> =
            self.seeds.iter().map(|seeds| seeds.unwrap_or(u64::MAX)).collect();
        seeds.sort_unstable();
        let count = |seeds: u64| match seeds {
            u64::MAX => "-".to_owned(),
            0 => "directed".to_owned(),
            seeds => seeds.to_string(),
        };
        let median = count(seeds[seeds.len() / 2]);
        let most = count(seeds[seeds.len() - 1]);
        let invariants: Vec<&str> = self.invariants.iter().copied().collect();
        let name = format!("{bug:?}");
        let by = self.by.map_or(String::new(), |seed| seed.to_string());
        format!("{name:<26} {median:>8} {most:>8} {by:>8}  {:<8} {what}", invariants.join(" "))
    }
}
