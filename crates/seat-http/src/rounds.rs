//! The loops that drive the service's background rounds. None of them ends before
//! [`Tasks::drain`], whatever a store or a round does.

use std::{collections::HashMap, panic::AssertUnwindSafe, time::Duration};

use futures_util::{FutureExt, StreamExt, stream};
use seat_booking::{BookingError, BookingService};
use seat_layout::EventId;
use seat_state::Timestamp;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::{Tasks, telemetry};

/// How many events are worked on at once.
const AT_ONCE: usize = 8;

/// How long writes gather before they are read: many changes then cost the lock store one call,
/// and a watcher learns of each at most this much later, or twice this much when another node made
/// it.
const GATHER: Duration = Duration::from_millis(10);

/// How many events besides the followed ones are visited in one round; where there are more, the
/// next round goes on with them.
const EVENTS_PER_ROUND: usize = 1_000;

/// How many events are read at once.
const PAGE: usize = 100;

/// How often one kind of failure is logged.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// How often histograms are emptied into their buckets.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

impl Tasks {
    /// Starts what keeps the service's promises without anyone asking: live views follow the
    /// changes, expired holds are swept, unfinished transfers are settled, the stores are compared,
    /// and the projection, where there is one, is written. To be called once for each service; it
    /// goes on until [`drain`](Self::drain).
    pub fn run_rounds(&self, service: BookingService) {
        let stopping = self.stopping();
        self.spawn(listen(service.clone(), stopping.clone()));
        self.spawn(follow(service.clone(), stopping.clone()));
        self.spawn(tend_followed(service.clone(), stopping.clone()));
        self.spawn(audit_loaded(service.clone(), stopping.clone()));
        self.spawn(project_changed(service.clone(), stopping.clone()));
        self.spawn(in_turn(Care::Locks, service.clone(), stopping.clone()));
        self.spawn(in_turn(Care::Projection, service, stopping.clone()));
    }
}

/// Learns what other nodes change, as far as the lock store hints at it. It waits for a store that
/// is away, which `follow` must not.
async fn listen(service: BookingService, stopping: CancellationToken) {
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            () = service.listen() => sleep(GATHER).await,
        }
    }
}

/// Brings live views up to date, at once after a write of this node or a hint at one of another,
/// else at every poll.
async fn follow(service: BookingService, stopping: CancellationToken) {
    let mut failures = Failures::default();
    let mut poll_tick = ticks(service.settings().timing.poll_every);
    loop {
        let events = tokio::select! {
            () = stopping.cancelled() => return,
            () = service.changed() => {
                sleep(GATHER).await;
                service.take_changed()
            }
            _ = poll_tick.tick() => {
                let followed = service.followed();
                telemetry::followed(followed.len());
                followed
            }
        };
        let outcome = each(&service, events, |service, event| async move {
            service.follow(&event).await.map(|()| 0)
        });
        failures.note("follow", outcome.await, service.now());
    }
}

/// Sweeps and reconciles the events that somebody reads here.
async fn tend_followed(service: BookingService, stopping: CancellationToken) {
    let mut failures = Failures::default();
    let timing = &service.settings().timing;
    let mut sweep_tick = ticks(timing.sweep_every);
    let mut reconcile_tick = ticks(timing.reconcile_every);
    let mut upkeep_tick = ticks(UPKEEP_EVERY);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = sweep_tick.tick() => sweep(&service, service.followed(), &mut failures).await,
            _ = reconcile_tick.tick() => {
                reconcile(&service, service.followed(), &mut failures).await;
            }
            _ = upkeep_tick.tick() => {
                service.drop_idle();
                telemetry::upkeep();
            }
        }
    }
}

/// Audits the events that this node has loaded, once an insert that was in flight meanwhile must
/// have come through.
async fn audit_loaded(service: BookingService, stopping: CancellationToken) {
    let mut failures = Failures::default();
    let mut tick = ticks(service.settings().timing.reconcile_every);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = tick.tick() => audit(&service, service.audits_due(), &mut failures).await,
        }
    }
}

/// Projects what this node has made and changed.
async fn project_changed(service: BookingService, stopping: CancellationToken) {
    let mut failures = Failures::default();
    let mut tick = ticks(service.settings().timing.project_every);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = tick.tick() => project(&service, service.unprojected(), &mut failures).await,
        }
    }
}

/// What every event there is gets, whether somebody looks at it or not.
#[derive(Clone, Copy)]
enum Care {
    /// It is swept, reconciled and audited, so that nothing sticks.
    Locks,
    /// Its projection is written. After the lock store has lost everything that is a lot, and the
    /// locks must not wait for it.
    Projection,
}

/// Takes care of every event there is, in turn.
async fn in_turn(care: Care, service: BookingService, stopping: CancellationToken) {
    let mut failures = Failures::default();
    let mut tick = ticks(service.settings().timing.round_every);
    let mut before = None;
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = tick.tick() => {}
        }
        let mut visited = 0;
        while visited < EVENTS_PER_ROUND && !stopping.is_cancelled() {
            let page = match service.events(before, PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    failures.note("events", Outcome::failed(error), service.now());
                    break;
                }
            };
            before = page.last().map(|event| event.id);
            if before.is_none() {
                break;
            }
            visited += page.len();
            let events: Vec<EventId> = page.into_iter().map(|event| event.id).collect();
            match care {
                Care::Locks => {
                    sweep(&service, events.clone(), &mut failures).await;
                    reconcile(&service, events.clone(), &mut failures).await;
                    audit(&service, events, &mut failures).await;
                }
                Care::Projection => project(&service, events, &mut failures).await,
            }
        }
    }
}

