use std::time::Duration;

use seat_layout::BookingId;

use super::subject::{LONG, LockSubject, items};
use crate::{
    Item, Mark,
    contract::{seat, seats},
    ports::{FinishReply, MarkedItem},
};

pub async fn l25_finish_marks_the_items_and_ends_the_transfer(subject: &LockSubject) {
    subject.load().await;
    let id = subject.transferring("ada", "A-1,A-2", subject.short()).await;
    let version = subject.finished(id, "A-1,A-2").await;
    assert_eq!(subject.version().await, version);
    assert_eq!(subject.letters("A-1,A-2").await, "bb");
    assert_eq!(subject.transfer(id).await, None);
    assert_eq!(subject.transfers(Duration::ZERO, 9).await, []);
    assert_eq!(subject.marks().await, marked(id, "A-1,A-2"));
    subject.outlast_short().await;
    subject.sweep(9).await;
    assert_eq!(subject.taken("ada", "A-1,A-2").await.0, seats("A-1,A-2"));
}

pub async fn l25b_finish_marks_a_table_with_its_seats(subject: &LockSubject) {
    subject.load().await;
    let id = subject.booked("ada", "table:T").await;
    assert_eq!(subject.letters("T-1,T-2,T-3").await, "bbb");
    assert_eq!(subject.marks().await, marked(id, "table:T"));
    assert_eq!(subject.taken("bob", "table:T").await, (seats("T-1,T-2,T-3"), true));
}

pub async fn l25c_a_table_and_a_seat_of_the_same_name_are_two_things(subject: &LockSubject) {
    subject.load().await;
    subject.booked("ada", "table:T").await;
    assert_eq!(subject.letters("T").await, "a");
    subject.held("bob", "T", LONG).await;
    subject.booked("bob", "U").await;
    subject.held("bob", "table:U", LONG).await;
    assert_eq!(subject.held_seats("bob").await, seats("T,U-1,U-2,U-3"));
}

pub async fn l25d_finish_gives_back_the_other_seats_of_the_transfer(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1,A-2,A-3", LONG).await;
    subject.held("ada", "table:T", LONG).await;
    let holds = subject.holds("ada").await;
    let id = subject.id();
    subject.begun(id, "ada", "A-1,A-2,A-3,table:T").await;
    subject.finished(id, "A-2").await;
    assert_eq!(subject.transfer(id).await, None);
    assert_eq!(subject.letters("A-1,A-2,A-3,T-1,T-2,T-3").await, "hbhhhh");
    let back: Vec<_> = holds.into_iter().filter(|held| held.seat != seat("A-2")).collect();
    assert_eq!(subject.holds("ada").await, back);
    subject.begun(subject.id(), "ada", "A-1,A-3,table:T").await;
}

pub async fn l25e_finish_makes_other_seats_available_whose_hold_ran_out(subject: &LockSubject) {
    subject.load().await;
    let id = subject.transferring("ada", "A-1,A-2", subject.short()).await;
    subject.outlast_short().await;
    subject.finished(id, "A-1").await;
    assert_eq!(subject.letters("A-1,A-2").await, "ba");
    subject.held("bob", "A-2", LONG).await;
}

pub async fn l25f_a_repeated_finish_changes_nothing(subject: &LockSubject) {
    subject.load().await;
    let id = subject.booked("ada", "A-1,table:T").await;
    subject.held("bob", "A-2", LONG).await;
    let before = subject.watch().await;
    assert_eq!(subject.finished(id, "A-1,table:T").await, before.version);
    let after = subject.watch().await;
    assert_eq!((after.version, after.states), (before.version, before.states));
}

pub async fn l26_finish_of_another_epoch_changes_nothing(subject: &LockSubject) {
    let old = subject.load().await;
    let id = subject.transferring("ada", "A-1", LONG).await;
    let epoch = subject.reload().await;
    let version = subject.version().await;
    for other in [0, old, epoch - 1, epoch + 1] {
        assert_eq!(subject.finish_at(other, id, "A-1,A-2").await, FinishReply::OtherEpoch);
    }
    assert_eq!(subject.version().await, version);
    assert_eq!(subject.marks().await, []);
    assert_eq!(subject.in_transfer(id).await, items("A-1"));
}

pub async fn l27_finish_of_a_gone_id_marks_nothing(subject: &LockSubject) {
    subject.load().await;
    let aborted = subject.transferring("ada", "A-1", LONG).await;
    subject.abort(aborted, "A-1").await;
    let freed = subject.booked("ada", "A-2").await;
    subject.free(freed, "A-2").await;
    let before = subject.watch().await;
    assert_eq!(subject.finish(aborted, "A-1").await, FinishReply::Gone);
    assert_eq!(subject.finish(freed, "A-2").await, FinishReply::Gone);
    let after = subject.watch().await;
    assert_eq!((after.version, after.states), (before.version, before.states));
    assert_eq!(subject.marks().await, []);
    assert_eq!(subject.held_seats("ada").await, seats("A-1"));
}

