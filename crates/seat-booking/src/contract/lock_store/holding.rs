use std::sync::Arc;

use seat_layout::SeatId;

use super::subject::{LONG, LockSubject, sorted};
use crate::{
    contract::{seat, seats, user},
    ports::{ExtendReply, HoldReply, HoldRequest},
};

pub async fn l10_a_hold_takes_all_its_seats_or_none(subject: &LockSubject) {
    subject.load().await;
    let held = subject.held("ada", "A-2,A-3", LONG).await;
    assert_eq!(subject.held_seats("ada").await, seats("A-2,A-3"));
    assert_eq!(held.expires_at, held.held_at.after(LONG));

    subject.taken("bob", "A-1,A-2,A-4").await;
    assert_eq!(subject.held_seats("bob").await, []);
    assert_eq!(subject.letters("A-1,A-2,A-3,A-4").await, "ahha");
    assert_eq!(subject.version().await, held.version);
    subject.held("cleo", "A-1,A-4", LONG).await;
}

pub async fn l10b_a_table_is_held_with_all_its_seats_or_not_at_all(subject: &LockSubject) {
    subject.load().await;
    let held = subject.held("ada", "T-3", LONG).await;
    subject.taken("bob", "table:T").await;
    assert_eq!(subject.held_seats("bob").await, []);
    assert_eq!(subject.letters("T-1,T-2,T-3").await, "aah");
    assert_eq!(subject.version().await, held.version);
    subject.held("bob", "T-1,T-2", LONG).await;
}

