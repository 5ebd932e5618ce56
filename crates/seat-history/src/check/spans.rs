use super::index::SeatNumber;

/// A time in which something surely was so: after `from` and before `until`.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) seat: SeatNumber,
    /// Whose it was: spans of one owner don't contradict each other.
    pub(super) owner: u32,
    pub(super) from: u64,
    pub(super) until: u64,
    /// The operation that shows it.
    pub(super) operation: usize,
}

/// Spans that can be asked which of them contradict something.
pub(super) struct Spans {
    /// By seat, then by their beginning.
    spans: Vec<Span>,
    /// For each span, the last to end among it and the earlier ones of its seat, and the last to
    /// end of another owner than that one.
    last: Vec<(usize, Option<usize>)>,
}

impl Spans {
    /// Of spans that are not empty.
    pub(super) fn new(spans: impl IntoIterator<Item = Span>) -> Self {
        let mut spans: Vec<Span> = spans.into_iter().filter(|s| s.from < s.until).collect();
        spans.sort_unstable_by_key(|span| (span.seat, span.from, span.operation));
        let mut last: Vec<(usize, Option<usize>)> = Vec::with_capacity(spans.len());
        for at in 0..spans.len() {
            let before = last.last().filter(|_| spans[at - 1].seat == spans[at].seat);
            let ends_later = |one: usize, other: usize| spans[one].until > spans[other].until;
            let same_owner = |one: usize, other: usize| spans[one].owner == spans[other].owner;
            last.push(match before {
                None => (at, None),
                Some(&(best, second)) if ends_later(at, best) => {
                    (at, if same_owner(at, best) { second } else { Some(best) })
                }
                Some(&(best, second)) if same_owner(at, best) => (best, second),
                Some(&(best, second)) => {
                    let late = second.is_none_or(|second| ends_later(at, second));
                    (best, if late { Some(at) } else { second })
                }
            });
        }
        Self { spans, last }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Span> {
        self.spans.iter()
    }

    /// A span of that seat and another owner that began before `before` and lasted beyond `beyond`.
    pub(super) fn other(
        &self,
        seat: SeatNumber,
        owner: u32,
        before: u64,
        beyond: u64,
    ) -> Option<&Span> {
        let at = self.spans.partition_point(|span| (span.seat, span.from) < (seat, before));
        let at = at.checked_sub(1).filter(|&at| self.spans[at].seat == seat)?;
        let (best, second) = self.last[at];
        let found = if self.spans[best].owner == owner { second? } else { best };
        Some(&self.spans[found]).filter(|span| span.until > beyond)
    }

    /// A span of another owner that has a time in common with this one.
    pub(super) fn meeting(&self, span: &Span) -> Option<&Span> {
        self.other(span.seat, span.owner, span.until, span.from)
    }
}