pub async fn l27b_finish_of_a_gone_id_ends_what_is_left_of_its_transfer(subject: &LockSubject) {
    subject.load().await;
    let id = subject.transferring("ada", "A-1,A-2", LONG).await;
    // By who knew of one seat only.
    subject.abort(id, "A-1").await;
    assert_eq!(subject.finish(id, "A-1,A-2").await, FinishReply::Gone);
    assert_eq!(subject.transfer(id).await, None);
    assert_eq!(subject.transfers(Duration::ZERO, 9).await, []);
    assert_eq!(subject.marks().await, []);
    assert_eq!(subject.held_seats("ada").await, seats("A-1,A-2"));
}

pub async fn l28_finish_overrides_the_holds_of_others(subject: &LockSubject) {
    subject.load().await;
    subject.held("bob", "A-1,A-2", subject.short()).await;
    subject.held("bob", "table:T", LONG).await;
    let id = subject.id();
    subject.finished(id, "A-1,A-3,T-2").await;
    assert_eq!(subject.letters("A-1,A-2,A-3,T-2").await, "bhbb");
    assert_eq!(subject.marks().await, marked(id, "A-1,A-3,T-2"));

    let (missing, _) = subject.not_owner("bob", "A-1,A-2").await;
    assert_eq!(missing, seats("A-1"));
    assert!(subject.not_owner("bob", "table:T").await.0.contains(&seat("T-2")));
    let still = subject.held_seats("bob").await;
    assert!(!still.contains(&seat("A-1")) && !still.contains(&seat("T-2")), "{still:?}");
    assert!(!subject.release("bob", "A-1,table:T").await.contains(&seat("T-2")));
    subject.outlast_short().await;
    subject.sweep(9).await;
    assert_eq!(subject.letters("A-1,A-2,A-3,T-2").await, "babb");
}

pub async fn l28b_finish_overrides_the_transfers_of_others(subject: &LockSubject) {
    subject.load().await;
    let theirs = subject.transferring("bob", "A-1,A-2", LONG).await;
    let id = subject.id();
    subject.finished(id, "A-1").await;
    assert_eq!(subject.letters("A-1,A-2").await, "bh");
    subject.abort(theirs, "A-1,A-2").await;
    assert_eq!(subject.letters("A-1,A-2").await, "bh");
    assert_eq!(subject.marks().await, marked(id, "A-1"));
    assert_eq!(subject.held_seats("bob").await, seats("A-2"));
}

pub async fn l29_abort_gives_seats_back_to_a_hold_that_still_lasts(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", LONG).await;
    subject.held("ada", "A-2", LONG * 2).await;
    subject.held("ada", "table:T", LONG).await;
    let (holds, states) = (subject.holds("ada").await, subject.states().await);
    let id = subject.id();
    subject.begun(id, "ada", "A-1,A-2,table:T").await;
    subject.advance(subject.short()).await;
    let version = subject.abort(id, "A-1,A-2,table:T").await;

    assert_eq!(subject.version().await, version);
    assert_eq!(subject.holds("ada").await, holds);
    assert_eq!(subject.states().await, states);
    assert_eq!(subject.transfer(id).await, None);
    assert_eq!(subject.transfers(Duration::ZERO, 9).await, []);
    assert!(subject.is_gone(id).await);
    subject.taken("bob", "A-1").await;
    subject.begun(subject.id(), "ada", "A-1,A-2,table:T").await;
}

pub async fn l29b_seats_that_abort_gave_back_run_out_with_their_hold(subject: &LockSubject) {
    subject.load().await;
    for what in ["A-1", "table:T"] {
        let id = subject.transferring("ada", what, subject.short() * 2).await;
        subject.abort(id, what).await;
    }
    subject.advance(subject.short() * 4).await;
    assert_eq!(subject.held_seats("ada").await, []);
    assert_eq!(subject.sweep(9).await.seats, 4);
    assert_eq!(subject.letters("A-1,T-1,T-2,T-3").await, "aaaa");
    subject.held("bob", "table:T", LONG).await;
}

pub async fn l29c_abort_makes_seats_available_whose_hold_ran_out(subject: &LockSubject) {
    subject.load().await;
    let id = subject.id();
    subject.held("ada", "A-1", subject.short()).await;
    subject.held("ada", "A-2", LONG).await;
    subject.held("ada", "table:T", subject.short()).await;
    subject.begun(id, "ada", "A-1,A-2,table:T").await;
    subject.outlast_short().await;
    subject.abort(id, "A-1,A-2,table:T").await;
    assert_eq!(subject.letters("A-1,A-2,T-1,T-2,T-3").await, "ahaaa");
    assert_eq!(subject.held_seats("ada").await, seats("A-2"));
    subject.held("bob", "A-1", LONG).await;
    subject.held("bob", "table:T", LONG).await;
}

