use std::{fmt::Debug, time::Duration};

use seat_layout::BookingId;

use super::{LONG, LockSubject, items};
use crate::{
    Active, Mark,
    ports::{LoadBeginReply, LoadReply, LoadRequest, LockError},
};

impl LockSubject {
    /// Loads the event with nothing active, and gives back the epoch.
    pub(crate) async fn load(&self) -> u64 {
        self.load_with(Vec::new()).await
    }

    pub(crate) async fn load_with(&self, active: Vec<Active>) -> u64 {
        let epoch = self.load_begun().await;
        self.load_dropped(epoch).await;
        assert_eq!(self.load_chunk(epoch, active).await, LoadReply::Done);
        assert_eq!(self.load_end(epoch).await, LoadReply::Done);
        epoch
    }

    /// Restarts the store and loads the event anew, with nothing active.
    pub(crate) async fn reload(&self) -> u64 {
        self.restart_noticed().await;
        self.load().await
    }

    /// Restarts the store and has it notice that.
    pub(crate) async fn restart_noticed(&self) {
        self.restart().await;
        assert_not_loaded("sweep", &self.store.sweep(self.event, 1).await);
    }

    pub(crate) async fn load_begin(&self, random: u32, lease: Duration) -> LoadBeginReply {
        let request = LoadRequest { event: self.event, random, lease };
        self.store.load_begin(request).await.unwrap()
    }

    pub(crate) async fn load_begun(&self) -> u64 {
        begun_epoch(self.load_begin(0, LONG).await)
    }

    pub(crate) async fn load_drop(&self, epoch: u64) -> LoadReply {
        self.store.load_drop(self.event, epoch).await.unwrap()
    }

    pub(crate) async fn load_dropped(&self, epoch: u64) {
        let mut reply = LoadReply::Again;
        while reply == LoadReply::Again {
            reply = self.load_drop(epoch).await;
        }
        assert_eq!(reply, LoadReply::Done);
    }

    pub(crate) async fn load_chunk(&self, epoch: u64, active: Vec<Active>) -> LoadReply {
        self.store.load_chunk(self.event, epoch, active).await.unwrap()
    }

    pub(crate) async fn load_end(&self, epoch: u64) -> LoadReply {
        self.store.load_end(self.event, epoch).await.unwrap()
    }
}

/// What the repository has of a booking.
pub(crate) fn booking(id: BookingId, what: &str) -> Active {
    Active { id, mark: Mark::Booked, items: items(what) }
}

/// What the repository has of a block.
pub(crate) fn block(id: BookingId, what: &str) -> Active {
    Active { id, mark: Mark::Blocked, items: items(what) }
}

pub(crate) fn begun_epoch(reply: LoadBeginReply) -> u64 {
    let LoadBeginReply::Begun { epoch } = reply else {
        panic!("the event should have to be loaded: {reply:?}")
    };
    epoch
}

pub(crate) fn assert_not_loaded<T: Debug>(call: &str, result: &Result<T, LockError>) {
    assert!(matches!(result, Err(LockError::NotLoaded)), "{call}: {result:?}");
}
