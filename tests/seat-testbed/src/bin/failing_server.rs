//! A server that fails once, on purpose, at a named point of the protocol. Everything else of it is
//! the product's own.
//!
//! It is a program of its own rather than a `--cfg` of the product: what is not there can't be
//! switched on by mistake, and the tests drive the very server that is shipped beside it.
//! It logs its address as that one does, and `point reached` before it fails.

#![allow(clippy::print_stderr, reason = "whoever started it reads the address there")]

use std::{error::Error, path::PathBuf, sync::Arc, time::Duration};

use actix_web::HttpServer;
use clap::Parser;
use seat_booking::{
    BookingService, Limits, MemoryLockStore, Ports, Settings, Timing,
    ports::{LockStore, Repository, SystemClock, SystemRandomness},
};
use seat_http::{Options, State, Tasks};
use seat_layout::EventId;
use seat_mongo::MongoRepository;
use seat_redb::RedbRepository;
use seat_redis::RedisLockStore;
use seat_testbed::{Failure, Interposed, Point, Trap};

/// A server that fails once, at a named point of the protocol
#[derive(Parser)]
#[command(name = "failing_server")]
struct Arguments {
    /// Redis, for locks
    #[arg(long, requires = "mongodb_uri", required_unless_present = "data_dir")]
    redis_url: Option<String>,
    /// MongoDB, for layouts and bookings
    #[arg(long, requires = "redis_url")]
    mongodb_uri: Option<String>,
    /// Where the embedded stores keep their files, instead of Redis and MongoDB
    #[arg(long, conflicts_with = "redis_url")]
    data_dir: Option<PathBuf>,
    /// The secret that signs tokens
    #[arg(long)]
    jwt_secret: String,
    /// The point at which it fails, such as insert.before
    #[arg(long, value_parser = point, requires = "failure")]
    at: Option<&'static Point>,
    /// What it does there
    #[arg(long = "do")]
    failure: Option<Failure>,
    /// The how-manieth time that it comes to the point
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    call: u32,
    /// The only event that it takes care of without being asked
    #[arg(long)]
    only: Option<EventId>,
    /// The age from which a transfer is settled
    #[arg(long)]
    reconcile_age_ms: Option<u64>,
    /// How often its event, or every one, is swept, reconciled and audited
    #[arg(long)]
    round_every_ms: Option<u64>,
    /// How long a loader may be silent before another takes over
    #[arg(long)]
    load_lease_ms: Option<u64>,
    /// How long a difference must last before an audit settles it
    #[arg(long)]
    audit_confirm_ms: Option<u64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let tasks = Tasks::own()?;
    let (locks, repository) = tasks.handle().block_on(arguments.stores())?;
    let trap = Arc::new(arguments.trap());
    let ports = Ports {
        locks: Arc::new(Interposed { store: locks, trap: Arc::clone(&trap), only: arguments.only }),
        repository: Arc::new(Interposed { store: repository, trap, only: arguments.only }),
        projection: None,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandomness),
    };
    let service = BookingService::with_ports(ports, arguments.settings());
    tasks.run_rounds(service.clone());
    let state = State::new(service, tasks, Options::new(arguments.jwt_secret.into()));
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(move || seat_http::app(&state)).bind("127.0.0.1:0")?;
        for address in server.addrs() {
            let line = format!(r#"{{"fields":{{"message":"listening","address":"{address}"}}}}"#);
            eprintln!("{line}");
        }
        Ok(server.run().await?)
    })
}

impl Arguments {
    async fn stores(&self) -> Result<(Arc<dyn LockStore>, Arc<dyn Repository>), Box<dyn Error>> {
        match (&self.redis_url, &self.mongodb_uri, &self.data_dir) {
            (Some(redis_url), Some(mongodb_uri), _) => Ok((
                Arc::new(RedisLockStore::connect(redis_url).await?),
                Arc::new(MongoRepository::connect(mongodb_uri).await?),
            )),
            (_, _, Some(data_dir)) => Ok((
                Arc::new(MemoryLockStore::new()),
                // The file that the shipped server opens in this folder.
                Arc::new(RedbRepository::open(data_dir.join("seats.redb"))?),
            )),
            (_, _, None) => Err("no stores were named".into()),
        }
    }

    fn trap(&self) -> Trap {
        match (self.at, self.failure) {
            (Some(point), Some(failure)) => Trap::new(point, failure, self.call as usize - 1),
            (None, _) | (_, None) => Trap::none(),
        }
    }

    fn settings(&self) -> Settings {
        let or = |ms: Option<u64>, default| ms.map_or(default, Duration::from_millis);
        let default = Timing::default();
        let timing = Timing {
            reconcile_age: or(self.reconcile_age_ms, default.reconcile_age),
            round_every: or(self.round_every_ms, default.round_every),
            load_lease: or(self.load_lease_ms, default.load_lease),
            audit_confirm: or(self.audit_confirm_ms, default.audit_confirm),
            // While it is asleep the wait for its answer goes by.
            answer_within: Duration::from_secs(120),
            ..default
        };
        // Holds run out while somebody waits for it.
        let limits = Limits { hold_min: Duration::from_millis(200), ..Limits::default() };
        Settings { timing, limits, ..Settings::default() }
    }
}

fn point(name: &str) -> Result<&'static Point, String> {
    Point::named(name).ok_or_else(|| "there is no such point".to_owned())
}
