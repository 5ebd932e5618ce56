use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use seat_layout::EventId;
use seat_state::{Change, Version};
use tokio::sync::broadcast::{self, error::RecvError};

use super::{BookingService, EventView};
use crate::{BookingError, ports::ChangesReply};

/// How many steps a watcher that comes back is told one by one.
const RESUME_MAX: usize = 4_096;

/// A change as every watcher of an event gets it.
pub struct Announcement {
    /// The version after it.
    pub version: Version,
    /// What has changed.
    pub change: Change,
    wire: OnceLock<Bytes>,
}

impl Announcement {
    pub(super) fn new(version: Version, change: Change) -> Self {
        Self { version, change, wire: OnceLock::new() }
    }

    /// Its form on the wire: rendered by the first watcher, shared by all.
    pub fn wire(&self, render: impl FnOnce(&Self) -> Bytes) -> Bytes {
        self.wire.get_or_init(|| render(self)).clone()
    }
}

impl fmt::Debug for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Announcement").field(&self.version).field(&self.change.seats).finish()
    }
}

/// What a watcher is told.
#[derive(Debug, Clone)]
pub enum WatchMessage {
    /// The next change.
    Change(Arc<Announcement>),
    /// Changes are missing: read the states anew, at this version or later. The stream goes on
    /// after it.
    Resync(Version),
}

/// The changes of an event from some version on, in order and without gaps.
pub struct Watch {
    view: Arc<EventView>,
    receiver: broadcast::Receiver<WatchMessage>,
    missed: VecDeque<WatchMessage>,
    version: Version,
}

impl BookingService {
    /// Watches an event from now on, or resumes after a version. Whoever follows the view with
    /// [`follow`](Self::follow) makes it go on.
    ///
    /// # Errors
    /// [`BookingError::EventNotFound`], [`BookingError::Unavailable`].
    pub async fn watch(
        &self,
        event: &EventId,
        since: Option<Version>,
    ) -> Result<Watch, BookingError> {
        let view = self.view(event, None).await?;
        let (receiver, now) = view.subscribe();
        let mut watch = Watch { view, receiver, missed: VecDeque::new(), version: now };
        let Some(since) = since.filter(|since| *since != now) else { return Ok(watch) };
        let missed = self.loaded(*event, || self.locks().changes(*event, since, RESUME_MAX));
        match missed.await? {
            ChangesReply::Changes(changes) => {
                watch.version = since;
                watch.missed.extend(changes.into_iter().map(|change| {
                    let version = Version { epoch: since.epoch, seq: change.seq };
                    WatchMessage::Change(Arc::new(Announcement::new(version, change)))
                }));
            }
            ChangesReply::Resync => watch.missed.push_back(WatchMessage::Resync(now)),
        }
        Ok(watch)
    }
}

impl Watch {
    /// The version after which it goes on.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The next message. Dropping the future loses nothing. `None` never comes while the service
    /// lives.
    pub async fn next(&mut self) -> Option<WatchMessage> {
        loop {
            let message = match self.missed.pop_front() {
                Some(message) => message,
                None => match self.receiver.recv().await {
                    Ok(message) => message,
                    Err(RecvError::Closed) => return None,
                    Err(RecvError::Lagged(_)) => {
                        let (receiver, now) = self.view.subscribe();
                        self.receiver = receiver;
                        WatchMessage::Resync(now)
                    }
                },
            };
            match &message {
                WatchMessage::Resync(version) => self.version = *version,
                WatchMessage::Change(announcement) => {
                    let next = announcement.version;
                    // What was missed and what was announced may overlap.
                    if next.epoch == self.version.epoch && next.seq <= self.version.seq {
                        continue;
                    }
                    self.version = next;
                }
            }
            return Some(message);
        }
    }
}
