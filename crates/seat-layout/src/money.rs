use std::{fmt, iter::Sum, ops::Add, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// An amount of money in minor units (hundredths), never computed in floating point.
///
/// On the wire it is a JSON number in major units with at most two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money {
    minor: i64,
}

/// Why a number is not an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// There are more than two decimals.
    #[error("must have at most two decimals")]
    Decimals,
    /// The number is negative, not finite, or 10^12 and more.
    #[error("must be a number from 0 to 999999999999.99")]
    Range,
}

const MAJOR_BELOW: f64 = 1e12;

impl Money {
    /// The greatest price of one seat, so that a sum of many stays far from every bound.
    pub const PRICE_MAX: Self = Self { minor: 99_999_999_999 };

    /// Nothing.
    pub const ZERO: Self = Self { minor: 0 };

    /// The amount of so many minor units.
    pub const fn from_minor(minor: i64) -> Self {
        Self { minor }
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The amount of a JSON number in major units.
    ///
    /// # Errors
    /// Both variants of [`MoneyError`].
    pub fn from_major(major: f64) -> Result<Self, MoneyError> {
        if !(0.0..MAJOR_BELOW).contains(&major) {
            return Err(MoneyError::Range);
        }
        // The shortest text that reads back as the same number is the one that was written, as
        // long as that had at most 15 digits; so the decimals are counted in it.
        let text = major.to_string();
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        if decimals.len() > 2 {
            return Err(MoneyError::Decimals);
        }
        format!("{whole}{decimals:0<2}")
            .parse()
            .map(Self::from_minor)
            .map_err(|_| MoneyError::Range)
    }

    /// So many times this amount.
    pub const fn times(self, count: i64) -> Self {
        Self { minor: self.minor * count }
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { minor: self.minor + other.minor }
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.minor / 100, self.minor % 100)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.minor % 100 == 0 {
            serializer.serialize_i64(self.minor / 100)
        } else {
            // Below 10^12 the nearest double prints as exactly these two decimals.
            serializer.serialize_f64(self.minor as f64 / 100.0)
        }
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_major(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A currency by its ISO 4217 code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollars, the currency of an event that names none.
    pub const USD: Self = Self(*b"USD");

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency code is ASCII")
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(CurrencyError),
        }
    }
}

/// A text that is no currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be an ISO 4217 code of three capital letters")]
pub struct CurrencyError;

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_price_with_more_than_two_decimals_is_refused() {
        assert_eq!(Money::from_major(0.005), Err(MoneyError::Decimals));
        assert_eq!(Money::from_major(19.999), Err(MoneyError::Decimals));
        assert_eq!(Money::from_major(-1.0), Err(MoneyError::Range));
        assert_eq!(Money::from_major(f64::NAN), Err(MoneyError::Range));
        assert_eq!(Money::from_major(1e12), Err(MoneyError::Range));
    }

    proptest! {
        #[test]
        fn an_amount_survives_its_json_form(minor in 0i64..100_000_000_000_000) {
            let amount = Money::from_minor(minor);
            let json = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), amount);
        }

        #[test]
        fn a_number_is_the_amount_that_it_says_or_is_refused(
            major in prop_oneof![
                any::<f64>(),
                -1e3..1e13,
                (0u64..100_000_000).prop_map(|thousandths| thousandths as f64 / 1000.0),
            ],
        ) {
            match Money::from_major(major) {
                Ok(amount) => prop_assert_eq!(amount.minor() as f64 / 100.0, major),
                Err(MoneyError::Range) => prop_assert!(!(0.0..1e12).contains(&major)),
                Err(MoneyError::Decimals) => prop_assert_ne!((major * 100.0).round() / 100.0, major),
            }
        }

        #[test]
        fn three_capital_letters_are_a_currency(text in prop_oneof!["[A-Zé]{2,4}", ".{0,5}"]) {
            let letters = text.len() == 3 && text.chars().all(|c| c.is_ascii_uppercase());
            prop_assert_eq!(text.parse::<Currency>().is_ok(), letters);
            if let Ok(currency) = text.parse::<Currency>() {
                prop_assert_eq!(currency.to_string(), text);
            }
        }
    }
}
