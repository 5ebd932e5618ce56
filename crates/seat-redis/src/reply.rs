//! What the scripts answer, as the port's types.

use std::{str::FromStr, vec};

use fred::types::Value;
use seat_booking::{
    Item, Mark,
    ports::{
        BackendError, BeginReply, BlockReply, ChangesReply, ExtendReply, FinishReply, Held,
        HoldReply, LoadBeginReply, LoadReply, LockError, MarkedItem, MarksPage, ReleaseReply,
        SnapshotPage, SweepReply, Transfer, TransferReply, UserHolds,
    },
};
use seat_layout::{BookingId, SeatId, UserId};
use seat_state::{Change, HeldSeat, SeatChange, Status, Timestamp, Version};
use thiserror::Error;

use crate::script::Script;

/// A reply: a word, and what follows it.
#[derive(Debug)]
pub(crate) struct Reply {
    script: Script,
    word: String,
    fields: vec::IntoIter<Value>,
}

/// A reply that this version of the program does not know.
#[derive(Debug, Error)]
#[error("the reply of {name} can't be read after its word {word:?}")]
struct Unreadable {
    name: &'static str,
    word: String,
}

/// Keys that a script still needs to have declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Undeclared {
    Item(Item),
    User(UserId),
}

impl Reply {
    /// # Errors
    /// [`LockError::NotLoaded`] when that is what it says.
    pub(crate) fn read(script: Script, value: Value) -> Result<Self, LockError> {
        let mut fields = value.into_array().into_iter();
        let word = fields.next().and_then(Value::into_string).unwrap_or_default();
        match word.as_str() {
            "not_loaded" => Err(LockError::NotLoaded),
            _ => Ok(Self { script, word, fields }),
        }
    }

    pub(crate) fn held(mut self) -> Result<HoldReply, LockError> {
        match self.word.as_str() {
            "held" => Ok(HoldReply::Held(self.times()?)),
            "taken" => Ok(HoldReply::Taken { seats: self.rest()?, table: false }),
            "limit" => Ok(HoldReply::Limit),
            _ => Err(self.unreadable()),
        }
    }

    pub(crate) fn held_table(mut self) -> Result<HoldReply, LockError> {
        match self.word.as_str() {
            "taken" => {
                let table = self.next::<u8>()? == 1;
                Ok(HoldReply::Taken { seats: self.rest()?, table })
            }
            _ => self.held(),
        }
    }

    pub(crate) fn released(mut self) -> Result<ReleaseReply, LockError> {
        self.expect("released")?;
        let version = self.version()?;
        Ok(ReleaseReply { seats: self.rest()?, version })
    }

    pub(crate) fn extended(mut self) -> Result<ExtendReply, LockError> {
        match self.word.as_str() {
            "extended" => Ok(ExtendReply::Extended(self.times()?)),
            "not_held" => Ok(ExtendReply::NotHeld(self.rest()?)),
            "in_transfer" => Ok(ExtendReply::InTransfer),
            _ => Err(self.unreadable()),
        }
    }

    pub(crate) fn user_holds(mut self) -> Result<UserHolds, LockError> {
        self.expect("holds")?;
        let version = self.version()?;
        let mut seats = Vec::new();
        while !self.is_read() {
            seats.push(HeldSeat {
                seat: self.next()?,
                table: self.optional()?,
                held_at: self.time()?,
                expires_at: self.time()?,
            });
        }
        seats.sort_unstable();
        Ok(UserHolds { seats, version })
    }

    pub(crate) fn begun(mut self) -> Result<BeginReply, LockError> {
        match self.word.as_str() {
            "begun" => Ok(BeginReply::Begun { epoch: self.next()? }),
            "gone" => Ok(BeginReply::Gone),
            "mismatch" => Ok(BeginReply::Mismatch),
            "not_owner" => {
                let own_transfer = self.optional()?;
                Ok(BeginReply::NotOwner { seats: self.rest()?, own_transfer })
            }
            _ => Err(self.unreadable()),
        }
    }

    pub(crate) fn block_begun(mut self) -> Result<BlockReply, LockError> {
        match self.word.as_str() {
            "begun" => {
                let epoch = self.next()?;
                Ok(BlockReply::Begun { epoch, blocked: self.rest()? })
            }
            "taken" => Ok(BlockReply::Taken(self.rest()?)),
            _ => Err(self.unreadable()),
        }
    }

