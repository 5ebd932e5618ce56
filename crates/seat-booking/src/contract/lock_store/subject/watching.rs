use std::collections::BTreeMap;

use seat_layout::SeatId;
use seat_state::{Change, SeatChange, Status, Version};

use super::LockSubject;
use crate::{
    contract::seats,
    ports::{ChangesReply, MarkedItem, SnapshotPage, SweepReply},
};

/// How many changes are asked for at once.
const CHANGES: usize = 1_000;

impl LockSubject {
    pub(crate) async fn sweep(&self, limit: usize) -> SweepReply {
        self.store.sweep(self.event, limit).await.unwrap()
    }

    pub(crate) async fn page(&self, cursor: String) -> SnapshotPage {
        self.store.snapshot(self.event, cursor).await.unwrap()
    }

    pub(crate) async fn version(&self) -> Version {
        self.page(String::new()).await.version
    }

    pub(crate) async fn changes(&self, since: Version, limit: usize) -> ChangesReply {
        self.store.changes(self.event, since, limit).await.unwrap()
    }

    /// Who has read a whole snapshot and the changes after it.
    pub(crate) async fn watch(&self) -> Watcher {
        let mut watcher = self.watch_first_page().await;
        watcher.read_on(self).await;
        watcher.follow(self).await;
        watcher
    }

    /// Who has read the first page of a snapshot.
    pub(crate) async fn watch_first_page(&self) -> Watcher {
        let page = self.page(String::new()).await;
        let mut watcher =
            Watcher { version: page.version, states: BTreeMap::new(), cursor: page.next };
        watcher.note(page.seats);
        watcher
    }

    /// Every seat that is not available.
    pub(crate) async fn states(&self) -> BTreeMap<SeatId, SeatChange> {
        self.watch().await.states
    }

    /// One letter for the status of each of these seats.
    pub(crate) async fn letters(&self, what: &str) -> String {
        self.watch().await.letters(what)
    }

    /// Every item that is booked or blocked, by the items' texts.
    pub(crate) async fn marks(&self) -> Vec<MarkedItem> {
        let mut marks = Vec::new();
        let mut cursor = Some(String::new());
        while let Some(at) = cursor {
            let page = self.store.marks(self.event, at).await.unwrap();
            marks.extend(page.items);
            cursor = page.next;
        }
        marks.sort_by_key(|marked| marked.item.to_string());
        marks
    }

    /// Who holds which of these seats, by the texts of both.
    pub(crate) async fn holders(&self, what: &str) -> Vec<(String, String)> {
        let holders = self.store.holders(self.event, seats(what)).await.unwrap();
        holders.iter().map(|(seat, user)| (seat.to_string(), user.to_string())).collect()
    }
}

/// Somebody who knows the event from a snapshot and the changes after it.
pub(crate) struct Watcher {
    pub(crate) version: Version,
    pub(crate) states: BTreeMap<SeatId, SeatChange>,
    cursor: Option<String>,
}

impl Watcher {
    /// Reads the other pages of the snapshot; how many there were.
    pub(crate) async fn read_on(&mut self, subject: &LockSubject) -> usize {
        let mut pages = 0;
        while let Some(cursor) = self.cursor.take() {
            let page = subject.page(cursor).await;
            self.note(page.seats);
            self.cursor = page.next;
            pages += 1;
        }
        pages
    }

    /// Applies the changes up to now, each of which must be the next one, and gives them back.
    pub(crate) async fn follow(&mut self, subject: &LockSubject) -> Vec<Change> {
        let mut followed = Vec::new();
        loop {
            let reply = subject.changes(self.version, CHANGES).await;
            let ChangesReply::Changes(changes) = reply else {
                panic!("version {} should still be known", self.version)
            };
            for change in &changes {
                assert_eq!(change.seq, self.version.seq + 1, "the sequence should have no gap");
                self.version.seq = change.seq;
                self.note(change.seats.clone());
            }
            let all = changes.len() < CHANGES;
            followed.extend(changes);
            if all {
                return followed;
            }
        }
    }

    pub(crate) fn letters(&self, what: &str) -> String {
        let status = |seat| self.states.get(seat).map_or(Status::Available, |state| state.status);
        seats(what).iter().map(|seat| status(seat).letter()).collect()
    }

    fn note(&mut self, seats: Vec<SeatChange>) {
        for state in seats {
            if state.status == Status::Available {
                self.states.remove(&state.seat);
            } else {
                self.states.insert(state.seat.clone(), state);
            }
        }
    }
}
