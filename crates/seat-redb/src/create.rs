use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::OpenError;

/// Makes the file, and the folders above it, where there is none. `make` gets another name, and
/// the file is moved when it is whole: one that a killed process left half-made would be refused
/// for ever.
pub(crate) fn create_if_missing(
    path: &Path,
    make: impl FnOnce(&Path) -> Result<(), OpenError>,
) -> Result<(), OpenError> {
    let failed = |source| OpenError::failed(path, source);
    if path.try_exists().map_err(failed)? {
        return Ok(());
    }
    let folder = folder_of(path);
    create_folder(folder).map_err(failed)?;
    let (unfinished, lock_path) = (beside(path, ".new"), beside(path, ".lock"));
    let lock = fs::File::create(&lock_path).map_err(failed)?;
    lock.lock().map_err(failed)?;
    // Of processes that start together, the first to get here makes the file.
    if !path.try_exists().map_err(failed)? {
        if unfinished.try_exists().map_err(failed)? {
            fs::remove_file(&unfinished).map_err(failed)?;
        }
        make(&unfinished)?;
        fs::rename(&unfinished, path).map_err(failed)?;
        sync_folder(folder).map_err(failed)?;
    }
    // Another process may have removed it first; nobody needs it once the file is there.
    let _ = fs::remove_file(&lock_path);
    Ok(())
}

/// Makes a folder and those above it, each so that it is still there after a power cut.
fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    create_folder(folder_of(folder))?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => sync_folder(folder_of(folder)),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A new name in a folder survives a power cut only when the folder was told to remember it.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Elsewhere a folder can't be opened as a file, and need not be.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
