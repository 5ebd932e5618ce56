use serde::{Deserialize, Serialize};

/// One request, as the client that sent it saw it.
///
/// All times are microseconds of one monotonic clock, the driver's. What a request did, it did
/// between `start_us` and `end_us` when it was answered, and at any time after `start_us` when its
/// outcome is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    /// What was asked for.
    #[serde(rename = "op")]
    pub kind: OperationKind,
    /// The event.
    pub event: String,
    /// Who asked. Empty for the house: blocks, and cancels and payments by an administrator.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// All seats of the request, those of its tables included. A release without seats gives back
    /// everything that the user holds in the event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seats: Vec<String>,
    /// The tables that are taken as tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// The Idempotency-Key of a confirm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Any text that is the same for the same request body. Without it the seats and tables stand
    /// for the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The booking: of a confirm the answered one, of a cancel or payment the one it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking: Option<String>,
    /// The price that a confirm was answered, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Before the request was sent.
    #[serde(rename = "start")]
    pub start_us: u64,
    /// After the answer was read, or when the client gave up; absent when it still waits.
    #[serde(rename = "end", default, skip_serializing_if = "Option::is_none")]
    pub end_us: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was refused: the `code` of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Until when a hold or an extension surely lasts: the answered expiry, rounded down to the
    /// driver's clock. Absent: nothing is concluded from how long it lasts.
    #[serde(rename = "expires", default, skip_serializing_if = "Option::is_none")]
    pub expires_us: Option<u64>,
}

/// What an operation asks for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum OperationKind {
    /// Seats or a table for a while.
    #[default]
    Hold,
    /// A longer hold.
    Extend,
    /// Held seats back.
    Release,
    /// A booking of what is held.
    Confirm,
    /// The end of a booking.
    Cancel,
    /// A booking to be marked as paid. A payment that failed is no operation.
    Payment,
    /// Seats to be kept back.
    Block,
    /// Seats that were kept back to be sold again.
    Unblock,
}

/// How an operation ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was answered that this is done.
    Yes,
    /// It was refused: it never takes effect. A replay that only shows what was done before is
    /// `Yes`.
    No,
    /// No answer, a broken connection, a time-out or a 5xx: it may have been done, or be done at
    /// any later time, or never.
    #[default]
    Unknown,
}

impl Operation {
    /// What is missing or contradicts itself, for whoever has read it from a file.
    pub(crate) fn flaw(&self) -> Option<&'static str> {
        use OperationKind::{Block, Cancel, Confirm, Extend, Hold, Payment, Release, Unblock};
        let (seats, user, booking) = match self.kind {
            Hold | Extend | Confirm => (true, true, false),
            Release => (false, true, false),
            Cancel | Payment => (false, false, true),
            Block | Unblock => (true, false, false),
        };
        let answered = match self.outcome {
            Outcome::Yes | Outcome::No => true,
            Outcome::Unknown => false,
        };
        match self.end_us {
            None if answered => Some("an answered operation needs `end`"),
            Some(end) if end < self.start_us => Some("`end` is before `start`"),
            None | Some(_) if self.event.is_empty() => Some("`event` is empty"),
            None | Some(_) if user && self.user.is_empty() => Some("`user` is missing"),
            None | Some(_) if seats && self.seats.is_empty() => Some("`seats` is missing"),
            None | Some(_) if booking && self.booking.is_none() => Some("`booking` is missing"),
            None | Some(_) => None,
        }
    }

    /// When its answer was there; never, as long as none is.
    pub(crate) fn end(&self) -> u64 {
        self.end_us.unwrap_or(u64::MAX)
    }

    /// After this it has no effect that it did not have before.
    pub(crate) fn over(&self) -> u64 {
        match self.outcome {
            Outcome::Yes | Outcome::No => self.end(),
            Outcome::Unknown => u64::MAX,
        }
    }

    /// Whether it may have had, or may yet have, an effect.
    pub(crate) fn may_count(&self) -> bool {
        match self.outcome {
            Outcome::Yes | Outcome::Unknown => true,
            Outcome::No => false,
        }
    }

    /// Whether it was answered that it is done.
    pub(crate) fn is_yes(&self) -> bool {
        self.outcome == Outcome::Yes
    }
}
