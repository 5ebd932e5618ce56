use std::time::Duration;

use seat_layout::BookingId;
use seat_state::Status;

use super::subject::{FINGERPRINT, LONG, LockSubject, items, sorted};
use crate::{
    Fingerprint, Item, Mark,
    contract::{seat, seats, user},
    ports::{BeginReply, BlockReply, ExtendReply, FinishReply, MarkedItem},
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

/// The marks of a booking, as `marks` would list them.
fn marked(id: BookingId, what: &str) -> Vec<MarkedItem> {
    let mut marks: Vec<_> =
        items(what).into_iter().map(|item| MarkedItem { item, mark: Mark::Booked, id }).collect();
    marks.sort_by_key(|marked| marked.item.to_string());
    marks
}
