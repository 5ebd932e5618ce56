use std::{
    env,
    sync::atomic::{AtomicU32, Ordering},
};

use mongodb::{Client, Database};
use tokio::sync::OnceCell;

use crate::{Mongo, Redis, shared_mongo};

/// Where the processes of a server keep what they share.
#[derive(Debug, Clone)]
pub struct Stores {
    /// As the flag `--redis-url` has it.
    pub redis_url: String,
    /// As the flag `--mongodb-uri` has it.
    pub mongodb_uri: String,
}

impl Stores {
    /// The Redis or Redis Cluster at this URL, and a database of this MongoDB that nobody else uses.
    pub fn new(redis_url: String, mongo: &Mongo) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let database = format!("seats_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Self { redis_url, mongodb_uri: mongo.uri(&database) }
    }

    /// The database, by a client of its own: a test looks at it as an operator does.
    ///
    /// # Panics
    /// When the URI names none.
    pub async fn database(&self) -> Database {
        let client = Client::with_uri_str(&self.mongodb_uri).await.expect("it is a good URI");
        client.default_database().expect("the URI names a database")
    }
}

/// The stores of the servers that [`Server::start`](crate::Server::start) starts; none are the
/// embedded ones.
///
/// The same tests, unchanged, are a part of two test programs, and which stores they run on is told
/// by nothing but the program's name: a variable would be forgotten, and then they would run twice
/// on the same.
pub(crate) async fn stores_of_this_program() -> Option<Stores> {
    static REDIS: OnceCell<Redis> = OnceCell::const_new();
    let program = env::current_exe().expect("a process knows its program");
    // Cargo adds a hash to the name.
    let name = program.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !name.starts_with("two_servers") {
        return None;
    }
    let redis = REDIS.get_or_init(Redis::start).await;
    Some(Stores::new(redis.url(), shared_mongo().await))
}
