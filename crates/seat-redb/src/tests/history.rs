use std::collections::BTreeSet;

use seat_booking::{
    Abandoned, Active, Block, Booking, BookingStatus, Event, Item, Record,
    ports::{InsertReply, Repository, RepositoryError, UpdateReply},
};
use seat_layout::{Currency, Layout, LayoutDocument, LayoutId, SeatId, UserId};
use seat_state::Timestamp;

use super::samples::{EVENT, booking, id, seat};
use crate::RedbRepository;

/// More than any list here has.
const ALL: usize = 1_000;

const LAYOUT: LayoutId = LayoutId::from_bytes([3; 12]);

/// Everything that a repository says about one event, asked in every way that there is.
#[derive(Debug, PartialEq)]
pub(super) struct Answers {
    layout: Option<LayoutDocument>,
    events: Vec<Event>,
    records: Vec<Option<Record>>,
    active: Vec<Active>,
    owners: Vec<Active>,
    bookings_of: Vec<Booking>,
}

/// Writes of every kind, each answered before the next: a layout and an event, bookings of which
/// some are cancelled, seats kept back of which one is given free, and abandoned attempts.
pub(super) async fn write_history(repository: &RedbRepository, records: u64) {
    repository.insert_layout(LAYOUT, &Layout::grid(4, 5).unwrap()).await.unwrap();
    repository.insert_event(&event()).await.unwrap();
    for number in 0..records {
        let reply = repository.insert(written(number)).await.unwrap();
        assert_eq!(reply, InsertReply::Inserted);
        if let Record::Booking(mut booking) = written(number)
            && number.is_multiple_of(3)
        {
            booking.status = BookingStatus::Cancelled;
            booking.rev = 1;
            assert_eq!(repository.update(*booking).await.unwrap(), UpdateReply::Updated);
        }
    }
    repository.unblock(id(4)).await.unwrap();
}

/// What it says, or the first error.
pub(super) async fn ask(
    repository: &RedbRepository,
    records: u64,
) -> Result<Answers, RepositoryError> {
    let mut found = Vec::new();
    for number in 0..records {
        found.push(repository.record(id(number)).await?);
    }
    let mut bookings_of = Vec::new();
    for user in users(records) {
        bookings_of.extend(repository.bookings_of(user, None, ALL).await?);
    }
    Ok(Answers {
        layout: repository.layout(LAYOUT).await?.map(|layout| layout.to_document()),
        events: repository.events(None, ALL).await?,
        records: found,
        active: repository.active(EVENT, None, ALL).await?,
        owners: repository.owners(EVENT, (0..records).map(seat).collect()).await?,
        bookings_of,
    })
}

fn event() -> Event {
    Event {
        id: EVENT,
        layout_id: LAYOUT,
        name: "Fidelio".to_owned(),
        starts_at: None,
        currency: Currency::USD,
        created_at: Timestamp::from_ms(1_698_067_100_000),
    }
}

/// Bookings, with a block and an abandoned attempt among every ten records.
fn written(number: u64) -> Record {
    let created_at = Timestamp::from_ms(1_698_067_200_000);
    match number % 10 {
        4 => {
            Record::Block(Block { id: id(number), event: EVENT, seat: seat_id(number), created_at })
        }
        5 => {
            Record::Abandoned(Abandoned { id: id(number), event: EVENT, request: None, created_at })
        }
        _ => Record::Booking(Box::new(booking(number, &seat(number)))),
    }
}

fn seat_id(number: u64) -> SeatId {
    match seat(number) {
        Item::Seat(seat) => seat,
        Item::Table(table) => panic!("{table} is a table"),
    }
}

fn users(records: u64) -> BTreeSet<UserId> {
    (0..records).map(|number| booking(number, &seat(number)).user_id).collect()
}
