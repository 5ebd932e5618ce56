use super::subject::{LONG, LockSubject, sorted};
use crate::{
    contract::{seat, seats, user},
    ports::ExtendReply,
};

pub async fn l16_a_release_frees_what_the_caller_holds_and_nothing_else(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1,A-10", LONG).await;
    subject.held("bob", "A-2", LONG).await;
    let id = subject.transferring("ada", "A-3", LONG).await;
    subject.booked("ada", "A-4").await;
    subject.blocked("A-5").await;
    assert_eq!(subject.release("ada", "A-1,A-2,A-3,A-4,A-5,A-6").await, seats("A-1"));
    assert_eq!(subject.letters("A-1,A-10,A-2,A-3,A-4,A-5,A-6").await, "ahhhbxa");
    assert_eq!(subject.held_seats("ada").await, seats("A-10"));
    assert_eq!(subject.held_seats("bob").await, seats("A-2"));
    assert!(subject.transfer(id).await.is_some());
    subject.held("cleo", "A-1", LONG).await;
}

pub async fn l16b_a_seat_of_a_table_is_not_released_singly(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "T-1", LONG).await;
    subject.held("ada", "table:T", LONG).await;
    let version = subject.version().await;
    assert_eq!(subject.release("ada", "T-1,T-2").await, []);
    assert_eq!(subject.version().await, version);
    assert_eq!(subject.held_seats("ada").await, seats("T-1,T-2,T-3"));

    assert_eq!(subject.release("bob", "table:T").await, []);
    assert_eq!(subject.release("ada", "table:T").await, seats("T-1,T-2,T-3"));
    assert_eq!(subject.letters("T-1,T-2,T-3").await, "aaa");
    subject.held("bob", "table:T", LONG).await;
}

pub async fn l16c_a_repeated_release_changes_nothing(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", LONG).await;
    subject.held("ada", "table:T", LONG).await;
    assert_eq!(subject.release("ada", "A-1,table:T").await, seats("A-1,T-1,T-2,T-3"));
    subject.held("bob", "A-1", LONG).await;
    let version = subject.version().await;
    assert_eq!(subject.release("ada", "A-1,table:T").await, []);
    assert_eq!(subject.version().await, version);
    assert_eq!(subject.held_seats("bob").await, seats("A-1"));
}

pub async fn l17_an_extension_lasts_from_now_but_no_longer_than_the_cap(subject: &LockSubject) {
    subject.load().await;
    let held = subject.held("ada", "A-1", LONG).await;
    subject.advance(subject.short()).await;
    let longer = subject.extended("ada", "A-1", LONG, LONG * 9).await;
    assert!(longer.expires_at >= held.expires_at.after(subject.short()));
    assert!(longer.expires_at < held.expires_at.after(LONG));
    assert_eq!(longer.held_at, held.held_at);
    for _ in 0..2 {
        let capped = subject.extended("ada", "A-1", LONG * 4, LONG * 3).await;
        assert_eq!(capped.expires_at, held.held_at.after(LONG * 3));
    }
    assert_eq!(subject.expiry("ada", "A-1").await, held.held_at.after(LONG * 3));
    let state = &subject.states().await[&seat("A-1")];
    assert_eq!(state.expires_at, Some(held.held_at.after(LONG * 3)));
}

pub async fn l17b_an_extension_never_shortens_a_hold(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", LONG * 3).await;
    subject.held("ada", "A-2", LONG).await;
    let far = subject.expiry("ada", "A-1").await;
    for (ttl, cap) in [(LONG * 2, LONG * 9), (LONG * 9, LONG * 2)] {
        let held = subject.extended("ada", "A-1,A-2", ttl, cap).await;
        assert_eq!(subject.expiry("ada", "A-1").await, far);
        assert!(subject.expiry("ada", "A-2").await < far);
        assert_eq!(held.expires_at, subject.expiry("ada", "A-2").await);
    }
}

