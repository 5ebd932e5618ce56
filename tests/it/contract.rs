//! Every store against the contract of its port.

mod memory {
    use std::{sync::Arc, time::Duration};

    use async_trait::async_trait;
    use seat_booking::{
        MemoryLockStore, MemoryProjection, MemoryRepository,
        contract::{LockFixture, ManualClock, ProjectionFixture, RepositoryFixture},
        ports::{LockStore, Projection, Repository, SeatRow},
    };
    use seat_layout::EventId;

    seat_booking::contract::lock_store!(lock_store);
    seat_booking::contract::repository!(repository);
    seat_booking::contract::projection!(projection);

    async fn lock_store() -> impl LockFixture {
        let clock = Arc::new(ManualClock::default());
        Locks { store: Arc::new(MemoryLockStore::with_clock(clock.clone())), clock }
    }

    async fn repository() -> impl RepositoryFixture {
        Documents(Arc::new(MemoryRepository::new()))
    }

    async fn projection() -> impl ProjectionFixture {
        let clock = Arc::new(ManualClock::default());
        Rows { projection: MemoryProjection::with_clock(clock.clone()), clock }
    }

    struct Locks {
        clock: Arc<ManualClock>,
        store: Arc<MemoryLockStore>,
    }

    #[async_trait]
    impl LockFixture for Locks {
        fn store(&self) -> Arc<dyn LockStore> {
            self.store.clone()
        }

        fn short(&self) -> Duration {
            Duration::from_secs(10)
        }

        async fn advance(&self, by: Duration) {
            self.clock.advance(by);
        }

        async fn lose(&self, _event: EventId) {
            self.store.forget();
        }

        async fn restart(&self, _event: EventId) {
            self.store.restart();
        }
    }

    struct Documents(Arc<MemoryRepository>);

    #[async_trait]
    impl RepositoryFixture for Documents {
        fn repository(&self) -> Arc<dyn Repository> {
            self.0.clone()
        }

        async fn reopen(&self) -> Arc<dyn Repository> {
            self.0.clone()
        }
    }

    struct Rows {
        clock: Arc<ManualClock>,
        projection: MemoryProjection,
    }

    #[async_trait]
    impl ProjectionFixture for Rows {
        fn projection(&self) -> Arc<dyn Projection> {
            Arc::new(self.projection.clone())
        }

        async fn rows(&self, event: EventId) -> Vec<SeatRow> {
            self.projection.rows(event)
        }

        async fn advance(&self, by: Duration) {
            self.clock.advance(by);
        }
    }
}

mod redb {
    use std::{fs, sync::Arc};

    use async_trait::async_trait;
    use seat_booking::{contract::RepositoryFixture, ports::Repository};
    use seat_redb::RedbRepository;
    use tempfile::TempDir;

    seat_booking::contract::repository!(repository);

    async fn repository() -> impl RepositoryFixture {
        let folder = tempfile::tempdir().unwrap();
        let repository = Arc::new(RedbRepository::open(folder.path().join("seats.redb")).unwrap());
        File { repository, folder }
    }

    struct File {
        // Before the folder, which can't be removed under an open file everywhere.
        repository: Arc<RedbRepository>,
        folder: TempDir,
    }

    #[async_trait]
    impl RepositoryFixture for File {
        fn repository(&self) -> Arc<dyn Repository> {
            self.repository.clone()
        }

        /// Opens a copy of the file as it is now: nothing was closed, as when the process dies.
        async fn reopen(&self) -> Arc<dyn Repository> {
            let [file, copy] =
                ["seats.redb", "copy.redb"].map(|name| self.folder.path().join(name));
            fs::copy(file, &copy).unwrap();
            Arc::new(RedbRepository::open(copy).unwrap())
        }
    }
}

mod redis {
    use std::{sync::Arc, time::Duration};

    use async_trait::async_trait;
    use seat_booking::{contract::LockFixture, ports::LockStore};
    use seat_layout::EventId;
    use seat_redis::RedisLockStore;
    use seat_testbed::Redis;
    use tokio::{
        sync::Mutex,
        time::{sleep, timeout},
    };

    seat_booking::contract::lock_store!(lock_store);

    async fn lock_store() -> impl LockFixture {
        let server = Redis::start().await;
        let store = Arc::new(RedisLockStore::connect(&server.url()).await.unwrap());
        Locks { store, server: Mutex::new(server) }
    }

    struct Locks {
        store: Arc<RedisLockStore>,
        server: Mutex<Redis>,
    }

    #[async_trait]
    impl LockFixture for Locks {
        fn store(&self) -> Arc<dyn LockStore> {
            self.store.clone()
        }

        /// Real time, since the clock is the server's; a restart takes a part of it.
        fn short(&self) -> Duration {
            Duration::from_millis(800)
        }

        async fn advance(&self, by: Duration) {
            sleep(by).await;
        }

        async fn lose(&self, _event: EventId) {
            self.server.lock().await.forget().await;
        }

