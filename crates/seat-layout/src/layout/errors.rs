use std::{error::Error, fmt};

/// What is wrong at one place of a layout document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where, as in `seats[3].catId`.
    pub field: String,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Everything that is wrong with a layout document; at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutErrors {
    places: Vec<Place>,
    total: usize,
}

/// A document that is wrong throughout is understood after this many places.
const PLACES_MAX: usize = 100;

impl LayoutErrors {
    /// The places, at most the first 100 that were found.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    pub(crate) const fn none() -> Self {
        Self { places: Vec::new(), total: 0 }
    }

    /// Notes one error; the texts are formatted only when there is room for them.
    pub(crate) fn add(&mut self, field: impl fmt::Display, message: impl fmt::Display) {
        self.total += 1;
        if self.places.len() < PLACES_MAX {
            self.places.push(Place { field: field.to_string(), message: message.to_string() });
        }
    }

    /// Fails when an error was noted.
    pub(crate) fn into_result(self) -> Result<(), Self> {
        if self.total == 0 { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for LayoutErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.places.first(), self.total) {
            (None, _) => f.write_str("the layout has no errors"),
            (Some(only), 1) => write!(f, "the layout has 1 error: {only}"),
            (Some(first), total) => write!(f, "the layout has {total} errors, the first: {first}"),
        }
    }
}

impl Error for LayoutErrors {}
