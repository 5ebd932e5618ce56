use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// Why a text is not an id; the message says which form was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{expected}")]
pub struct IdError {
    expected: &'static str,
}

const HEX: IdError = IdError { expected: "must be 24 hexadecimal digits" };
const NAME: IdError = IdError { expected: "must be 1 to 64 characters out of A-Z a-z 0-9 _ - ." };
const USER: IdError = IdError {
    expected: "must be 1 to 128 printable ASCII characters other than space, ':', '{' and '}'",
};

/// Ids of 12 bytes, written as 24 hexadecimal digits like a MongoDB ObjectId.
macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 12]);

        impl $name {
            /// The id of these bytes.
            pub const fn from_bytes(bytes: [u8; 12]) -> Self {
                Self(bytes)
            }

            /// The 12 bytes.
            pub const fn as_bytes(&self) -> &[u8; 12] {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_hex(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut digits = [0u8; 24];
                for (i, byte) in self.0.iter().enumerate() {
                    digits[2 * i] = b"0123456789abcdef"[usize::from(byte >> 4)];
                    digits[2 * i + 1] = b"0123456789abcdef"[usize::from(byte & 15)];
                }
                f.write_str(std::str::from_utf8(&digits).expect("hexadecimal digits are ASCII"))
            }
        }

        text_form!($name);
    };
}

/// Ids that are short texts; cloning one shares it.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $accepts:expr, $error:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if $accepts(text) { Ok(Self(text.into())) } else { Err($error) }
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        text_form!($name);
    };
}

/// What every id shares: it prints and serialises as its text and is parsed when it is read.
macro_rules! text_form {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl de::Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an id as text")
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

hex_id!(
    /// An event: one sale of one layout.
    EventId
);
hex_id!(
    /// A layout.
    LayoutId
);
hex_id!(
    /// A booking.
    BookingId
);
text_id!(
    /// A seat, unique in its layout: 1 to 64 characters out of `A-Z a-z 0-9 _ - .`.
    SeatId,
    is_name,
    NAME
);
text_id!(
    /// A table, unique in its layout: 1 to 64 characters out of `A-Z a-z 0-9 _ - .`.
    TableId,
    is_name,
    NAME
);
text_id!(
    /// A price category: 1 to 64 characters out of `A-Z a-z 0-9 _ - .`.
    CategoryId,
    is_name,
    NAME
);
text_id!(
    /// A user, the `sub` of a token: 1 to 128 printable ASCII characters other than space, `:`,
    /// `{` and `}`, which the keys of a lock store use between their parts.
    UserId,
    is_user,
    USER
);

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

fn is_user(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b':' | b'{' | b'}'))
}

fn parse_hex(text: &str) -> Result<[u8; 12], IdError> {
    let digits: &[u8; 24] = text.as_bytes().try_into().map_err(|_| HEX)?;
    let nibble = |digit: u8| (digit as char).to_digit(16).ok_or(HEX);
    let mut bytes = [0; 12];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (nibble(pair[0])? * 16 + nibble(pair[1])?) as u8;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::TestCaseResult};

    use super::*;

    /// Texts that are nearly ids, and texts that are nothing.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[A-Za-z0-9_.-]{0,70}", "[!-~]{0,140}", "[0-9a-fA-Fg]{22,26}", ".{0,30}"]
    }

    /// It prints and serialises as this text, or is refused in these words.
    fn check<Id>(text: &str, accepted: bool, printed: &str, refusal: IdError) -> TestCaseResult
    where
        Id: FromStr<Err = IdError>
            + fmt::Display
            + fmt::Debug
            + Serialize
            + for<'de> Deserialize<'de>,
    {
        let json = serde_json::to_string(text).unwrap();
        let read = serde_json::from_str::<Id>(&json);
        match text.parse::<Id>() {
            Ok(id) => {
                prop_assert!(accepted);
                prop_assert_eq!(id.to_string(), printed);
                let again = serde_json::to_string(&read.unwrap()).unwrap();
                prop_assert_eq!(again, serde_json::to_string(printed).unwrap());
            }
            Err(error) => {
                prop_assert!(!accepted);
                prop_assert_eq!(error, refusal);
                prop_assert!(read.unwrap_err().to_string().starts_with(refusal.expected));
            }
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn a_text_is_an_id_and_prints_back_or_is_refused(text in text()) {
            let name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
            let user = |c: char| ('!'..='~').contains(&c) && !":{}".contains(c);
            let within = |max| (1..=max).contains(&text.chars().count());
            let named = within(64) && text.chars().all(name);
            check::<SeatId>(&text, named, &text, NAME)?;
            check::<TableId>(&text, named, &text, NAME)?;
            check::<CategoryId>(&text, named, &text, NAME)?;
            check::<UserId>(&text, within(128) && text.chars().all(user), &text, USER)?;
            let hex = text.len() == 24 && text.chars().all(|c| c.is_ascii_hexdigit());
            check::<EventId>(&text, hex, &text.to_lowercase(), HEX)?;
        }

        #[test]
        fn every_twelve_bytes_are_an_id_that_reads_back(bytes: [u8; 12]) {
            let id = BookingId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn a_hex_id_prints_as_it_was_read_in_lower_case() {
        let id: EventId = "64F123456789abcd12345678".parse().unwrap();
        assert_eq!(id.to_string(), "64f123456789abcd12345678");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"64f123456789abcd12345678\"");
    }

    #[test]
    fn ids_of_another_form_are_refused() {
        for text in ["", "64f1", "64f123456789abcd1234567g", "64f123456789abcd123456789"] {
            assert!(text.parse::<EventId>().is_err(), "{text}");
        }
        for text in ["", "a b", "a:b", "é", "a{b}", &"a".repeat(65)] {
            assert!(text.parse::<SeatId>().is_err(), "{text}");
        }
        for text in ["", "a b", "u:1", "u{", "ü", &"u".repeat(129)] {
            assert!(text.parse::<UserId>().is_err(), "{text}");
        }
        assert!("auth0|64f1".parse::<UserId>().is_ok());
    }
}
