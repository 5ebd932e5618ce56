use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    pin::pin,
};

use futures_util::future::select;
use seat_layout::{BookingId, EventId};
use seat_state::{Change, SeatChange, Status, Version};

use super::subject::{LONG, LockSubject, block, booking, items};
use crate::{
    Mark,
    contract::{SeededRandomness, seat, seats},
    ports::{ChangesReply, LoadReply, MarkedItem, SweepReply},
};

/// More steps than a store keeps.
const STEPS: u64 = 5_200;

pub async fn l33_every_visible_change_is_one_step_that_names_its_seats(subject: &LockSubject) {
    subject.load().await;
    let mut watcher = subject.watch().await;
    // The steps since the last time, each as its seats and their letters.
    macro_rules! steps {
        () => {{
            let changes = watcher.follow(subject).await;
            assert_eq!(watcher.states, subject.states().await);
            assert_eq!(watcher.version, subject.version().await);
            changes.iter().map(described).collect::<Vec<_>>()
        }};
    }

    let held = subject.held("ada", "A-2,A-1", LONG).await;
    assert_eq!(steps!(), ["A-1:h A-2:h"]);
    assert_eq!(watcher.version, held.version);
    assert_eq!(watcher.states[&seat("A-1")].expires_at, Some(held.expires_at));

    subject.held("ada", "T-1", LONG).await;
    assert_eq!(steps!(), ["T-1:h"]);
    let held = subject.held("ada", "table:T", LONG).await;
    let seen = steps!();
    // The seat that was held already, at the same moment and so long, may be named again.
    assert!(seen == ["T-1:h T-2:h T-3:h"] || seen == ["T-2:h T-3:h"], "{seen:?}");
    assert_eq!(watcher.version, held.version);

    let held = subject.extended("ada", "A-1", LONG * 2, LONG * 2).await;
    assert_eq!(steps!(), ["A-1:h"]);
    assert_eq!(watcher.version, held.version);
    assert_eq!(watcher.states[&seat("A-1")].expires_at, Some(held.expires_at));

    subject.release("ada", "A-2").await;
    assert_eq!(steps!(), ["A-2:a"]);

    let id = subject.id();
    subject.begun(id, "ada", "A-1,table:T").await;
    assert_eq!(steps!(), [""; 0]);
    let version = subject.finished(id, "A-1,table:T").await;
    assert_eq!(steps!(), ["A-1:b T-1:b T-2:b T-3:b"]);
    assert_eq!(watcher.version, version);
    let version = subject.free(id, "A-1,table:T").await;
    assert_eq!(steps!(), ["A-1:a T-1:a T-2:a T-3:a"]);
    assert_eq!(watcher.version, version);

    let id = subject.transferring("ada", "B-1,B-2", subject.short()).await;
    assert_eq!(steps!(), ["B-1:h B-2:h"]);
    subject.outlast_short().await;
    let version = subject.abort(id, "B-1,B-2").await;
    assert_eq!(steps!(), ["B-1:a B-2:a"]);
    assert_eq!(watcher.version, version);

    subject.held("ada", "C-1,C-2", subject.short()).await;
    subject.outlast_short().await;
    assert_eq!(steps!(), ["C-1:h C-2:h"]);
    let version = subject.sweep(9).await.version;
    assert_eq!(steps!(), ["C-1:a C-2:a"]);
    assert_eq!(watcher.version, version);

    let id = subject.blocked("D-1").await;
    assert_eq!(steps!().last().unwrap(), "D-1:x");
    subject.free(id, "D-1").await;
    assert_eq!(steps!(), ["D-1:a"]);
}

/// A change as text: its seats in the order of their ids, each with the letter of its status.
fn described(change: &Change) -> String {
    let states = change.seats.iter().map(|state| (&state.seat, state.status.letter()));
    let states: BTreeMap<_, _> = states.collect();
    assert_eq!(states.len(), change.seats.len(), "each seat is named once: {change:?}");
    assert!(
        change.seats.iter().all(|s| s.expires_at.is_some() == (s.status == Status::Held)),
        "held seats have an expiry and others have none: {change:?}"
    );
    let texts = states.iter().map(|(seat, letter)| format!("{seat}:{letter}"));
    texts.collect::<Vec<_>>().join(" ")
}

