use std::{fmt::Display, str::FromStr};

use serde::{Deserialize, Deserializer, de};

/// Ids of a query, as in `seatIds=a,b`; an empty text has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids<T>(pub(crate) Vec<T>);

impl<T> Default for Ids<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Ids<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self::default());
        }
        let ids = text.split(',').enumerate().map(|(position, part)| {
            part.parse().map_err(|error| de::Error::custom(format!("id {}: {error}", position + 1)))
        });
        ids.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use seat_layout::SeatId;

    use super::*;

    fn ids(text: &str) -> Result<Ids<SeatId>, serde_json::Error> {
        serde_json::from_value(text.into())
    }

    #[test]
    fn ids_stand_between_commas() {
        assert_eq!(ids("A-1,A-2").unwrap().0.len(), 2);
        assert_eq!(ids("").unwrap(), Ids::default());
    }

    #[test]
    fn a_malformed_id_is_named_by_its_number() {
        for text in ["A-1,A 2", "A-1,", "A-1,,A-2"] {
            assert!(ids(text).unwrap_err().to_string().starts_with("id 2: "), "{text}");
        }
    }
}
