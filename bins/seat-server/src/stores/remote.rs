use std::{sync::Arc, time::Duration};

use seat_booking::{
    Timing,
    ports::{LockStore, Projection, Repository},
};
use seat_mongo::MongoRepository;
use seat_redis::RedisLockStore;
use tokio::time::timeout;

use crate::start_error::StartError;

/// How long a stop waits for a store to say goodbye; nothing is lost when it does not.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);

/// Redis for locks and MongoDB for everything else, which other servers use beside this one.
pub(crate) struct RemoteStores {
    locks: RedisLockStore,
    repository: MongoRepository,
}

impl RemoteStores {
    /// Connects to both.
    pub(super) async fn connect(
        redis_url: &str,
        mongodb_uri: &str,
        timing: &Timing,
    ) -> Result<Self, StartError> {
        let locks = RedisLockStore::connect(redis_url).await?;
        let check_every = timing.schema_check_every;
        let repository = MongoRepository::connect_checking(mongodb_uri, check_every).await?;
        Ok(Self { locks, repository })
    }

    pub(super) fn locks(&self) -> Arc<dyn LockStore> {
        Arc::new(self.locks.clone())
    }

    pub(super) fn repository(&self) -> Arc<dyn Repository> {
        Arc::new(self.repository.clone())
    }

    pub(super) fn projection(&self) -> Arc<dyn Projection> {
        Arc::new(self.repository.seat_states())
    }

    /// Ends the connections.
    pub(super) async fn close(&self) {
        let closed = async {
            self.repository.close().await;
            self.locks.close().await;
        };
        if timeout(CLOSED_WITHIN, closed).await.is_err() {
            tracing::warn!("a store did not say goodbye");
        }
    }
}
