use std::sync::Arc;

use seat_layout::{Layout, SeatId, Table};
use thiserror::Error;

use crate::{Change, SeatChange, Status, Timestamp, Version};

/// An event's seats at a version, in the order of the layout: nine bytes a seat.
#[derive(Debug, Clone)]
pub struct LiveState {
    layout: Arc<Layout>,
    version: Version,
    statuses: Vec<Status>,
    expiries: Vec<Timestamp>,
    counts: Vec<Counts>,
}

/// How many seats of a category, or of an event, are in each status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts([u32; 4]);

impl Counts {
    /// Seats in this status.
    pub fn of(&self, status: Status) -> u32 {
        self.0[status as usize]
    }

    /// All seats.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }
}

/// A change that does not follow the state's version, or names a seat that the layout lacks: the
/// state must be read anew.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("change {seq} does not follow version {version}")]
pub struct OutOfStep {
    /// The number of the change.
    pub seq: u64,
    /// The state's version.
    pub version: Version,
}

impl LiveState {
    /// Every seat available, at this version.
    pub fn new(layout: Arc<Layout>, version: Version) -> Self {
        let seats = layout.seats();
        let mut counts = vec![Counts::default(); layout.categories().len()];
        for seat in seats {
            counts[seat.category].0[Status::Available as usize] += 1;
        }
        Self {
            version,
            statuses: vec![Status::Available; seats.len()],
            expiries: vec![Timestamp::default(); seats.len()],
            counts,
            layout,
        }
    }

    /// The layout whose seats these are.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The version that this state shows.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Notes a seat of a snapshot. Seats that the layout lacks are passed over.
    pub fn set(&mut self, seat: &SeatChange) {
        if let Some(index) = self.layout.seat_index(&seat.seat) {
            let counts = &mut self.counts[self.layout.seats()[index].category].0;
            counts[self.statuses[index] as usize] -= 1;
            counts[seat.status as usize] += 1;
            self.statuses[index] = seat.status;
            self.expiries[index] = seat.expires_at.unwrap_or_default();
        }
    }

    /// Takes the next step of the sequence.
    ///
    /// # Errors
    /// [`OutOfStep`] when the change is not the one after this version, or names a seat that the
    /// layout lacks; nothing is changed then.
    pub fn apply(&mut self, change: &Change) -> Result<(), OutOfStep> {
        let known = |seat: &SeatChange| self.layout.seat_index(&seat.seat).is_some();
        if change.seq != self.version.seq + 1 || !change.seats.iter().all(known) {
            return Err(OutOfStep { seq: change.seq, version: self.version });
        }
        for seat in &change.seats {
            self.set(seat);
        }
        self.version.seq = change.seq;
        Ok(())
    }

    /// The status of the seat at this place of the layout.
    pub fn status(&self, index: usize) -> Status {
        self.statuses[index]
    }

    /// When the hold of the seat at this place ends; `None` unless it is held.
    pub fn expires_at(&self, index: usize) -> Option<Timestamp> {
        (self.statuses[index] == Status::Held).then(|| self.expiries[index])
    }

    /// The status of a seat; `None` when the layout lacks it.
    pub fn status_of(&self, seat: &SeatId) -> Option<Status> {
        self.layout.seat_index(seat).map(|index| self.status(index))
    }

    /// A table's status: available when all its seats are, else booked, blocked or held, the
    /// first of these that one of its seats is.
    pub fn table_status(&self, table: &Table) -> Status {
        let any = |status| table.seats.iter().any(|&seat| self.status(seat) == status);
        [Status::Booked, Status::Blocked, Status::Held]
            .into_iter()
            .find(|&status| any(status))
            .unwrap_or(Status::Available)
    }

    /// One letter for each seat, in the order of the layout.
    pub fn letters(&self) -> String {
        self.statuses.iter().map(|status| status.letter()).collect()
    }

    /// The seats of each category, in the order of the layout's categories.
    pub fn counts_by_category(&self) -> &[Counts] {
        &self.counts
    }

    /// The seats of the event.
    pub fn counts(&self) -> Counts {
        self.counts.iter().copied().fold(Counts::default(), Counts::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> LiveState {
        LiveState::new(Arc::new(Layout::grid(1, 3).unwrap()), Version { epoch: 7, seq: 4 })
    }

    fn seat(id: &str) -> SeatId {
        id.parse().unwrap()
    }

    #[test]
    fn a_change_out_of_step_changes_nothing() {
        let mut state = state();
        let booked = vec![SeatChange::now(seat("A-1"), Status::Booked)];
        assert!(state.apply(&Change { seq: 6, seats: booked.clone() }).is_err());
        assert!(state.apply(&Change { seq: 4, seats: booked.clone() }).is_err());
        let unknown = vec![booked[0].clone(), SeatChange::now(seat("Z-9"), Status::Booked)];
        assert!(state.apply(&Change { seq: 5, seats: unknown }).is_err());
        assert_eq!((state.letters().as_str(), state.version().seq), ("aaa", 4));
        state.apply(&Change { seq: 5, seats: booked }).unwrap();
        assert_eq!((state.letters().as_str(), state.version().seq), ("baa", 5));
    }

    #[test]
    fn counts_follow_every_change() {
        let mut state = state();
        let until = Timestamp::from_ms(9);
        state.apply(&Change { seq: 5, seats: vec![SeatChange::held(seat("A-2"), until)] }).unwrap();
        assert_eq!((state.counts().of(Status::Held), state.counts().of(Status::Available)), (1, 2));
        assert_eq!(state.expires_at(1), Some(until));
        state
            .apply(&Change { seq: 6, seats: vec![SeatChange::now(seat("A-2"), Status::Blocked)] })
            .unwrap();
        assert_eq!((state.counts().of(Status::Held), state.counts().total()), (0, 3));
        assert_eq!(state.expires_at(1), None);
    }
}
