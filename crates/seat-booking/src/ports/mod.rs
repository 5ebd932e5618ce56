//! What the service asks of the world.

mod clock;
mod lock_store;
mod projection;
mod repository;

use std::{error::Error, fmt, sync::Arc};

pub use clock::{Clock, Randomness, SystemClock, SystemRandomness};
#[cfg(any(test, feature = "mocks"))]
pub use lock_store::MockLockStore;
pub use lock_store::{
    BeginReply, BlockReply, BlockRequest, ChangesReply, ExtendReply, ExtendRequest, FinishReply,
    FinishRequest, Held, HoldReply, HoldRequest, LoadBeginReply, LoadReply, LoadRequest, LockError,
    LockStore, MarkedItem, MarksPage, ReleaseReply, SnapshotPage, SweepReply, TableHoldRequest,
    Transfer, TransferReply, TransferRequest, UserHolds,
};
pub use projection::{ClaimId, ClaimReply, FinishedClaim, Projection, ProjectionError, SeatRow};
#[cfg(any(test, feature = "mocks"))]
pub use repository::MockRepository;
pub use repository::{InsertReply, Repository, RepositoryError, UpdateReply};

/// What a store's own library said, with the store and the operation. Cloning shares it.
#[derive(Clone)]
pub struct BackendError {
    /// Which store, such as `redb`.
    pub backend: &'static str,
    /// What was asked of it, such as `insert`.
    pub operation: &'static str,
    source: Arc<dyn Error + Send + Sync>,
}

impl BackendError {
    /// The error of an operation of a store.
    pub fn new(
        backend: &'static str,
        operation: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { backend, operation, source: Arc::from(source.into()) }
    }
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} could not {}", self.backend, self.operation)
    }
}

impl fmt::Debug for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}: {:?}", self.source)
    }
}

impl Error for BackendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
