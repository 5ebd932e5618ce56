use crate::{flags::Flags, start_error::StartError, stores::EmbeddedStores};

/// Reads the settings, reaches the stores, and says what it found.
pub(crate) fn check(flags: &Flags) -> Result<(), StartError> {
    flags.check_stores()?;
    let settings = flags.settings()?;
    if !flags.demo {
        flags.secret()?;
    }
    println!("listen on          {}", flags.bind);
    println!("data directory     {}", flags.data_dir.display());
    println!(
        "holds              {} s by default, from {} to {} s",
        settings.limits.hold_default.as_secs_f64(),
        settings.limits.hold_min.as_secs_f64(),
        settings.limits.hold_max.as_secs_f64(),
    );
    let stores = EmbeddedStores::open(&flags.data_dir)?;
    let service = stores.service(settings);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(StartError::Runtime)?;
    let events = runtime.block_on(async {
        service.ready().await.map_err(|error| StartError::NotReady(error.to_string()))?;
        service.events(None, 100).await.map_err(|error| StartError::NotReady(error.to_string()))
    })?;
    println!("stores             embedded, ready");
    println!(
        "events             {}{}",
        events.len(),
        if events.len() == 100 { " or more" } else { "" }
    );
    println!("all is well");
    Ok(())
}
