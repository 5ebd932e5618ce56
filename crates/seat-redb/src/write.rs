use redb::{ReadableTable, Table, WriteTransaction};
use seat_booking::{Abandoned, Active, Item, Record};
use seat_layout::{BookingId, EventId, LayoutId};

use crate::{
    fault::Fault,
    tables::{
        ACTIVE, BY_USER, EVENTS, FENCES, ITEMS, Id, LAYOUTS, NUMBERS, RECORDS, active_line,
        read_record,
    },
};

/// How long an abandoned attempt is kept: as long as an idempotency key counts.
const FENCES_KEPT_MS: i64 = 30 * 24 * 3_600 * 1_000;

/// A write, with its document made into JSON by whoever wants it: the one writer thread does only
/// what nobody else can do.
pub(crate) enum Write {
    Layout { id: LayoutId, json: Vec<u8> },
    Event { id: EventId, json: Vec<u8> },
    Insert { record: Record, json: Vec<u8> },
    Update { id: BookingId, rev: u32, cancels: bool, json: Vec<u8> },
    Unblock { id: BookingId },
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The file was changed.
    Done,
    /// What is in the file stands against it, or says it already; nothing was changed.
    Refused,
}

impl Write {
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Layout { .. } => "insert a layout",
            Self::Event { .. } => "insert an event",
            Self::Insert { .. } => "insert a record",
            Self::Update { .. } => "update a booking",
            Self::Unblock { .. } => "unblock a seat",
        }
    }
}

/// The tables of one write transaction.
pub(crate) struct WriteTables<'txn> {
    layouts: Table<'txn, Id, &'static [u8]>,
    events: Table<'txn, Id, &'static [u8]>,
    records: Table<'txn, u64, &'static [u8]>,
    numbers: Table<'txn, Id, u64>,
    items: Table<'txn, (Id, &'static str), Id>,
    active: Table<'txn, (Id, Id), &'static str>,
    by_user: Table<'txn, (&'static str, i64, Id), u64>,
    fences: Table<'txn, (i64, Id), u64>,
}

impl<'txn> WriteTables<'txn> {
    /// The tables, made if they are not there.
    pub(crate) fn open(transaction: &'txn WriteTransaction) -> Result<Self, Fault> {
        Ok(Self {
            layouts: transaction.open_table(LAYOUTS)?,
            events: transaction.open_table(EVENTS)?,
            records: transaction.open_table(RECORDS)?,
            numbers: transaction.open_table(NUMBERS)?,
            items: transaction.open_table(ITEMS)?,
            active: transaction.open_table(ACTIVE)?,
            by_user: transaction.open_table(BY_USER)?,
            fences: transaction.open_table(FENCES)?,
        })
    }

    /// Everything is looked at before anything is changed, so a refused write and one that fails
    /// on an unreadable document leave nothing behind.
    pub(crate) fn apply(&mut self, write: &Write) -> Result<Outcome, Fault> {
        match write {
            Write::Layout { id, json } => insert_new(&mut self.layouts, id.as_bytes(), json),
            Write::Event { id, json } => insert_new(&mut self.events, id.as_bytes(), json),
            Write::Insert { record, json } => self.insert(record, json),
            Write::Update { id, rev, cancels, json } => self.update(id, *rev, *cancels, json),
            Write::Unblock { id } => self.unblock(id),
        }
    }

    fn insert(&mut self, record: &Record, json: &[u8]) -> Result<Outcome, Fault> {
        let id = record.id();
        if self.numbers.get(id.as_bytes())?.is_some() {
            return Ok(Outcome::Refused);
        }
        let active = record.active();
        if let Some(active) = &active
            && !self.take_items(&record.event(), active)?
        {
            return Ok(Outcome::Refused);
        }
        let number = self.records.last()?.map_or(0, |(number, _)| number.value() + 1);
        self.records.insert(number, json)?;
        self.numbers.insert(id.as_bytes(), number)?;
        match record {
            Record::Booking(booking) => {
                let row = (booking.user_id.as_str(), booking.created_at.ms(), id.as_bytes());
                self.by_user.insert(row, number)?;
            }
            Record::Abandoned(fence) => {
                self.drop_old_fences(fence.created_at.ms())?;
                self.fences.insert((fence.created_at.ms(), id.as_bytes()), number)?;
            }
            Record::Block(_) => {}
        }
        Ok(Outcome::Done)
    }

