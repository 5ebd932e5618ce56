use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use hdrhistogram::Histogram;
use seat_history::Violation;
use seat_layout::{EventId, Money};
use serde::Serialize;
use thiserror::Error;

use crate::{
    cpu::CpuSeconds,
    ledger::{Attempt, Step},
    options::StormOptions,
    storm::SaleOutcome,
};

/// The figures of a run: printed as text, written as JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    url: String,
    events_planned: u32,
    seats_per_event: u32,
    users: u32,
    seats_per_order: u32,
    sold_out: bool,
    sales: Vec<SaleFigures>,
    /// The sum over the sales, without what lies between them.
    wall_seconds: f64,
    bookings: u64,
    seats_booked: u64,
    revenue: Money,
    bookings_per_second: f64,
    seats_per_second: f64,
    holds_per_second: f64,
    hold: StepFigures,
    confirm: StepFigures,
    cpu: CpuFigures,
    violations: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SaleFigures {
    event_id: EventId,
    sold_out: bool,
    wall_seconds: f64,
    bookings: u64,
}

/// One kind of request: what became of it, and how long the answered ones took.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StepFigures {
    /// Answers by status.
    answers: BTreeMap<u16, u64>,
    no_answer: u64,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CpuFigures {
    own_seconds: Option<f64>,
    server_pids: Vec<u32>,
    server_seconds: Option<f64>,
    /// Own to the server's.
    ratio: Option<f64>,
}

#[derive(Debug, Error)]
#[error("the report could not be written to {path}")]
pub(crate) struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// More violations than these are in the JSON only.
const VIOLATIONS_PRINTED_MAX: usize = 20;

/// What a sale out of time ends with, so that a script can tell it from a violation.
const TIME_LIMIT: u8 = 2;

impl Report {
    pub(crate) fn new(
        options: &StormOptions,
        server_pids: Vec<u32>,
        outcomes: &[SaleOutcome],
        broken: &[Violation],
    ) -> Self {
        let all_bookings = || outcomes.iter().flat_map(|outcome| &outcome.ledger.bookings);
        let attempts = |step| {
            outcomes
                .iter()
                .flat_map(|outcome| &outcome.ledger.attempts)
                .filter(move |attempt| attempt.step == step)
        };
        let wall_seconds = outcomes.iter().map(|outcome| outcome.seconds).sum();
        let bookings = all_bookings().count() as u64;
        let seats_booked = all_bookings().map(|booking| booking.seats.len() as u64).sum();
        let hold = StepFigures::new(attempts(Step::Hold));
        Self {
            url: options.urls.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
            events_planned: options.events,
            seats_per_event: options.seats,
            users: options.users,
            seats_per_order: options.per_order,
            sold_out: outcomes.iter().all(|outcome| outcome.sold_out),
            sales: outcomes.iter().map(SaleFigures::new).collect(),
            wall_seconds,
            bookings,
            seats_booked,
            revenue: all_bookings().map(|booking| booking.total).sum(),
            bookings_per_second: rate(bookings, wall_seconds),
            seats_per_second: rate(seats_booked, wall_seconds),
            holds_per_second: rate(hold.answered(), wall_seconds),
            hold,
            confirm: StepFigures::new(attempts(Step::Confirm)),
            cpu: CpuFigures::new(server_pids, outcomes),
            violations: outcomes
                .iter()
                .flat_map(violations)
                .chain(broken.iter().map(ToString::to_string))
                .collect(),
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        if !self.violations.is_empty() {
            ExitCode::FAILURE
        } else if !self.sold_out {
            ExitCode::from(TIME_LIMIT)
        } else {
            ExitCode::SUCCESS
        }
    }

    /// # Errors
    /// [`WriteError`] names the file.
    pub(crate) fn write_json(&self, path: &Path) -> Result<(), WriteError> {
        let write = || {
            let mut file = BufWriter::new(File::create(path)?);
            serde_json::to_writer_pretty(&mut file, self)?;
            writeln!(file)?;
            file.flush()
        };
        write().map_err(|source| WriteError { path: path.to_owned(), source })
    }
}

impl SaleFigures {
    fn new(outcome: &SaleOutcome) -> Self {
        Self {
            event_id: outcome.event,
            sold_out: outcome.sold_out,
            wall_seconds: outcome.seconds,
            bookings: outcome.ledger.bookings.len() as u64,
        }
    }
}

impl StepFigures {
    fn new<'a>(attempts: impl Iterator<Item = &'a Attempt>) -> Self {
        let mut latencies_us = Histogram::<u64>::new(3).expect("three digits are allowed");
        let mut answers = BTreeMap::new();
        let mut no_answer = 0;
        for attempt in attempts {
            match attempt.status {
                Some(status) => {
                    *answers.entry(status).or_default() += 1;
                    latencies_us
                        .record(u64::from(attempt.latency_us))
                        .expect("the histogram grows with its values");
                }
                None => no_answer += 1,
            }
        }
        let quantile_ms = |quantile| latencies_us.value_at_quantile(quantile) as f64 / 1_000.0;
        Self {
            answers,
            no_answer,
            p50_ms: quantile_ms(0.5),
            p99_ms: quantile_ms(0.99),
            max_ms: latencies_us.max() as f64 / 1_000.0,
        }
    }

