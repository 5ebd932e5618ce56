//! What a start says about a MongoDB that will not do, and what it makes of one that will.

#![allow(clippy::disallowed_methods, reason = "a bound of the promise is measured in real time")]

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use mongodb::bson::{Document, doc, oid::ObjectId};
use seat_booking::{
    Abandoned, BookingService, MemoryLockStore, NewEvent, Record,
    ports::{Repository, RepositoryError},
};
use seat_layout::{BookingId, EventId, Layout};
use seat_mongo::{ConnectError, MongoRepository, SchemaDifference};
use seat_state::Timestamp;
use seat_testbed::{Mongo, eventually, shared_mongo};

/// A start does not hang.
const REFUSED_WITHIN: Duration = Duration::from_secs(6);

async fn refusal(uri: &str) -> ConnectError {
    let start = Instant::now();
    let Err(error) = MongoRepository::connect(uri).await else { panic!("{uri} should be refused") };
    assert!(start.elapsed() < REFUSED_WITHIN, "{:?}", start.elapsed());
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_uri_of_something_else_is_refused_and_not_repeated() {
    for uri in
        ["", "localhost", "http://localhost", "mongodb://ada:se:cret@localhost", "mongodb://"]
    {
        let error = refusal(uri).await;
        assert!(matches!(error, ConnectError::Uri { .. }), "{uri}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("cret"), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_that_is_not_there_is_named() {
    let server = Mongo::standalone().await;
    let uri = server.uri("seats");
    drop(server);
    let error = refusal(&uri).await;
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
    let address = uri.trim_start_matches("mongodb://").trim_end_matches("/seats");
    assert!(error.to_string().contains(address), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_set_that_was_never_initiated_is_told_how() {
    let uninitiated =
        shared_mongo().await.uri("seats").replace("replicaSet=rs", "replicaSet=other");
    let error = refusal(&uninitiated).await;
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("rs.initiate()"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_refused_and_not_repeated_in_the_message() {
    let uri = shared_mongo().await.uri("seats").replace("mongodb://", "mongodb://ada:wrong@");
    let error = refusal(&uri).await;
    assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("wrong@"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_of_the_same_name_with_other_options_is_refused_and_left_as_it_is() {
    let mongo = shared_mongo().await;
    let uri = mongo.uri("another_index");
    let database = mongo.database("another_index").await;
    let wrong = doc! {
        "key": { "eventId": 1, "activeSeatIds": 1 },
        "name": "one_active_owner",
        "partialFilterExpression": { "activeSeatIds": { "$gt": "" } },
    };
    let make = doc! { "createIndexes": "seatBookings", "indexes": [wrong] };
    database.run_command(make).await.unwrap();
    let error = refusal(&uri).await;
    let ConnectError::Differs { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(source, SchemaDifference::IndexDiffers(_)), "{source:?}");
    assert!(source.to_string().contains("unique"), "{source}");

    let drop = doc! { "dropIndexes": "seatBookings", "index": "one_active_owner" };
    database.run_command(drop).await.expect("it is still there");
    MongoRepository::connect(&uri).await.unwrap().ready().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_is_not_unique_does_no_harm_beside_the_right_one() {
    let mongo = shared_mongo().await;
    let database = mongo.database("index_beside").await;
    let key = doc! { "eventId": 1, "activeSeatIds": 1 };
    let indexes = [doc! { "key": key, "name": "mine" }];
    let make = doc! { "createIndexes": "seatBookings", "indexes": indexes };
    database.run_command(make).await.unwrap();
    MongoRepository::connect(&mongo.uri("index_beside")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seats_that_are_sold_twice_already_are_not_covered_up() {
    let mongo = shared_mongo().await;
    let database = mongo.database("sold_twice").await;
    let event = ObjectId::new();
    let sold = || doc! { "eventId": event, "activeSeatIds": ["A-1"], "status": "paid" };
    database.collection("seatBookings").insert_many([sold(), sold()]).await.unwrap();
    let error = refusal(&mongo.uri("sold_twice")).await;
    assert!(matches!(error, ConnectError::Create { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_validator_refuses_what_would_escape_the_index() {
    let mongo = shared_mongo().await;
    let _repository = MongoRepository::connect(&mongo.uri("validator")).await.unwrap();
    let bookings = mongo.database("validator").await.collection::<Document>("seatBookings");
    let event = ObjectId::new();
    let good = doc! { "eventId": event, "activeSeatIds": ["A-1"], "status": "confirmed" };
    let wrong = |change: Document| {
        let mut document = good.clone();
        document.extend(change);
        document
    };
    let mut without_seats = good.clone();
    without_seats.remove("activeSeatIds");
    for document in [
        wrong(doc! { "eventId": event.to_hex() }),
        wrong(doc! { "activeSeatIds": [] }),
        wrong(doc! { "activeSeatIds": "A-2" }),
        wrong(doc! { "activeSeatIds": [2] }),
        wrong(doc! { "activeSeatIds": ["A-2", "A-2"] }),
        wrong(doc! { "activeSeatIds": ["A 2"] }),
        wrong(doc! { "activeSeatIds": ["A-2"], "status": "cancelled" }),
        wrong(doc! { "activeSeatIds": ["A-2"], "status": "sold" }),
        without_seats,
    ] {
        let error = bookings.insert_one(&document).await.expect_err(&document.to_string());
        assert!(error.to_string().contains("121"), "{document}: {error}");
    }
    bookings.insert_one(good).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_validator_a_running_repository_is_not_ready_until_it_is_set_again() {
    let mongo = shared_mongo().await;
    let uri = mongo.uri("validator_removed");
    let often = Duration::from_millis(50);
    let repository = MongoRepository::connect_checking(&uri, often).await.unwrap();
    repository.ready().await.unwrap();
    let database = mongo.database("validator_removed").await;
    let remove = doc! { "collMod": "seatBookings", "validator": {} };
    database.run_command(remove).await.unwrap();
    eventually("it is not ready", REFUSED_WITHIN, async || repository.ready().await.is_err()).await;
    let abandoned = Record::Abandoned(Abandoned {
        id: BookingId::from_bytes([1; 12]),
        event: EventId::from_bytes([2; 12]),
        request: None,
        created_at: Timestamp::from_ms(0),
    });
    let refused = repository.insert(abandoned).await;
    assert!(matches!(refused, Err(RepositoryError::Unavailable(_))), "{refused:?}");

    // As its message says: whoever starts sets it.
    MongoRepository::connect(&uri).await.unwrap();
    eventually("it is ready", REFUSED_WITHIN, async || repository.ready().await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_30_days_of_an_abandoned_attempt_are_the_databases_whatever_time_its_node_has() {
    let mongo = shared_mongo().await;
    let often = Duration::from_millis(50);
    let uri = mongo.uri("abandoned");
    let repository = MongoRepository::connect_checking(&uri, often).await.unwrap();
    let id = BookingId::from_bytes([3; 12]);
    let abandoned = Record::Abandoned(Abandoned {
        id,
        event: EventId::from_bytes([2; 12]),
        request: None,
        created_at: Timestamp::from_ms(0),
    });
    repository.insert(abandoned.clone()).await.unwrap();
    let database = mongo.database("abandoned").await;
    let bookings = database.collection::<Document>("seatBookings");
    let now = database.run_command(doc! { "hello": 1 }).await.unwrap();
    let now = *now.get_datetime("localTime").unwrap();
    eventually("its days are counted from now", REFUSED_WITHIN, async || {
        let of_now = doc! { "_id": ObjectId::from_bytes([3; 12]), "abandonedAt": { "$gte": now } };
        bookings.find_one(of_now).await.unwrap().is_some()
    })
    .await;
    assert_eq!(repository.record(id).await.unwrap(), Some(abandoned));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_for_an_event_that_nobody_has_read_read_its_layout_once() {
    let mongo = shared_mongo().await;
    let repository = MongoRepository::connect(&mongo.uri("read_once")).await.unwrap();
    let service = BookingService::new(MemoryLockStore::new(), repository.clone());
    let layout = service.create_layout(Layout::grid(100, 100).unwrap()).await.unwrap();
    let event = service.create_event(NewEvent::of(layout)).await.unwrap();
    drop(service);

    let database = mongo.database("read_once").await;
    let before = layouts_read(&database).await;
    let another_node = BookingService::new(MemoryLockStore::new(), repository);
    let readers = (0..200).map(|_| {
        let (service, event) = (another_node.clone(), event);
        tokio::spawn(async move { service.view(&event, None).await.map(drop) })
    });
    for read in join_all(readers).await {
        read.unwrap().unwrap();
    }
    assert_eq!(layouts_read(&database).await - before, 1);
}

/// How often a layout was found by its id, as the database counts it.
async fn layouts_read(database: &mongodb::Database) -> i64 {
    let layouts = database.collection::<Document>("seatLayouts");
    let by_id = [doc! { "$indexStats": {} }, doc! { "$match": { "name": "_id_" } }];
    let mut found = layouts.aggregate(by_id).await.unwrap();
    assert!(found.advance().await.unwrap());
    let index = found.deserialize_current().unwrap();
    index.get_document("accesses").unwrap().get_i64("ops").unwrap()
}
