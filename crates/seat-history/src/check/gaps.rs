use crate::Fault;

/// How long after a loss a booked seat may still be shown and held, and a hold overridden by an
/// insert that was in flight.
const GAP_US: u64 = 60_000_000;

/// When the lock store may have forgotten something, or may not know yet what it forgot: closed
/// intervals that don't meet, in order.
pub(super) struct Gaps(Vec<(u64, u64)>);

impl Gaps {
    pub(super) fn new(faults: &[Fault]) -> Self {
        let forgetting = faults.iter().filter(|fault| fault.forgets);
        let mut gaps: Vec<(u64, u64)> = forgetting
            .map(|f| (f.start_us, f.end_us.unwrap_or(u64::MAX).saturating_add(GAP_US)))
            .collect();
        gaps.sort_unstable();
        let mut apart: Vec<(u64, u64)> = Vec::new();
        for (start, end) in gaps {
            match apart.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                Some(_) | None => apart.push((start, end)),
            }
        }
        Self(apart)
    }

    /// Where the first gap begins that is not over at `time`; never, when there is none.
    pub(super) fn first_from(&self, time: u64) -> u64 {
        let at = self.0.partition_point(|&(_, end)| end < time);
        self.0.get(at).map_or(u64::MAX, |&(start, _)| start)
    }

    /// Whether a gap meets the time between these.
    pub(super) fn touch(&self, from: u64, to: u64) -> bool {
        self.first_from(from) <= to
    }
}
