use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A moment, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Its text is RFC 3339 in UTC with milliseconds. Moments of different clocks are never compared
/// by anything that decides about a seat.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    ms: i64,
}

/// A text that is no RFC 3339 time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be an RFC 3339 time such as 2026-11-22T19:30:00Z")]
pub struct TimestampError;

impl Timestamp {
    /// The moment so many milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_ms(ms: i64) -> Self {
        Self { ms }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn ms(self) -> i64 {
        self.ms
    }

    /// So much later; the far future where that would overflow.
    pub fn after(self, duration: Duration) -> Self {
        let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self { ms: self.ms.saturating_add(ms) }
    }

    /// How long ago `earlier` was; zero when it was not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.ms.saturating_sub(earlier.ms)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.ms) {
            Ok(time) => write!(f, "{time:.3}"),
            // Beyond the year 9999 there is no RFC 3339 form.
            Err(_) => write!(f, "9999-12-31T23:59:59.999Z"),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let time: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        Ok(Self { ms: time.as_millisecond() })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_moment_of_our_years_reads_back(ms in -62_167_219_200_000_i64..253_402_207_200_000) {
            let moment = Timestamp::from_ms(ms);
            prop_assert_eq!(moment.to_string().parse(), Ok(moment));
        }

        #[test]
        fn a_text_that_is_read_prints_as_the_same_moment(
            text in prop_oneof![
                "[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][012][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,9})?(Z|[+-][0-2][0-9]:[0-5][0-9])",
                "[+-]?[0-9]{4,6}-[01][0-9]-[0-3][0-9]T[012][0-9]:[0-5][0-9]Z",
                ".{0,30}",
            ],
        ) {
            if let Ok(moment) = text.parse::<Timestamp>() {
                prop_assert_eq!(moment.to_string().parse(), Ok(moment), "{}", text);
            }
        }

        #[test]
        fn no_arithmetic_of_moments_overflows(ms: i64, other: i64, duration: Duration) {
            let (moment, other) = (Timestamp::from_ms(ms), Timestamp::from_ms(other));
            prop_assert!(moment.after(duration) >= moment);
            prop_assert!(moment.since(other).is_zero() || moment > other);
            prop_assert!(!moment.to_string().is_empty());
        }
    }

    #[test]
    fn a_time_prints_in_utc_with_milliseconds() {
        assert_eq!(Timestamp::from_ms(1_698_067_200_100).to_string(), "2023-10-23T13:20:00.100Z");
        let time: Timestamp = "2026-11-22T21:30:00+02:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-11-22T19:30:00.000Z");
        assert!("tomorrow".parse::<Timestamp>().is_err());
    }

    #[test]
    fn a_far_future_neither_overflows_nor_fails_to_print() {
        let far = Timestamp::from_ms(i64::MAX).after(Duration::from_secs(1));
        assert_eq!(far.to_string(), "9999-12-31T23:59:59.999Z");
    }
}
