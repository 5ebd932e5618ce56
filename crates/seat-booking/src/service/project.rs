#[cfg(test)]
mod tests;

use std::collections::{HashMap, hash_map::Entry};

use seat_layout::{EventId, Layout, SeatId, UserId};
use seat_state::{LiveState, SeatChange, Status, Version};

use super::{BookingService, guard, slot::Slot, view::RESYNCS_MAX};
use crate::{
    BookingError,
    ports::{ChangesReply, ClaimId, ClaimReply, FinishedClaim, Projection, SeatRow},
};

/// How many rows are written at once.
const ROWS_TOGETHER: usize = 500;
/// How often one round reads on when there are still more changes: about as many as a lock store
/// keeps. The next round takes what comes meanwhile.
const CHANGES_READS_MAX: usize = 5;
/// How often an event is begun anew because somebody else has begun it anew.
const ANEW_MAX: usize = 8;

/// What came of projecting an event anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProjectedAnew {
    /// Rows that were written: one for each seat.
    pub written: usize,
    /// Rows of seats that the layout does not have.
    pub dropped: u64,
}

impl BookingService {
    /// Brings the projection of an event up to date; how many rows were written. Changes of one
    /// seat are written as the last of them, and when they are too many to be known one by one,
    /// every seat is written as it is. While somebody else writes the event, it is left to them. An
    /// event that the lock store has lost is loaded: its holds are gone, and a report must not go
    /// on showing them.
    ///
    /// # Errors
    /// [`BookingError::Unavailable`], [`BookingError::EventNotFound`]. It may be repeated.
    pub async fn project(&self, event: &EventId) -> Result<usize, BookingError> {
        let Some(projection) = self.projection() else { return Ok(0) };
        let noted = guard(&self.inner.unprojected).get(event).copied();
        let shown = match self.projected(projection, *event).await? {
            Some(version) => Some((0, version)),
            None => self.write_newest(projection, *event).await?,
        };
        // Somebody else's turn may have begun before the latest change: then it is looked at again.
        let Some((written, version)) = shown else { return Ok(0) };
        let mut unprojected = guard(&self.inner.unprojected);
        if unprojected.get(event).is_some_and(|now| Some(*now) == noted || *now <= version) {
            unprojected.remove(event);
        }
        Ok(written)
    }

    /// The events that this node has made, loaded or changed and not yet seen projected: those to
    /// [`project`](Self::project) at once.
    pub fn unprojected(&self) -> Vec<EventId> {
        guard(&self.inner.unprojected).keys().copied().collect()
    }

    /// Writes every row of an event anew, whatever the projection has. It may be done during a
    /// sale, and be repeated.
    ///
    /// # Errors
    /// [`BookingError::Unavailable`], [`BookingError::EventNotFound`].
    pub async fn project_anew(&self, event: &EventId) -> Result<ProjectedAnew, BookingError> {
        let Some(projection) = self.projection() else { return Ok(ProjectedAnew::default()) };
        let lease = self.inner.settings.timing.project_lease;
        let slot = self.passing_slot(event).await?;
        for _ in 0..ANEW_MAX {
            let claim = self.new_claim();
            projection.forget(*event, claim, lease).await?;
            // Read after every earlier row is forgotten, so that none of them is later.
            let (rows, version) = self.rows_after(&slot, None).await?;
            if let Some(written) = self.write_rows(projection, &slot, claim, rows, version).await? {
                let dropped = projection.drop_forgotten(*event).await?;
                return Ok(ProjectedAnew { written, dropped });
            }
        }
        Err(BookingError::Unavailable(None))
    }

    /// Removes what the projection has of events that there are not; how many rows.
    ///
    /// # Errors
    /// [`BookingError::Unavailable`]. It may be repeated.
    pub async fn unproject_unknown(&self) -> Result<u64, BookingError> {
        let Some(projection) = self.projection() else { return Ok(0) };
        let mut removed = 0;
        for event in projection.events().await? {
            if self.repository().event(event).await?.is_none() {
                removed += projection.remove(event).await?;
            }
        }
        Ok(removed)
    }

    pub(super) fn note_unprojected(&self, event: EventId, version: Version) {
        if self.projection().is_none() {
            return;
        }
        match guard(&self.inner.unprojected).entry(event) {
            Entry::Occupied(mut noted) => {
                let latest = version.max(*noted.get());
                noted.insert(latest);
            }
            Entry::Vacant(place) => {
                place.insert(version);
            }
        }
    }

    fn projection(&self) -> Option<&dyn Projection> {
        self.inner.ports.projection.as_deref()
    }

    fn new_claim(&self) -> ClaimId {
        ClaimId(self.inner.ports.random.bytes())
    }

    /// The version that the rows show, when it is the newest one, as mostly: then nobody's turn is
    /// taken.
    async fn projected(
        &self,
        projection: &dyn Projection,
        event: EventId,
    ) -> Result<Option<Version>, BookingError> {
        let Some(progress) = projection.progress(event).await? else { return Ok(None) };
        let next = self.loaded(event, || self.locks().changes(event, progress, 1)).await?;
        Ok((next == ChangesReply::Changes(Vec::new())).then_some(progress))
    }

