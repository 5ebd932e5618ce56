use std::{collections::BTreeMap, fmt};

use crate::{History, OperationKind, Outcome};

/// How many violations the text of a report shows.
const SHOWN_MAX: usize = 20;

/// What a check found.
#[derive(Debug, Clone)]
pub struct Report {
    /// How many operations there were, by kind and outcome.
    pub operations: BTreeMap<(OperationKind, Outcome), usize>,
    /// How many faults there were.
    pub faults: usize,
    /// How many bookings there were at the end.
    pub bookings: usize,
    /// How many seats were looked at in the end.
    pub seats: usize,
    /// Whether the final state was there to be compared.
    pub complete: bool,
    /// Every broken promise.
    pub violations: Vec<Violation>,
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// What happened: a sentence that names seats, bookings and users.
    pub what: String,
    /// The operations that show it, by their places in [`History::operations`].
    pub operations: Vec<usize>,
    /// The lines of these operations, from 1, when they were read.
    pub lines: Vec<usize>,
}

/// The invariants of the promise that a history can show to be broken, or a simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// No seat is in two active bookings of one event.
    I1,
    /// A confirm that was answered yes is durable, with exactly those seats and that price.
    I2,
    /// A hold or a booking takes all its seats or none.
    I3,
    /// Two live holds never share a seat, and a hold does not end early, as long as the lock store
    /// keeps its memory.
    I4,
    /// A booked seat is not offered.
    I5,
    /// Nothing sticks.
    I6,
    /// Repeating a request has one effect, and what was refused never takes effect.
    I7,
    /// Versions grow without gaps. No history of requests shows it; it is here for those who
    /// follow the changes.
    I8,
}

impl Report {
    pub(crate) fn new(history: &History, violations: Vec<Violation>) -> Self {
        let mut operations = BTreeMap::new();
        for operation in &history.operations {
            *operations.entry((operation.kind, operation.outcome)).or_default() += 1;
        }
        Self {
            operations,
            faults: history.faults.len(),
            bookings: history.bookings.len(),
            seats: history.seats.len(),
            complete: history.complete,
            violations,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: usize = self.operations.values().sum();
        writeln!(f, "operations: {all}")?;
        for ((kind, outcome), count) in &self.operations {
            writeln!(f, "  {kind} {outcome}: {count}")?;
        }
        let (faults, bookings, seats) = (self.faults, self.bookings, self.seats);
        writeln!(f, "faults: {faults}, final bookings: {bookings}, final seats: {seats}")?;
        if !self.complete {
            writeln!(f, "no complete final state: only the answers were compared with each other")?;
        }
        for violation in self.violations.iter().take(SHOWN_MAX) {
            writeln!(f, "{violation}")?;
        }
        match self.violations.len() {
            0 => write!(f, "violations: none"),
            count if count > SHOWN_MAX => {
                write!(f, "violations: {count}, of which the first {SHOWN_MAX} are shown")
            }
            count => write!(f, "violations: {count}"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} broken: {}", self.invariant, self.what)?;
        let (word, numbers) = match self.lines.as_slice() {
            [] => ("operation", &self.operations),
            _ => ("line", &self.lines),
        };
        match numbers.as_slice() {
            [] => Ok(()),
            [one] => write!(f, " ({word} {one})"),
            [first, others @ ..] => {
                write!(f, " ({word}s {first}")?;
                others.iter().try_for_each(|number| write!(f, ", {number}"))?;
                write!(f, ")")
            }
        }
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hold => "hold",
            Self::Extend => "extend",
            Self::Release => "release",
            Self::Confirm => "confirm",
            Self::Cancel => "cancel",
            Self::Payment => "payment",
            Self::Block => "block",
            Self::Unblock => "unblock",
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        })
    }
}