pub async fn l10c_of_two_holds_at_the_same_moment_one_has_a_seat(subject: &LockSubject) {
    const SEATS: usize = 16;
    subject.load().await;
    let mut tasks = Vec::new();
    for number in 0..64 {
        // Three different ones of sixteen seats, so that each hold runs into many others.
        let wanted = [number, number + 1 + number % 5, number + 7 + number % 7];
        let wanted = wanted.map(|seat| seat % SEATS);
        let wanted: Vec<SeatId> = wanted.iter().map(|n| seat(&format!("A-{n}"))).collect();
        let (store, event) = (Arc::clone(&subject.store), subject.event);
        tasks.push(tokio::spawn(async move {
            let (user, seats) = (user(&format!("user-{number}")), wanted.clone());
            let request = HoldRequest { event, user, seats, ttl: LONG, seats_max: 3 };
            (number, wanted, store.hold(request).await.unwrap())
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        let (number, wanted, reply) = task.await.unwrap();
        let has = subject.held_seats(&format!("user-{number}")).await;
        match reply {
            HoldReply::Held(_) => assert_eq!(has, sorted(wanted)),
            HoldReply::Taken { seats, table: _ } => {
                assert_eq!(has, []);
                assert!(!seats.is_empty() && seats.iter().all(|seat| wanted.contains(seat)));
            }
            HoldReply::Limit => panic!("nobody asked for too many seats"),
        }
        all.extend(has);
    }
    assert!(!all.is_empty());
    let mut once = sorted(all.clone());
    once.dedup();
    assert_eq!(sorted(all), once);
}

pub async fn l11_a_refused_hold_names_every_seat_in_the_way(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", LONG).await;
    subject.booked("ada", "A-2").await;
    subject.blocked("A-3").await;
    subject.transferring("ada", "A-4", LONG).await;
    subject.held("ada", "table:T", LONG).await;
    subject.held("bob", "A-6", LONG).await;
    // In the order of the request; A-5 is available and A-6 the caller's own.
    let (taken, _) = subject.taken("bob", "T-2,A-6,A-4,A-3,A-5,A-2,A-1").await;
    assert_eq!(taken, seats("T-2,A-4,A-3,A-2,A-1"));
}

pub async fn l11b_a_seat_in_the_callers_own_transfer_is_in_the_way(subject: &LockSubject) {
    subject.load().await;
    subject.transferring("ada", "A-1", LONG).await;
    subject.held("ada", "T-1", LONG).await;
    subject.transferring("ada", "T-2", LONG).await;
    assert_eq!(subject.taken("ada", "A-1,A-2").await.0, seats("A-1"));
    assert_eq!(subject.taken("ada", "table:T").await, (seats("T-2"), false));
}

pub async fn l11c_a_refused_table_names_its_seats_and_whether_it_is_taken_as_a_table(
    subject: &LockSubject,
) {
    subject.load().await;
    subject.held("ada", "T-3", LONG).await;
    subject.booked("ada", "T-2").await;
    assert_eq!(subject.taken("bob", "table:T").await, (seats("T-2,T-3"), false));

    subject.held("ada", "table:held", LONG).await;
    subject.booked("ada", "table:booked").await;
    subject.transferring("ada", "table:moving", LONG).await;
    for table in ["held", "booked", "moving"] {
        let all = seats(&format!("{table}-1,{table}-2,{table}-3"));
        assert_eq!(subject.taken("bob", &format!("table:{table}")).await, (all, true), "{table}");
    }
}

pub async fn l12_a_seat_that_the_caller_holds_stays_as_it_is(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", LONG).await;
    subject.held("ada", "A-2", LONG * 3).await;
    let before = subject.holds("ada").await;
    subject.advance(subject.short()).await;
    let held = subject.held("ada", "A-1,A-2,A-3", LONG * 2).await;
    let after = subject.holds("ada").await;
    assert_eq!(after[..2], before);
    assert_eq!(after.len(), 3);
    assert!(after[2].expires_at > after[0].expires_at);
    assert_eq!(held.expires_at, after[0].expires_at);
    assert_eq!(held.held_at, after[0].held_at);
}

pub async fn l12b_a_hold_of_the_callers_own_seats_leaves_the_version_alone(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1,A-2", LONG).await;
    subject.held("ada", "table:T", LONG).await;
    let (version, holds) = (subject.version().await, subject.holds("ada").await);
    subject.advance(subject.short()).await;
    // A seat of the table, too, stays what it is: part of the table.
    for own in ["A-2,A-1", "A-1", "T-1,A-2", "table:T"] {
        assert_eq!(subject.held("ada", own, LONG * 2).await.version, version, "{own}");
    }
    assert_eq!(subject.version().await, version);
    assert_eq!(subject.holds("ada").await, holds);
}

pub async fn l12c_a_hold_says_when_the_first_of_the_callers_own_seats_runs_out(
    subject: &LockSubject,
) {
    subject.load().await;
    let held = subject.held("ada", "A-1", LONG * 3).await;
    // Asked for again, and for less: it lasts as long as before.
    assert_eq!(subject.held("ada", "A-1", LONG).await, held);
    assert_eq!(subject.holds("ada").await[0].expires_at, held.expires_at);
}

pub async fn l12d_a_table_that_is_held_again_stays_as_it_is(subject: &LockSubject) {
    subject.load().await;
    let first = subject.held("ada", "table:T", LONG * 2).await;
    for ttl in [LONG, LONG * 4] {
        assert_eq!(subject.held("ada", "table:T", ttl).await, first, "{ttl:?}");
    }
}

pub async fn l13_a_table_takes_in_the_callers_single_seats(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "T-1,T-3,A-1", LONG).await;
    subject.held("ada", "table:T", LONG).await;
    let tables = subject.holds("ada").await.into_iter();
    let tables: Vec<_> = tables.map(|held| (held.seat.to_string(), held.table)).collect();
    let table = Some("T".parse().unwrap());
    let with = |seat: &str, table| (seat.to_owned(), table);
    assert_eq!(
        tables,
        [
            with("A-1", None),
            with("T-1", table.clone()),
            with("T-2", table.clone()),
            with("T-3", table)
        ]
    );
    assert_eq!(subject.letters("T-1,T-2,T-3").await, "hhh");
    subject.begun(subject.id(), "ada", "table:T").await;
}

pub async fn l13b_a_table_and_its_seats_expire_together_at_the_earliest(subject: &LockSubject) {
    subject.load().await;
    for (table, ttl) in [("sooner", LONG), ("between", LONG * 3), ("later", LONG * 6)] {
        subject.held("ada", &format!("{table}-1"), LONG * 2).await;
        subject.held("ada", &format!("{table}-2"), LONG * 4).await;
        let single = subject.expiry("ada", &format!("{table}-1")).await;
        let held = subject.held("ada", &format!("table:{table}"), ttl).await;
        if ttl < LONG * 2 {
            assert!(held.expires_at < single, "{table}");
        } else {
            assert_eq!(held.expires_at, single, "{table}");
        }
        for number in 1..=3 {
            let expiry = subject.expiry("ada", &format!("{table}-{number}")).await;
            assert_eq!(expiry, held.expires_at, "{table}");
        }
        let shown = subject.states().await;
        for number in 1..=3 {
            let state = &shown[&seat(&format!("{table}-{number}"))];
            assert_eq!(state.expires_at, Some(held.expires_at), "{table}");
        }
    }
}

pub async fn l13c_a_table_that_ran_out_with_its_earliest_seat_is_free(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "T-2", subject.short()).await;
    subject.held("ada", "table:T", LONG).await;
    subject.outlast_short().await;
    assert_eq!(subject.held_seats("ada").await, []);
    subject.held("bob", "table:T", LONG).await;
}

pub async fn l13d_a_seat_that_becomes_part_of_a_table_is_not_held_anew(subject: &LockSubject) {
    subject.load().await;
    let single = subject.held("ada", "T-2", LONG).await;
    subject.advance(subject.short()).await;
    let table = subject.held("ada", "table:T", LONG).await;
    assert_eq!(table.held_at, single.held_at);
    let holds = subject.holds("ada").await;
    assert_eq!(holds[1].held_at, single.held_at);
    assert!(holds[0].held_at > single.held_at);
}

pub async fn l14_a_user_never_holds_more_than_the_limit(subject: &LockSubject) {
    subject.load().await;
    let hold = |what| subject.hold_at_most(4, "ada", what, LONG);
    assert!(matches!(hold("A-1,A-2").await, HoldReply::Held(_)));
    let (version, holds) = (subject.version().await, subject.holds("ada").await);
    assert_eq!(hold("A-3,A-4,A-5").await, HoldReply::Limit);
    assert_eq!(hold("table:T").await, HoldReply::Limit);
    assert_eq!(subject.version().await, version);
    assert_eq!(subject.holds("ada").await, holds);
    assert_eq!(subject.letters("A-3,A-4,A-5,T-1").await, "aaaa");

    // Seats that are held already count once, and another user's do not.
    assert!(matches!(hold("A-1,A-2,A-3,A-4").await, HoldReply::Held(_)));
    assert!(matches!(hold("A-4,A-1").await, HoldReply::Held(_)));
    assert_eq!(hold("A-1,A-5").await, HoldReply::Limit);
    let reply = subject.hold_at_most(4, "bob", "table:T", LONG).await;
    assert!(matches!(reply, HoldReply::Held(_)));
}

pub async fn l14b_the_callers_own_seats_of_a_table_count_once(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "T-1,A-1", LONG).await;
    let reply = subject.hold_at_most(3, "ada", "table:T", LONG).await;
    assert_eq!(reply, HoldReply::Limit);
    for (seats_max, what) in [(4, "table:T"), (5, "A-2")] {
        let reply = subject.hold_at_most(seats_max, "ada", what, LONG).await;
        assert!(matches!(reply, HoldReply::Held(_)), "{reply:?}");
    }
    // The seats of a table count, and the table does not.
    assert_eq!(subject.hold_at_most(5, "ada", "A-3", LONG).await, HoldReply::Limit);
}

