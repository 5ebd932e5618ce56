use std::collections::{BTreeMap, BTreeSet, HashMap};

use seat_layout::{BookingId, EventId};

use super::{BookingService, guard};
use crate::{
    BookingError, Item, Mark, Settings,
    planted::planted,
    ports::{LockError, SweepReply},
};

/// How many steps one sweep takes at most.
const SWEEP_STEPS: usize = 100;

/// What an audit found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditReport {
    /// Documents that the lock store showed otherwise, at first sight.
    pub differences: usize,
    /// Those that lasted and were settled.
    pub settled: usize,
}

/// What each document has, by one of the two stores.
type Pairs = HashMap<BookingId, (Mark, BTreeSet<Item>)>;

impl BookingService {
    /// Makes seats available whose holds have run out, at most 50,000; how many there were. An
    /// event that is not loaded has none to be seen.
    ///
    /// # Errors
    /// [`BookingError::Unavailable`].
    pub async fn sweep(&self, event: &EventId) -> Result<usize, BookingError> {
        let mut swept = 0;
        for _ in 0..SWEEP_STEPS {
            match self.locks().sweep(*event, self.inner.settings.pages.swept_seats).await {
                Ok(SweepReply { seats, more, version }) => {
                    swept += seats;
                    if seats > 0 {
                        self.wrote(event, version);
                    }
                    if !more {
                        break;
                    }
                }
                Err(LockError::NotLoaded) => break,
                Err(error @ LockError::Unknown(_)) => return Err(error.into()),
            }
        }
        Ok(swept)
    }

    /// Settles transfers that have stood for longer than a confirm tries, at most 100; how many
    /// there were. The repository decides each, also when the node that began it was only asleep.
    ///
    /// # Errors
    /// [`BookingError::Unavailable`]; the transfers stand.
    pub async fn reconcile(&self, event: &EventId) -> Result<usize, BookingError> {
        let Settings { timing, pages, .. } = &self.inner.settings;
        let old = self.locks().transfers(*event, timing.reconcile_age, pages.transfers).await;
        let old = match old {
            Ok(old) => old,
            Err(LockError::NotLoaded) => return Ok(0),
            Err(error @ LockError::Unknown(_)) => return Err(error.into()),
        };
        let mut failure = None;
        for id in &old {
            tracing::warn!(%event, booking = %id, "settling a transfer that was left standing");
            // One that can't be settled must not keep back the others.
            planted!(UndoWithoutLooking => {
                self.locks().abort(*event, *id, Vec::new()).await?;
                continue;
            });
            if let Err(error) = self.settle(*event, *id, &[]).await {
                failure = Some(error);
            }
        }
        failure.map_or(Ok(old.len()), Err)
    }

    /// Compares what the repository has with what the lock store shows, and settles what differs
    /// twice, [`audit_confirm`](crate::Timing::audit_confirm) apart.
    ///
    /// # Errors
    /// [`BookingError::Unavailable`].
    pub async fn audit(&self, event: &EventId) -> Result<AuditReport, BookingError> {
        let started = self.now();
        let first = self.differences(*event).await?.unwrap_or_default();
        let mut failure = None;
        let mut report = AuditReport { differences: first.len(), settled: 0 };
        if !first.is_empty() {
            self.clock().sleep(self.inner.settings.timing.audit_confirm).await;
            for (id, marked) in self.differences(*event).await?.unwrap_or_default() {
                if first.contains_key(&id) {
                    tracing::warn!(%event, booking = %id, "the lock store showed it otherwise");
                    match self.settle(*event, id, &marked).await {
                        Ok(_) => report.settled += 1,
                        Err(error) => failure = Some(error),
                    }
                }
            }
        }
        // Only an audit that began when it was due has seen what was in flight.
        guard(&self.inner.audits).retain(|due, at| due != event || *at > started);
        failure.map_or(Ok(report), Err)
    }

    /// Events that this node has loaded, and that are to be audited by now because an insert may
    /// have been in flight meanwhile.
    pub fn audits_due(&self) -> Vec<EventId> {
        let now = self.now();
        let audits = guard(&self.inner.audits);
        audits.iter().filter(|&(_, due)| *due <= now).map(|(event, _)| *event).collect()
    }

    /// The ids whose items the stores show otherwise, with those that the lock store shows; `None`
    /// while the event is not loaded.
    async fn differences(
        &self,
        event: EventId,
    ) -> Result<Option<BTreeMap<BookingId, Vec<Item>>>, BookingError> {
        let mut shown = Pairs::new();
        let mut cursor = String::new();
        loop {
            let page = match self.locks().marks(event, cursor).await {
                Ok(page) => page,
                Err(LockError::NotLoaded) => return Ok(None),
                Err(error @ LockError::Unknown(_)) => return Err(error.into()),
            };
            for marked in page.items {
                let (_, items) =
                    shown.entry(marked.id).or_insert_with(|| (marked.mark, BTreeSet::new()));
                items.insert(marked.item);
            }
            match page.next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        let documents = self.inner.settings.pages.documents;
        // In the order of ids, so that one seed of a simulation is one history.
        let mut differences = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.repository().active(event, after, documents).await?;
            after = page.last().map(|last| last.id);
            let full = page.len() == documents;
            for active in page {
                let truth = (active.mark, active.items.into_iter().collect());
                let seen = shown.remove(&active.id);
                if seen.as_ref() != Some(&truth) {
                    let marked = seen.into_iter().flat_map(|(_, items)| items).collect();
                    differences.insert(active.id, marked);
                }
            }
            if !full {
                break;
            }
        }
        differences
            .extend(shown.into_iter().map(|(id, (_, items))| (id, items.into_iter().collect())));
        Ok(Some(differences))
    }
}
