//! A server on Redis and MongoDB that stops itself, as SIGSTOP does, when it is about to insert its
//! first booking: after `begin`, before the insert. Everything else of it is the product's own.
//!
//! `pausing_server REDIS_URL MONGODB_URI JWT_SECRET`; it logs its address as seat-server does.

#![allow(clippy::print_stderr, reason = "whoever started it reads the address there")]

use std::{
    env,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use actix_web::HttpServer;
use rustix::process::{Signal, getpid, kill_process};
use seat_booking::{
    BookingService, Ports, Record, Settings, Timing,
    ports::{SystemClock, SystemRandomness},
};
use seat_http::{Options, State, Tasks};
use seat_mongo::MongoRepository;
use seat_redis::RedisLockStore;
use seat_testbed::BeforeInserts;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [redis_url, mongodb_uri, secret] = arguments.as_slice() else {
        return Err("usage: pausing_server REDIS_URL MONGODB_URI JWT_SECRET".into());
    };
    let tasks = Tasks::own()?;
    let (locks, repository) = tasks.handle().block_on(async {
        let locks = RedisLockStore::connect(redis_url).await?;
        Ok::<_, Box<dyn Error>>((locks, MongoRepository::connect(mongodb_uri).await?))
    })?;
    let paused = AtomicBool::new(false);
    let before = move |record: &Record| {
        if matches!(record, Record::Booking(_)) && !paused.swap(true, Ordering::SeqCst) {
            // Stops every thread of this process until somebody continues it, but this one perhaps
            // not at once: another thread may be the first to take the signal.
            kill_process(getpid(), Signal::STOP).expect("a process may stop itself");
            thread::sleep(Duration::from_millis(500));
        }
    };
    let ports = Ports {
        locks: Arc::new(locks),
        repository: Arc::new(BeforeInserts { repository: Arc::new(repository), before }),
        projection: None,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandomness),
    };
    // It was asleep while the wait for its answer went by.
    let timing = Timing { answer_within: Duration::from_secs(60), ..Timing::default() };
    let service = BookingService::with_ports(ports, Settings { timing, ..Settings::default() });
    tasks.run_rounds(service.clone());
    let state = State::new(service, tasks, Options::new(secret.clone().into()));
    actix_web::rt::System::new().block_on(async {
        let server = HttpServer::new(move || seat_http::app(&state)).bind("127.0.0.1:0")?;
        for address in server.addrs() {
            let line = format!(r#"{{"fields":{{"message":"listening","address":"{address}"}}}}"#);
            eprintln!("{line}");
        }
        Ok(server.run().await?)
    })
}
