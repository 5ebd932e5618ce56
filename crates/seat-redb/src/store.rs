use std::sync::OnceLock;

use redb::{Database, Durability, ReadTransaction, ReadableDatabase};
use seat_booking::ports::{BackendError, RepositoryError};

use crate::{
    fault::Fault,
    write::{Outcome, Write, WriteTables},
};

/// The open file, and whether it still keeps its promises.
pub(crate) struct Store {
    database: Database,
    broken: OnceLock<BackendError>,
}

impl Store {
    pub(crate) fn new(database: Database) -> Self {
        Self { database, broken: OnceLock::new() }
    }

    /// Fails once the file has failed. A commit that failed may be in the file or not, and what
    /// the operating system still shows of it says nothing about the disk; so from then on nothing
    /// is read either, until the file was opened anew.
    pub(crate) fn check(&self) -> Result<(), RepositoryError> {
        match self.broken.get() {
            Some(error) => Err(RepositoryError::Unavailable(error.clone())),
            None => Ok(()),
        }
    }

    /// Reads from what is committed at this moment.
    pub(crate) fn read<T>(
        &self,
        operation: &'static str,
        read: impl FnOnce(&ReadTransaction) -> Result<T, Fault>,
    ) -> Result<T, RepositoryError> {
        self.check()?;
        let snapshot = self.database.begin_read().map_err(Fault::from);
        snapshot
            .and_then(|snapshot| read(&snapshot))
            .map_err(|fault| RepositoryError::Unavailable(self.note(operation, fault)))
    }

    /// Applies a group of writes in their order, each on top of those before it, and returns when
    /// all of them are durable, or none was needed.
    pub(crate) fn write(
        &self,
        group: &[Write],
    ) -> Result<Vec<Result<Outcome, RepositoryError>>, RepositoryError> {
        self.check()?;
        self.commit(group).map_err(|fault| RepositoryError::Unknown(self.note("commit", fault)))
    }

    fn commit(&self, group: &[Write]) -> Result<Vec<Result<Outcome, RepositoryError>>, Fault> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        // A commit that counts is then known to be whole, so a page that fails its checksum is
        // damage, and never a commit that a crash had cut short.
        transaction.set_two_phase_commit(true);
        let mut outcomes = Vec::with_capacity(group.len());
        {
            let mut tables = WriteTables::open(&transaction)?;
            for write in group {
                outcomes.push(match tables.apply(write) {
                    Ok(outcome) => Ok(outcome),
                    // Nothing was written for it, and the others have nothing to do with it.
                    Err(fault @ Fault::Document(_)) => {
                        let error = BackendError::new("redb", write.operation(), fault);
                        Err(RepositoryError::Unavailable(error))
                    }
                    Err(fault) => return Err(fault),
                });
            }
        }
        if outcomes.iter().any(|outcome| matches!(outcome, Ok(Outcome::Done))) {
            transaction.commit()?;
        } else {
            transaction.abort()?;
        }
        Ok(outcomes)
    }

    /// The error to answer with. All but an unreadable document is the end of this file's service.
    fn note(&self, operation: &'static str, fault: Fault) -> BackendError {
        let ends_service = !matches!(fault, Fault::Document(_));
        let error = BackendError::new("redb", operation, fault);
        if ends_service && self.broken.set(error.clone()).is_ok() {
            tracing::error!(?error, "the file failed; nothing is sold until it is opened anew");
        }
        error
    }
}
