//! The embedded file after something else has changed it. Of every four bytes of the input, one
//! chooses a block, two a byte in it, and one how that changes; three at the end say where the file
//! is cut. It opens and says what was written, or it is refused.
#![no_main]

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use libfuzzer_sys::fuzz_target;
use redb::StorageBackend;
use seat_booking::{
    Booking, BookingService, Confirm, MemoryLockStore, NewEvent, Ports, Settings,
    ports::{Repository, SystemClock, SystemRandomness},
};
use seat_layout::{EventId, Layout, SeatSet, UserId};
use seat_redb::{OpenError, RedbRepository};
use tokio::runtime::{Builder, Runtime};

struct Original {
    content: Vec<u8>,
    event: EventId,
    user: UserId,
    bookings: Vec<Booking>,
    active: usize,
}

thread_local! {
    static ORIGINAL: Original = Original::write();
}

fuzz_target!(init: {
    // redb may panic at what it finds, and the repository makes a refusal of it. libFuzzer's own
    // hook would end the process there.
    std::panic::set_hook(Box::new(|_| {}));
}, |bytes: &[u8]| {
    ORIGINAL.with(|original| {
        let mut content = original.content.clone();
        let (changes, cut) = bytes.as_chunks::<4>();
        for [block, low, high, change] in changes {
            let place = place(&content, [*block, *low, *high]);
            content[place] ^= change;
        }
        if let [block, low, high] = cut {
            content.truncate(1 + place(&content, [*block, *low, *high]));
        }
        if !original.is_said_or_refused(content) {
            std::process::abort();
        }
    });
});

impl Original {
    fn write() -> Self {
        let disk = Disk::default();
        let repository = RedbRepository::open_with_backend(disk.clone()).expect("a new file");
        let repository = Arc::new(repository);
        let service = BookingService::with_ports(
            Ports {
                locks: Arc::new(MemoryLockStore::new()),
                repository: repository.clone(),
                projection: None,
                clock: Arc::new(SystemClock),
                random: Arc::new(SystemRandomness),
            },
            Settings::default(),
        );
        let user: UserId = "ada".parse().expect("a user");
        let mut original = runtime().block_on(async {
            let layout = Layout::grid(5, 8).expect("a grid");
            let layout = service.create_layout(layout).await.expect("a layout");
            let event = service.create_event(NewEvent::of(layout)).await.expect("an event");
            for number in 1..=8 {
                let seats = SeatSet::parse(&format!("A-{number},B-{number}")).expect("seats");
                let minutes = Duration::from_secs(600);
                let hold = service.hold(&event, &user, &seats, minutes).await.expect("a hold");
                let confirm = Confirm::seats(hold.seats());
                service.confirm(&event, &user, confirm).await.expect("a booking");
            }
            let bookings = repository.bookings_of(user.clone(), None, 100).await.expect("bookings");
            let active = repository.active(event, None, 100).await.expect("active ones").len();
            assert_eq!((bookings.len(), active), (8, 8));
            Self { content: Vec::new(), event, user, bookings, active }
        });
        // Closed, and not killed: redb itself would check the file of a killed process.
        drop((service, repository));
        original.content = disk.content().clone();
        original
    }

    fn is_said_or_refused(&self, content: Vec<u8>) -> bool {
        let repository = match RedbRepository::open_with_backend(Disk(Arc::new(content.into()))) {
            Ok(repository) => repository,
            Err(error) => {
                return matches!(error, OpenError::Damaged { .. } | OpenError::Foreign { .. });
            }
        };
        runtime().block_on(async {
            let bookings = repository.bookings_of(self.user.clone(), None, 100).await;
            let active = repository.active(self.event, None, 100).await;
            bookings.is_ok_and(|bookings| bookings == self.bookings)
                && active.is_ok_and(|active| active.len() == self.active)
        })
    }
}

/// Most numbers of the fuzzer are small; so the block, and not the place, is one of them.
fn place(content: &[u8], [block, low, high]: [u8; 3]) -> usize {
    const BLOCK: usize = 4096;
    let block = usize::from(block) % (content.len() / BLOCK);
    block * BLOCK + usize::from(u16::from_le_bytes([low, high])) % BLOCK
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// A disk in memory, of which others may hold a clone.
#[derive(Debug, Clone, Default)]
struct Disk(Arc<Mutex<Vec<u8>>>);

impl Disk {
    fn content(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().expect("nobody panics with it")
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.content().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let content = self.content();
        let rest = content.get(offset as usize..).unwrap_or_default();
        out.copy_from_slice(rest.get(..out.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.content().resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let (mut content, offset) = (self.content(), offset as usize);
        let end = offset + data.len();
        content.get_mut(offset..end).ok_or(io::ErrorKind::InvalidInput)?.copy_from_slice(data);
        Ok(())
    }
}
