use std::time::Duration;

use seat_state::Status;

use super::subject::{FINGERPRINT, LONG, LockSubject, items, sorted};
use crate::{
    Mark,
    contract::{seat, seats, user},
    ports::BlockReply,
};

pub async fn l31_transfers_lists_the_old_ones_and_the_oldest_first(subject: &LockSubject) {
    subject.load().await;
    let age = subject.short() * 2;
    let mut begun = Vec::new();
    for what in ["A-3", "A-1", "table:T"] {
        begun.push(subject.transferring("ada", what, LONG).await);
        subject.advance(subject.short() * 4).await;
    }
    let ended = subject.transferring("ada", "A-4", LONG).await;
    let block = subject.id();
    subject.block_begun(&[(block, "A-5")]).await;
    assert_eq!(subject.transfers(age, 9).await, begun);
    assert_eq!(subject.transfers(age, 2).await, begun[..2]);
    assert_eq!(subject.transfers(Duration::ZERO, 9).await.len(), 5);
    subject.finished(ended, "A-4").await;
    subject.abort(begun[0], "A-3").await;
    subject.advance(subject.short() * 4).await;
    assert_eq!(subject.transfers(age, 9).await, [begun[1], begun[2], block]);
    assert_eq!(subject.transfers(LONG, 9).await, []);
}

pub async fn l31b_a_transfer_says_whose_it_is_and_what_is_in_it(subject: &LockSubject) {
    let epoch = subject.load().await;
    let held = subject.held("ada", "A-2,A-1", LONG).await;
    subject.held("ada", "table:T", LONG).await;
    subject.advance(subject.short()).await;
    let [id, block] = [subject.id(), subject.id()];
    subject.begun(id, "ada", "A-2,A-1,table:T").await;
    subject.block_begun(&[(block, "A-3")]).await;

    let transfer = subject.transfer(id).await.unwrap();
    assert_eq!(transfer.user, Some(user("ada")));
    assert_eq!(transfer.fingerprint, Some(FINGERPRINT));
    assert!(transfer.begun_at >= held.held_at.after(subject.short()));
    assert!(transfer.begun_at < held.expires_at);
    assert_eq!(sorted(transfer.items), sorted(items("A-1,A-2,table:T")));

    let transfer = subject.transfer(block).await.unwrap();
    assert_eq!((transfer.user, transfer.fingerprint), (None, None));
    assert_eq!(transfer.items, items("A-3"));

    let reply = subject.store.transfer(subject.event, subject.id()).await.unwrap();
    assert_eq!((reply.epoch, reply.transfer), (epoch, None));
}

pub async fn l32_a_block_takes_available_seats_only(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", LONG).await;
    subject.booked("ada", "A-2").await;
    subject.transferring("ada", "A-3", LONG).await;
    let mine = subject.id();
    subject.block_begun(&[(mine, "A-4")]).await;
    subject.held("ada", "table:T", LONG).await;
    let before = subject.watch().await;

    let wanted = ["A-1", "A-2", "A-3", "A-4", "A-5", "T-1"].map(|what| (subject.id(), what));
    let BlockReply::Taken(taken) = subject.begin_block(&wanted).await else {
        panic!("most of them are taken")
    };
    assert_eq!(sorted(taken), seats("A-1,A-2,A-3,A-4,T-1"));
    let after = subject.watch().await;
    assert_eq!((after.version, after.states), (before.version, before.states));
    assert_eq!(subject.transfers(Duration::ZERO, 9).await.len(), 2);
    subject.held("bob", "A-5", LONG).await;
}

pub async fn l32b_a_block_passes_over_seats_that_are_blocked_already(subject: &LockSubject) {
    let epoch = subject.load().await;
    let first = subject.blocked("A-1").await;
    let [again, second] = [subject.id(), subject.id()];
    let reply = subject.begin_block(&[(again, "A-1"), (second, "A-2")]).await;
    assert_eq!(reply, BlockReply::Begun { epoch, blocked: seats("A-1") });
    assert_eq!(subject.transfer(again).await, None);
    assert_eq!(subject.in_transfer(second).await, items("A-2"));
    assert_eq!(subject.taken("ada", "A-1,A-2").await.0, seats("A-1,A-2"));

    subject.finish_as(Mark::Blocked, second, "A-2").await;
    assert_eq!(subject.states().await[&seat("A-2")].status, Status::Blocked);
    let marks = subject.marks().await;
    assert_eq!(marks.iter().map(|marked| marked.id).collect::<Vec<_>>(), [first, second]);
}

pub async fn l32c_a_block_that_is_aborted_makes_its_seat_available(subject: &LockSubject) {
    subject.load().await;
    let ids = [subject.id(), subject.id()];
    subject.block_begun(&[(ids[0], "A-1"), (ids[1], "A-2")]).await;
    subject.abort(ids[0], "A-1").await;
    assert_eq!(subject.transfer(ids[0]).await, None);
    assert_eq!(subject.letters("A-1").await, "a");
    subject.held("ada", "A-1", LONG).await;
    subject.taken("ada", "A-2").await;
}

pub async fn l32d_a_repeated_block_is_begun_again(subject: &LockSubject) {
    subject.load().await;
    let wanted = [(subject.id(), "A-1"), (subject.id(), "A-2")];
    subject.block_begun(&wanted).await;
    let version = subject.version().await;
    assert_eq!(subject.block_begun(&wanted).await, []);
    assert_eq!(subject.version().await, version);
    assert_eq!(subject.transfers(Duration::ZERO, 9).await.len(), 2);
}