        async fn restart(&self, _event: EventId) {
            self.server.lock().await.restart().await;
            let connected = async {
                while self.store.ready().await.is_err() {
                    sleep(Duration::from_millis(20)).await;
                }
            };
            let within = Duration::from_secs(10);
            timeout(within, connected).await.expect("the store connects again");
        }
    }
}

mod redis_cluster {
    use std::{sync::Arc, time::Duration};

    use async_trait::async_trait;
    use seat_booking::{contract::LockFixture, ports::LockStore};
    use seat_layout::EventId;
    use seat_redis::RedisLockStore;
    use seat_testbed::{RedisCluster, shared_cluster};
    use tokio::time::sleep;

    seat_booking::contract::lock_store!(lock_store);

    async fn lock_store() -> impl LockFixture {
        let cluster = shared_cluster().await;
        let store = Arc::new(RedisLockStore::connect(&cluster.url()).await.unwrap());
        Locks { store, cluster }
    }

    struct Locks {
        store: Arc<RedisLockStore>,
        cluster: &'static RedisCluster,
    }

    #[async_trait]
    impl LockFixture for Locks {
        fn store(&self) -> Arc<dyn LockStore> {
            self.store.clone()
        }

        /// Real time, since the clock is the server's.
        fn short(&self) -> Duration {
            Duration::from_millis(800)
        }

        async fn advance(&self, by: Duration) {
            sleep(by).await;
        }

        async fn lose(&self, event: EventId) {
            self.cluster.forget(event).await;
        }

        /// The nodes are shared, so none is restarted; the event looks as if one was.
        async fn restart(&self, event: EventId) {
            self.cluster.fail_over(event).await;
        }
    }
}

mod mongo {
    use std::{sync::Arc, time::Duration};

    use async_trait::async_trait;
    use futures_util::TryStreamExt;
    use mongodb::{
        Database,
        bson::{Document, doc, oid::ObjectId},
    };
    use seat_booking::{
        contract::{ProjectionFixture, RepositoryFixture},
        ports::{Projection, Repository, SeatRow},
    };
    use seat_layout::{EventId, Money};
    use seat_mongo::{MongoRepository, SeatStates};
    use seat_state::{Status, Timestamp, Version};
    use seat_testbed::shared_mongo;
    use tokio::time::sleep;

    seat_booking::contract::repository!(repository);
    seat_booking::contract::projection!(projection);

    async fn repository() -> impl RepositoryFixture {
        Documents(Arc::new(connected().await))
    }

    async fn projection() -> impl ProjectionFixture {
        let database = shared_mongo().await.database(DATABASE).await;
        Rows { seat_states: connected().await.seat_states(), database }
    }

    /// All cases share the server and its database.
    const DATABASE: &str = "contract";

    async fn connected() -> MongoRepository {
        MongoRepository::connect(&shared_mongo().await.uri(DATABASE)).await.unwrap()
    }

    struct Documents(Arc<MongoRepository>);

    #[async_trait]
    impl RepositoryFixture for Documents {
        fn repository(&self) -> Arc<dyn Repository> {
            self.0.clone()
        }

        /// What the server has, by connections that share nothing with the first ones.
        async fn reopen(&self) -> Arc<dyn Repository> {
            Arc::new(connected().await)
        }
    }

    struct Rows {
        seat_states: SeatStates,
        database: Database,
    }

    #[async_trait]
    impl ProjectionFixture for Rows {
        fn projection(&self) -> Arc<dyn Projection> {
            Arc::new(self.seat_states.clone())
        }

        async fn rows(&self, event: EventId) -> Vec<SeatRow> {
            let rows = self.database.collection::<Document>("seatStates");
            let of = doc! { "eventId": ObjectId::from_bytes(*event.as_bytes()) };
            let found = rows.find(of).sort(doc! { "seatId": 1 }).await.unwrap();
            let found: Vec<Document> = found.try_collect().await.unwrap();
            found.iter().map(row).collect()
        }

        /// Real time, since the clock is the server's.
        async fn advance(&self, by: Duration) {
            sleep(by).await;
        }
    }

    /// The row of a document.
    fn row(document: &Document) -> SeatRow {
        let status = document.get_str("status").unwrap();
        let number = |field| u64::try_from(document.get_i64(field).unwrap()).unwrap();
        assert_eq!(number("version"), number("seq"), "the specification's field is the sequence");
        SeatRow {
            seat: document.get_str("seatId").unwrap().parse().unwrap(),
            status: Status::ALL.into_iter().find(|known| known.as_str() == status).unwrap(),
            version: Version { epoch: number("epoch"), seq: number("seq") },
            expires_at: document
                .get_datetime("holdExpiresAt")
                .ok()
                .map(|at| Timestamp::from_ms(at.timestamp_millis())),
            held_by: document.get_str("heldBy").ok().map(|user| user.parse().unwrap()),
            price: document
                .get_f64("bookedPrice")
                .map_or(Money::ZERO, |price| Money::from_major(price).unwrap()),
        }
    }
}
