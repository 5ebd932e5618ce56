mod embedded;
mod remote;

use std::sync::Arc;

use seat_booking::{
    BookingService, Ports, Settings, Timing,
    ports::{SystemClock, SystemRandomness},
};
use tokio::runtime::Handle;

use self::{embedded::EmbeddedStores, remote::RemoteStores};
use crate::{
    flags::{Flags, StoreUrls},
    start_error::StartError,
};

/// Where locks and bookings are.
pub(crate) enum Stores {
    /// In this process and its data directory.
    Embedded(EmbeddedStores),
    /// In Redis and MongoDB.
    Remote(RemoteStores),
}

impl Stores {
    /// Opens those that the settings name. The runtime drives the connections.
    pub(crate) fn open(
        flags: &Flags,
        timing: &Timing,
        runtime: &Handle,
    ) -> Result<Self, StartError> {
        match flags.store_urls()? {
            None => EmbeddedStores::open(&flags.data_dir).map(Self::Embedded),
            Some(StoreUrls { redis, mongodb }) => {
                let connected = RemoteStores::connect(redis, mongodb, timing);
                runtime.block_on(connected).map(Self::Remote)
            }
        }
    }

    /// The service on these stores.
    pub(crate) fn service(&self, settings: Settings) -> BookingService {
        let (locks, repository, projection) = match self {
            Self::Embedded(stores) => (stores.locks(), stores.repository(), None),
            Self::Remote(stores) => {
                (stores.locks(), stores.repository(), Some(stores.projection()))
            }
        };
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
        let ports = Ports { locks, repository, projection, clock, random };
        BookingService::with_ports(ports, settings)
    }

    /// Takes over what the last run of this server left, the last thing before requests are
    /// served.
    pub(crate) fn take_holds(&self) -> Result<(), StartError> {
        match self {
            Self::Embedded(stores) => stores.take_holds(),
            // Redis has kept them.
            Self::Remote(_) => Ok(()),
        }
    }

    /// Keeps what the next run needs, and closes them; when no task uses them any more.
    pub(crate) fn close(&self, runtime: &Handle) {
        match self {
            Self::Embedded(stores) => stores.close(),
            Self::Remote(stores) => runtime.block_on(stores.close()),
        }
    }
}
