//! Stores that live in memory: for tests, for embedding, and, with a repository on disk, for a
//! server that runs alone.

#[cfg(feature = "contract")]
pub(crate) mod content;
mod event_locks;
mod lock_store;
mod projection;
mod repository;

pub use lock_store::{MemoryLockStore, SavedHolds};
pub use projection::MemoryProjection;
pub use repository::MemoryRepository;
