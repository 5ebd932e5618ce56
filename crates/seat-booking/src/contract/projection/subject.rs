use std::{sync::Arc, time::Duration};

use seat_layout::{Currency, EventId, LayoutId, Money, SeatId};
use seat_state::{Status, Timestamp, Version};

use super::ProjectionFixture;
use crate::{
    Event,
    contract::{Fresh, seat, seats},
    ports::{ClaimId, ClaimReply, FinishedClaim, Projection, SeatRow},
};

/// Longer than any case lasts.
pub(crate) const LONG: Duration = Duration::from_secs(600);
/// How long a claim lasts that a case outlasts.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// What every seat costs.
const PRICE: Money = Money::from_minor(49_50);

/// A projection, an event of its own in it, and its calls in short: a call that must be answered
/// panics where it is not.
pub struct ProjectionSubject {
    fixture: Box<dyn ProjectionFixture>,
    pub(crate) projection: Arc<dyn Projection>,
    pub(crate) event: Event,
    fresh: Fresh,
}

impl ProjectionSubject {
    /// The subject of one case; its event has no row.
    pub fn new(fixture: impl ProjectionFixture + 'static) -> Self {
        let fresh = Fresh::for_case();
        let (projection, event) = (fixture.projection(), event(&fresh));
        Self { projection, event, fresh, fixture: Box::new(fixture) }
    }

    pub(crate) fn new_event(&self) -> Event {
        event(&self.fresh)
    }

    pub(crate) fn new_claim(&self) -> ClaimId {
        ClaimId(self.fresh.bytes())
    }

    pub(crate) async fn advance(&self, by: Duration) {
        self.fixture.advance(by).await;
    }

    /// Writes these seats of `A-1,A-2`.
    pub(crate) async fn write(&self, what: &str, status: Status, version: Version) {
        let rows = seats(what).into_iter().map(|seat| row(seat, status, version));
        self.projection.write(&self.event, rows.collect()).await.unwrap();
    }

    /// Every row as the text of its seat, its status and its version.
    pub(crate) async fn rows(&self) -> Vec<(String, Status, Version)> {
        self.rows_of(&self.event).await
    }

    pub(crate) async fn rows_of(&self, event: &Event) -> Vec<(String, Status, Version)> {
        let rows = self.fixture.rows(event.id).await;
        rows.into_iter().map(|row| (row.seat.to_string(), row.status, row.version)).collect()
    }

    pub(crate) async fn row(&self, id: &str) -> SeatRow {
        let rows = self.fixture.rows(self.event.id).await;
        rows.into_iter().find(|row| row.seat == seat(id)).unwrap()
    }

    pub(crate) async fn progress(&self) -> Option<Version> {
        self.projection.progress(self.event.id).await.unwrap()
    }

    pub(crate) async fn claim(&self, claim: ClaimId, lease: Duration) -> ClaimReply {
        self.projection.claim(self.event.id, claim, lease).await.unwrap()
    }

    /// A claim of somebody new.
    pub(crate) async fn claimed(&self, lease: Duration) -> ClaimId {
        let claim = self.new_claim();
        let reply = self.claim(claim, lease).await;
        assert!(matches!(reply, ClaimReply::Claimed { .. }), "{reply:?}");
        claim
    }

    pub(crate) async fn is_busy(&self) -> bool {
        self.claim(self.new_claim(), LONG).await == ClaimReply::Busy
    }

    pub(crate) async fn finish(&self, claim: ClaimId, version: Version) -> FinishedClaim {
        self.projection.finish(self.event.id, claim, version).await.unwrap()
    }

    /// Forgets everything, by somebody new.
    pub(crate) async fn forgotten(&self) -> ClaimId {
        let claim = self.new_claim();
        self.projection.forget(self.event.id, claim, LONG).await.unwrap();
        claim
    }
}

pub(crate) fn at(epoch: u64, seq: u64) -> Version {
    Version { epoch, seq }
}

/// A held seat has its expiry and its holder.
pub(crate) fn row(seat: SeatId, status: Status, version: Version) -> SeatRow {
    let is_held = status == Status::Held;
    SeatRow {
        seat,
        status,
        version,
        expires_at: is_held.then_some(Timestamp::from_ms(1_767_225_600_000)),
        held_by: is_held.then(|| "ada".parse().unwrap()),
        price: PRICE,
    }
}

fn event(fresh: &Fresh) -> Event {
    Event {
        id: EventId::from_bytes(fresh.bytes()),
        layout_id: LayoutId::from_bytes(fresh.bytes()),
        name: String::new(),
        starts_at: None,
        currency: Currency::USD,
        created_at: Timestamp::from_ms(1_767_225_600_000),
    }
}
