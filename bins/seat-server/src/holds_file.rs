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

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::Index};
    use serde_json::json;

    use super::*;

    /// Two holds, as a stop leaves them.
    fn saved() -> Vec<u8> {
        let hold = json!({
            "event": "64f123456789abcd12345678", "seat": "A-1", "table": "A", "user": "ada",
            "held_at": "2026-11-22T19:30:00.000Z", "expires_at": "2026-11-22T19:40:00.000Z",
        });
        serde_json::to_vec(&json!({ "holds": [hold, hold] })).unwrap()
    }

    #[test]
    fn what_was_saved_is_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(take(folder.path()).unwrap().is_none());
        fs::write(path(folder.path()), saved()).unwrap();
        let holds = take(folder.path()).unwrap().unwrap();
        assert_eq!(holds.len(), 2);
        save(folder.path(), &holds).unwrap();
        assert_eq!(take(folder.path()).unwrap(), Some(holds));
        assert!(take(folder.path()).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn a_damaged_file_is_taken_or_left_where_it_was(
            (at, byte) in (any::<Index>(), any::<u8>()),
            cut: bool,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut json = saved();
            let at = at.index(json.len());
            json[at] = byte;
            if cut {
                json.truncate(at);
            }
            fs::write(path(folder.path()), &json).unwrap();
            match take(folder.path()) {
                Ok(holds) => {
                    prop_assert!(!cut && holds.is_some_and(|holds| holds.len() == 2));
                    prop_assert!(!path(folder.path()).exists());
                }
                Err(_) => prop_assert_eq!(fs::read(path(folder.path())).unwrap(), json),
            }
        }
    }
}