pub async fn l17c_an_extension_of_a_seat_that_is_not_held_changes_nothing(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", LONG).await;
    subject.held("bob", "A-2", LONG).await;
    subject.booked("ada", "A-3").await;
    let (version, holds) = (subject.version().await, subject.holds("ada").await);
    let reply = subject.extend("ada", "A-1,A-2,A-3,A-4", LONG * 2, LONG * 9).await;
    assert_eq!(reply, ExtendReply::NotHeld(seats("A-2,A-3,A-4")));
    let reply = subject.extend("ada", "A-1,table:T", LONG * 2, LONG * 9).await;
    assert_eq!(reply, ExtendReply::NotHeld(seats("T-1,T-2,T-3")));
    assert_eq!(subject.holds("ada").await, holds);
    assert_eq!(subject.version().await, version);
}

pub async fn l17d_an_extended_hold_outlives_its_first_expiry(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", subject.short()).await;
    subject.held("ada", "table:T", subject.short()).await;
    subject.extended("ada", "A-1,table:T", LONG, LONG * 9).await;
    subject.outlast_short().await;
    assert_eq!(subject.sweep(9).await.seats, 0);
    assert_eq!(subject.held_seats("ada").await, seats("A-1,T-1,T-2,T-3"));
    subject.taken("bob", "A-1").await;
    assert!(subject.taken("bob", "table:T").await.1);
    subject.begun(subject.id(), "ada", "A-1,table:T").await;
}

pub async fn l18_holds_of_lists_what_the_user_holds_now(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", subject.short()).await;
    let held = subject.held("ada", "A-2", LONG).await;
    subject.held("ada", "table:T", LONG * 2).await;
    subject.transferring("ada", "A-3", LONG).await;
    subject.booked("ada", "A-4").await;
    subject.held("bob", "A-5", LONG).await;
    subject.outlast_short().await;

    let holds = subject.store.holds_of(subject.event, user("ada")).await.unwrap();
    assert_eq!(holds.version, subject.version().await);
    let listed = sorted(holds.seats);
    let ids: Vec<_> = listed.iter().map(|held| held.seat.clone()).collect();
    assert_eq!(ids, seats("A-2,T-1,T-2,T-3"));
    assert_eq!((listed[0].held_at, listed[0].expires_at), (held.held_at, held.expires_at));
    assert_eq!(listed[0].table, None);
    assert!(listed[1..].iter().all(|held| held.table == Some("T".parse().unwrap())));
    assert_eq!(subject.held_seats("nobody").await, []);
}

pub async fn l19_users_whose_names_begin_alike_are_different_users(subject: &LockSubject) {
    subject.load().await;
    // The last two would be the same to whoever reads the one name as a pattern.
    let pairs = [("u", "u1"), ("u1", "u"), ("u.1", "ux1"), ("%w*", "uu")];
    for (number, (owner, other)) in pairs.into_iter().enumerate() {
        let (single, table) = (format!("A-{number}"), format!("T{number}"));
        let seats = seats(&format!("{single},{table}-1,{table}-2,{table}-3"));
        let all = format!("{single},table:{table}");
        subject.held(owner, &single, LONG).await;
        subject.held(owner, &format!("table:{table}"), LONG).await;

        subject.taken(other, &single).await;
        subject.taken(other, &format!("table:{table}")).await;
        assert_eq!(subject.release(other, &all).await, []);
        let reply = subject.extend(other, &all, LONG, LONG).await;
        assert_eq!(reply, ExtendReply::NotHeld(seats.clone()));
        assert_eq!(subject.not_owner(other, &all).await, (seats.clone(), None));
        assert_eq!(subject.held_seats(other).await, []);
        assert_eq!(subject.held_seats(owner).await, seats);

        subject.begun(subject.id(), owner, &all).await;
        assert_eq!(subject.not_owner(other, &all).await, (seats, None));
    }
}
