//! Somebody has the unique index built again while a member of the set is away.

use std::{error::Error, iter::successors, time::Duration};

use mongodb::bson::{doc, oid::ObjectId};
use seat_booking::ports::Repository;
use seat_mongo::MongoRepository;
use seat_testbed::{Mongo, eventually};

const COMPARE_EVERY: Duration = Duration::from_millis(100);
const WITHIN: Duration = Duration::from_secs(30);

/// Until the build ends, the server lists the index and takes duplicates.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_is_still_being_built_sells_nothing() {
    let mut mongo = Mongo::start_set().await;
    let uri = mongo.uri("seats");
    let repository = MongoRepository::connect_checking(&uri, COMPARE_EVERY).await.unwrap();
    let database = mongo.database("seats").await;
    // An empty collection would have its index at once.
    let document = doc! { "eventId": ObjectId::new(), "status": "abandoned" };
    database.collection("seatBookings").insert_one(document).await.unwrap();
    let drop = doc! { "dropIndexes": "seatBookings", "index": "one_active_owner" };
    database.run_command(drop).await.unwrap();
    eventually("it is missed", WITHIN, async || reason(&repository).await.contains("lacks")).await;

    let killed = mongo.kill_primary().await;
    eventually("another member takes writes", WITHIN, async || {
        mongo.primary().await.is_some_and(|primary| primary != killed)
    })
    .await;
    let create = doc! { "createIndexes": "seatBookings", "indexes": [{
        "key": { "eventId": 1, "activeSeatIds": 1 },
        "name": "one_active_owner",
        "unique": true,
        "partialFilterExpression": { "activeSeatIds": { "$gt": "" } },
    }] };
    let building = tokio::spawn(async move { database.run_command(create).await });
    eventually("it is seen that it is being built", WITHIN, async || {
        reason(&repository).await.contains("still being built")
    })
    .await;
    assert!(!building.is_finished());

    mongo.start_again().await;
    building.await.unwrap().unwrap();
    eventually("it is ready", WITHIN, async || repository.ready().await.is_ok()).await;
}

/// Why it is not ready; nothing when it is.
async fn reason(repository: &MongoRepository) -> String {
    let Err(error) = repository.ready().await else { return String::new() };
    let causes = successors(Some(&error as &dyn Error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
