use std::error::Error;

use crate::{
    flags::Flags, runtime_of_a_command, serve::start_logs, start_error::StartError, stores::Stores,
    with_sources,
};

/// Reads the settings, reaches the stores, and says what it found.
pub(crate) fn check(flags: &Flags) -> Result<(), StartError> {
    start_logs(flags.log_format);
    let embedded = flags.store_urls()?.is_none();
    let settings = flags.settings()?;
    if !flags.demo {
        flags.secret()?;
    }
    println!("listen on          {}", flags.bind);
    if embedded {
        println!("data directory     {}", flags.data_dir.display());
    }
    println!(
        "holds              {} s by default, from {} to {} s",
        settings.limits.hold_default.as_secs_f64(),
        settings.limits.hold_min.as_secs_f64(),
        settings.limits.hold_max.as_secs_f64(),
    );
    let runtime = runtime_of_a_command()?;
    let stores = Stores::open(flags, &settings.timing, runtime.handle())?;
    let service = stores.service(settings);
    let not_ready = |error: &dyn Error| StartError::NotReady(with_sources(error));
    let events = runtime.block_on(async {
        service.locks_ready().await.map_err(|error| not_ready(&error))?;
        service.repository_ready().await.map_err(|error| not_ready(&error))?;
        service.events(None, 100).await.map_err(|error| not_ready(&error))
    })?;
    println!(
        "stores             {}, ready",
        if embedded { "embedded" } else { "Redis and MongoDB" }
    );
    println!(
        "events             {}{}",
        events.len(),
        if events.len() == 100 { " or more" } else { "" }
    );
    println!("all is well");
    Ok(())
}
