use std::{
    error::Error,
    fs::File,
    io,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
};

use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, StorageBackend, StorageError, TableHandle,
    backends::FileBackend,
};
use thiserror::Error;

use crate::{
    create::create_if_missing,
    fault::Fault,
    seal::{SealBroken, Sealed},
    tables::{ABOUT, FORMAT, FORMAT_ROW},
    write::WriteTables,
};

/// How much of the file is kept in memory at the most, in bytes. The operating system keeps more.
const CACHE_BYTES: usize = 256 << 20;

/// Why a file could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process, or another repository in this one, has it open. Stop that one first.
    #[error("{} is open already, and only one process at a time can use it", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this program has written it. Run that version, or bring back a copy
    /// from before it.
    #[error(
        "{} has format {found}, and this version knows formats up to {known}: run the version \
         that wrote it, or bring back a copy from before",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this version knows.
        known: u32,
    },
    /// It is no file of this repository. Choose another path.
    #[error("{} is not a seat-booking file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It was one once. Bring back a copy.
    #[error("{} is damaged: bring back a copy of it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file or its folder can't be made, read or written.
    #[error("{} could not be opened", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the operating system or redb said.
        source: Box<dyn Error + Send + Sync>,
    },
}

pub(crate) fn open_file(path: &Path) -> Result<Database, OpenError> {
    create_if_missing(path, |unfinished| {
        let file = File::create_new(unfinished).map_err(|error| OpenError::failed(path, error))?;
        open_with(path, || open_handle(file)).map(drop)
    })?;
    let file = File::options().read(true).write(true).open(path);
    let file = file.map_err(|error| OpenError::failed(path, error))?;
    let bytes = file.metadata().map_err(|error| OpenError::failed(path, error))?.len();
    // redb would make a new database of it, and all bookings would be gone without a word.
    if bytes == 0 {
        return Err(OpenError::damaged(path, "it is empty"));
    }
    tracing::info!(path = %path.display(), bytes, "opening the file, reading all of it");
    open_with(path, || open_handle(file))
}

fn open_handle(file: File) -> Result<Database, DatabaseError> {
    builder().create_with_backend(Sealed(FileBackend::new(file)?))
}

pub(crate) fn open_backend(
    storage: impl StorageBackend,
    name: &Path,
) -> Result<Database, OpenError> {
    open_with(name, || builder().create_with_backend(Sealed(storage)))
}

fn open_with(
    path: &Path,
    open: impl FnOnce() -> Result<Database, DatabaseError>,
) -> Result<Database, OpenError> {
    let opened = panic::catch_unwind(AssertUnwindSafe(|| {
        open().map_err(|error| refused(path, error)).and_then(|file| with_format(file, path))
    }));
    // redb may panic at what it finds in a file that something else has changed. The panic has been
    // printed, and the file is closed.
    opened.unwrap_or_else(|_| Err(OpenError::damaged(path, "reading it failed half-way")))
}

/// Every page is checked against its checksum: a flipped bit may lead to another page, and a
/// booking that isn't found is a seat that is sold again. Commits are made in two phases, so a page
/// that fails has no older state to fall back to and is an error.
fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    builder
}

/// The database, if its format is known; a new one gets ours.
fn with_format(database: Database, path: &Path) -> Result<Database, OpenError> {
    match read_format(&database).map_err(|fault| OpenError::damaged(path, fault))? {
        Format::None => {
            write_format(&database).map_err(|fault| OpenError::failed(path, fault))?;
            Ok(database)
        }
        Format::Of(FORMAT) => Ok(database),
        Format::Of(found) if found > FORMAT => {
            Err(OpenError::NewerFormat { path: path.to_owned(), found, known: FORMAT })
        }
        Format::Of(_) | Format::Foreign => Err(OpenError::Foreign { path: path.to_owned() }),
    }
}

enum Format {
    /// A new file.
    None,
    Of(u32),
    /// A database of another program.
    Foreign,
}

fn read_format(database: &Database) -> Result<Format, Fault> {
    let snapshot = database.begin_read()?;
    let mut tables = snapshot.list_tables()?.peekable();
    if tables.peek().is_none() {
        return Ok(Format::None);
    }
    if !tables.any(|table| table.name() == ABOUT.name()) {
        return Ok(Format::Foreign);
    }
    let format = snapshot.open_table(ABOUT)?.get(FORMAT_ROW)?;
    Ok(format.map_or(Format::Foreign, |row| Format::Of(row.value())))
}

fn write_format(database: &Database) -> Result<(), Fault> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    WriteTables::open(&transaction)?;
    transaction.open_table(ABOUT)?.insert(FORMAT_ROW, FORMAT)?;
    Ok(transaction.commit()?)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what redb may add is a failure like the rest")]
fn refused(path: &Path, error: DatabaseError) -> OpenError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            OpenError::InUse { path }
        }
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() == io::ErrorKind::InvalidData =>
        {
            OpenError::Foreign { path }
        }
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() == io::ErrorKind::UnexpectedEof =>
        {
            OpenError::Damaged { path, source: error.into() }
        }
        DatabaseError::Storage(StorageError::Io(error))
            if error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<SealBroken>) =>
        {
            OpenError::Damaged { path, source: SealBroken.into() }
        }
        // This program has never written another version of redb's format.
        error @ DatabaseError::UpgradeRequired(_) => {
            OpenError::Damaged { path, source: error.into() }
        }
        DatabaseError::Storage(StorageError::Corrupted(reason)) => {
            OpenError::Damaged { path, source: reason.into() }
        }
        error => OpenError::Failed { path, source: error.into() },
    }
}

impl OpenError {
    pub(crate) fn failed(path: &Path, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed { path: path.to_owned(), source: source.into() }
    }

    fn damaged(path: &Path, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Damaged { path: path.to_owned(), source: source.into() }
    }
}
