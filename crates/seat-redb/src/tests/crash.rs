use std::sync::Arc;

use seat_booking::{
    Record,
    ports::{InsertReply, Repository, RepositoryError},
};
use tokio::task::JoinSet;

use super::{
    disk::Disk,
    samples::{EVENT, record, seat},
};
use crate::RedbRepository;

/// Inserts these records at once, so that several of them share a commit.
async fn insert_together(repository: &Arc<RedbRepository>, records: &[Record]) {
    let mut inserts = JoinSet::new();
    for record in records {
        let (repository, record) = (Arc::clone(repository), record.clone());
        inserts.spawn(async move { repository.insert(record).await });
    }
    for reply in inserts.join_all().await {
        assert_eq!(reply.unwrap(), InsertReply::Inserted);
    }
}

/// The record, found under its id and through its seat, or neither.
async fn find(repository: &RedbRepository, number: u64) -> Option<Record> {
    let found = repository.record(record(number).id()).await.unwrap();
    let owners = repository.owners(EVENT, vec![seat(number)]).await.unwrap();
    assert_eq!(owners, Vec::from_iter(found.as_ref().and_then(Record::active)));
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_power_cut_at_any_moment_and_the_rest_is_whole_or_absent() {
    const GROUP: u64 = 4;
    let disk = Disk::default();
    let repository = Arc::new(RedbRepository::open_with_backend(disk.clone()).unwrap());
    let opened = disk.steps();
    let mut answered = Vec::new();
    for group in 0..5 {
        let records: Vec<_> = (group * GROUP..(group + 1) * GROUP).map(record).collect();
        insert_together(&repository, &records).await;
        answered.push(disk.steps());
    }
    let kept: [fn(usize) -> bool; 4] =
        [|_| false, |_| true, |step| step % 2 == 0, |step| step % 3 == 0];
    for cut in opened..=disk.steps() {
        for kept in kept {
            let disk = disk.after_power_cut(cut, kept);
            let survivor = RedbRepository::open_with_backend(disk).unwrap();
            for (group, answered) in (0..).zip(&answered) {
                for number in group * GROUP..(group + 1) * GROUP {
                    match find(&survivor, number).await {
                        Some(found) => assert_eq!(found, record(number)),
                        None => assert!(cut < *answered, "record {number} at step {cut}"),
                    }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_is_unknown_and_ends_the_service_of_that_file() {
    let disk = Disk::default();
    let repository = RedbRepository::open_with_backend(disk.clone()).unwrap();
    assert_eq!(repository.insert(record(1)).await.unwrap(), InsertReply::Inserted);
    repository.ready().await.unwrap();

    disk.fail_syncs();
    let unknown = repository.insert(record(2)).await.unwrap_err();
    assert!(matches!(unknown, RepositoryError::Unknown(_)), "{unknown:?}");
    let refused = repository.insert(record(3)).await.unwrap_err();
    assert!(matches!(refused, RepositoryError::Unavailable(_)), "{refused:?}");
    let unread = repository.record(record(1).id()).await.unwrap_err();
    assert!(matches!(unread, RepositoryError::Unavailable(_)), "{unread:?}");
    assert!(repository.ready().await.is_err());

    for kept in [false, true] {
        let disk = disk.after_power_cut(disk.steps(), |_| kept);
        let survivor = RedbRepository::open_with_backend(disk).unwrap();
        survivor.ready().await.unwrap();
        assert_eq!(find(&survivor, 1).await, Some(record(1)));
        assert!(find(&survivor, 2).await.is_none_or(|found| found == record(2)));
        assert_eq!(find(&survivor, 3).await, None);
        assert_eq!(survivor.insert(record(3)).await.unwrap(), InsertReply::Inserted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_dies_leaves_nobody_waiting() {
    let disk = Disk::default();
    let repository = RedbRepository::open_with_backend(disk.clone()).unwrap();
    disk.panic_on_sync();
    let unknown = repository.insert(record(1)).await.unwrap_err();
    assert!(matches!(unknown, RepositoryError::Unknown(_)), "{unknown:?}");
    assert!(repository.insert(record(2)).await.is_err());
    assert!(repository.ready().await.is_err());
    // redb's own locks are poisoned, and closing it takes them.
    std::mem::forget(repository);
}