pub async fn l33b_whoever_follows_the_steps_knows_the_state(subject: &LockSubject) {
    subject.load().await;
    let mut watcher = subject.watch().await;
    let random = SeededRandomness::new(33);
    let mut transfers = Vec::new();
    for _ in 0..400 {
        let number = random.number();
        let who = ["ada", "bob", "cleo"][number as usize % 3];
        let table = format!("table:T{}", number / 8 % 3);
        let single = format!("T{}-{}", number / 64 % 3, 1 + number / 512 % 3);
        let what = if number & 4 == 0 { table } else { single };
        match number / 4_096 % 8 {
            0 | 1 => {
                subject.hold(who, &what, LONG).await;
            }
            2 => {
                subject.hold(who, &what, subject.short() * 3).await;
            }
            3 => {
                subject.release(who, &what).await;
            }
            4 => {
                let id = subject.id();
                subject.begin(id, who, &what).await;
                transfers.push((id, what));
            }
            5 => {
                if let Some((id, what)) = transfers.pop() {
                    subject.abort(id, &what).await;
                }
            }
            6 => {
                if let Some((id, what)) = transfers.pop()
                    && subject.transfer(id).await.is_some()
                {
                    subject.finished(id, &what).await;
                    subject.free(id, &what).await;
                }
            }
            _ => {
                subject.sweep(2).await;
            }
        }
        if number.is_multiple_of(50) {
            subject.advance(subject.short()).await;
        }
        watcher.follow(subject).await;
        assert_eq!(watcher.states, subject.states().await);
    }
}

pub async fn l34_sweep_makes_seats_available_whose_holds_ran_out(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1,A-2", subject.short()).await;
    subject.held("bob", "B-1,B-2", subject.short()).await;
    subject.held("bob", "B-3", LONG).await;
    subject.held("bob", "table:T", subject.short()).await;
    let mut watcher = subject.watch().await;
    assert_eq!(subject.sweep(9).await, swept(0, false, watcher.version));

    subject.outlast_short().await;
    // What has run out is shown as it was until it is swept: equal versions are equal states.
    let unswept = subject.watch().await;
    assert_eq!((unswept.version, &unswept.states), (watcher.version, &watcher.states));
    let reply = subject.sweep(9).await;
    assert_eq!(reply, swept(7, false, subject.version().await));
    assert_eq!(watcher.follow(subject).await.len(), 1);
    assert_eq!(watcher.letters("A-1,A-2,B-1,B-2,B-3,T-1,T-2,T-3"), "aaaahaaa");
    assert_eq!(watcher.states, subject.states().await);
    assert_eq!(subject.sweep(9).await, swept(0, false, watcher.version));
    subject.held("ada", "table:T", LONG).await;
}

fn swept(seats: usize, more: bool, version: Version) -> SweepReply {
    SweepReply { seats, more, version }
}

pub async fn l34b_sweep_takes_no_more_than_its_limit(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1,A-2,A-3,A-4,A-5", subject.short()).await;
    subject.outlast_short().await;
    let mut counts = Vec::new();
    loop {
        let available = subject.letters("A-1,A-2,A-3,A-4,A-5").await.matches('a').count();
        assert_eq!(available, counts.iter().sum::<usize>());
        let reply = subject.sweep(2).await;
        counts.push(reply.seats);
        if !reply.more {
            break;
        }
    }
    assert_eq!(counts, [2, 2, 1]);
}

