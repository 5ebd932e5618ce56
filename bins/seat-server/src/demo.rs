//! A venue to play with.

use std::net::SocketAddr;

use seat_booking::{
    BookingError, BookingService, NewEvent,
    ports::{Randomness, SystemRandomness},
};
use seat_http::{State, Tasks};
use seat_layout::{Layout, arena};
use secrecy::SecretString;

use crate::{flags::Flags, start_error::StartError};

const SEATS: u32 = 10_000;

/// A secret for one run.
pub(crate) fn random_secret() -> SecretString {
    let hex = |bytes: [u8; 12]| bytes.map(|byte| format!("{byte:02x}")).concat();
    [0; 3].map(|_| hex(SystemRandomness.bytes())).concat().into()
}

/// Makes the venue and its event, unless an earlier run has.
pub(crate) fn set_up(
    service: &BookingService,
    tasks: &Tasks,
    flags: &Flags,
) -> Result<(), StartError> {
    let made = tasks.handle().block_on(async {
        if service.events(None, 1).await?.is_empty() {
            let layout = Layout::new(arena(SEATS)).expect("the generator draws valid layouts");
            let layout_id = service.create_layout(layout).await?;
            let name = "Opening night".to_owned();
            service.create_event(NewEvent { name, ..NewEvent::of(layout_id) }).await?;
        }
        Ok::<(), BookingError>(())
    });
    made.map_err(|error| {
        StartError::Demo(format!("{error}; is {} writable?", flags.data_dir.display()))
    })
}

/// Says where it is and how to begin.
pub(crate) async fn greet(state: &State, address: SocketAddr) -> Result<(), StartError> {
    let events = state.service().events(None, 1).await;
    let events = events.map_err(|error| StartError::Demo(error.to_string()))?;
    let Some(event) = events.first() else { return Ok(()) };
    println!(
        "The demo is at http://{address}, its API at http://{address}/docs/\n\
         Event {id}: {name}, {SEATS} seats\n\
         A token for a guest:\n  \
           curl -s -X POST http://{address}/seat-booking/demo/token -H 'Content-Type: application/json' -d '{{}}'",
        id = event.id,
        name = event.name,
    );
    Ok(())
}
