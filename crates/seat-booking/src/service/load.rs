use std::pin::pin;

use futures_util::future::{BoxFuture, Either, select};
use seat_layout::EventId;
use seat_state::{Timestamp, Version};

use super::{BookingService, guard};
use crate::{
    Active, BookingError,
    ports::{LoadBeginReply, LoadReply, LoadRequest, LockError},
};

impl BookingService {
    /// Takes a step of the lock store, loading the event first where that is needed.
    pub(super) async fn loaded<'s, T>(
        &'s self,
        event: EventId,
        step: impl Fn() -> BoxFuture<'s, Result<T, LockError>>,
    ) -> Result<T, BookingError> {
        let deadline = self.now().after(self.inner.settings.timing.load_wait);
        loop {
            match step().await {
                Err(LockError::NotLoaded) if self.now() < deadline => {
                    match self.inner.loadings.try_take(event) {
                        Some(_turn) => self.load(event, deadline).await?,
                        None => self.loaded_by_another(event, deadline).await,
                    }
                }
                reply => return Ok(reply?),
            }
        }
    }

    /// What comes of something that others do at the same time, unless they take too long: where a
    /// store is away, those who wait for each other must not queue up.
    pub(super) async fn within_load_wait<T>(
        &self,
        waiting: impl Future<Output = T> + Unpin,
    ) -> Result<T, BookingError> {
        let timeout = self.clock().sleep(self.inner.settings.timing.load_wait);
        match select(waiting, timeout).await {
            Either::Left((done, _)) => Ok(done),
            Either::Right(_) => Err(BookingError::Unavailable(None)),
        }
    }

    /// Waits until whoever loads the event on this node has ended, but not for ever.
    async fn loaded_by_another(&self, event: EventId, deadline: Timestamp) {
        let turn = pin!(self.inner.loadings.take(event));
        select(turn, self.clock().sleep(deadline.since(self.now()))).await;
    }

    /// Sees to it that the event is loaded.
    async fn load(&self, event: EventId, deadline: Timestamp) -> Result<(), BookingError> {
        let timing = &self.inner.settings.timing;
        loop {
            let [a, b, c, d, ..] = self.inner.ports.random.bytes();
            let random = u32::from_be_bytes([a, b, c, d]) % 1_000_000;
            let request = LoadRequest { event, random, lease: timing.load_lease };
            match self.locks().load_begin(request).await? {
                LoadBeginReply::Ready => return Ok(()),
                LoadBeginReply::Begun { epoch } => {
                    // Whoever has fenced us off loads it; we wait for that below.
                    if self.fill(event, epoch).await? {
                        let due = self.now().after(timing.verify_after);
                        guard(&self.inner.audits).insert(event, due);
                        self.note_unprojected(event, Version { epoch, seq: 0 });
                        tracing::info!(%event, epoch, "loaded the event");
                        return Ok(());
                    }
                }
                LoadBeginReply::Busy if self.now() >= deadline => {
                    return Err(LockError::NotLoaded.into());
                }
                LoadBeginReply::Busy => self.clock().sleep(timing.retry_pause).await,
            }
        }
    }

    /// Tells the lock store what the repository has; `false` when somebody else has taken over.
    ///
    /// The repository is read after the last old mark is gone: what commits from then on comes
    /// by its own finish, in this epoch.
    async fn fill(&self, event: EventId, epoch: u64) -> Result<bool, BookingError> {
        loop {
            match self.locks().load_drop(event, epoch).await? {
                LoadReply::Done => break,
                LoadReply::Again => {}
                LoadReply::Fenced => return Ok(false),
            }
        }
        let pages = &self.inner.settings.pages;
        let mut after = None;
        loop {
            let page = self.repository().active(event, after, pages.documents).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            let full = page.len() == pages.documents;
            for chunk in chunks(page, pages.loaded_items) {
                match self.locks().load_chunk(event, epoch, chunk).await? {
                    LoadReply::Done | LoadReply::Again => {}
                    LoadReply::Fenced => return Ok(false),
                }
            }
            if !full {
                break;
            }
        }
        match self.locks().load_end(event, epoch).await? {
            LoadReply::Done | LoadReply::Again => Ok(true),
            LoadReply::Fenced => Ok(false),
        }
    }
}

/// Documents in groups of about so many items.
fn chunks(page: Vec<Active>, of: usize) -> Vec<Vec<Active>> {
    let mut chunks = vec![Vec::new()];
    let mut items = 0;
    for document in page {
        if items >= of {
            chunks.push(Vec::new());
            items = 0;
        }
        items += document.items.len();
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(document);
        }
    }
    chunks
}
