#![doc = include_str!("../README.md")]

mod booking;
#[cfg(feature = "contract")]
pub mod contract;
mod error;
mod idempotency;
mod memory;
#[cfg_attr(planted, doc(hidden))]
#[cfg(planted)]
pub mod planted;
#[cfg(not(planted))]
mod planted;
pub mod ports;
mod record;
mod selection;
mod service;
mod settings;

pub use booking::{
    BookedSeat, BookedTable, Booking, BookingStatus, BookingType, ChangeId, Contact, Event,
    NewEvent, Payment, PaymentInfo, PaymentStatus, RequestMark,
};
pub use error::{BookingError, StoreError};
pub use idempotency::{
    Fingerprint, FingerprintError, IdempotencyKey, IdempotencyKeyError, booking_id,
};
pub use memory::{MemoryLockStore, MemoryProjection, MemoryRepository, SavedHolds};
pub use record::{Abandoned, Active, Block, Mark, Record};
pub use selection::{Item, Selection, TableSeats};
pub use service::{
    Actor, Announcement, AuditReport, BookingService, Cancelled, Confirm, Confirmed, EventView,
    PaymentUpdate, Ports, ProjectedAnew, SeatsChanged, Watch, WatchMessage,
};
pub use settings::{Limits, Pages, Settings, Timing};