async fn sweep(service: &BookingService, events: Vec<EventId>, failures: &mut Failures) {
    let outcome =
        each(service, events, |service, event| async move { service.sweep(&event).await });
    failures.note("sweep", outcome.await, service.now());
}

async fn reconcile(service: &BookingService, events: Vec<EventId>, failures: &mut Failures) {
    let outcome =
        each(service, events, |service, event| async move { service.reconcile(&event).await });
    failures.note("reconcile", outcome.await, service.now());
}

async fn audit(service: &BookingService, events: Vec<EventId>, failures: &mut Failures) {
    let outcome = each(service, events, |service, event| async move {
        let report = service.audit(&event).await?;
        telemetry::differences(report.settled);
        Ok(report.settled)
    });
    failures.note("audit", outcome.await, service.now());
}

async fn project(service: &BookingService, events: Vec<EventId>, failures: &mut Failures) {
    let outcome =
        each(service, events, |service, event| async move { service.project(&event).await });
    failures.note("project", outcome.await, service.now());
}

/// What came of a round over some events.
#[derive(Default)]
struct Outcome {
    settled: usize,
    failed: usize,
    /// The first failure; `None` of a panic, which its hook has printed.
    error: Option<BookingError>,
}

impl Outcome {
    fn failed(error: BookingError) -> Self {
        Self { settled: 0, failed: 1, error: Some(error) }
    }
}

/// Does a round for each event, some at once. A round is never dropped half-way, which a store's
/// driver would not survive, and a panic of one ends only that one.
async fn each<F>(
    service: &BookingService,
    events: Vec<EventId>,
    round: impl Fn(BookingService, EventId) -> F,
) -> Outcome
where
    F: Future<Output = Result<usize, BookingError>>,
{
    let rounds = events.into_iter().map(|event| round(service.clone(), event));
    let mut rounds = stream::iter(rounds)
        .map(|round| AssertUnwindSafe(round).catch_unwind())
        .buffer_unordered(AT_ONCE);
    let mut outcome = Outcome::default();
    while let Some(done) = rounds.next().await {
        match done {
            Ok(Ok(settled)) => outcome.settled += settled,
            Ok(Err(error)) => {
                outcome.failed += 1;
                outcome.error.get_or_insert(error);
            }
            Err(_) => outcome.failed += 1,
        }
    }
    outcome
}

/// Logs each kind of failure at most once a minute: a store that is away for an hour is one story.
#[derive(Default)]
struct Failures {
    logged: HashMap<&'static str, Timestamp>,
}

impl Failures {
    fn note(&mut self, kind: &'static str, outcome: Outcome, now: Timestamp) {
        if outcome.settled > 0 {
            telemetry::round_settled(kind, outcome.settled);
        }
        if outcome.failed == 0 {
            return;
        }
        telemetry::round_failed(kind);
        if self.is_due(kind, now) {
            let Outcome { failed, error, .. } = outcome;
            let error = error.as_ref().map(|error| error as &dyn std::error::Error);
            tracing::warn!(kind, events = failed, error, "a background round failed");
        }
    }

    fn is_due(&mut self, kind: &'static str, now: Timestamp) -> bool {
        let due = self.logged.get(kind).is_none_or(|&last| now.since(last) >= LOG_EVERY);
        if due {
            self.logged.insert(kind, now);
        }
        due
    }
}

/// Ticks that are skipped, not made up for, when a round takes longer.
fn ticks(every: Duration) -> tokio::time::Interval {
    // tokio panics over an interval of zero.
    let mut ticks = interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::state;

    fn events(count: u8) -> Vec<EventId> {
        (0..count).map(|i| EventId::from_bytes([i; 12])).collect()
    }

    #[actix_web::test]
    async fn a_round_that_fails_or_panics_does_not_keep_the_others_back() {
        let all = events(20);
        let (fails, panics) = (all[3], all[5]);
        let state = state();
        let outcome = each(state.service(), all, |_, event| async move {
            assert!(event != panics, "planted");
            if event == fails { Err(BookingError::EventNotFound) } else { Ok(1) }
        });
        let outcome = outcome.await;
        assert_eq!((outcome.settled, outcome.failed), (18, 2));
        assert!(outcome.error.is_some());
    }

    #[test]
    fn a_kind_of_failure_is_logged_once_a_minute() {
        let mut failures = Failures::default();
        let at = |seconds: i64| Timestamp::from_ms(seconds * 1_000);
        assert!(failures.is_due("sweep", at(0)));
        assert!(!failures.is_due("sweep", at(59)));
        assert!(failures.is_due("audit", at(59)));
        assert!(failures.is_due("sweep", at(60)));
        assert!(!failures.is_due("sweep", at(119)));
    }
}
