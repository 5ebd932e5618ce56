use super::index::Place;

/// Something that may end what a user has of a seat, at some time between `start` and `over`.
pub(super) struct End {
    pub(super) place: Place,
    pub(super) start: u64,
    pub(super) over: u64,
    pub(super) operation: usize,
}

/// Two operations may have to be passed over when the earliest start is asked for.
const KEPT: usize = 3;

/// Everything that may end something, by place.
pub(super) struct Ends {
    /// By place, then by the time when they are over.
    ends: Vec<End>,
    /// For each end, the earliest starts among it and the later ones of its place.
    earliest: Vec<[Option<(u64, usize)>; KEPT]>,
}

impl Ends {
    pub(super) fn new(mut ends: Vec<End>) -> Self {
        ends.sort_unstable_by_key(|end| (end.place, end.over, end.operation));
        let mut earliest = vec![[None; KEPT]; ends.len()];
        for at in (0..ends.len()).rev() {
            let later = ends.get(at + 1).is_some_and(|next| next.place == ends[at].place);
            let mut kept: Vec<(u64, usize)> =
                if later { earliest[at + 1].into_iter().flatten().collect() } else { Vec::new() };
            kept.push((ends[at].start, ends[at].operation));
            kept.sort_unstable();
            for (slot, end) in earliest[at].iter_mut().zip(kept) {
                *slot = Some(end);
            }
        }
        Self { ends, earliest }
    }

    /// The earliest time at which something there may have ended what began at `since`, by other
    /// operations than these; never, when nothing may.
    pub(super) fn first(&self, place: Place, since: u64, but: [usize; KEPT - 1]) -> u64 {
        let at = self.ends.partition_point(|end| (end.place, end.over) < (place, since));
        if self.ends.get(at).is_none_or(|end| end.place != place) {
            return u64::MAX;
        }
        let mut starts = self.earliest[at].iter().flatten();
        starts.find(|(_, operation)| !but.contains(operation)).map_or(u64::MAX, |&(start, _)| start)
    }
}
