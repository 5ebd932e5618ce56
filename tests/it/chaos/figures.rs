use std::{collections::BTreeMap, fmt, time::Duration};

use seat_history::Report;

use super::strike::Cost;

/// What a run prints at its end.
pub(super) struct Figures<'a> {
    pub(super) stores: &'a str,
    pub(super) seed: u64,
    pub(super) took: Duration,
    pub(super) costs: &'a [Cost],
    pub(super) report: &'a Report,
    pub(super) reads: usize,
    pub(super) rest: usize,
    pub(super) complaints: usize,
}

impl fmt::Display for Figures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stores, seed, took) = (self.stores, self.seed, self.took.as_secs());
        writeln!(f, "faults on {stores}, seed {seed}, {took} s")?;
        writeln!(f, "  {:<22} {:>5}  longest outage", "fault", "count")?;
        let mut kinds: BTreeMap<_, (usize, Duration)> = BTreeMap::new();
        for cost in self.costs {
            let (count, longest) = kinds.entry(cost.kind).or_default();
            *count += 1;
            *longest = cost.outage.max(*longest);
        }
        for (kind, (count, longest)) in &kinds {
            writeln!(f, "  {kind:<22} {count:>5}  {:.2} s", longest.as_secs_f64())?;
        }
        let longest = self.costs.iter().map(|cost| cost.outage).max().unwrap_or_default();
        writeln!(f, "  {:<22} {:>5}  {:.2} s", "all", self.costs.len(), longest.as_secs_f64())?;
        for line in self.report.to_string().lines() {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "  reads: {}", self.reads)?;
        writeln!(f, "  seats free at the end, each held by somebody new: {}", self.rest)?;
        write!(f, "  late or wrong answers, late recoveries: {}", self.complaints)
    }
}
