use std::io::{self, BufRead, Write};

use thiserror::Error;

use crate::{Fault, FinalBooking, FinalEnd, FinalSeat, Line, LineError, Operation};

/// What clients saw of some events, what was done to the system, and what was there at the end.
///
/// It has to tell of *every* request that may have changed one of its events.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// In any order.
    pub operations: Vec<Operation>,
    /// In any order.
    pub faults: Vec<Fault>,
    /// Every booking at the end.
    pub bookings: Vec<FinalBooking>,
    /// Every seat at the end.
    pub seats: Vec<FinalSeat>,
    /// Whether `bookings` and `seats` are all there were. Otherwise nothing is concluded from them.
    pub complete: bool,
    /// How the final state was read.
    pub end: FinalEnd,
    /// The line that each operation was read from, from 1; empty when they were pushed.
    pub lines: Vec<usize>,
}

/// Why a history could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The source failed, or is not UTF-8.
    #[error("line {line} could not be read")]
    Io {
        /// Its number, from 1.
        line: usize,
        /// What happened.
        source: io::Error,
    },
    /// A line is none of a history.
    #[error("line {line} is no line of a history")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        source: LineError,
    },
}

impl History {
    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        match line {
            Line::Operation(operation) => self.operations.push(operation),
            Line::Fault(fault) => self.faults.push(fault),
            Line::Booking(booking) => self.bookings.push(booking),
            Line::Seat(seat) => self.seats.push(seat),
            Line::End(end) => {
                self.complete = true;
                self.end = end;
            }
        }
    }

    /// The history of these lines, a JSON object each; empty ones are passed over.
    ///
    /// # Errors
    /// [`ReadError`] at the first line that can't be read or is none of a history: a history that
    /// lost a line can't be judged.
    pub fn read(mut source: impl BufRead) -> Result<Self, ReadError> {
        let mut history = Self::default();
        let mut text = String::new();
        for line in 1.. {
            text.clear();
            let length =
                source.read_line(&mut text).map_err(|source| ReadError::Io { line, source })?;
            if length == 0 {
                break;
            }
            if text.trim().is_empty() {
                continue;
            }
            let parsed = Line::parse(&text).map_err(|source| ReadError::Line { line, source })?;
            if matches!(parsed, Line::Operation(_)) {
                history.lines.push(line);
            }
            history.push(parsed);
        }
        Ok(history)
    }

    /// Writes all of it: the operations, the faults, and the final state.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let operations = self.operations.iter().cloned().map(Line::Operation);
        let faults = self.faults.iter().cloned().map(Line::Fault);
        let bookings = self.bookings.iter().cloned().map(Line::Booking);
        let seats = self.seats.iter().cloned().map(Line::Seat);
        let end = self.complete.then_some(Line::End(self.end));
        let mut lines = operations.chain(faults).chain(bookings).chain(seats).chain(end);
        lines.try_for_each(|line| Self::write_line(&mut out, &line))
    }

    /// Writes one line with its line feed.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_line(mut out: impl Write, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut out, line)?;
        out.write_all(b"\n")
    }
}
