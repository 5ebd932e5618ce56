use std::{collections::BTreeMap, fmt, time::Duration};

use seat_history::Report;

use super::strike::{Cost, Outage};

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
        writeln!(f, "  {:<22} {:>5}  {:>12}  {:>12}", "fault", "count", "none held", "none sold")?;
        let mut kinds: BTreeMap<_, (usize, Outage)> = BTreeMap::new();
        let mut all = (0, Outage::default());
        for cost in self.costs {
            for (count, longest) in [kinds.entry(cost.kind).or_default(), &mut all] {
                *count += 1;
                *longest = longest.max(cost.outage);
            }
        }
        let kinds = kinds.iter().map(|(kind, outage)| (kind.to_string(), outage));
        for (kind, (count, Outage { holds, sales })) in kinds.chain([("all".to_owned(), &all)]) {
            let (holds, sales) = (holds.as_secs_f64(), sales.as_secs_f64());
            writeln!(f, "  {kind:<22} {count:>5}  {holds:>10.2} s  {sales:>10.2} s")?;
        }
        for line in self.report.to_string().lines() {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "  reads: {}", self.reads)?;
        writeln!(f, "  seats free at the end, each held by somebody new: {}", self.rest)?;
        write!(f, "  late or wrong answers, late recoveries: {}", self.complaints)
    }
}
