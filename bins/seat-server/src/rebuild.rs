use seat_booking::{BookingError, BookingService};
use seat_layout::EventId;

use crate::{
    flags::{Flags, RebuildRequest},
    runtime_of_a_command,
    serve::start_logs,
    start_error::StartError,
    stores::Stores,
    with_sources,
};

/// How many events are read at once.
const PAGE: usize = 100;

/// What was done.
#[derive(Default)]
struct Rebuilt {
    events: usize,
    written: usize,
    removed: u64,
}

/// Writes the collection `seatStates` anew, and says how much that was. Servers may go on selling
/// meanwhile.
pub(crate) fn rebuild(flags: &Flags, request: &RebuildRequest) -> Result<(), StartError> {
    start_logs(flags.log_format);
    if flags.store_urls()?.is_none() {
        return Err(StartError::NoSeatStates);
    }
    let settings = flags.settings()?;
    let runtime = runtime_of_a_command()?;
    let stores = Stores::open(flags, &settings.timing, runtime.handle())?;
    let service = stores.service(settings);
    let done = runtime.block_on(async {
        match request.event {
            Some(event) => {
                let mut rebuilt = Rebuilt::default();
                rebuilt.event(&service, event).await.map(|()| rebuilt)
            }
            None => all(&service).await,
        }
    });
    stores.close(runtime.handle());
    let Rebuilt { events, written, removed } =
        done.map_err(|error| StartError::Rebuild(with_sources(&error)))?;
    println!("events             {events}");
    println!("documents written  {written}");
    println!("documents removed  {removed}");
    Ok(())
}

async fn all(service: &BookingService) -> Result<Rebuilt, BookingError> {
    let mut rebuilt = Rebuilt::default();
    let mut before = None;
    loop {
        let page = service.events(before, PAGE).await?;
        for event in &page {
            rebuilt.event(service, event.id).await?;
        }
        before = page.last().map(|event| event.id);
        if page.len() < PAGE {
            break;
        }
    }
    rebuilt.removed += service.unproject_unknown().await?;
    Ok(rebuilt)
}

impl Rebuilt {
    async fn event(
        &mut self,
        service: &BookingService,
        event: EventId,
    ) -> Result<(), BookingError> {
        let anew = service.project_anew(&event).await?;
        tracing::info!(%event, seats = anew.written, "wrote the event anew");
        self.events += 1;
        self.written += anew.written;
        self.removed += anew.dropped;
        Ok(())
    }
}
