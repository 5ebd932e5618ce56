use serde::{Deserialize, Serialize};

/// What a seat is to somebody who would like to have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Status {
    /// Nobody has it.
    #[default]
    Available,
    /// Somebody holds it for a while, or is just confirming it.
    Held,
    /// It is in an active booking.
    Booked,
    /// The house keeps it back.
    Blocked,
}

impl Status {
    /// Every status, in the order of its number.
    pub const ALL: [Self; 4] = [Self::Available, Self::Held, Self::Booked, Self::Blocked];

    /// The one-letter form: `a`, `h`, `b`, `x`.
    pub const fn letter(self) -> char {
        match self {
            Self::Available => 'a',
            Self::Held => 'h',
            Self::Booked => 'b',
            Self::Blocked => 'x',
        }
    }

    /// The word: `available`, `held`, `booked`, `blocked`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Held => "held",
            Self::Booked => "booked",
            Self::Blocked => "blocked",
        }
    }
}