pub async fn l34c_sweep_leaves_a_seat_alone_that_was_held_again(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1,A-2,T-1", subject.short()).await;
    subject.outlast_short().await;
    subject.held("bob", "A-1", LONG).await;
    subject.held("ada", "A-2", LONG).await;
    subject.held("bob", "table:T", LONG).await;
    assert_eq!(subject.sweep(9).await.seats, 0);
    assert_eq!(subject.held_seats("bob").await, seats("A-1,T-1,T-2,T-3"));
    assert_eq!(subject.held_seats("ada").await, seats("A-2"));
    assert_eq!(subject.letters("A-1,A-2,T-1").await, "hhh");
}

pub async fn l34d_a_table_that_ran_out_is_no_seat_to_sweep(subject: &LockSubject) {
    subject.load().await;
    // The seats were held before their table was, so a sweep may come to them first.
    subject.held("ada", "T-1,T-2,T-3", subject.short()).await;
    subject.held("ada", "table:T", subject.short()).await;
    subject.outlast_short().await;
    let reply = subject.sweep(3).await;
    assert_eq!((reply.seats, reply.more), (3, false));
}

pub async fn l35_changes_gives_the_steps_after_a_version_in_order(subject: &LockSubject) {
    let epoch = subject.load().await;
    for number in 1..=5 {
        subject.held("ada", &format!("A-{number}"), LONG).await;
    }
    let until = subject.states().await;
    let step = |seq: u64| Change { seq, seats: vec![until[&seat(&format!("A-{seq}"))].clone()] };
    let after = |seq| Version { epoch, seq };
    let steps = |range: RangeInclusive<u64>| ChangesReply::Changes(range.map(step).collect());
    assert_eq!(subject.changes(after(0), 9).await, steps(1..=5));
    assert_eq!(subject.changes(after(0), 2).await, steps(1..=2));
    assert_eq!(subject.changes(after(2), 2).await, steps(3..=4));
    assert_eq!(subject.changes(after(4), 2).await, steps(5..=5));
    assert_eq!(subject.changes(after(5), 9).await, ChangesReply::Changes(Vec::new()));
}

pub async fn l35b_changes_after_a_version_of_another_epoch_is_a_resync(subject: &LockSubject) {
    subject.load().await;
    let old = subject.held("ada", "A-1", LONG).await.version;
    let epoch = subject.reload().await;
    subject.held("ada", "A-2", LONG).await;
    let other = [old, Version { seq: 0, ..old }]
        .into_iter()
        .chain([epoch - 1, epoch + 1].map(|epoch| Version { epoch, seq: 1 }));
    for version in other {
        assert_eq!(subject.changes(version, 9).await, ChangesReply::Resync, "{version}");
    }
}

pub async fn l35c_changes_after_a_version_ahead_is_a_resync(subject: &LockSubject) {
    let epoch = subject.load().await;
    let resync =
        async |seq| subject.changes(Version { epoch, seq }, 9).await == ChangesReply::Resync;
    assert!(resync(1).await);
    subject.held("ada", "A-1", LONG).await;
    assert!(!resync(1).await);
    assert!(resync(2).await && resync(1 << 40).await);
}

pub async fn l35d_changes_after_a_version_too_old_is_a_resync(subject: &LockSubject) {
    let epoch = subject.load().await;
    for _ in 0..STEPS / 2 {
        subject.held("ada", "A-1", LONG).await;
        subject.release("ada", "A-1").await;
    }
    assert_eq!(subject.version().await, Version { epoch, seq: STEPS });
    for seq in [0, 1, STEPS - 5_000] {
        let reply = subject.changes(Version { epoch, seq }, 9).await;
        assert_eq!(reply, ChangesReply::Resync, "{seq}");
    }
    // From some version on all is known, and never with a gap.
    let mut first = None;
    for seq in (0..=STEPS).step_by(50) {
        let ChangesReply::Changes(steps) = subject.changes(Version { epoch, seq }, 2).await else {
            assert_eq!(first, None, "version {seq} is younger");
            continue;
        };
        let known: Vec<_> = steps.iter().map(|step| step.seq).collect();
        assert_eq!(known, (seq + 1..=STEPS).take(2).collect::<Vec<_>>());
        first.get_or_insert(seq);
    }
    assert!(first.is_some_and(|first| first < STEPS), "the latest step is known: {first:?}");
}

