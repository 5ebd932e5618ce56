//! Histories to judge.

mod format;
mod million;
mod model;
mod right;
mod wrong;

use crate::{History, Invariant, Report, check};

/// The history of these lines.
fn read(text: &str) -> History {
    History::read(text.as_bytes()).unwrap()
}

/// What was found: each invariant with the lines that show it.
fn found(report: &Report) -> Vec<(Invariant, Vec<usize>)> {
    report.violations.iter().map(|v| (v.invariant, v.lines.clone())).collect()
}

/// The text with one thing changed, which must be there once.
fn changed(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from} is not there once");
    text.replace(from, to)
}

#[track_caller]
fn assert_accepted(text: &str) {
    let report = check(&read(text));
    assert!(report.violations.is_empty(), "{report}");
}
