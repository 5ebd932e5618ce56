use std::io::IsTerminal;

use actix_server::Server;
use seat_booking::ports::{Clock, SystemClock};
use seat_http::{Options, State, Tasks};
use seat_state::Timestamp;
use secrecy::SecretString;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{
    demo,
    flags::{Flags, LogFormat},
    listener,
    start_error::StartError,
    stores::Stores,
};

/// What is logged unless RUST_LOG says otherwise: actix calls every malformed request of anyone an
/// error of ours.
const LOGGED: &str = "info,actix_server=warn,actix_http=off";

/// Serves until a signal says stop.
pub(crate) fn serve(flags: &Flags) -> Result<(), StartError> {
    start_logs(flags.log_format);
    flags.store_urls()?;
    let secret = match flags.secret() {
        Err(StartError::NoSecret) if flags.demo => demo::random_secret(),
        secret => secret?.clone(),
    };
    let settings = flags.settings()?;
    let drain_within = settings.timing.drain_within;
    let options = options(flags, secret)?;
    let tasks = Tasks::own().map_err(StartError::Runtime)?;
    let stores = Stores::open(flags, &settings.timing, tasks.handle())?;
    let service = stores.service(settings);
    if flags.demo {
        demo::set_up(&service, &tasks, flags)?;
    }
    let state = State::new(service, tasks.clone(), options);
    tasks.run_rounds(state.service().clone());
    let served = actix_web::rt::System::new().block_on(listen(flags, &state, &stores));
    // What is left of the time after the connections have ended.
    let drain_within = match &served {
        Ok(stopping_since) => drain_within.saturating_sub(SystemClock.now().since(*stopping_since)),
        Err(_) => drain_within,
    };
    if !tasks.handle().block_on(tasks.drain(drain_within)) {
        tracing::warn!("some state changes had not ended; the next start settles them");
    }
    stores.close(tasks.handle());
    served.map(|_| ())
}

/// Serves until a signal has said stop and the connections have ended; when it said so.
async fn listen(flags: &Flags, state: &State, stores: &Stores) -> Result<Timestamp, StartError> {
    let bind = |source| StartError::Bind { address: flags.bind, source };
    let listener = listener::bind(flags.bind).map_err(bind)?;
    let address = listener.local_addr().map_err(bind)?;
    let drain_within = state.service().settings().timing.drain_within;
    let server = Server::build()
        .shutdown_timeout(drain_within.as_secs().max(1))
        // SIGINT would cut every handler at once; here it is as gentle as SIGTERM.
        .disable_signals();
    let (app_state, silent_max) = (state.clone(), flags.silent_seconds);
    let stopping = server.graceful_shutdown_signal();
    let http = move || listener::http(&app_state, address, silent_max, stopping.clone());
    let server = server.listen("seat-server", listener, http).map_err(bind)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Runtime)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Runtime)?;
    // Nothing can end the process from here on without the holds being kept again.
    stores.take_holds()?;
    tracing::info!(%address, "listening");
    if flags.demo {
        demo::greet(state, address).await?;
    }
    let server = server.run();
    let handle = server.handle();
    let stopping = state.clone();
    let stop = actix_web::rt::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        let since = SystemClock.now();
        stopping.drain_begins();
        handle.stop(true).await;
        since
    });
    server.await.map_err(StartError::Serve)?;
    Ok(stop.await.unwrap_or_else(|_| SystemClock.now()))
}

fn options(flags: &Flags, secret: SecretString) -> Result<Options, StartError> {
    let mut options = Options::new(secret);
    options.demo = flags.demo;
    options.cors_origins = flags.cors_origins()?;
    options.trusted_proxies = flags.trusted_proxies()?;
    options.rate_per_user = flags.rate_per_user;
    options.rate_per_address = flags.rate_per_address;
    Ok(options)
}

/// From here on, what happens is told on standard error.
pub(crate) fn start_logs(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
}
