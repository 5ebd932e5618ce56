use redb::{Database, backends::InMemoryBackend};
use seat_booking::{
    Abandoned, BookingStatus, Item, Record,
    ports::{InsertReply, Repository, RepositoryError},
};
use seat_layout::{EventId, Layout, LayoutId};
use seat_state::Timestamp;

use super::samples::{booking, id, record, seat};
use crate::{
    RedbRepository,
    store::Store,
    tables::{NUMBERS, RECORDS},
    write::{Outcome, Write, WriteTables},
};

fn repository() -> RedbRepository {
    RedbRepository::open_with_backend(InMemoryBackend::new()).unwrap()
}

/// A database with its tables, for what a repository doesn't let one see.
fn database() -> Database {
    let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
    let transaction = database.begin_write().unwrap();
    drop(WriteTables::open(&transaction).unwrap());
    transaction.commit().unwrap();
    database
}

fn insert(number: u64, seat: &Item) -> Write {
    let record = Record::Booking(Box::new(booking(number, seat)));
    Write::Insert { json: serde_json::to_vec(&record).unwrap(), record }
}

fn cancel(number: u64, seat: &Item) -> Write {
    let mut booking = booking(number, seat);
    booking.status = BookingStatus::Cancelled;
    booking.rev = 1;
    let json = serde_json::to_vec(&Record::Booking(Box::new(booking))).unwrap();
    Write::Update { id: id(number), rev: 1, cancels: true, json }
}

#[test]
fn a_write_sees_those_before_it_in_its_group() {
    let store = Store::new(database());
    let seat = seat(1);
    let group =
        [insert(1, &seat), insert(2, &seat), cancel(1, &seat), cancel(1, &seat), insert(3, &seat)];
    let outcomes: Vec<_> = store.write(&group).unwrap().into_iter().map(Result::unwrap).collect();
    use Outcome::{Done, Refused};
    assert_eq!(outcomes, [Done, Refused, Done, Refused, Done]);
}

#[test]
fn a_document_that_cannot_be_read_fails_alone() {
    let database = database();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(NUMBERS).unwrap().insert(id(1).as_bytes(), 0).unwrap();
    transaction.open_table(RECORDS).unwrap().insert(0, "{".as_bytes()).unwrap();
    transaction.commit().unwrap();

    let store = Store::new(database);
    let outcomes = store.write(&[cancel(1, &seat(1)), insert(2, &seat(2))]).unwrap();
    let [unread, inserted] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(matches!(unread, Err(RepositoryError::Unavailable(_))), "{unread:?}");
    assert!(matches!(inserted, Ok(Outcome::Done)), "{inserted:?}");
    store.check().unwrap();
}

#[tokio::test]
async fn coordinates_read_back_to_the_last_bit() {
    let mut document = Layout::grid(1, 3).unwrap().to_document();
    let xs = [0.1 + 0.2, 1.0 / 3.0, 8.41e-23_f64.sqrt()];
    for (seat, x) in document.seats.iter_mut().zip(xs) {
        seat.pos.x = x;
    }
    let id = LayoutId::from_bytes([1; 12]);
    let repository = repository();
    repository.insert_layout(id, &Layout::new(document).unwrap()).await.unwrap();
    let layout = repository.layout(id).await.unwrap().unwrap();
    assert_eq!(Vec::from_iter(layout.seats().iter().map(|seat| seat.pos.x)), xs);
}

#[tokio::test]
async fn a_closed_repository_has_done_what_it_took_and_takes_no_more() {
    let repository = repository();
    let reply = repository.insert(record(1)).await.unwrap();
    assert_eq!(reply, InsertReply::Inserted);
    repository.close();
    repository.close();
    let refused = repository.insert(record(2)).await.unwrap_err();
    assert!(matches!(refused, RepositoryError::Unavailable(_)), "{refused:?}");
    assert!(repository.ready().await.is_err());
    assert_eq!(repository.record(record(1).id()).await.unwrap(), Some(record(1)));
    assert_eq!(repository.record(record(2).id()).await.unwrap(), None);
}

#[tokio::test]
async fn fences_are_dropped_when_no_key_counts_any_more() {
    let repository = repository();
    let fence = |number, day: i64| {
        Record::Abandoned(Abandoned {
            id: id(number),
            event: EventId::from_bytes([1; 12]),
            request: None,
            created_at: Timestamp::from_ms(day * 24 * 3_600 * 1_000),
        })
    };
    for (number, day) in [(1, 0), (2, 0), (3, 10), (4, 29)] {
        repository.insert(fence(number, day)).await.unwrap();
    }
    let found = async |number| repository.record(id(number)).await.unwrap().is_some();
    assert!(found(1).await && found(2).await);
    repository.insert(fence(5, 30)).await.unwrap();
    assert!(!found(1).await && !found(2).await, "thirty days are over");
    assert!(found(3).await && found(4).await && found(5).await);
    // The id is free again, and nothing else was touched.
    let again = repository.insert(fence(1, 31)).await.unwrap();
    assert_eq!(again, InsertReply::Inserted);
}
