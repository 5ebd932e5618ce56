//! The contract suite: what every [`LockStore`](crate::ports::LockStore), every
//! [`Repository`](crate::ports::Repository) and every
//! [`Projection`](crate::ports::Projection) has to do, as tests.
//!
//! The cases of a port are listed once, in its macro, so no store can leave one out. The name of
//! a case begins with the number of the sentence that it checks. The crate that calls a macro
//! needs tokio with `macros` and `rt-multi-thread`.
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//!
//! use async_trait::async_trait;
//! use seat_booking::{
//!     MemoryLockStore,
//!     contract::{LockFixture, ManualClock},
//!     ports::LockStore,
//! };
//! use seat_layout::EventId;
//!
//! struct Memory {
//!     clock: Arc<ManualClock>,
//!     store: Arc<MemoryLockStore>,
//! }
//!
//! #[async_trait]
//! impl LockFixture for Memory {
//!     fn store(&self) -> Arc<dyn LockStore> {
//!         self.store.clone()
//!     }
//!     fn short(&self) -> Duration {
//!         Duration::from_secs(10)
//!     }
//!     async fn advance(&self, by: Duration) {
//!         self.clock.advance(by);
//!     }
//!     async fn lose(&self, _event: EventId) {
//!         self.store.forget();
//!     }
//!     async fn restart(&self, _event: EventId) {
//!         self.store.restart();
//!     }
//! }
//!
//! async fn memory() -> impl LockFixture {
//!     let clock = Arc::new(ManualClock::default());
//!     Memory { store: Arc::new(MemoryLockStore::with_clock(clock.clone())), clock }
//! }
//!
//! seat_booking::contract::lock_store!(memory);
//! ```

mod clock;
mod fresh;
#[doc(hidden)]
pub mod lock_store;
#[doc(hidden)]
pub mod projection;
mod random;
#[doc(hidden)]
pub mod repository;
mod select;

pub use clock::ManualClock;
pub use lock_store::{LockFixture, LockSubject};
pub use projection::{ProjectionFixture, ProjectionSubject};
pub use random::SeededRandomness;
pub use repository::{RepositoryFixture, RepositorySubject};

pub use crate::memory::content::{EventContent, ItemContent, ItemLock, ItemMark};
pub(crate) use fresh::Fresh;
pub(crate) use select::{seat, seats, selection, user};

#[doc(inline)]
pub use crate::lock_store_contract as lock_store;
#[doc(inline)]
pub use crate::projection_contract as projection;
#[doc(inline)]
pub use crate::repository_contract as repository;

/// One test for each case.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_cases {
    ($module:ident, $subject:ident, $fixture:path; $($case:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let subject = $crate::contract::$subject::new($fixture().await);
            $crate::contract::$module::$case(&subject).await;
        }
    )+};
}
