use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use seat_booking::{
    BookingService, MemoryLockStore, Ports,
    ports::{SystemClock, SystemRandomness},
};
use seat_redb::RedbRepository;

use crate::{flags::Flags, holds_file, start_error::StartError};

/// The embedded stores: locks in memory, everything else in one file of the data directory.
pub(crate) struct EmbeddedStores {
    data_dir: PathBuf,
    locks: MemoryLockStore,
    repository: Arc<RedbRepository>,
}

impl EmbeddedStores {
    /// Opens them, with the live holds of the last run if that one was stopped gracefully.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, StartError> {
        std::fs::create_dir_all(data_dir)
            .map_err(|source| StartError::DataDirectory { path: data_dir.to_owned(), source })?;
        // The repository's lock on its file keeps a second process out, so it comes first.
        let repository = Arc::new(RedbRepository::open(data_dir.join("seats.redb"))?);
        let locks = MemoryLockStore::new();
        let saved = holds_file::take(data_dir).map_err(|source| StartError::SavedHolds {
            path: holds_file::path(data_dir),
            source,
        })?;
        if let Some(saved) = saved {
            tracing::info!(locks = saved.len(), "restored the live holds of the last run");
            locks.restore(saved);
        }
        Ok(Self { data_dir: data_dir.to_owned(), locks, repository })
    }

    /// The service on these stores.
    pub(crate) fn service(&self, flags: &Flags) -> Result<BookingService, StartError> {
        let ports = Ports {
            locks: Arc::new(self.locks.clone()),
            repository: self.repository.clone(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandomness),
        };
        Ok(BookingService::with_ports(ports, flags.settings()?))
    }

    /// Keeps the live holds for the next run and closes the file.
    pub(crate) fn close(&self) {
        let saved = self.locks.save();
        match holds_file::save(&self.data_dir, &saved) {
            Ok(()) => tracing::info!(locks = saved.len(), "kept the live holds"),
            Err(error) => tracing::error!(%error, "lost the live holds"),
        }
        self.repository.close();
    }
}
