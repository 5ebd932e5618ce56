use seat_layout::{BookingId, EventId};
use seat_state::Version;

use super::BookingService;
use crate::{
    Abandoned, Active, BookingError, Item, Record, RequestMark,
    planted::planted,
    ports::{FinishReply, FinishRequest, InsertReply, LockError},
};

/// How often a settlement starts again because the world changed under it.
const ROUNDS_MAX: usize = 8;

/// Whether an attempt can never become a booking any more.
pub(super) enum Fence {
    /// It can't: a document of no seats has its id.
    Won,
    /// Another document has its id: look what it is.
    Lost,
}

impl BookingService {
    /// Takes the id of an attempt, so that it can never become a booking.
    pub(super) async fn fence(
        &self,
        event: EventId,
        id: BookingId,
        request: Option<RequestMark>,
    ) -> Result<Fence, BookingError> {
        let abandoned = Abandoned { id, event, request, created_at: self.now() };
        match self.repository().insert(Record::Abandoned(abandoned)).await? {
            InsertReply::Inserted => Ok(Fence::Won),
            InsertReply::Duplicate => Ok(Fence::Lost),
        }
    }

    /// The lock store had lost that these have something, and is told.
    pub(super) async fn settle_owners(&self, event: EventId, owners: &[Active]) {
        for owner in owners {
            tracing::warn!(%event, booking = %owner.id, "the lock store had lost it");
            if let Err(error) = self.settle(event, owner.id, &[]).await {
                tracing::warn!(booking = %owner.id, %error, "left it to the audit");
            }
        }
    }

    /// Makes the lock store show of this id what the repository has; the version that shows it.
    ///
    /// This is the only way anything is undone. `marked` are items that the lock store is known to
    /// show as this id's. The epoch is read first, then the repository, and the lock store is told
    /// with that epoch; otherwise a message that was late could book a seat that was given back.
    pub(super) async fn settle(
        &self,
        event: EventId,
        id: BookingId,
        marked: &[Item],
    ) -> Result<Option<Version>, BookingError> {
        for _ in 0..ROUNDS_MAX {
            let standing = self.loaded(event, || self.locks().transfer(event, id)).await?;
            let request = standing.transfer.as_ref().and_then(|transfer| transfer.fingerprint);
            let transfer_items = standing.transfer.map(|t| t.items).unwrap_or_default();
            let Some(record) = self.repository().record(id).await? else {
                planted!(SettleWithoutFence => {
                    return Ok(self.locks().abort(event, id, transfer_items).await.ok());
                });
                let request =
                    request.map(|fingerprint| RequestMark { key: None, attempt: 0, fingerprint });
                // Won or lost, there is a document now.
                self.fence(event, id, request).await?;
                continue;
            };
            let told = match (record.active(), record) {
                (Some(active), _) => {
                    let finish = FinishRequest {
                        event,
                        id,
                        epoch: standing.epoch,
                        mark: active.mark,
                        items: active.items,
                        transfer_items,
                    };
                    match self.locks().finish(finish).await {
                        Ok(FinishReply::Finished(version)) => Ok(version),
                        Ok(FinishReply::OtherEpoch | FinishReply::Gone) => continue,
                        Err(error) => Err(error),
                    }
                }
                (None, Record::Abandoned(_)) if marked.is_empty() => {
                    self.locks().abort(event, id, transfer_items).await
                }
                (None, record) => {
                    let mut items: Vec<Item> = record.selection().items().collect();
                    items.extend(marked.iter().cloned().chain(transfer_items));
                    self.locks().free(event, id, items).await
                }
            };
            match told {
                Ok(version) => return Ok(Some(self.wrote(&event, version))),
                Err(LockError::NotLoaded) => {}
                Err(error @ LockError::Unknown(_)) => return Err(error.into()),
            }
        }
        Err(BookingError::Unavailable(None))
    }
}
