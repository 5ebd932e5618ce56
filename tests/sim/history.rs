//! A history as somebody reads it.

use crate::{house::EVENT, seed::Outcome};

/// Prints every step of a seed, and what it broke.
pub(crate) fn print(outcome: &Outcome) {
    let event = EVENT.to_string();
    for line in &outcome.trace {
        println!("{}", line.replace(&event, "E").replace("2026-01-01T00:", ""));
    }
    println!("\n{} store steps", outcome.counts.steps);
    match &outcome.violation {
        None => println!("no invariant was broken"),
        Some(violation) => println!("{} is broken: {}", violation.invariant, violation.what),
    }
}
