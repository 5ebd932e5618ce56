use std::time::Duration;

use actix_web::HttpServer;
use seat_http::{Options, State, Tasks};
use secrecy::SecretString;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{
    demo,
    flags::{Flags, LogFormat},
    start_error::StartError,
    stores::EmbeddedStores,
};

/// How long a client may take to send the head of a request; slower ones are cut off.
const REQUEST_HEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How many connections wait to be accepted when a thousand come in the same second.
const BACKLOG: u32 = 4_096;

/// Serves until a signal says stop.
pub(crate) fn serve(flags: &Flags) -> Result<(), StartError> {
    start_logs(flags.log_format);
    flags.check_stores()?;
    let secret = match flags.secret() {
        Err(StartError::NoSecret) if flags.demo => demo::random_secret(),
        secret => secret?.clone(),
    };
    let stores = EmbeddedStores::open(&flags.data_dir)?;
    let service = stores.service(flags)?;
    let tasks = Tasks::own().map_err(StartError::Runtime)?;
    if flags.demo {
        demo::set_up(&service, &tasks, flags)?;
    }
    let state = State::new(service.clone(), tasks.clone(), options(flags, secret));
    tasks.run_rounds(service);
    let served = actix_web::rt::System::new().block_on(listen(flags, state.clone()));
    let drained =
        tasks.handle().block_on(tasks.drain(state.service().settings().timing.drain_within));
    if !drained {
        tracing::warn!("some state changes had not ended; the next start settles them");
    }
    stores.close();
    served
}

async fn listen(flags: &Flags, state: State) -> Result<(), StartError> {
    let app_state = state.clone();
    let server = HttpServer::new(move || seat_http::app(&app_state))
        .client_request_timeout(REQUEST_HEAD_WITHIN)
        .keep_alive(KEEP_ALIVE)
        .backlog(BACKLOG)
        .shutdown_timeout(state.service().settings().timing.drain_within.as_secs().max(1))
        // SIGINT would cut every handler at once; here it is as gentle as SIGTERM.
        .disable_signals()
        .bind(flags.bind)
        .map_err(|source| StartError::Bind { address: flags.bind, source })?;
    for address in server.addrs() {
        tracing::info!(%address, "listening");
        if flags.demo {
            demo::greet(&state, address).await?;
        }
    }
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(async move {
        if let Err(error) = stop_signal().await {
            tracing::error!(%error, "signals can't be heard");
            return;
        }
        tracing::info!("stopping");
        state.drain_begins();
        handle.stop(true).await;
    });
    server.await.map_err(StartError::Serve)
}

async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn options(flags: &Flags, secret: SecretString) -> Options {
    let mut options = Options::new(secret);
    options.demo = flags.demo;
    options.cors_origins.clone_from(&flags.cors_origins);
    options.trusted_proxies.clone_from(&flags.trusted_proxies);
    options.rate_per_user = flags.rate_per_user;
    options.rate_per_address = flags.rate_per_address;
    options
}

fn start_logs(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
}