    /// Every fence that comes takes away up to two whose time is over, so that refused requests do
    /// not fill the disk.
    fn drop_old_fences(&mut self, now_ms: i64) -> Result<(), Fault> {
        for _ in 0..2 {
            let oldest = self.fences.first()?.map(|(key, number)| {
                let (created_at_ms, id) = key.value();
                (created_at_ms, *id, number.value())
            });
            let Some((created_at_ms, id, number)) = oldest else { break };
            if created_at_ms > now_ms.saturating_sub(FENCES_KEPT_MS) {
                break;
            }
            self.fences.remove((created_at_ms, &id))?;
            self.numbers.remove(&id)?;
            self.records.remove(number)?;
        }
        Ok(())
    }

    fn update(
        &mut self,
        id: &BookingId,
        rev: u32,
        cancels: bool,
        json: &[u8],
    ) -> Result<Outcome, Fault> {
        let Some((number, Record::Booking(stored))) = self.record(id)? else {
            return Ok(Outcome::Refused);
        };
        if !stored.is_active() || stored.rev.checked_add(1) != Some(rev) {
            return Ok(Outcome::Refused);
        }
        if cancels {
            self.give_items_back(&Record::Booking(stored))?;
        }
        self.records.insert(number, json)?;
        Ok(Outcome::Done)
    }

    fn unblock(&mut self, id: &BookingId) -> Result<Outcome, Fault> {
        let Some((number, Record::Block(block))) = self.record(id)? else {
            return Ok(Outcome::Refused);
        };
        let abandoned = Record::Abandoned(Abandoned {
            id: *id,
            event: block.event,
            request: None,
            created_at: block.created_at,
        });
        let json = serde_json::to_vec(&abandoned).map_err(Fault::document)?;
        self.give_items_back(&Record::Block(block))?;
        self.records.insert(number, json.as_slice())?;
        Ok(Outcome::Done)
    }

    fn record(&self, id: &BookingId) -> Result<Option<(u64, Record)>, Fault> {
        let Some(number) = self.numbers.get(id.as_bytes())? else {
            return Ok(None);
        };
        let number = number.value();
        Ok(Some((number, read_record(&self.records, number)?)))
    }

    /// Whether all of them were free; if so they are taken, if not none is.
    fn take_items(&mut self, event: &EventId, active: &Active) -> Result<bool, Fault> {
        let items: Vec<String> = active.items.iter().map(Item::to_string).collect();
        for item in &items {
            if self.items.get((event.as_bytes(), item.as_str()))?.is_some() {
                return Ok(false);
            }
        }
        for item in &items {
            self.items.insert((event.as_bytes(), item.as_str()), active.id.as_bytes())?;
        }
        let line = active_line(active);
        self.active.insert((event.as_bytes(), active.id.as_bytes()), line.as_str())?;
        Ok(true)
    }

    fn give_items_back(&mut self, record: &Record) -> Result<(), Fault> {
        let event = record.event();
        for item in record.active().into_iter().flat_map(|active| active.items) {
            self.items.remove((event.as_bytes(), item.to_string().as_str()))?;
        }
        self.active.remove((event.as_bytes(), record.id().as_bytes()))?;
        Ok(())
    }
}

/// Layouts and events never change, so the first one written under an id stays.
fn insert_new(
    table: &mut Table<'_, Id, &'static [u8]>,
    id: &[u8; 12],
    json: &[u8],
) -> Result<Outcome, Fault> {
    if table.get(id)?.is_some() {
        return Ok(Outcome::Refused);
    }
    table.insert(id, json)?;
    Ok(Outcome::Done)
}
