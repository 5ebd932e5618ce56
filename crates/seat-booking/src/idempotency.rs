use std::{fmt, str::FromStr};

use seat_layout::{BookingId, EventId, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{Contact, PaymentInfo, Selection};

/// The client's name for one wish, so that repeating it has one effect: 1 to 255 printable ASCII
/// characters. Its scope is one user and one event.
///
/// Quoted, as in draft-ietf-httpapi-idempotency-key-header, or bare is the same key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

/// A text that is no idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be 1 to 255 printable ASCII characters")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// The key of a text that has no quotes to be taken away: what a repository has stored reads
    /// back as it was, also where the key itself begins with a quote or a space.
    fn of_bare(text: &str) -> Result<Self, IdempotencyKeyError> {
        let printable = text.bytes().all(|b| matches!(b, b' '..=b'~'));
        if (1..=255).contains(&text.len()) && printable {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdempotencyKeyError)
        }
    }

    /// The key as text, without quotes around it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    fn from_str(text: &str) -> Result<Self, IdempotencyKeyError> {
        let text = text.trim();
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        Self::of_bare(bare)
    }
}

impl<'de> Deserialize<'de> for IdempotencyKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of_bare(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// What a confirm asked for, in 16 bytes: two requests with one key and different fingerprints
/// are a client's mistake.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 16]);

/// A text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be 32 hexadecimal digits")]
pub struct FingerprintError;

impl Fingerprint {
    /// The fingerprint of a confirm. The order of seats and tables does not matter.
    pub fn of(
        selection: &Selection,
        contact: &Contact,
        payment: Option<&PaymentInfo>,
        notes: Option<&str>,
    ) -> Self {
        let mut items: Vec<String> = selection.items().map(|item| item.to_string()).collect();
        items.sort_unstable();
        let mut hash = Fields::new("seat-booking fingerprint 1");
        hash.number(items.len());
        for item in &items {
            hash.field(item.as_bytes());
        }
        hash.field(contact.name.as_bytes());
        hash.field(contact.email.as_bytes());
        hash.optional(contact.phone.as_deref());
        hash.optional(payment.map(|p| p.method.as_str()));
        hash.optional(payment.and_then(|p| p.transaction_id.as_deref()));
        hash.optional(notes);
        Self(hash.first())
    }

    /// The fingerprint of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        // `from_str_radix` takes a leading plus sign, which no fingerprint has.
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(FingerprintError);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| FingerprintError)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The id of the booking that this attempt under this key makes: so the repository's primary key
/// is the idempotency index, on whatever node.
pub fn booking_id(event: &EventId, user: &UserId, key: &IdempotencyKey, attempt: u8) -> BookingId {
    let mut hash = Fields::new("seat-booking id 1");
    hash.field(event.as_bytes());
    hash.field(user.as_str().as_bytes());
    hash.field(key.as_str().as_bytes());
    hash.field(&[attempt]);
    BookingId::from_bytes(hash.first())
}

/// A hash over fields, each preceded by its length, so that no two lists of fields run together.
struct Fields(Sha256);

impl Fields {
    fn new(version: &str) -> Self {
        let mut fields = Self(Sha256::new());
        fields.field(version.as_bytes());
        fields
    }

    fn number(&mut self, number: usize) {
        self.0.update((number as u64).to_be_bytes());
    }

    fn field(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.0.update(bytes);
    }

    fn optional(&mut self, text: Option<&str>) {
        self.number(usize::from(text.is_some()));
        self.field(text.unwrap_or_default().as_bytes());
    }

    fn first<const N: usize>(self) -> [u8; N] {
        let digest = self.0.finalize();
        std::array::from_fn(|i| digest[i])
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    fn key(text: &str) -> IdempotencyKey {
        text.parse().unwrap()
    }

    #[test]
    fn a_quoted_key_and_a_bare_one_are_the_same() {
        assert_eq!(key("\"order-1\""), key("order-1"));
        assert!("".parse::<IdempotencyKey>().is_err());
        assert!("\"\"".parse::<IdempotencyKey>().is_err());
        assert!("ä".parse::<IdempotencyKey>().is_err());
        assert!("x".repeat(256).parse::<IdempotencyKey>().is_err());
    }

    proptest! {
        #[test]
        fn a_key_survives_its_json_form(header in "[ -~]{1,40}") {
            if let Ok(key) = header.parse::<IdempotencyKey>() {
                let json = serde_json::to_string(&key).unwrap();
                prop_assert_eq!(serde_json::from_str::<IdempotencyKey>(&json).unwrap(), key);
            }
        }

        #[test]
        fn a_key_has_1_to_255_printable_characters(
            header in prop_oneof!["[ -~]{250,260}", "\"?[ -~é]{0,4}\"?", ".{0,9}"],
        ) {
            match header.parse::<IdempotencyKey>() {
                Ok(key) => {
                    prop_assert!((1..=255).contains(&key.as_str().len()));
                    prop_assert!(key.as_str().chars().all(|c| (' '..='~').contains(&c)));
                    prop_assert!(header.contains(key.as_str()));
                }
                Err(IdempotencyKeyError) => {
                    let bare = header.trim();
                    let printable = bare.chars().all(|c| (' '..='~').contains(&c));
                    let length = bare.trim_matches('"').len();
                    prop_assert!(!printable || length == 0 || bare.len() > 255);
                }
            }
        }

        #[test]
        fn a_fingerprint_is_32_digits_that_print_back(
            text in prop_oneof!["[0-9a-fA-F]{31,33}", "[0-9a-f+ ]{32}", ".{0,32}"],
        ) {
            match text.parse::<Fingerprint>() {
                Ok(fingerprint) => {
                    prop_assert_eq!(fingerprint.to_string(), text.to_ascii_lowercase());
                }
                Err(FingerprintError) => {
                    let digits = text.chars().all(|c| c.is_ascii_hexdigit());
                    prop_assert!(!digits || text.len() != 32);
                }
            }
        }
    }

    #[test]
    fn a_key_of_quotes_or_spaces_survives_its_json_form() {
        for header in ["\"   \"", "\"\"\"\"", "\" a\""] {
            let json = serde_json::to_string(&key(header)).unwrap();
            assert_eq!(serde_json::from_str::<IdempotencyKey>(&json).unwrap(), key(header));
        }
    }

    #[test]
    fn ids_differ_by_event_user_key_and_attempt_and_never_run_together() {
        let event = EventId::from_bytes([1; 12]);
        let user = |text: &str| text.parse::<UserId>().unwrap();
        let ids = [
            booking_id(&event, &user("u"), &key("ab"), 0),
            booking_id(&event, &user("ua"), &key("b"), 0),
            booking_id(&event, &user("u"), &key("ab"), 1),
            booking_id(&EventId::from_bytes([2; 12]), &user("u"), &key("ab"), 0),
        ];
        for (i, id) in ids.iter().enumerate() {
            assert!(!ids[..i].contains(id));
        }
    }

    #[test]
    fn the_id_of_a_key_is_the_same_in_every_version_of_this_program() {
        let id = booking_id(
            &EventId::from_bytes([0x64; 12]),
            &"507f1f77bcf86cd799439011".parse().unwrap(),
            &key("order-1"),
            0,
        );
        assert_eq!(id.to_string(), "4f63b9f7a4ce46507405f108");
    }

    #[test]
    fn the_order_of_seats_does_not_change_a_fingerprint_and_everything_else_does() {
        let seats = |text: &str| {
            Selection::of_seats(text.split(',').map(|id| id.parse().unwrap()).collect())
        };
        let contact = Contact { name: "A".into(), email: "a@b.c".into(), phone: None };
        let of = |text: &str, notes| Fingerprint::of(&seats(text), &contact, None, notes);
        assert_eq!(of("A-1,A-2", None), of("A-2,A-1", None));
        assert_ne!(of("A-1,A-2", None), of("A-1", None));
        assert_ne!(of("A-1", None), of("A-1", Some("")));
        let json = serde_json::to_string(&of("A-1", None)).unwrap();
        assert_eq!(serde_json::from_str::<Fingerprint>(&json).unwrap(), of("A-1", None));
    }
}
