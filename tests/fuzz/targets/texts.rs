//! Whatever is read from a short text: what is taken prints as a text that reads back the same.
#![no_main]

use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

use libfuzzer_sys::fuzz_target;
use seat_booking::{Fingerprint, IdempotencyKey};
use seat_layout::{Currency, EventId, Money, SeatId, SeatSet, UserId};
use seat_state::{Timestamp, Version};
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|text: &str| {
    prints_back::<EventId>(text);
    prints_back::<SeatId>(text);
    prints_back::<UserId>(text);
    prints_back::<Currency>(text);
    prints_back::<Version>(text);
    prints_back::<Timestamp>(text);
    prints_back::<Fingerprint>(text);
    if let Ok(set) = SeatSet::parse(text) {
        let ids: Vec<_> = set.as_slice().iter().map(SeatId::as_str).collect();
        assert_eq!(ids.join(","), text);
    }
    if let Ok(key) = text.parse::<IdempotencyKey>() {
        assert!((1..=255).contains(&key.as_str().len()));
        serialises_back(&key);
    }
    if let Ok(amount) = serde_json::from_str::<Money>(text) {
        assert!(amount >= Money::ZERO);
        serialises_back(&amount);
    }
});

fn prints_back<T>(text: &str)
where
    T: FromStr<Err: Debug> + Display + Debug + PartialEq + Serialize + DeserializeOwned,
{
    if let Ok(value) = text.parse::<T>() {
        let again: T = value.to_string().parse().expect("what was printed is read");
        assert_eq!(again, value);
        serialises_back(&value);
    }
}

fn serialises_back<T: Debug + PartialEq + Serialize + DeserializeOwned>(value: &T) {
    let json = serde_json::to_string(value).expect("a text or a number has no failing parts");
    let again: T = serde_json::from_str(&json).expect("it was just written");
    assert_eq!(&again, value);
}
