use std::sync::Arc;

use async_trait::async_trait;

use crate::ports::Repository;

/// A repository. Each case has a fixture of its own and ids that no other case uses; the server
/// behind it may be shared.
#[async_trait]
pub trait RepositoryFixture: Send + Sync {
    /// The repository.
    fn repository(&self) -> Arc<dyn Repository>;

    /// What a process finds that starts now, as after a crash of this one. One that lives in the
    /// memory of this process gives back itself.
    async fn reopen(&self) -> Arc<dyn Repository>;
}
