#![doc = include_str!("../README.md")]

mod change;
mod hold;
mod live;
mod status;
mod time;
mod version;

pub use change::{Change, SeatChange};
pub use hold::{HeldSeat, Hold};
pub use live::{Counts, LiveState, OutOfStep};
pub use status::Status;
pub use time::{Timestamp, TimestampError};
pub use version::{Version, VersionError};