    pub(crate) fn finished(mut self) -> Result<FinishReply, LockError> {
        match self.word.as_str() {
            "finished" => Ok(FinishReply::Finished(self.version()?)),
            "other_epoch" => Ok(FinishReply::OtherEpoch),
            "gone" => Ok(FinishReply::Gone),
            _ => Err(self.unreadable()),
        }
    }

    /// The version of a reply that is a word and a version.
    pub(crate) fn version_of(mut self, word: &str) -> Result<Version, LockError> {
        self.expect(word)?;
        self.version()
    }

    pub(crate) fn transfer(mut self) -> Result<TransferReply, LockError> {
        let epoch = self.next()?;
        match self.word.as_str() {
            "none" => Ok(TransferReply { epoch, transfer: None }),
            "standing" => {
                let fingerprint = self.optional()?;
                let user = self.optional()?;
                let begun_at = self.time()?;
                let mut items = Vec::new();
                while !self.is_read() {
                    items.push(self.item()?);
                }
                let transfer = Some(Transfer { user, fingerprint, begun_at, items });
                Ok(TransferReply { epoch, transfer })
            }
            _ => Err(self.unreadable()),
        }
    }

    pub(crate) fn transfers(self) -> Result<Vec<BookingId>, LockError> {
        self.expect("transfers")?;
        self.rest()
    }

    pub(crate) fn load_begun(mut self) -> Result<LoadBeginReply, LockError> {
        match self.word.as_str() {
            "begun" => Ok(LoadBeginReply::Begun { epoch: self.next()? }),
            "ready" => Ok(LoadBeginReply::Ready),
            "busy" => Ok(LoadBeginReply::Busy),
            _ => Err(self.unreadable()),
        }
    }

    pub(crate) fn loaded(self) -> Result<LoadReply, LockError> {
        match self.word.as_str() {
            "done" => Ok(LoadReply::Done),
            "again" => Ok(LoadReply::Again),
            "fenced" => Ok(LoadReply::Fenced),
            _ => Err(self.unreadable()),
        }
    }

    /// The seats that are due to be swept.
    pub(crate) fn due(mut self) -> Result<(Version, Vec<SeatId>), LockError> {
        self.expect("due")?;
        let version = self.version()?;
        Ok((version, self.rest()?))
    }

    pub(crate) fn swept(mut self, more: bool) -> Result<SweepReply, LockError> {
        self.expect("swept")?;
        let version = self.version()?;
        Ok(SweepReply { seats: self.next()?, more, version })
    }

    pub(crate) fn snapshot_page(mut self) -> Result<SnapshotPage, LockError> {
        self.expect("page")?;
        let version = self.version()?;
        let next = self.cursor()?;
        let mut seats = Vec::new();
        while !self.is_read() {
            let text = self.text()?;
            seats.push(read_state(&text).ok_or_else(|| self.unreadable())?);
        }
        Ok(SnapshotPage { version, seats, next })
    }

    pub(crate) fn changes(mut self) -> Result<ChangesReply, LockError> {
        if self.word == "resync" {
            return Ok(ChangesReply::Resync);
        }
        self.expect("changes")?;
        let mut changes = Vec::new();
        while !self.is_read() {
            let (seq, text) = (self.next()?, self.text()?);
            let seats = text.split(',').map(read_state).collect::<Option<Vec<_>>>();
            changes.push(Change { seq, seats: seats.ok_or_else(|| self.unreadable())? });
        }
        Ok(ChangesReply::Changes(changes))
    }

    pub(crate) fn marks_page(mut self) -> Result<MarksPage, LockError> {
        self.expect("marks")?;
        let next = self.cursor()?;
        let mut items = Vec::new();
        while !self.is_read() {
            let item = self.item()?;
            let mark = match self.text()?.as_str() {
                "b" => Mark::Booked,
                "x" => Mark::Blocked,
                _ => return Err(self.unreadable()),
            };
            items.push(MarkedItem { item, mark, id: self.next()? });
        }
        Ok(MarksPage { items, next })
    }

    pub(crate) fn holders(mut self) -> Result<Vec<(SeatId, UserId)>, LockError> {
        self.expect("holders")?;
        let mut holders = Vec::new();
        while !self.is_read() {
            holders.push((self.next()?, self.next()?));
        }
        Ok(holders)
    }

