#![doc = include_str!("../README.md")]

mod check;
mod history;
mod line;
mod operation;
mod report;
#[cfg(test)]
mod tests;

pub use check::check;
pub use history::{History, ReadError};
pub use line::{
    BookingStatus, Fault, FinalBooking, FinalEnd, FinalSeat, Line, LineError, SeatStatus,
};
pub use operation::{Operation, OperationKind, Outcome};
pub use report::{Invariant, Report, Violation};