pub async fn l36_a_snapshot_shows_every_seat_that_is_not_available(subject: &LockSubject) {
    subject.load_with(vec![booking(subject.id(), "A-1,table:T"), block(subject.id(), "A-2")]).await;
    let held = subject.held("ada", "A-3", LONG).await;
    subject.transferring("ada", "A-4", LONG).await;
    subject.booked("ada", "A-5").await;
    subject.blocked("A-6").await;
    subject.held("bob", "table:U", LONG).await;
    subject.held("bob", "A-7", LONG).await;
    subject.release("bob", "A-7").await;

    let all = "A-1,A-2,A-3,A-4,A-5,A-6,T-1,T-2,T-3,U-1,U-2,U-3";
    let states = subject.states().await;
    assert_eq!(states.keys().cloned().collect::<Vec<_>>(), seats(all));
    assert_eq!(subject.letters(all).await, "bxhhbxbbbhhh");
    assert_eq!(states[&seat("A-1")], SeatChange::now(seat("A-1"), Status::Booked));
    assert_eq!(states[&seat("A-3")], SeatChange::held(seat("A-3"), held.expires_at));
}

/// A hundred bookings of 60 seats each: more than a page has.
async fn load_6_000_seats(subject: &LockSubject) -> Vec<(BookingId, String)> {
    let bookings: Vec<_> = (0..100)
        .map(|row| {
            let seats: Vec<_> = (0..60).map(|number| format!("R{row}-{number}")).collect();
            (subject.id(), seats.join(","))
        })
        .collect();
    let epoch = subject.load_begun().await;
    subject.load_dropped(epoch).await;
    for chunk in bookings.chunks(50) {
        let active = chunk.iter().map(|(id, what)| booking(*id, what)).collect();
        assert_eq!(subject.load_chunk(epoch, active).await, LoadReply::Done);
    }
    subject.load_end(epoch).await;
    bookings
}

