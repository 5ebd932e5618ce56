//! An actix app with a page of its own that also sells seats:
//! `JWT_SECRET=… cargo run -p seat-http --example embed 127.0.0.1:3000`.
//!
//! The stores are those in memory; the README of seat-redb shows the service on a file.

use std::{env, error::Error, io, net::TcpListener};

use actix_web::{App, HttpServer, Responder, get, rt::signal::ctrl_c};
use seat_booking::{BookingService, MemoryLockStore, MemoryRepository};
use seat_http::{Options, State, Tasks};
use secrecy::SecretString;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).ok_or("the address to listen on is missing")?;
    let secret = env::var("JWT_SECRET").map_err(|_| "JWT_SECRET is not set")?;
    let interrupted = async { ctrl_c().await.expect("nobody else handles signals") };
    Ok(run(TcpListener::bind(address)?, secret.into(), interrupted).await?)
}

#[get("/hello")]
async fn hello() -> impl Responder {
    "Hello from the app around the seats"
}

/// Serves the page and the seats until `stop`.
///
/// # Errors
/// When the operating system gives no threads, or the server ends by itself.
pub(crate) async fn run(
    listener: TcpListener,
    secret: SecretString,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let service = BookingService::new(MemoryLockStore::new(), MemoryRepository::new());
    let tasks = Tasks::own()?;
    tasks.run_rounds(service.clone());
    let state = State::new(service.clone(), tasks.clone(), Options::new(secret));

    let ending = state.clone();
    HttpServer::new(move || App::new().service(hello).configure(seat_http::routes(&state)))
        .shutdown_signal(async move {
            stop.await;
            // Event streams have no end of their own, and the server waits for every answer.
            ending.drain_begins();
        })
        .listen(listener)?
        .run()
        .await?;

    tasks.drain(service.settings().timing.drain_within).await;
    Ok(())
}
