use mongodb::error::{Error, ErrorKind, NO_WRITES_PERFORMED, WriteFailure};
use seat_booking::ports::{BackendError, RepositoryError};

/// What the server calls a second document under a unique key.
pub(crate) const DUPLICATE_KEY: i32 = 11_000;

pub(crate) fn backend(
    operation: &'static str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> BackendError {
    BackendError::new("mongodb", operation, error)
}

/// The failure of something that writes nothing, or whose document the server refuses.
pub(crate) fn nothing_done(
    operation: &'static str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> RepositoryError {
    RepositoryError::Unavailable(backend(operation, error))
}

/// The failure of a write. The driver repeats it once by itself, and says that it found no server
/// only when neither try was sent.
pub(crate) fn write_failed(operation: &'static str, error: Error) -> RepositoryError {
    let never_sent = matches!(*error.kind, ErrorKind::ServerSelection { .. })
        || error.contains_label(NO_WRITES_PERFORMED);
    match never_sent {
        true => RepositoryError::Unavailable(backend(operation, error)),
        false => RepositoryError::Unknown(backend(operation, error)),
    }
}

/// Whether a single insert was refused because its id is there already.
pub(crate) fn is_duplicate(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Write(WriteFailure::WriteError(error))
        if error.code == DUPLICATE_KEY)
}

/// The code of a command that the server refused as a whole.
pub(crate) fn command_code(error: &Error) -> Option<i32> {
    if let ErrorKind::Command(error) = &*error.kind { Some(error.code) } else { None }
}