pub async fn l29d_abort_touches_no_booking_and_no_other_transfer(subject: &LockSubject) {
    subject.load().await;
    let booked = subject.booked("ada", "A-1").await;
    let other = subject.transferring("ada", "A-2", LONG).await;
    subject.blocked("A-3").await;
    subject.held("ada", "A-4", LONG).await;
    let before = subject.watch().await;
    let marks = subject.marks().await;
    let aborted = subject.transferring("bob", "B-1", LONG).await;
    subject.abort(aborted, "B-1,A-1,A-2,A-3,A-4").await;
    // Late: the booking has its seats by now.
    subject.abort(booked, "A-1").await;

    assert_eq!(subject.marks().await, marks);
    assert_eq!(subject.letters("A-1,A-2,A-3,A-4").await, "bhxh");
    for seat in seats("A-1,A-2,A-3,A-4") {
        assert_eq!(subject.states().await.get(&seat), before.states.get(&seat));
    }
    assert_eq!(subject.in_transfer(other).await, items("A-2"));
    assert_eq!(subject.held_seats("ada").await, seats("A-4"));
}

pub async fn l29e_a_repeated_abort_changes_nothing(subject: &LockSubject) {
    subject.load().await;
    let id = subject.transferring("ada", "A-1", subject.short()).await;
    subject.outlast_short().await;
    subject.abort(id, "A-1").await;
    subject.held("bob", "A-1", LONG).await;
    let version = subject.version().await;
    assert_eq!(subject.abort(id, "A-1").await, version);
    assert_eq!(subject.version().await, version);
    assert_eq!(subject.held_seats("bob").await, seats("A-1"));
}

pub async fn l30_free_removes_every_mark_of_the_id_and_no_other(subject: &LockSubject) {
    subject.load().await;
    let id = subject.booked("ada", "A-1,A-2").await;
    let table = subject.booked("ada", "table:T").await;
    let other = subject.booked("bob", "B-1").await;
    let blocked = subject.blocked("B-2").await;
    let version = subject.free(id, "A-1,A-2,B-1,B-2,T-1").await;
    assert_eq!(subject.version().await, version);
    assert_eq!(subject.letters("A-1,A-2,B-1,B-2,T-1").await, "aabxb");
    let mut marks = marked(other, "B-1");
    marks.push(MarkedItem { item: Item::Seat(seat("B-2")), mark: Mark::Blocked, id: blocked });
    marks.extend(marked(table, "table:T"));
    assert_eq!(subject.marks().await, marks);
    subject.held("cleo", "A-1,A-2", LONG).await;

    subject.free(table, "table:T").await;
    subject.free(blocked, "B-2").await;
    assert_eq!(subject.letters("B-1,B-2,T-1,T-2,T-3").await, "baaaa");
    subject.held("cleo", "table:T", LONG).await;
    for gone in [id, table, blocked] {
        assert!(subject.is_gone(gone).await);
    }
    assert!(!subject.is_gone(other).await);
}

pub async fn l30b_free_ends_the_transfer_of_the_id(subject: &LockSubject) {
    subject.load().await;
    let id = subject.transferring("ada", "A-1", subject.short()).await;
    subject.outlast_short().await;
    subject.free(id, "A-1").await;
    assert_eq!(subject.transfer(id).await, None);
    assert_eq!(subject.transfers(Duration::ZERO, 9).await, []);
    assert!(subject.is_gone(id).await);
    subject.held("bob", "A-1", LONG).await;
}

pub async fn l30c_a_repeated_free_changes_nothing(subject: &LockSubject) {
    subject.load().await;
    let id = subject.booked("ada", "A-1,A-2").await;
    subject.free(id, "A-1,A-2").await;
    subject.held("bob", "A-1", LONG).await;
    let again = subject.booked("bob", "A-2").await;
    let version = subject.version().await;
    assert_eq!(subject.free(id, "A-1,A-2").await, version);
    assert_eq!(subject.version().await, version);
    assert_eq!(subject.held_seats("bob").await, seats("A-1"));
    assert_eq!(subject.marks().await, marked(again, "A-2"));
}

/// The marks of a booking, as `marks` would list them.
fn marked(id: BookingId, what: &str) -> Vec<MarkedItem> {
    let mut marks: Vec<_> =
        items(what).into_iter().map(|item| MarkedItem { item, mark: Mark::Booked, id }).collect();
    marks.sort_by_key(|marked| marked.item.to_string());
    marks
}