    /// What has to be declared too before the script can do its work; nothing when it has.
    pub(crate) fn undeclared(&mut self) -> Result<Vec<Undeclared>, LockError> {
        let mut undeclared = Vec::new();
        while self.word == "declare" && !self.is_read() {
            let text = self.text()?;
            let name = match text.strip_prefix("user:") {
                Some(user) => user.parse().ok().map(Undeclared::User),
                None => read_item(&text).map(Undeclared::Item),
            };
            undeclared.push(name.ok_or_else(|| self.unreadable())?);
        }
        Ok(undeclared)
    }

    fn times(&mut self) -> Result<Held, LockError> {
        let version = self.version()?;
        Ok(Held { held_at: self.time()?, expires_at: self.time()?, version })
    }

    fn version(&mut self) -> Result<Version, LockError> {
        Ok(Version { epoch: self.next()?, seq: self.next()? })
    }

    fn time(&mut self) -> Result<Timestamp, LockError> {
        self.next().map(Timestamp::from_ms)
    }

    fn item(&mut self) -> Result<Item, LockError> {
        let text = self.text()?;
        read_item(&text).ok_or_else(|| self.unreadable())
    }

    fn cursor(&mut self) -> Result<Option<String>, LockError> {
        self.text().map(|cursor| (!cursor.is_empty()).then_some(cursor))
    }

    /// `None` of an empty text.
    fn optional<T: FromStr>(&mut self) -> Result<Option<T>, LockError> {
        match self.text()?.as_str() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| self.unreadable()),
        }
    }

    fn next<T: FromStr>(&mut self) -> Result<T, LockError> {
        self.text()?.parse().map_err(|_| self.unreadable())
    }

    fn rest<T: FromStr>(mut self) -> Result<Vec<T>, LockError> {
        let mut rest = Vec::with_capacity(self.fields.len());
        while !self.is_read() {
            rest.push(self.next()?);
        }
        Ok(rest)
    }

    fn text(&mut self) -> Result<String, LockError> {
        self.fields.next().and_then(Value::into_string).ok_or_else(|| self.unreadable())
    }

    fn is_read(&self) -> bool {
        self.fields.len() == 0
    }

    fn expect(&self, word: &str) -> Result<(), LockError> {
        if self.word == word { Ok(()) } else { Err(self.unreadable()) }
    }

    fn unreadable(&self) -> LockError {
        let error = Unreadable { name: self.script.name(), word: self.word.clone() };
        LockError::Unknown(BackendError::new("redis", self.script.operation(), error))
    }
}

/// An item as it prints: a seat's id, or `table:T`.
fn read_item(text: &str) -> Option<Item> {
    match text.strip_prefix("table:") {
        Some(table) => table.parse().ok().map(Item::Table),
        None => text.parse().ok().map(Item::Seat),
    }
}

