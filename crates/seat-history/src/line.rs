use serde::{Deserialize, Serialize, Serializer, de::IgnoredAny};

use crate::Operation;

/// One line of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// What a client asked for and was told.
    Operation(Operation),
    /// What was done to the system.
    Fault(Fault),
    /// A booking in the repository at the end.
    Booking(FinalBooking),
    /// What a seat was shown as at the end.
    Seat(FinalSeat),
    /// The final state is complete.
    End(FinalEnd),
}

/// Something that was done to the system under load.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Its name: `flush`, `failover`, `restart` or anything else.
    #[serde(rename = "fault")]
    pub kind: String,
    /// When it began, in microseconds of the driver's clock.
    #[serde(rename = "start")]
    pub start_us: u64,
    /// When it was over; absent when it lasted to the end.
    #[serde(rename = "end", default, skip_serializing_if = "Option::is_none")]
    pub end_us: Option<u64>,
    /// Whether the lock store may have lost holds by it.
    pub forgets: bool,
}

/// A booking as the repository has it at the end, cancelled ones too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FinalBooking {
    /// Its id.
    pub booking: String,
    /// Its event.
    pub event: String,
    /// Whose it is.
    pub user: String,
    /// All its seats, those of its tables included; of a cancelled one those that it had.
    pub seats: Vec<String>,
    /// The tables that were booked as tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// How far it has come.
    pub status: BookingStatus,
    /// Its price in minor units; absent when the driver did not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The Idempotency-Key that it was made with; absent when there was none or it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What a seat was shown as at the end.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FinalSeat {
    /// The event.
    pub event: String,
    /// The seat.
    pub seat: String,
    /// Its status.
    pub status: SeatStatus,
}

/// Says that every booking and every seat of the events has its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FinalEnd {
    /// When the driver began to read the final state, by its clock; absent: after all that the
    /// history tells.
    #[serde(rename = "at", default, skip_serializing_if = "Option::is_none")]
    pub at_us: Option<u64>,
    /// Whether the driver had waited until nothing was under way any more: every hold has run out,
    /// that of a request without an answer too, and every gap after a fault is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
}

/// How far a booking has come; it only ever moves forward in this order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum BookingStatus {
    /// The seats are sold, the payment is not recorded.
    #[default]
    Confirmed,
    /// The seats are sold and paid.
    Paid,
    /// The seats were given back.
    Cancelled,
}

/// What a seat is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeatStatus {
    /// It can be held.
    #[default]
    Available,
    /// Somebody holds it.
    Held,
    /// It is in a booking.
    Booked,
    /// The house keeps it back.
    Blocked,
}

/// The lines that say what was there at the end.
#[derive(Serialize, Deserialize)]
#[serde(tag = "final", rename_all = "lowercase")]
enum Final<B, S, E> {
    Booking(B),
    Seat(S),
    End(E),
}

/// The one field that says which line it is.
#[derive(Deserialize)]
struct Tag {
    op: Option<IgnoredAny>,
    fault: Option<IgnoredAny>,
    r#final: Option<IgnoredAny>,
}

/// Why a text is no line of a history.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is not JSON, or a field is missing, unknown or of another type.
    #[error("{what}, at column {column}")]
    Json {
        /// What is wrong.
        what: String,
        /// Where it was noticed.
        column: usize,
    },
    /// Its fields do not fit together.
    #[error("{0}")]
    Flaw(&'static str),
}

impl From<serde_json::Error> for LineError {
    fn from(error: serde_json::Error) -> Self {
        let what = error.to_string();
        // Every line is line 1 to the parser.
        let what = what.split(" at line ").next().unwrap_or_default().to_owned();
        Self::Json { what, column: error.column() }
    }
}

impl FinalBooking {
    /// Whether it has its seats.
    pub(crate) fn is_active(&self) -> bool {
        match self.status {
            BookingStatus::Confirmed | BookingStatus::Paid => true,
            BookingStatus::Cancelled => false,
        }
    }
}

impl Line {
    /// The line of this text.
    ///
    /// # Errors
    /// [`LineError::Json`] also for fields that the format does not have: a misspelt name would
    /// silently weaken the check. [`LineError::Flaw`] for fields that contradict each other.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        let tag: Tag = serde_json::from_str(text)?;
        match (tag.op, tag.fault, tag.r#final) {
            (Some(_), None, None) => {
                let operation: Operation = serde_json::from_str(text)?;
                operation.flaw().map_or(Ok(Self::Operation(operation)), |f| Err(LineError::Flaw(f)))
            }
            (None, Some(_), None) => {
                let fault: Fault = serde_json::from_str(text)?;
                match fault.end_us {
                    Some(end) if end < fault.start_us => {
                        Err(LineError::Flaw("`end` is before `start`"))
                    }
                    None | Some(_) => Ok(Self::Fault(fault)),
                }
            }
            (None, None, Some(_)) => Ok(match serde_json::from_str(text)? {
                Final::Booking(booking) => Self::Booking(booking),
                Final::Seat(seat) => Self::Seat(seat),
                Final::End(end) => Self::End(end),
            }),
            _ => Err(LineError::Flaw("it needs exactly one of `op`, `fault` and `final`")),
        }
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        type Borrowed<'a> = Final<&'a FinalBooking, &'a FinalSeat, &'a FinalEnd>;
        match self {
            Self::Operation(operation) => operation.serialize(serializer),
            Self::Fault(fault) => fault.serialize(serializer),
            Self::Booking(booking) => Borrowed::Booking(booking).serialize(serializer),
            Self::Seat(seat) => Borrowed::Seat(seat).serialize(serializer),
            Self::End(end) => Borrowed::End(end).serialize(serializer),
        }
    }
}
