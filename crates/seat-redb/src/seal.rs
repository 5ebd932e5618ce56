use std::{io, ops::Bound};

use redb::{BackendError, StorageBackend};

/// How long redb's header is, with its two commits.
const HEADER_BYTES: usize = 320;

/// How much of it says which commit counts and how the file is laid out.
const SEALED_BYTES: usize = 64;

/// Where the seal is: behind the header, at the end of the same sector of the disk.
const SEAL_AT: usize = 504;

const SECTOR_BYTES: usize = 512;

/// The start of the header, or its seal, is not what was written.
#[derive(Debug, thiserror::Error)]
#[error("its header is not what was written")]
pub(crate) struct SealBroken;

/// A storage that notices when the start of redb's header has changed.
///
/// redb's pages and commits have checksums, the start of its header has none: one flipped bit of it
/// shows the file as it was before the newest commit, and nothing looks wrong. So its checksum goes
/// into the same write, within one sector, which a disk writes as a whole.
#[derive(Debug)]
pub(crate) struct Sealed<B>(pub(crate) B);

impl<B: StorageBackend> StorageBackend for Sealed<B> {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)?;
        if offset == 0
            && let Some(start) = out.first_chunk()
        {
            let mut seal = [0; 8];
            self.0.read(SEAL_AT as u64, &mut seal)?;
            // A database of another program has none, which is found out by its tables.
            if seal != [0; 8] && seal != seal_of(start) {
                return Err(io::Error::other(SealBroken));
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        match data.first_chunk() {
            Some(start) if offset == 0 && data.len() == HEADER_BYTES => {
                let mut sector = [0; SECTOR_BYTES];
                sector[..HEADER_BYTES].copy_from_slice(data);
                sector[SEAL_AT..].copy_from_slice(&seal_of(start));
                self.0.write(0, &sector)
            }
            Some(_) | None => self.0.write(offset, data),
        }
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}

/// Its FNV-1a hash: no two starts that differ in one byte have the same.
fn seal_of(start: &[u8; SEALED_BYTES]) -> [u8; 8] {
    let hash = start.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.to_le_bytes()
}
