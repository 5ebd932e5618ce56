//! The shortest history that still breaks the same invariant: without the customers, wishes and
//! faults that it does not need.

use std::{collections::BTreeSet, process::ExitCode};

use crate::{
    history,
    seed::{self, CLIENTS_MAX, LeftOut, Outcome, WISHES},
};

/// How many histories are tried.
const TRIES_MAX: u32 = 600;

/// Shrinks the history of a seed that broke an invariant, and prints it.
pub(crate) fn show(seed: u64) -> ExitCode {
    let whole = seed::run(seed, &LeftOut::default(), false);
    let Some(violation) = &whole.violation else {
        println!("seed {seed} broke an invariant once and not again: it does not replay");
        return ExitCode::FAILURE;
    };
    let mut search = Search { seed, invariant: violation.invariant, tries: 0 };
    let least = search.least(whole.faults);
    let outcome = seed::run(seed, &least, true);
    println!("\nseed {seed}, the shortest history that was found ({} tries):", search.tries);
    history::print(&outcome);
    println!("\nthe whole history: sim --seed {seed}");
    ExitCode::FAILURE
}

struct Search {
    seed: u64,
    invariant: &'static str,
    tries: u32,
}

impl Search {
    fn least(&mut self, faults: u64) -> LeftOut {
        let mut least = LeftOut::default();
        for wishes in 1..=WISHES {
            let fewer = LeftOut { wishes_max: Some(wishes), ..least.clone() };
            if self.still_breaks(&fewer).is_some() {
                least = fewer;
                break;
            }
        }
        for client in 0..CLIENTS_MAX {
            let mut fewer = least.clone();
            fewer.clients.insert(client);
            if self.still_breaks(&fewer).is_some() {
                least = fewer;
            }
        }
        let mut all: Vec<u64> = (1..=faults).collect();
        let mut chunk = all.len().max(1);
        while chunk > 0 && self.tries < TRIES_MAX {
            let mut from = 0;
            while from < all.len() && self.tries < TRIES_MAX {
                let to = (from + chunk).min(all.len());
                let mut fewer = least.clone();
                fewer.faults.extend(all[from..to].iter().copied());
                if self.still_breaks(&fewer).is_some() {
                    least = fewer;
                    let gone: BTreeSet<u64> = all[from..to].iter().copied().collect();
                    all.retain(|fault| !gone.contains(fault));
                } else {
                    from = to;
                }
            }
            chunk /= 2;
        }
        least
    }

    fn still_breaks(&mut self, left_out: &LeftOut) -> Option<Outcome> {
        self.tries += 1;
        let outcome = seed::run(self.seed, left_out, false);
        let same = outcome.violation.as_ref().is_some_and(|v| v.invariant == self.invariant);
        same.then_some(outcome)
    }
}
