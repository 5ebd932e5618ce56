//! The private MongoDB servers of the fault tests do what those tests rely on.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use seat_testbed::{Mongo, eventually};

#[tokio::test]
async fn a_set_of_three_elects_another_primary_after_the_first_was_killed() {
    let mut mongo = Mongo::start_set().await;
    let seats = mongo.database("test").await.collection::<Document>("seats");
    seats.insert_one(doc! { "_id": 1 }).await.unwrap();

    let killed = mongo.kill_primary().await;
    eventually("another member takes writes", Duration::from_secs(10), async || {
        mongo.primary().await.is_some_and(|primary| primary != killed)
    })
    .await;

    seats.insert_one(doc! { "_id": 2 }).await.unwrap();
    assert_eq!(seats.count_documents(doc! {}).await.unwrap(), 2);
    mongo.start_again().await;
    assert_eq!(seats.count_documents(doc! {}).await.unwrap(), 2);
}

#[tokio::test]
async fn a_killed_server_comes_back_with_what_it_had() {
    let mut mongo = Mongo::start().await;
    let seats = mongo.database("test").await.collection::<Document>("seats");
    seats.insert_one(doc! { "_id": 1 }).await.unwrap();
    mongo.restart().await;
    assert_eq!(seats.count_documents(doc! {}).await.unwrap(), 1);
}
