use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use seat_booking::{
    MemoryLockStore,
    ports::{LockStore, Repository},
};
use seat_redb::RedbRepository;

use crate::{holds_file, start_error::StartError};

/// The embedded stores: locks in memory, everything else in one file of the data directory.
pub(crate) struct EmbeddedStores {
    data_dir: PathBuf,
    locks: MemoryLockStore,
    repository: Arc<RedbRepository>,
    took_holds: AtomicBool,
}

impl EmbeddedStores {
    /// Opens them.
    pub(super) fn open(data_dir: &Path) -> Result<Self, StartError> {
        // Bookings have names and addresses in them, which other users of the machine need not read;
        // a folder that is there already is as its owner wants it.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data_dir)
            .map_err(|source| StartError::DataDirectory { path: data_dir.to_owned(), source })?;
        // The repository's lock on its file keeps a second process out, so it comes first.
        let repository = Arc::new(RedbRepository::open(data_dir.join("seats.redb"))?);
        Ok(Self {
            data_dir: data_dir.to_owned(),
            locks: MemoryLockStore::new(),
            repository,
            took_holds: AtomicBool::new(false),
        })
    }

    /// Takes over the live holds of the last run, if that one was stopped gracefully. The last
    /// thing before requests are served: from here on the holds are only in memory, and
    /// [`close`](Self::close) must keep them.
    pub(super) fn take_holds(&self) -> Result<(), StartError> {
        let saved = holds_file::take(&self.data_dir).map_err(|source| StartError::SavedHolds {
            path: holds_file::path(&self.data_dir),
            source,
        })?;
        if let Some(saved) = saved {
            tracing::info!(locks = saved.len(), "restored the live holds of the last run");
            self.locks.restore(saved);
        }
        self.took_holds.store(true, Ordering::SeqCst);
        Ok(())
    }

    pub(super) fn locks(&self) -> Arc<dyn LockStore> {
        Arc::new(self.locks.clone())
    }

    pub(super) fn repository(&self) -> Arc<dyn Repository> {
        self.repository.clone()
    }

    /// Keeps the live holds for the next run and closes the file.
    pub(super) fn close(&self) {
        self.keep_holds();
        self.repository.close();
    }

    fn keep_holds(&self) {
        // A start that failed before has left the file of the last run where it was.
        if !self.took_holds.load(Ordering::SeqCst) {
            return;
        }
        let saved = self.locks.save();
        match holds_file::save(&self.data_dir, &saved) {
            Ok(()) => tracing::info!(locks = saved.len(), "kept the live holds"),
            Err(error) => tracing::error!(%error, "lost the live holds"),
        }
    }
}