/// The state of a seat: `A-1:b`, or `A-1:h:1698067200100` with the end of its hold in ms.
fn read_state(text: &str) -> Option<SeatChange> {
    let (seat, state) = text.split_once(':')?;
    let (letter, expires_at) = match state.split_once(':') {
        Some((letter, ms)) => (letter, Some(Timestamp::from_ms(ms.parse().ok()?))),
        None => (state, None),
    };
    let is = |status: &Status| letter.chars().eq([status.letter()]);
    let status = Status::ALL.into_iter().find(is)?;
    Some(SeatChange { seat: seat.parse().ok()?, status, expires_at })
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    /// Every reader of a reply, and whether it made something of it.
    const READERS: [fn(Reply) -> Result<(), LockError>; 20] = [
        |reply| reply.held().map(drop),
        |reply| reply.held_table().map(drop),
        |reply| reply.released().map(drop),
        |reply| reply.extended().map(drop),
        |reply| reply.user_holds().map(drop),
        |reply| reply.begun().map(drop),
        |reply| reply.block_begun().map(drop),
        |reply| reply.finished().map(drop),
        |reply| reply.version_of("freed").map(drop),
        |reply| reply.transfer().map(drop),
        |reply| reply.transfers().map(drop),
        |reply| reply.load_begun().map(drop),
        |reply| reply.loaded().map(drop),
        |reply| reply.due().map(drop),
        |reply| reply.swept(false).map(drop),
        |reply| reply.snapshot_page().map(drop),
        |reply| reply.changes().map(drop),
        |reply| reply.marks_page().map(drop),
        |reply| reply.holders().map(drop),
        |mut reply| reply.undeclared().map(drop),
    ];

    /// What a script may say first.
    const WORDS: [&str; 26] = [
        "not_loaded",
        "held",
        "taken",
        "limit",
        "released",
        "extended",
        "not_held",
        "in_transfer",
        "holds",
        "begun",
        "gone",
        "mismatch",
        "not_owner",
        "finished",
        "freed",
        "none",
        "standing",
        "transfers",
        "ready",
        "due",
        "swept",
        "page",
        "changes",
        "marks",
        "holders",
        "declare",
    ];

    fn any_field() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            select(&["A-1", "table:T", "user:u", "b", "x", "1", "17", "A-1:b", "A-1:h:5", ""][..])
                .prop_map(String::from),
            "[0-9a-f]{24}",
            "[0-9a-f]{32}",
            ".{0,12}",
        ];
        prop_oneof![
            8 => text.prop_map(Value::from),
            1 => any::<i64>().prop_map(Value::Integer),
            1 => any::<f64>().prop_map(Value::Double),
            1 => vec(any::<u8>(), 0..8).prop_map(|bytes| Value::Bytes(bytes.into())),
            1 => Just(Value::Null),
            1 => Just(Value::Array(vec![Value::from("A-1")])),
        ]
    }

    fn any_change() -> impl Strategy<Value = (SeatChange, String)> {
        ("[A-Z]-[0-9]{1,3}", select(&Status::ALL[..]), any::<Option<i64>>()).prop_map(
            |(seat, status, ms)| {
                let text = match ms {
                    Some(ms) => format!("{seat}:{}:{ms}", status.letter()),
                    None => format!("{seat}:{}", status.letter()),
                };
                let expires_at = ms.map(Timestamp::from_ms);
                (SeatChange { seat: seat.parse().unwrap(), status, expires_at }, text)
            },
        )
    }

    proptest! {
        #[test]
        fn a_reply_is_read_or_its_outcome_is_unknown(
            word in prop_oneof![9 => select(&WORDS[..]).prop_map(Value::from), 1 => any_field()],
            fields in vec(any_field(), 0..8),
        ) {
            let not_loaded = word.as_str().as_deref() == Some("not_loaded");
            let reply = Value::Array([vec![word], fields].concat());
            for read in READERS {
                match Reply::read(Script::Hold, reply.clone()).and_then(read) {
                    Ok(()) => prop_assert!(!not_loaded),
                    Err(LockError::NotLoaded) => prop_assert!(not_loaded),
                    Err(LockError::Unknown(error)) => {
                        prop_assert!(error.to_string().contains("run multi_seat_hold"), "{}", error);
                    }
                }
            }
        }

        #[test]
        fn changes_read_back_as_the_scripts_write_them(
            changes in vec((any::<u64>(), vec(any_change(), 1..4)), 0..4),
        ) {
            let mut fields = vec!["changes".to_owned()];
            let mut written = Vec::new();
            for (seq, seats) in changes {
                let (seats, texts): (Vec<_>, Vec<_>) = seats.into_iter().unzip();
                fields.extend([seq.to_string(), texts.join(",")]);
                written.push(Change { seq, seats });
            }
            let fields: Vec<_> = fields.iter().map(String::as_str).collect();
            let read = reply(&fields).unwrap().changes().unwrap();
            prop_assert_eq!(read, ChangesReply::Changes(written));
        }
    }

    fn reply(fields: &[&str]) -> Result<Reply, LockError> {
        let fields = fields.iter().map(|&field| Value::from(field)).collect();
        Reply::read(Script::Hold, Value::Array(fields))
    }

    #[test]
    fn a_state_reads_back_as_the_scripts_write_it() {
        let held = read_state("A-1:h:1698067200100").unwrap();
        assert_eq!(held.status, Status::Held);
        assert_eq!(held.expires_at, Some(Timestamp::from_ms(1_698_067_200_100)));
        assert_eq!(read_state("A-1:x").unwrap().status, Status::Blocked);
        for text in ["A-1", "A-1:q", "A-1:h:soon", ":b", "A 1:b"] {
            assert_eq!(read_state(text), None, "{text}");
        }
    }

    #[test]
    fn a_reply_of_another_version_is_an_unknown_outcome() {
        assert!(matches!(reply(&["not_loaded"]), Err(LockError::NotLoaded)));
        for fields in [&[][..], &["held"], &["held", "1", "x", "2", "3"], &["perhaps"]] {
            let held = reply(fields).unwrap().held();
            assert!(matches!(held, Err(LockError::Unknown(_))), "{fields:?}");
        }
    }
}
