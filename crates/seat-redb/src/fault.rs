use std::error::Error;

use redb::{CommitError, SetDurabilityError, StorageError, TableError, TransactionError};

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    #[error(transparent)]
    Durability(#[from] SetDurabilityError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// One document is not what was written; the file as a whole still serves.
    #[error("a stored document can't be read")]
    Document(#[source] Box<dyn Error + Send + Sync>),
}

impl Fault {
    pub(crate) fn document(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Document(source.into())
    }
}
