use std::time::Duration;

use super::subject::{LONG, LockSubject, items, sorted};
use crate::{
    Fingerprint,
    contract::seats,
    ports::{BeginReply, ExtendReply},
};

const OTHER_FINGERPRINT: Fingerprint = Fingerprint::from_bytes([8; 16]);

pub async fn l20_begin_takes_every_seat_out_of_the_hold_and_nobody_sees_it(subject: &LockSubject) {
    let epoch = subject.load().await;
    subject.held("ada", "A-1,A-2,A-3", LONG).await;
    subject.held("ada", "table:T", LONG).await;
    let before = subject.watch().await;
    let id = subject.id();
    assert_eq!(subject.begun(id, "ada", "A-1,A-2,table:T").await, epoch);

    assert_eq!(subject.held_seats("ada").await, seats("A-3"));
    assert_eq!(subject.in_transfer(id).await, sorted(items("A-1,A-2,table:T")));
    let after = subject.watch().await;
    assert_eq!((after.version, after.states), (before.version, before.states));
}

pub async fn l20b_begin_of_seats_that_are_missing_names_them_and_takes_none(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-3", subject.short()).await;
    subject.outlast_short().await;
    subject.held("ada", "A-1", LONG).await;
    subject.held("bob", "A-2", LONG).await;
    subject.booked("ada", "A-4").await;
    subject.blocked("A-5").await;
    let theirs = subject.transferring("bob", "A-6", LONG).await;
    let before = subject.watch().await;

    let missing = subject.not_owner("ada", "A-1,A-2,A-3,A-4,A-5,A-6,A-7").await;
    assert_eq!(missing, (seats("A-2,A-3,A-4,A-5,A-6,A-7"), None));
    let missing = subject.not_owner("ada", "A-1,table:T").await;
    assert_eq!(missing, (seats("T-1,T-2,T-3"), None));

    assert_eq!(subject.held_seats("ada").await, seats("A-1"));
    assert_eq!(subject.held_seats("bob").await, seats("A-2"));
    assert_eq!(subject.transfers(Duration::ZERO, 9).await, [theirs]);
    let after = subject.watch().await;
    assert_eq!((after.version, after.states), (before.version, before.states));
}

pub async fn l20c_begin_names_the_callers_other_transfer(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", LONG).await;
    let own = subject.transferring("ada", "A-2", LONG).await;
    assert_eq!(subject.not_owner("ada", "A-1,A-2").await, (seats("A-2"), Some(own)));
    subject.finished(own, "A-2").await;
    assert_eq!(subject.not_owner("ada", "A-1,A-2").await, (seats("A-2"), None));
}

pub async fn l20d_of_two_transfers_at_the_same_moment_one_has_a_seat(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1,A-2,A-3", LONG).await;
    let ids: Vec<_> = (0..16).map(|_| subject.id()).collect();
    let begins = ids.iter().enumerate().map(|(number, &id)| async move {
        let what = ["A-1,A-2", "A-2,A-3", "A-3,A-1"][number % 3];
        matches!(subject.begin(id, "ada", what).await, BeginReply::Begun { .. })
    });
    let begun = futures_util::future::join_all(begins).await;
    assert_eq!(begun.iter().filter(|&&begun| begun).count(), 1);
    assert_eq!(subject.transfers(Duration::ZERO, 99).await.len(), 1);
    assert_eq!(subject.held_seats("ada").await.len(), 1);
}

pub async fn l21_seats_of_a_table_go_with_the_table_and_not_singly(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", LONG).await;
    subject.held("ada", "table:T", LONG).await;
    assert_eq!(subject.not_owner("ada", "A-1,T-1").await, (seats("T-1"), None));
    let (missing, _) = subject.not_owner("ada", "T-1,T-2,T-3").await;
    assert_eq!(missing, seats("T-1,T-2,T-3"));
    assert_eq!(subject.held_seats("ada").await, seats("A-1,T-1,T-2,T-3"));
    subject.begun(subject.id(), "ada", "A-1,table:T").await;
}

pub async fn l21b_a_table_whose_seats_are_held_singly_does_not_go_as_a_table(
    subject: &LockSubject,
) {
    subject.load().await;
    subject.held("ada", "T-1,T-2,T-3", LONG).await;
    assert_eq!(subject.not_owner("ada", "table:T").await.0, seats("T-1,T-2,T-3"));
    subject.begun(subject.id(), "ada", "T-1,T-2,T-3").await;
}

