use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de};
use thiserror::Error;

/// How far an event's changes have come: `<epoch>-<seq>`, the later the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    epoch: u64,
    seq: u64,
}

#[derive(Debug, PartialEq, Eq, Error)]
#[error("a version is <epoch>-<seq>")]
pub(crate) struct VersionError;

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let (epoch, seq) = text.split_once('-').ok_or(VersionError)?;
        let number = |digits: &str| digits.parse().map_err(|_| VersionError);
        Ok(Self { epoch: number(epoch)?, seq: number(seq)? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_epoch_is_later_than_any_sequence_of_an_older_one() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("2-0") > version("1-900"));
        assert!(version("2-10") > version("2-9"));
        assert_eq!("2".parse::<Version>(), Err(VersionError));
    }
}