pub async fn l36b_the_pages_of_a_snapshot_and_the_changes_after_it_are_the_state(
    subject: &LockSubject,
) {
    let bookings = load_6_000_seats(subject).await;
    let mut watcher = subject.watch_first_page().await;

    // Wherever the second page begins, some of this lies before it and some behind.
    let mut expected: BTreeSet<_> = bookings.iter().flat_map(|(_, what)| seats(what)).collect();
    for (id, what) in bookings.iter().step_by(10) {
        subject.free(*id, what).await;
        for seat in seats(what) {
            expected.remove(&seat);
        }
        let (again, _) = what.split_once(',').unwrap();
        subject.held("ada", again, LONG).await;
        expected.insert(seat(again));
    }
    let pages = watcher.read_on(subject).await;
    assert!(pages > 0, "with one page this case would show nothing");
    watcher.follow(subject).await;
    assert_eq!(watcher.states.keys().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(watcher.states, subject.states().await);
    let held = watcher.states.values().filter(|state| state.status == Status::Held).count();
    assert_eq!(held, 10);
}

pub async fn l36c_a_seat_that_goes_back_to_its_hold_between_two_pages_is_seen(
    subject: &LockSubject,
) {
    load_6_000_seats(subject).await;
    let mut transfers = Vec::new();
    for number in 0..50 {
        let what = format!("A-{number}");
        let id = subject.transferring(&format!("user-{number}"), &what, LONG).await;
        transfers.push((id, what));
    }
    let held = subject.transferring("ada", "table:T", LONG).await;
    let mut watcher = subject.watch_first_page().await;
    for (id, what) in &transfers {
        subject.abort(*id, what).await;
    }
    subject.finished(held, "T-1").await;
    assert!(watcher.read_on(subject).await > 0, "with one page this case would show nothing");
    watcher.follow(subject).await;
    assert_eq!(watcher.states, subject.states().await);
    assert_eq!(watcher.letters("A-0,A-49,T-1,T-2"), "hhbh");
}

pub async fn l37_marks_lists_what_is_booked_and_blocked_and_by_whom(subject: &LockSubject) {
    subject.load_with(vec![booking(subject.id(), "A-1"), block(subject.id(), "A-2")]).await;
    let loaded = subject.marks().await;
    let ids: Vec<_> = loaded.iter().map(|marked| marked.id).collect();
    let booked = subject.booked("ada", "A-3,table:T").await;
    let blocked = subject.blocked("A-4").await;
    subject.held("ada", "A-5", LONG).await;
    subject.transferring("ada", "A-6", LONG).await;
    let freed = subject.booked("ada", "A-7").await;
    subject.free(freed, "A-7").await;

    let listed: Vec<_> = subject
        .marks()
        .await
        .into_iter()
        .map(|marked| (marked.item.to_string(), marked.mark, marked.id))
        .collect();
    let of = |item: &str, mark, id| (item.to_owned(), mark, id);
    assert_eq!(
        listed,
        [
            of("A-1", Mark::Booked, ids[0]),
            of("A-2", Mark::Blocked, ids[1]),
            of("A-3", Mark::Booked, booked),
            of("A-4", Mark::Blocked, blocked),
            of("T-1", Mark::Booked, booked),
            of("T-2", Mark::Booked, booked),
            of("T-3", Mark::Booked, booked),
            of("table:T", Mark::Booked, booked),
        ]
    );
}

pub async fn l37b_marks_pages_through_all_of_them(subject: &LockSubject) {
    let bookings = load_6_000_seats(subject).await;
    subject.held("ada", "A-1,A-2", LONG).await;
    let mut expected: Vec<_> = bookings
        .iter()
        .flat_map(|(id, what)| {
            items(what).into_iter().map(|item| MarkedItem { item, mark: Mark::Booked, id: *id })
        })
        .collect();
    expected.sort_by_key(|marked| marked.item.to_string());
    let mut listed = subject.marks().await;
    // A page may repeat what the one before it had, as a hash does that is rewritten meanwhile.
    listed.dedup();
    assert_eq!(listed, expected);
}

pub async fn l38_hints_name_what_was_asked_about_and_keep_nothing_waiting(subject: &LockSubject) {
    subject.load().await;
    let other = EventId::from_bytes(*subject.id().as_bytes());
    let hints = async {
        loop {
            let hinted = subject.store.hinted(vec![other]).await;
            assert!(!hinted.is_empty() && hinted.iter().all(|event| *event == other), "{hinted:?}");
        }
    };
    let work = async {
        for _ in 0..50 {
            subject.held("ada", "A-1", LONG).await;
            subject.release("ada", "A-1").await;
        }
    };
    // Only the work ends.
    select(pin!(work), pin!(hints)).await;
}

pub async fn l39_holders_names_who_holds_each_seat(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", LONG).await;
    subject.held("ada", "table:T", LONG).await;
    subject.held("bob", "A-2", LONG).await;
    subject.transferring("cleo", "A-3", LONG).await;
    subject.transferring("cleo", "table:U", LONG).await;
    let holders = subject.holders("A-1,A-2,A-3,A-4,T-2,U-3").await;
    let of = |seat: &str, user: &str| (seat.to_owned(), user.to_owned());
    assert_eq!(
        holders,
        [
            of("A-1", "ada"),
            of("A-2", "bob"),
            of("A-3", "cleo"),
            of("T-2", "ada"),
            of("U-3", "cleo"),
        ]
    );
}

pub async fn l39b_nobody_holds_what_ran_out_is_booked_or_blocked(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", subject.short()).await;
    subject.outlast_short().await;
    subject.booked("ada", "A-2").await;
    subject.blocked("A-3").await;
    subject.held("ada", "A-4", LONG).await;
    subject.release("ada", "A-4").await;
    let block = subject.id();
    subject.block_begun(&[(block, "A-5")]).await;
    assert_eq!(subject.letters("A-1,A-2,A-3,A-4").await, "hbxa");
    assert_eq!(subject.holders("A-1,A-2,A-3,A-4,A-5").await, []);
}
