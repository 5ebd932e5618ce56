use std::{fmt, str::FromStr};

use seat_layout::BookingId;
use seat_state::Timestamp;
use serde::{Deserialize, Deserializer, de};

/// How many entries of a list are asked for: 1 to 100, and 20 when the request does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit(usize);

impl Limit {
    /// The entries of a page, and whether more follow; `load` is asked for one more than fit.
    pub(crate) const fn and_one_more(self) -> usize {
        self.0 + 1
    }

    /// Cuts a list of at most one more than fit to the page; `true` when something was cut off.
    pub(crate) fn cut<T>(self, entries: &mut Vec<T>) -> bool {
        let more = entries.len() > self.0;
        entries.truncate(self.0);
        more
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            limit @ 1..=100 => Ok(Self(limit as usize)),
            _ => Err(de::Error::custom("must be 1 to 100")),
        }
    }
}

/// After which booking a page begins. Its text is opaque to clients: 40 hexadecimal digits, the
/// time in milliseconds and then the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BookingCursor {
    pub(crate) created_at: Timestamp,
    pub(crate) id: BookingId,
}

impl fmt::Display for BookingCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{}", self.created_at.ms(), self.id)
    }
}

impl FromStr for BookingCursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MALFORMED: &str = "must be a cursor that an earlier page gave";
        let (time, id) = text.split_at_checked(16).ok_or(MALFORMED)?;
        // `from_str_radix` takes a leading sign, which no cursor has.
        if !time.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(MALFORMED);
        }
        let ms = u64::from_str_radix(time, 16).map_err(|_| MALFORMED)?;
        Ok(Self {
            created_at: Timestamp::from_ms(ms.cast_signed()),
            id: id.parse().map_err(|_| MALFORMED)?,
        })
    }
}

impl<'de> Deserialize<'de> for BookingCursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_was_printed() {
        for ms in [0, 1_698_067_200_100, i64::MAX, -1] {
            let cursor = BookingCursor {
                created_at: Timestamp::from_ms(ms),
                id: BookingId::from_bytes([0xab; 12]),
            };
            assert_eq!(cursor.to_string().len(), 40);
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn a_cursor_of_another_form_is_refused() {
        let long = format!("{}{}", "0".repeat(16), "a".repeat(25));
        let signed = format!("+{}{}", "0".repeat(15), "a".repeat(24));
        let split = format!("{}é{}", "0".repeat(15), "a".repeat(24));
        for text in ["", "0", &"0".repeat(16), &"g".repeat(40), &long, &signed, &split] {
            assert!(text.parse::<BookingCursor>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_page_says_whether_more_follow() {
        let limit: Limit = serde_json::from_str("2").unwrap();
        let mut entries = vec![1, 2, 3];
        assert_eq!(limit.and_one_more(), 3);
        assert!(limit.cut(&mut entries));
        assert_eq!(entries, [1, 2]);
        assert!(!limit.cut(&mut entries));
    }

    #[test]
    fn a_page_of_no_or_too_many_entries_is_refused() {
        for text in ["0", "101", "-1", "1.5"] {
            assert!(serde_json::from_str::<Limit>(text).is_err(), "{text}");
        }
    }
}