pub async fn l22_a_repeated_begin_is_begun_again(subject: &LockSubject) {
    let epoch = subject.load().await;
    let id = subject.transferring("ada", "A-1,table:T", LONG).await;
    let (transfer, version) = (subject.transfer(id).await, subject.version().await);
    subject.advance(subject.short()).await;
    assert_eq!(subject.begun(id, "ada", "A-1,table:T").await, epoch);
    assert_eq!(subject.transfer(id).await, transfer);
    assert_eq!(subject.version().await, version);

    let epoch = subject.reload().await;
    assert_eq!(subject.begun(id, "ada", "A-1,table:T").await, epoch);
    assert_eq!(subject.transfer(id).await, transfer);
}

pub async fn l22b_a_begin_with_another_fingerprint_is_a_mismatch(subject: &LockSubject) {
    subject.load().await;
    let id = subject.transferring("ada", "A-1", LONG).await;
    subject.held("ada", "A-2", LONG).await;
    let (transfer, version) = (subject.transfer(id).await, subject.version().await);
    for what in ["A-1", "A-2", "A-1,A-2"] {
        let reply = subject.begin_as(OTHER_FINGERPRINT, id, "ada", what).await;
        assert_eq!(reply, BeginReply::Mismatch, "{what}");
    }
    assert_eq!(subject.transfer(id).await, transfer);
    assert_eq!(subject.version().await, version);
    assert_eq!(subject.held_seats("ada").await, seats("A-2"));
}

pub async fn l23_begin_with_a_gone_id_takes_nothing(subject: &LockSubject) {
    subject.load().await;
    let aborted = subject.transferring("ada", "A-1", LONG).await;
    subject.abort(aborted, "A-1").await;
    let freed = subject.booked("ada", "A-2").await;
    subject.free(freed, "A-2").await;
    subject.held("ada", "A-2", LONG).await;
    for id in [aborted, freed] {
        assert_eq!(subject.begin(id, "ada", "A-1,A-2").await, BeginReply::Gone);
        assert_eq!(subject.transfer(id).await, None);
    }
    assert_eq!(subject.held_seats("ada").await, seats("A-1,A-2"));
}

pub async fn l24_a_seat_in_a_transfer_belongs_to_it_however_long_it_stands(subject: &LockSubject) {
    subject.load().await;
    let single = subject.transferring("ada", "A-1", subject.short()).await;
    let table = subject.transferring("ada", "table:T", subject.short()).await;
    let before = subject.watch().await;
    for wait in [0, 2, 10] {
        subject.advance(subject.short() * wait).await;
        for who in ["ada", "bob"] {
            assert_eq!(subject.taken(who, "A-1,A-2").await.0, seats("A-1"), "{wait}");
            assert_eq!(subject.taken(who, "T-2").await.0, seats("T-2"), "{wait}");
            assert!(subject.taken(who, "table:T").await.1, "{wait}");
            assert_eq!(subject.release(who, "A-1,table:T").await, [], "{wait}");
        }
        for what in ["A-1", "table:T"] {
            let reply = subject.extend("ada", what, LONG, LONG).await;
            assert_eq!(reply, ExtendReply::InTransfer, "{wait}");
            let reply = subject.extend("bob", what, LONG, LONG).await;
            assert!(matches!(reply, ExtendReply::NotHeld(_)), "{wait}: {reply:?}");
        }
        assert_eq!(subject.sweep(9).await.seats, 0, "{wait}");
        let after = subject.watch().await;
        assert_eq!((after.version, &after.states), (before.version, &before.states), "{wait}");
        assert_eq!(subject.transfers(Duration::ZERO, 9).await.len(), 2, "{wait}");
    }
    subject.finished(single, "A-1").await;
    subject.finished(table, "table:T").await;
    assert_eq!(subject.letters("A-1,T-1,T-2,T-3").await, "bbbb");
}

pub async fn l24b_an_extension_with_a_seat_in_a_transfer_changes_nothing(subject: &LockSubject) {
    subject.load().await;
    subject.transferring("ada", "A-1", LONG).await;
    subject.held("ada", "A-2", LONG).await;
    let holds = subject.holds("ada").await;
    let reply = subject.extend("ada", "A-2,A-1", LONG * 2, LONG * 9).await;
    assert_eq!(reply, ExtendReply::InTransfer);
    assert_eq!(subject.holds("ada").await, holds);
}
