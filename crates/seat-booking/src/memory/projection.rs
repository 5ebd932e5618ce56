use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use seat_layout::{EventId, SeatId};
use seat_state::{Timestamp, Version};

use crate::{
    Event,
    ports::{
        ClaimId, ClaimReply, Clock, FinishedClaim, Projection, ProjectionError, SeatRow,
        SystemClock,
    },
};

/// Earlier than any version of a lock store.
const FORGOTTEN: Version = Version { epoch: 0, seq: 0 };

/// A [`Projection`] in memory, for tests. Cloning shares it.
#[derive(Clone)]
pub struct MemoryProjection {
    inner: Arc<Inner>,
}

struct Inner {
    events: Mutex<HashMap<EventId, Projected>>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Projected {
    rows: BTreeMap<SeatId, SeatRow>,
    progress: Option<Version>,
    claim: Option<(ClaimId, Timestamp)>,
}

impl Default for MemoryProjection {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryProjection {
    /// An empty projection on the system's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// An empty projection whose claims last by this clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { inner: Arc::new(Inner { events: Mutex::default(), clock }) }
    }

    /// The rows of an event, in the order of their seats.
    pub fn rows(&self, event: EventId) -> Vec<SeatRow> {
        let events = self.locked();
        events.get(&event).map(|of| of.rows.values().cloned().collect()).unwrap_or_default()
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<EventId, Projected>> {
        self.inner.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn until(&self, lease: Duration) -> Timestamp {
        self.inner.clock.now().after(lease)
    }
}

#[async_trait]
impl Projection for MemoryProjection {
    async fn progress(&self, event: EventId) -> Result<Option<Version>, ProjectionError> {
        Ok(self.locked().get(&event).and_then(|of| of.progress))
    }

    async fn claim(
        &self,
        event: EventId,
        claim: ClaimId,
        lease: Duration,
    ) -> Result<ClaimReply, ProjectionError> {
        let mut events = self.locked();
        let of = events.entry(event).or_default();
        let now = self.inner.clock.now();
        if of.claim.is_some_and(|(other, until)| other != claim && until > now) {
            return Ok(ClaimReply::Busy);
        }
        of.claim = Some((claim, self.until(lease)));
        Ok(ClaimReply::Claimed { progress: of.progress })
    }

    async fn write(&self, event: &Event, rows: Vec<SeatRow>) -> Result<(), ProjectionError> {
        let mut events = self.locked();
        let of = events.entry(event.id).or_default();
        for row in rows {
            if of.rows.get(&row.seat).is_none_or(|there| there.version < row.version) {
                of.rows.insert(row.seat.clone(), row);
            }
        }
        Ok(())
    }

    async fn finish(
        &self,
        event: EventId,
        claim: ClaimId,
        version: Version,
    ) -> Result<FinishedClaim, ProjectionError> {
        let mut events = self.locked();
        let of = events.entry(event).or_default();
        if of.claim.is_none_or(|(present, _)| present != claim) {
            return Ok(FinishedClaim::Fenced);
        }
        of.claim = None;
        of.progress = Some(version);
        Ok(FinishedClaim::Noted)
    }

    async fn forget(
        &self,
        event: EventId,
        claim: ClaimId,
        lease: Duration,
    ) -> Result<(), ProjectionError> {
        let mut events = self.locked();
        let of = events.entry(event).or_default();
        of.claim = Some((claim, self.until(lease)));
        of.progress = None;
        for row in of.rows.values_mut() {
            row.version = FORGOTTEN;
        }
        Ok(())
    }

    async fn drop_forgotten(&self, event: EventId) -> Result<u64, ProjectionError> {
        let mut events = self.locked();
        let of = events.entry(event).or_default();
        let before = of.rows.len();
        of.rows.retain(|_, row| row.version != FORGOTTEN);
        Ok((before - of.rows.len()) as u64)
    }

    async fn events(&self) -> Result<Vec<EventId>, ProjectionError> {
        let events = self.locked();
        Ok(events.iter().filter(|(_, of)| !of.rows.is_empty()).map(|(id, _)| *id).collect())
    }

    async fn remove(&self, event: EventId) -> Result<u64, ProjectionError> {
        Ok(self.locked().remove(&event).map_or(0, |of| of.rows.len() as u64))
    }
}