    /// Writes what has changed; how many rows, and which version they show. `None` when it is
    /// somebody else's turn.
    async fn write_newest(
        &self,
        projection: &dyn Projection,
        event: EventId,
    ) -> Result<Option<(usize, Version)>, BookingError> {
        let lease = self.inner.settings.timing.project_lease;
        let claim = self.new_claim();
        let progress = match projection.claim(event, claim, lease).await? {
            ClaimReply::Claimed { progress } => progress,
            ClaimReply::Busy => return Ok(None),
        };
        let slot = self.passing_slot(&event).await?;
        let (rows, version) = self.rows_after(&slot, progress).await?;
        if progress.is_some_and(|progress| version.epoch < progress.epoch) {
            // The lock store has lost everything, and its clock was set back: what it says now
            // would look older than the rows.
            projection.forget(event, claim, lease).await?;
        }
        let written = self.write_rows(projection, &slot, claim, rows, version).await?;
        Ok(written.map(|written| (written, version)))
    }

    /// The rows that differ from those at `progress`, or all of them, and the version they show.
    async fn rows_after(
        &self,
        slot: &Slot,
        progress: Option<Version>,
    ) -> Result<(Vec<SeatRow>, Version), BookingError> {
        if let Some(progress) = progress
            && let Some(changed) = self.changed_rows(slot, progress).await?
        {
            return Ok(changed);
        }
        for _ in 0..RESYNCS_MAX {
            if let Some(state) = self.read_anew(slot).await? {
                return Ok((all_rows(&state), state.version()));
            }
        }
        Err(BookingError::Unavailable(None))
    }

    /// One row for each seat that has changed; `None` when the changes are not known any more.
    async fn changed_rows(
        &self,
        slot: &Slot,
        since: Version,
    ) -> Result<Option<(Vec<SeatRow>, Version)>, BookingError> {
        let mut version = since;
        let mut newest = HashMap::new();
        for _ in 0..CHANGES_READS_MAX {
            let Some(changes) = self.changes_after(slot, version).await? else { return Ok(None) };
            let all = changes.len() < self.inner.settings.pages.changes;
            for change in changes {
                version.seq = change.seq;
                for seat in change.seats {
                    if let Some(row) = row(&slot.layout, version, seat) {
                        newest.insert(row.seat.clone(), row);
                    }
                }
            }
            if all {
                break;
            }
        }
        Ok(Some((newest.into_values().collect(), version)))
    }

    /// Writes rows under a claim and ends it; `None` when somebody else has taken over.
    async fn write_rows(
        &self,
        projection: &dyn Projection,
        slot: &Slot,
        claim: ClaimId,
        rows: Vec<SeatRow>,
        version: Version,
    ) -> Result<Option<usize>, BookingError> {
        let event = &*slot.event;
        let lease = self.inner.settings.timing.project_lease;
        for (number, rows) in rows.chunks(ROWS_TOGETHER).enumerate() {
            if number > 0 && projection.claim(event.id, claim, lease).await? == ClaimReply::Busy {
                return Ok(None);
            }
            let rows = self.with_holders(event.id, rows).await?;
            projection.write(event, rows).await?;
        }
        Ok(match projection.finish(event.id, claim, version).await? {
            FinishedClaim::Noted => Some(rows.len()),
            FinishedClaim::Fenced => None,
        })
    }

    /// The rows with those who hold their seats now. Where that is somebody else than at the row's
    /// version, there is a later change, and the next round writes it.
    async fn with_holders(
        &self,
        event: EventId,
        rows: &[SeatRow],
    ) -> Result<Vec<SeatRow>, BookingError> {
        let is_held = |row: &&SeatRow| row.status == Status::Held;
        let held: Vec<SeatId> = rows.iter().filter(is_held).map(|row| row.seat.clone()).collect();
        let mut holders: HashMap<SeatId, UserId> = HashMap::new();
        if !held.is_empty() {
            holders.extend(self.locks().holders(event, held).await?);
        }
        let with_holder = |row: &SeatRow| {
            let held_by = holders.remove(&row.seat);
            SeatRow { held_by, ..row.clone() }
        };
        Ok(rows.iter().map(with_holder).collect())
    }
}

/// The row of a seat; `None` when the layout lacks it.
fn row(layout: &Layout, version: Version, state: SeatChange) -> Option<SeatRow> {
    let seat = layout.seat_at(layout.seat_index(&state.seat)?);
    Some(SeatRow {
        seat: state.seat,
        status: state.status,
        version,
        expires_at: state.expires_at,
        held_by: None,
        price: layout.category_of(seat).price,
    })
}

fn all_rows(state: &LiveState) -> Vec<SeatRow> {
    let layout = state.layout();
    let seats = layout.seats().iter().enumerate();
    let rows = seats.map(|(index, seat)| SeatRow {
        seat: seat.id.clone(),
        status: state.status(index),
        version: state.version(),
        expires_at: state.expires_at(index),
        held_by: None,
        price: layout.category_of(seat).price,
    });
    rows.collect()
}
