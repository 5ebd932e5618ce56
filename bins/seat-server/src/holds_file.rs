//! Live holds on disk, between a graceful stop and the next start.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use seat_booking::SavedHolds;

/// The file in a data directory.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("holds.json")
}

/// Writes the holds, durably and as a whole.
pub(crate) fn save(data_dir: &Path, holds: &SavedHolds) -> io::Result<()> {
    let unfinished = data_dir.join("holds.json.new");
    let mut file = File::create(&unfinished)?;
    file.write_all(&serde_json::to_vec(holds)?)?;
    file.sync_all()?;
    fs::rename(&unfinished, path(data_dir))?;
    sync_directory(data_dir)
}

/// Reads the holds and durably deletes the file, so that no later start reads them again: by then
/// their seats may be somebody else's.
pub(crate) fn take(data_dir: &Path) -> io::Result<Option<SavedHolds>> {
    let json = match fs::read(path(data_dir)) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let holds = serde_json::from_slice(&json)?;
    fs::remove_file(path(data_dir))?;
    sync_directory(data_dir)?;
    Ok(Some(holds))
}

fn sync_directory(data_dir: &Path) -> io::Result<()> {
    File::open(data_dir)?.sync_all()
}