pub async fn l14c_what_was_given_back_or_ran_out_does_not_count(subject: &LockSubject) {
    subject.load().await;
    let hold = |what| subject.hold_at_most(2, "ada", what, subject.short());
    assert!(matches!(hold("A-1,A-2").await, HoldReply::Held(_)));
    subject.release("ada", "A-1").await;
    assert!(matches!(hold("A-3").await, HoldReply::Held(_)));
    subject.outlast_short().await;
    assert!(matches!(hold("A-4,A-5").await, HoldReply::Held(_)));
}

pub async fn l14d_seats_in_a_transfer_count_until_it_ends(subject: &LockSubject) {
    subject.load().await;
    let hold = |what| subject.hold_at_most(2, "ada", what, LONG);
    let booked = subject.transferring("ada", "A-1,A-2", LONG).await;
    assert_eq!(hold("A-3").await, HoldReply::Limit);
    subject.finished(booked, "A-1,A-2").await;
    assert!(matches!(hold("A-3").await, HoldReply::Held(_)));

    // Aborted, the seats are the user's again: had they not counted, it would now hold three.
    let aborted = subject.transferring("ada", "A-4", LONG).await;
    assert_eq!(hold("A-5").await, HoldReply::Limit);
    subject.abort(aborted, "A-4").await;
    assert_eq!(hold("A-5").await, HoldReply::Limit);
    assert_eq!(subject.held_seats("ada").await, seats("A-3,A-4"));

    // Freed, they are nobody's.
    let freed = subject.id();
    subject.begun(freed, "ada", "A-4").await;
    subject.free(freed, "A-4").await;
    assert!(matches!(hold("A-5").await, HoldReply::Held(_)));
}

pub async fn l15_a_hold_that_ran_out_is_no_hold(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1,A-2,A-3,A-4", subject.short()).await;
    subject.held("ada", "table:T", subject.short()).await;
    subject.outlast_short().await;

    // Nobody has swept.
    subject.held("bob", "A-1", LONG).await;
    subject.held("bob", "table:T", LONG).await;
    assert_eq!(subject.release("ada", "A-2").await, []);
    let reply = subject.extend("ada", "A-2,A-3", LONG, LONG).await;
    assert_eq!(reply, ExtendReply::NotHeld(seats("A-2,A-3")));
    assert_eq!(subject.not_owner("ada", "A-3").await, (seats("A-3"), None));
    subject.block_begun(&[(subject.id(), "A-4")]).await;
    assert_eq!(subject.held_seats("bob").await, seats("A-1,T-1,T-2,T-3"));
}

pub async fn l15b_a_hold_that_ran_out_is_begun_anew_by_its_own_user(subject: &LockSubject) {
    subject.load().await;
    let first = subject.held("ada", "A-1,T-1", subject.short()).await;
    subject.outlast_short().await;
    for what in ["A-1", "table:T"] {
        let again = subject.held("ada", what, LONG).await;
        assert!(again.held_at > first.held_at, "{what}");
        assert!(again.expires_at >= first.expires_at.after(LONG), "{what}");
        assert!(again.version > first.version, "{what}");
    }
}
