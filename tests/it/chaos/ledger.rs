#![allow(clippy::disallowed_methods, reason = "a history has the times at which clients saw it")]

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use seat_history::{Fault, Operation};
use seat_state::Timestamp;
use tokio::sync::watch;

use super::hall::lock;

/// Everything that was asked, told and done, by one clock.
pub(super) struct Ledger {
    origin: Instant,
    /// The system's clock at the origin, in microseconds.
    origin_us: u64,
    operations: Mutex<Vec<Operation>>,
    faults: Mutex<Vec<Fault>>,
    noted: watch::Sender<usize>,
    reads: AtomicUsize,
    complaints: Mutex<Vec<String>>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        let origin_us = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            origin: Instant::now(),
            origin_us: u64::try_from(origin_us.as_micros()).expect("it is before the year 500,000"),
            operations: Mutex::default(),
            faults: Mutex::default(),
            noted: watch::Sender::new(0),
            reads: AtomicUsize::new(0),
            complaints: Mutex::default(),
        }
    }

    /// Microseconds since the origin.
    pub(super) fn now_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).expect("no test runs for so long")
    }

    /// A moment of the system's clock, which is also that of the stores.
    pub(super) fn us_of(&self, moment: Timestamp) -> u64 {
        let ms = u64::try_from(moment.ms()).unwrap_or_default();
        (ms * 1_000).saturating_sub(self.origin_us)
    }

    pub(super) fn note(&self, operation: Operation) {
        lock(&self.operations).push(operation);
        self.noted.send_modify(|noted| *noted += 1);
    }

    pub(super) fn note_read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_fault(&self, fault: Fault) {
        lock(&self.faults).push(fault);
    }

    /// Something that no fault excuses.
    pub(super) fn complain(&self, complaint: String) {
        lock(&self.complaints).push(complaint);
    }

    /// How many operations there are so far.
    pub(super) fn noted(&self) -> usize {
        *self.noted.borrow()
    }

    pub(super) fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    /// Waits until there are so many operations; whether there are in time.
    pub(super) async fn grows_to(&self, operations: usize, within: Duration) -> bool {
        let mut noted = self.noted.subscribe();
        let enough = noted.wait_for(|&noted| noted >= operations);
        tokio::time::timeout(within, enough).await.is_ok()
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        lock(&self.complaints).clone()
    }

    pub(super) fn operations(&self) -> Vec<Operation> {
        lock(&self.operations).clone()
    }

    pub(super) fn faults(&self) -> Vec<Fault> {
        lock(&self.faults).clone()
    }
}
