use std::time::Duration;

use seat_layout::{BookingId, Money, SeatId};
use serde::Deserialize;
use tokio::time;

use crate::{
    admin::Admin,
    client::ClientError,
    clock,
    ledger::Booking,
    random::Random,
    sale::{Sale, query},
    version::Version,
};

/// What the server says of a sale when it is asked afterwards.
pub(crate) struct Testimony {
    pub(crate) states: String,
    pub(crate) statistics: Statistics,
    /// Some of the bookings, each beside the id by which it was read.
    pub(crate) reread: Vec<(BookingId, BookingRead)>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statistics {
    pub(crate) total_seats: u64,
    pub(crate) booked_seats: u64,
    pub(crate) revenue: Money,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BookingRead {
    pub(crate) booking_id: BookingId,
    pub(crate) all_seat_ids: Vec<SeatId>,
    pub(crate) total_amount: Money,
    pub(crate) status: String,
}

/// How many bookings of a sale are read again.
const REREAD_MAX: usize = 100;

/// How long the states may take to show the last booking; another server hears of it later.
const STATES_WITHIN: Duration = Duration::from_secs(2);

/// Asks the server for the states, the statistics and a random sample of the bookings.
///
/// # Errors
/// Every [`ClientError`].
pub(crate) async fn testimony(
    admin: &mut Admin,
    sale: &Sale,
    bookings: &[Booking],
    random: &mut Random,
) -> Result<Testimony, ClientError> {
    let last_write = bookings.iter().filter_map(|booking| booking.version).max();
    let states = states(admin, sale, last_write).await?;
    let path = format!("/seat-booking/stats/{}{}", sale.event, query(last_write));
    let statistics = admin.read(&path).await?;
    let ids: Vec<_> = bookings.iter().map(|booking| booking.id).collect();
    let mut reread = Vec::new();
    for id in random.sample(&ids, REREAD_MAX) {
        reread.push((id, admin.read(&format!("/seat-booking/bookings/{id}")).await?));
    }
    Ok(Testimony { states, statistics, reread })
}

/// The states as soon as every seat is booked in them, or as they are after two seconds.
async fn states(
    admin: &mut Admin,
    sale: &Sale,
    last_write: Option<Version>,
) -> Result<String, ClientError> {
    let asked = clock::now();
    loop {
        let states = sale.states(admin, last_write).await?.states;
        if states.bytes().all(|state| state == b'b') || asked.elapsed() >= STATES_WITHIN {
            return Ok(states);
        }
        time::sleep(Duration::from_millis(50)).await;
    }
}
