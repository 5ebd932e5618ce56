//! Many seeds, as many at once as there are cores: worlds share nothing.

#![allow(
    clippy::disallowed_methods,
    reason = "whoever waits wants to know how long; no world does"
)]

use std::{
    io::{IsTerminal, Write},
    panic::{self, AssertUnwindSafe},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    bugs, directed,
    options::Options,
    replay,
    report::Counts,
    seed::{self, LeftOut},
    shrink,
    world::lock,
};

/// From so many seeds on, a reply word that was never seen is a failure too.
const ALL_WORDS_WITHIN: u64 = 20_000;
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// Runs the seeds that the options say and reports.
pub(crate) fn run(options: &Options) -> ExitCode {
    let (start, seeds) = (Instant::now(), Sweep::new(options));
    bugs::plant(options.bug.as_deref());
    if let Some(seed) = replay::differs(options.from) {
        println!("seed {seed} was another history the second time");
        return ExitCode::FAILURE;
    }
    if let Some(violation) = directed::broken() {
        println!("a directed history broke {}: {}", violation.invariant, violation.what);
        return ExitCode::FAILURE;
    }
    thread::scope(|scope| {
        let jobs: Vec<_> = (0..options.jobs()).map(|_| scope.spawn(|| seeds.work(start))).collect();
        let mut told = start;
        while !jobs.iter().all(thread::ScopedJoinHandle::is_finished) {
            thread::park_timeout(Duration::from_millis(50));
            if told.elapsed() >= PROGRESS_EVERY {
                told = Instant::now();
                seeds.tell(start);
            }
        }
    });
    seeds.report(start, options.jobs())
}

struct Sweep {
    next: AtomicU64,
    /// The first seed that is not run.
    end: u64,
    lasts: Option<Duration>,
    bug: Option<String>,
    broken: AtomicBool,
    counts: Mutex<Counts>,
    failing: Mutex<Vec<u64>>,
}

impl Sweep {
    fn new(options: &Options) -> Self {
        Self {
            next: AtomicU64::new(options.from),
            end: match options.for_seconds {
                Some(_) => u64::MAX,
                None => options.from.saturating_add(options.seeds),
            },
            lasts: options.lasts(),
            bug: options.bug.clone(),
            broken: AtomicBool::new(false),
            counts: Mutex::default(),
            failing: Mutex::default(),
        }
    }

    /// Runs seeds until there are no more, the time is over, or one has failed.
    fn work(&self, start: Instant) {
        bugs::plant(self.bug.as_deref());
        loop {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            let over = self.lasts.is_some_and(|lasts| start.elapsed() >= lasts);
            if seed >= self.end || over || self.broken.load(Ordering::Relaxed) {
                return;
            }
            let run = || seed::run(seed, &LeftOut::default(), false);
            let Ok(outcome) = panic::catch_unwind(AssertUnwindSafe(run)) else {
                println!("seed {seed} panicked");
                self.broken.store(true, Ordering::Relaxed);
                return;
            };
            let mut counts = lock(&self.counts);
            counts.add(&outcome.counts);
            counts.seeds += 1;
            if let Some(violation) = outcome.violation {
                println!("seed {seed} broke {}: {}", violation.invariant, violation.what);
                lock(&self.failing).push(seed);
                self.broken.store(true, Ordering::Relaxed);
            }
        }
    }

    fn tell(&self, start: Instant) {
        let counts = lock(&self.counts);
        let of = match (self.lasts, self.end) {
            (Some(lasts), _) => format!("{} of {} s", start.elapsed().as_secs(), lasts.as_secs()),
            (None, end) => format!("up to {end}"),
        };
        let line = format!("{} seeds, {} steps, {of}", counts.seeds, counts.steps);
        let mut err = std::io::stderr();
        // A log gets a line each time, a terminal the same line again.
        let (before, after) = if err.is_terminal() { ("\r", "  ") } else { ("", "\n") };
        let _ = write!(err, "{before}{line}{after}");
    }

    fn report(&self, start: Instant, jobs: usize) -> ExitCode {
        let took = start.elapsed().as_secs_f64();
        let counts = lock(&self.counts);
        print!("{counts}");
        let each = counts.steps as f64 / took / jobs as f64;
        println!("steps a second       {each:>12.0} on each of {jobs} cores");
        println!("took                 {took:>11.1} s");
        if let Some(seed) = lock(&self.failing).iter().min() {
            return shrink::show(*seed);
        }
        if self.broken.load(Ordering::Relaxed) {
            return ExitCode::FAILURE;
        }
        let unseen = counts.unseen();
        if counts.seeds >= ALL_WORDS_WITHIN && !unseen.is_empty() {
            println!("these replies were never seen: {}", unseen.join(", "));
            return ExitCode::FAILURE;
        }
        println!("no invariant was broken");
        ExitCode::SUCCESS
    }
}
