//! What a run has seen.

use std::{collections::BTreeMap, fmt};

use crate::{chaos::Fault, words};

/// Counts of one seed or of many.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) seeds: u64,
    /// Calls that arrived at a store.
    pub(crate) steps: u64,
    pub(crate) bookings: u64,
    pub(crate) cancelled: u64,
    pub(crate) faults: BTreeMap<Fault, u64>,
    /// How often each method of a port answered with each word.
    pub(crate) words: BTreeMap<(&'static str, &'static str), u64>,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.steps += other.steps;
        self.bookings += other.bookings;
        self.cancelled += other.cancelled;
        for (&fault, count) in &other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        for (&word, count) in &other.words {
            *self.words.entry(word).or_default() += count;
        }
    }

    /// The words that no method has answered with yet.
    pub(crate) fn unseen(&self) -> Vec<String> {
        let all =
            words::ALL.iter().flat_map(|(method, words)| words.iter().map(move |w| (*method, *w)));
        let unseen = all.filter(|word| !self.words.contains_key(word));
        unseen.map(|(method, word)| format!("{method}:{word}")).collect()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seeds                {:>12}", self.seeds)?;
        writeln!(f, "store steps          {:>12}", self.steps)?;
        writeln!(f, "bookings answered    {:>12}", self.bookings)?;
        writeln!(f, "cancelled            {:>12}", self.cancelled)?;
        writeln!(f, "faults")?;
        for (fault, count) in &self.faults {
            writeln!(f, "  {:<18} {count:>12}", format!("{fault:?}"))?;
        }
        writeln!(f, "replies")?;
        let mut methods: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ((method, word), count) in &self.words {
            methods.entry(method).or_default().push(format!("{word} {count}"));
        }
        for (method, words) in methods {
            writeln!(f, "  {method:<12} {}", words.join(", "))?;
        }
        let unseen = self.unseen();
        if !unseen.is_empty() {
            writeln!(f, "never seen: {}", unseen.join(", "))?;
        }
        Ok(())
    }
}
