//! The check itself: what surely was so, and what contradicts it.
//!
//! A violation is only ever reported when no run that keeps the promise could have looked like
//! this. So comparisons of times are strict, because many things can happen in one microsecond,
//! and whatever has no certain outcome is taken to happen at the worst time, or never.

mod bookings;
mod ends;
mod final_seats;
mod gaps;
mod index;
mod keys;
mod refusals;
mod spans;
mod timelines;

use self::index::Index;
use crate::{History, Invariant, Report, Violation};

/// Compares what clients were told with each other, with the faults, and with the final state when
/// that is complete.
///
/// It takes O(n log n) for n operations, and never reports what a right system may have done: an
/// operation whose outcome is unknown stays open for ever.
pub fn check(history: &History) -> Report {
    let index = Index::new(history);
    let mut findings = Findings { history, violations: Vec::new() };
    bookings::check(&index, &mut findings);
    let ends = timelines::hold_ends(&index);
    timelines::check(&index, &ends, &mut findings);
    refusals::check(&index, ends, &mut findings);
    keys::check(&index, &mut findings);
    if history.complete {
        final_seats::check(&index, &mut findings);
    }
    let mut violations = findings.violations;
    let order = |v: &Violation| (v.invariant, v.operations.clone(), v.what.clone());
    violations.sort_by_cached_key(order);
    Report::new(history, violations)
}

/// What was found so far.
struct Findings<'a> {
    history: &'a History,
    violations: Vec<Violation>,
}

impl Findings<'_> {
    fn add(&mut self, invariant: Invariant, what: String, operations: &[usize]) {
        let mut operations = operations.to_vec();
        operations.sort_unstable();
        operations.dedup();
        let line = |operation: &usize| self.history.lines.get(*operation).copied();
        let lines = operations.iter().filter_map(line).collect();
        self.violations.push(Violation { invariant, what, operations, lines });
    }
}

/// Seats for a sentence: `seat A-1`, `seats A-1, A-2`.
fn named<'a>(seats: impl IntoIterator<Item = &'a str>) -> String {
    let mut seats: Vec<&str> = seats.into_iter().collect();
    seats.sort_unstable();
    seats.dedup();
    let word = if seats.len() == 1 { "seat" } else { "seats" };
    format!("{word} {}", seats.join(", "))
}

/// Whether both name the same, in whatever order.
fn same_set(one: &[String], other: &[String]) -> bool {
    one == other || sorted(one) == sorted(other)
}

fn sorted(names: &[String]) -> Vec<&str> {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
}
