//! Stores that live in memory: for tests, for embedding, and, with a repository on disk, for a
//! server that runs alone.

mod event_locks;
mod lock_store;
mod repository;

pub use lock_store::{MemoryLockStore, SavedHolds};
pub use repository::MemoryRepository;