    fn answered(&self) -> u64 {
        self.answers.values().sum()
    }
}

impl CpuFigures {
    fn new(server_pids: Vec<u32>, outcomes: &[SaleOutcome]) -> Self {
        let CpuSeconds { own, server } =
            outcomes.iter().fold(CpuSeconds::ZERO, |sum, outcome| sum.plus(outcome.cpu));
        let ratio = own.zip(server).filter(|(_, server)| *server > 0.0);
        Self {
            own_seconds: own,
            server_pids,
            server_seconds: server,
            ratio: ratio.map(|(own, server)| own / server),
        }
    }
}

fn violations(outcome: &SaleOutcome) -> impl Iterator<Item = String> {
    outcome.violations.iter().map(|violation| format!("event {}: {violation}", outcome.event))
}

fn rate(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} event(s) of {} seats, {} users, orders of {}",
            self.url, self.events_planned, self.seats_per_event, self.users, self.seats_per_order
        )?;
        writeln!(f)?;
        writeln!(f, "wall time     {:>9.3} s", self.wall_seconds)?;
        writeln!(f, "bookings      {:>9}   {:>9.1}/s", self.bookings, self.bookings_per_second)?;
        writeln!(f, "seats         {:>9}   {:>9.1}/s", self.seats_booked, self.seats_per_second)?;
        writeln!(
            f,
            "hold requests {:>9}   {:>9.1}/s",
            self.hold.answered(),
            self.holds_per_second
        )?;
        writeln!(f)?;
        writeln!(f, "            p50 ms     p99 ms     max ms   answers")?;
        writeln!(f, "hold     {}", self.hold)?;
        writeln!(f, "confirm  {}", self.confirm)?;
        writeln!(f)?;
        writeln!(f, "cpu  {}", self.cpu)?;
        writeln!(f)?;
        self.write_verdict(f)
    }
}

impl Report {
    fn write_verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.sold_out {
            let planned = u64::from(self.events_planned) * u64::from(self.seats_per_event);
            writeln!(
                f,
                "time limit: {} of {planned} seats were booked in {:.1} s; only the answers were \
                 audited",
                self.seats_booked, self.wall_seconds
            )?;
        }
        for violation in self.violations.iter().take(VIOLATIONS_PRINTED_MAX) {
            writeln!(f, "violation: {violation}")?;
        }
        if let more @ 1.. = self.violations.len().saturating_sub(VIOLATIONS_PRINTED_MAX) {
            writeln!(f, "and {more} more")?;
        }
        match self.violations.len() {
            0 => writeln!(
                f,
                "audit: clean ({} seats in {} bookings, each once, for {} in all)",
                self.seats_booked, self.bookings, self.revenue
            ),
            count => writeln!(f, "audit: {count} violation(s)"),
        }
    }
}

impl fmt::Display for StepFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.2}  {:>9.2}  {:>9.2}  ", self.p50_ms, self.p99_ms, self.max_ms)?;
        for (status, count) in &self.answers {
            write!(f, " {status}: {count}")?;
        }
        if self.no_answer > 0 {
            write!(f, " none: {}", self.no_answer)?;
        }
        Ok(())
    }
}

impl fmt::Display for CpuFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.own_seconds {
            Some(seconds) => write!(f, "seat-load {seconds:.2} s")?,
            None => write!(f, "seat-load unknown")?,
        }
        match self.server_seconds {
            Some(seconds) => {
                let pids: Vec<_> = self.server_pids.iter().map(ToString::to_string).collect();
                write!(f, ", server (process {}) {seconds:.2} s", pids.join(" and "))?;
            }
            None => write!(f, ", server unknown")?,
        }
        match self.ratio {
            Some(ratio) => write!(f, ", ratio {ratio:.2}"),
            None => Ok(()),
        }
    }
}
