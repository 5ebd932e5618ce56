use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Where an event's sequence of changes stands: `"<epoch>-<seq>"`.
///
/// `seq` grows by one with every change; `epoch` changes, and `seq` starts anew, whenever the
/// lock store had to be loaded from the repository. Equal versions mean equal seat states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The run of the sequence; a later one is greater. Below 2^53.
    pub epoch: u64,
    /// The number of changes within the epoch.
    pub seq: u64,
}

/// A text that is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a version such as 1698067200100042-17")]
pub struct VersionError;

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        // `u64::from_str` takes a leading plus sign, which no version has.
        let number = |part: &str| match part.bytes().all(|b| b.is_ascii_digit()) {
            true => part.parse().map_err(|_| VersionError),
            false => Err(VersionError),
        };
        let (epoch, seq) = text.split_once('-').ok_or(VersionError)?;
        Ok(Self { epoch: number(epoch)?, seq: number(seq)? })
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
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
        fn every_version_reads_back(epoch: u64, seq: u64) {
            let version = Version { epoch, seq };
            prop_assert_eq!(version.to_string().parse(), Ok(version));
        }

        #[test]
        fn a_text_is_two_numbers_or_no_version(
            text in prop_oneof!["[0-9+ -]{0,24}", "[0-9]{1,21}-[0-9]{1,21}", ".{0,10}"],
        ) {
            let number = |part: &str| -> Option<u64> {
                part.parse().ok().filter(|_| part.chars().all(|c| c.is_ascii_digit()))
            };
            let parts: Vec<_> = text.split('-').map(number).collect();
            let version = match parts[..] {
                [Some(epoch), Some(seq)] => Ok(Version { epoch, seq }),
                _ => Err(VersionError),
            };
            prop_assert_eq!(text.parse(), version);
        }
    }

    #[test]
    fn a_version_reads_back_and_a_later_epoch_is_greater() {
        let version: Version = "1698067200100042-17".parse().unwrap();
        assert_eq!(version.to_string(), "1698067200100042-17");
        assert!(version < Version { epoch: version.epoch + 1, seq: 0 });
        for text in ["", "1", "1-", "-1", "+1-2", "1-+2", "a-b", "1-2-3", "99999999999999999999-1"]
        {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
