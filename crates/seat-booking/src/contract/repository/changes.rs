use std::sync::Arc;

use super::subject::{RepositorySubject, document};
use crate::{
    Booking, BookingStatus, Record,
    ports::{InsertReply, UpdateReply},
};

pub async fn r9_an_update_needs_the_revision_just_before(subject: &RepositorySubject) {
    let booking = subject.booked("A-1").await;
    let next = subject.next(&booking);
    for rev in [0, 2, 3, u32::MAX] {
        let other = Booking { rev, ..next.clone() };
        assert_eq!(subject.update(&other).await, UpdateReply::Stale, "{rev}");
        assert_eq!(subject.record(booking.id).await, Some(document(&booking)));
    }
    assert_eq!(subject.update(&next).await, UpdateReply::Updated);
    // Repeated, as after a lost answer: the caller finds its own mark in the document.
    assert_eq!(subject.update(&next).await, UpdateReply::Stale);
    assert_eq!(subject.record(booking.id).await, Some(document(&next)));
    assert_eq!(subject.update(&subject.next(&next)).await, UpdateReply::Updated);
}

pub async fn r9b_an_update_of_what_is_no_booking_changes_nothing(subject: &RepositorySubject) {
    let block = Record::Block(subject.blocked("A-1").await);
    let abandoned = Record::Abandoned(subject.abandoned());
    subject.inserted(&abandoned).await;
    let nothing = subject.id();
    for id in [block.id(), abandoned.id(), nothing] {
        for rev in [0, 1] {
            let update = Booking { id, rev, ..subject.booking("A-2") };
            assert_eq!(subject.update(&update).await, UpdateReply::Stale);
        }
    }
    assert_eq!(subject.record(block.id()).await, Some(block));
    assert_eq!(subject.record(abandoned.id()).await, Some(abandoned));
    assert_eq!(subject.record(nothing).await, None);
    subject.booked("A-2").await;
}

pub async fn r9c_of_many_updates_at_the_same_moment_one_is_stored(subject: &RepositorySubject) {
    let mut booking = subject.booked("A-1").await;
    for _ in 0..4 {
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let (repository, next) = (Arc::clone(&subject.repository), subject.next(&booking));
                tokio::spawn(async move {
                    let reply = repository.update(next.clone()).await.unwrap();
                    (reply == UpdateReply::Updated).then_some(next)
                })
            })
            .collect();
        let mut stored = Vec::new();
        for task in tasks {
            stored.extend(task.await.unwrap());
        }
        assert_eq!(stored.len(), 1);
        booking = stored.remove(0);
        assert_eq!(subject.record(booking.id).await, Some(document(&booking)));
    }
}

pub async fn r10_a_cancellation_gives_the_items_back_at_once(subject: &RepositorySubject) {
    let booking = subject.booked("A-1,A-2,table:T").await;
    subject.cancelled(&booking).await;
    assert_eq!(subject.owners("A-1,A-2,table:T").await, []);
    assert_eq!(subject.active(None, 9).await, []);
    for what in ["A-1", "A-2", "table:T"] {
        subject.booked(what).await;
    }
}

pub async fn r10b_nothing_puts_the_items_of_a_cancelled_booking_back(subject: &RepositorySubject) {
    let booking = subject.booked("A-1").await;
    let cancelled = subject.cancelled(&booking).await;
    for status in [BookingStatus::Confirmed, BookingStatus::Paid, BookingStatus::Cancelled] {
        for rev in 0..=3 {
            let update = Booking { status, rev, ..subject.next(&cancelled) };
            assert_eq!(subject.update(&update).await, UpdateReply::Stale, "{status:?} {rev}");
        }
    }
    assert_eq!(subject.insert(&document(&booking)).await, InsertReply::Duplicate);
    assert_eq!(subject.record(booking.id).await, Some(document(&cancelled)));
    assert_eq!(subject.active(None, 9).await, []);
    subject.booked("A-1").await;
}

pub async fn r10c_an_update_that_does_not_cancel_keeps_the_items(subject: &RepositorySubject) {
    let booking = subject.booked("A-1,table:T").await;
    let paid = Booking { status: BookingStatus::Paid, ..subject.next(&booking) };
    assert_eq!(subject.update(&paid).await, UpdateReply::Updated);
    for what in ["A-1", "table:T"] {
        assert!(subject.is_taken(what).await, "{what}");
    }
    assert_eq!(subject.owners("A-1").await, [booking.id]);
}

pub async fn r11_unblocking_gives_the_seat_back_for_good(subject: &RepositorySubject) {
    let block = subject.blocked("A-1").await;
    assert!(subject.is_taken("A-1").await);
    subject.unblock(block.id).await;

    let Some(Record::Abandoned(left)) = subject.record(block.id).await else {
        panic!("an abandoned document should be left")
    };
    assert_eq!((left.id, left.event, left.request), (block.id, block.event, None));
    assert_eq!(subject.owners("A-1").await, []);
    assert_eq!(subject.insert(&Record::Block(block.clone())).await, InsertReply::Duplicate);
    let booking = subject.booked("A-1").await;
    // Repeated and late.
    subject.unblock(block.id).await;
    assert_eq!(subject.owners("A-1").await, [booking.id]);
    assert!(subject.is_taken("A-1").await);
}

pub async fn r11b_unblocking_does_nothing_to_anything_else(subject: &RepositorySubject) {
    let booking = subject.booked("A-1").await;
    let cancelled = subject.booked("A-2").await;
    let cancelled = subject.cancelled(&cancelled).await;
    let abandoned = Record::Abandoned(subject.abandoned());
    subject.inserted(&abandoned).await;
    let nothing = subject.id();
    for id in [booking.id, cancelled.id, abandoned.id(), nothing] {
        subject.unblock(id).await;
    }
    assert_eq!(subject.record(booking.id).await, Some(document(&booking)));
    assert_eq!(subject.record(cancelled.id).await, Some(document(&cancelled)));
    assert_eq!(subject.record(abandoned.id()).await, Some(abandoned));
    assert_eq!(subject.record(nothing).await, None);
    assert_eq!(subject.owners("A-1").await, [booking.id]);
}
