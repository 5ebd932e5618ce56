use std::{collections::HashSet, fmt};

use thiserror::Error;

use crate::{IdError, SeatId};

/// A request's seats: each once, at least one, in the order they were given.
#[derive(Clone, PartialEq, Eq)]
pub struct SeatSet(Vec<SeatId>);

/// Why a list of seats is not a [`SeatSet`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SeatSetError {
    /// There is no seat in the list.
    #[error("at least one seat is needed")]
    Empty,
    /// These seats stand in the list more than once, each named once here.
    #[error("a seat was named more than once")]
    Duplicate(Vec<SeatId>),
    /// A text is no seat id; its position counts from 0.
    #[error("seat {position}")]
    Malformed {
        /// Where in the list.
        position: usize,
        /// What is wrong with it.
        source: IdError,
    },
}

impl SeatSet {
    /// The set of these seats.
    ///
    /// # Errors
    /// [`SeatSetError::Empty`] and [`SeatSetError::Duplicate`].
    pub fn new(seats: Vec<SeatId>) -> Result<Self, SeatSetError> {
        if seats.is_empty() {
            return Err(SeatSetError::Empty);
        }
        let duplicates = duplicates(&seats);
        if duplicates.is_empty() {
            Ok(Self(seats))
        } else {
            Err(SeatSetError::Duplicate(duplicates))
        }
    }

    /// Reads `A-1,A-2`.
    ///
    /// # Errors
    /// Every [`SeatSetError`].
    pub fn parse(text: &str) -> Result<Self, SeatSetError> {
        if text.is_empty() {
            return Err(SeatSetError::Empty);
        }
        let seats = text.split(',').enumerate().map(|(position, part)| {
            part.parse().map_err(|source| SeatSetError::Malformed { position, source })
        });
        Self::new(seats.collect::<Result<_, _>>()?)
    }

    /// The seats, in the order they were given.
    pub fn as_slice(&self) -> &[SeatId] {
        &self.0
    }

    /// The seats themselves.
    pub fn into_vec(self) -> Vec<SeatId> {
        self.0
    }

    /// How many seats there are, at least 1.
    #[allow(clippy::len_without_is_empty, reason = "a seat set is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for SeatSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.0).finish()
    }
}

/// The seats that stand in the list more than once, each named once.
fn duplicates(seats: &[SeatId]) -> Vec<SeatId> {
    let mut seen = HashSet::with_capacity(seats.len());
    let mut again = Vec::new();
    for seat in seats {
        if !seen.insert(seat) && !again.contains(seat) {
            again.push(seat.clone());
        }
    }
    again
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_list_is_a_set_and_prints_back_or_is_refused_by_its_place(
            text in prop_oneof!["[AB]-[12](,[AB]-[12]){0,5}", "[A-C,: é]{0,12}", ".{0,20}"],
        ) {
            let parts: Vec<_> = text.split(',').collect();
            let count = |part: &str| parts.iter().filter(|other| **other == part).count();
            match SeatSet::parse(&text) {
                Ok(set) => {
                    let ids: Vec<_> = set.as_slice().iter().map(SeatId::as_str).collect();
                    prop_assert!(ids.iter().all(|id| count(id) == 1));
                    prop_assert_eq!(ids, parts);
                }
                Err(SeatSetError::Empty) => prop_assert!(text.is_empty()),
                Err(SeatSetError::Malformed { position, .. }) => {
                    let good = parts.iter().take_while(|part| part.parse::<SeatId>().is_ok());
                    prop_assert_eq!(position, good.count());
                }
                Err(SeatSetError::Duplicate(seats)) => {
                    let again: HashSet<_> =
                        parts.iter().copied().filter(|part| count(part) > 1).collect();
                    prop_assert_eq!(seats.len(), again.len());
                    prop_assert!(seats.iter().all(|seat| again.contains(seat.as_str())));
                }
            }
        }
    }

    #[test]
    fn a_set_keeps_the_order_it_was_given() {
        let set = SeatSet::parse("B-2,A-1").unwrap();
        assert_eq!(set.as_slice().iter().map(SeatId::as_str).collect::<Vec<_>>(), ["B-2", "A-1"]);
    }

    #[test]
    fn a_seat_named_three_times_is_reported_once() {
        let error = SeatSet::parse("A-1,A-2,A-1,A-1").unwrap_err();
        assert_eq!(error, SeatSetError::Duplicate(vec!["A-1".parse().unwrap()]));
    }

    #[test]
    fn a_malformed_seat_is_named_by_its_position() {
        assert!(matches!(
            SeatSet::parse("A-1,A 2").unwrap_err(),
            SeatSetError::Malformed { position: 1, .. }
        ));
        assert_eq!(SeatSet::parse("").unwrap_err(), SeatSetError::Empty);
    }
}
