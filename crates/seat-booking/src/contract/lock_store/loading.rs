use std::time::Duration;

use seat_layout::BookingId;
use seat_state::Version;

use super::subject::{
    FINGERPRINT, LONG, LockSubject, assert_not_loaded, begun_epoch, block, booking, items,
};
use crate::{
    Item, Mark,
    contract::{seat, seats, selection, user},
    ports::{
        BlockRequest, ExtendRequest, FinishRequest, HoldRequest, LoadBeginReply, LoadReply,
        MarkedItem, TableHoldRequest, TransferRequest,
    },
};

pub async fn l1_an_event_that_was_never_loaded_answers_nothing(subject: &LockSubject) {
    assert_sales_wait(subject).await;
    assert_settling_waits(subject, subject.id(), 0).await;
}

pub async fn l1b_an_event_that_is_being_loaded_is_not_sold_yet(subject: &LockSubject) {
    let epoch = subject.load_begun().await;
    assert_sales_wait(subject).await;
    subject.load_dropped(epoch).await;
    assert_sales_wait(subject).await;
    subject.load_chunk(epoch, Vec::new()).await;
    assert_sales_wait(subject).await;
    subject.load_end(epoch).await;
    subject.held("ada", "A-1", LONG).await;
}

pub async fn l1c_a_call_to_an_event_that_is_not_loaded_changes_nothing(subject: &LockSubject) {
    let epoch = subject.load().await;
    subject.held("ada", "A-1", LONG).await;
    let id = subject.transferring("bob", "B-1", LONG).await;
    let (holds, transfer) = (subject.holds("ada").await, subject.transfer(id).await);
    subject.restart_noticed().await;

    assert_sales_wait(subject).await;
    assert_settling_waits(subject, id, epoch).await;

    subject.load().await;
    assert_eq!(subject.version().await.seq, 0);
    assert_eq!(subject.letters("A-1,B-1,C-1,D-1,T-1,T-2,T-3").await, "hhaaaaa");
    assert_eq!(subject.holds("ada").await, holds);
    assert_eq!(subject.transfer(id).await, transfer);
    assert!(!subject.is_gone(id).await);
}

/// Calls that wait for the end of a load. Each would change something if it did not: ada is asked
/// to hold, release, extend and confirm, and a seat to be blocked.
async fn assert_sales_wait(subject: &LockSubject) {
    let (store, event, ada) = (&subject.store, subject.event, user("ada"));
    let (ttl, seats_max) = (LONG, 50);

    let seats = seats("C-1,D-1");
    let request = HoldRequest { event, user: ada.clone(), seats, ttl, seats_max };
    assert_not_loaded("hold", &store.hold(request).await);

    let table = selection("table:T").tables.remove(0);
    let (table, seats) = (table.table, table.seats);
    let request = TableHoldRequest { event, user: ada.clone(), table, seats, ttl, seats_max };
    assert_not_loaded("hold_table", &store.hold_table(request).await);

    assert_not_loaded("release", &store.release(event, ada.clone(), selection("A-1")).await);

    let wanted = selection("A-1");
    let (user, selection, cap) = (ada.clone(), wanted.clone(), LONG * 2);
    let request = ExtendRequest { event, user, selection, ttl: cap, cap };
    assert_not_loaded("extend", &store.extend(request).await);

    assert_not_loaded("holds_of", &store.holds_of(event, ada.clone()).await);

    let (id, fingerprint) = (subject.id(), FINGERPRINT);
    let request = TransferRequest { event, id, user: ada, fingerprint, selection: wanted };
    assert_not_loaded("begin", &store.begin(request).await);

    let request = BlockRequest { event, seats: vec![(subject.id(), seat("C-1"))] };
    assert_not_loaded("begin_block", &store.begin_block(request).await);

    assert_not_loaded("transfers", &store.transfers(event, ttl, 1).await);
    assert_not_loaded("sweep", &store.sweep(event, 1).await);
    assert_not_loaded("snapshot", &store.snapshot(event, String::new()).await);
    let since = Version { epoch: 1, seq: 0 };
    assert_not_loaded("changes", &store.changes(event, since, 1).await);
    assert_not_loaded("marks", &store.marks(event, String::new()).await);
    assert_not_loaded("holders", &store.holders(event, vec![seat("A-1")]).await);
}

/// Calls that only wait until a load has begun.
async fn assert_settling_waits(subject: &LockSubject, id: BookingId, epoch: u64) {
    let (store, event, mark, items) = (&subject.store, subject.event, Mark::Booked, items("B-1"));
    let transfer_items = items.clone();
    let request = FinishRequest { event, id, epoch, mark, items: items.clone(), transfer_items };
    assert_not_loaded("finish", &store.finish(request).await);
    assert_not_loaded("abort", &store.abort(event, id, items.clone()).await);
    assert_not_loaded("free", &store.free(event, id, items).await);
    assert_not_loaded("transfer", &store.transfer(event, id).await);
}

pub async fn l2_beginning_to_load_a_loaded_event_changes_nothing(subject: &LockSubject) {
    subject.load_with(vec![booking(subject.id(), "A-1")]).await;
    subject.held("ada", "A-2", LONG).await;
    let before = subject.watch().await;
    assert_eq!(subject.load_begin(7, LONG).await, LoadBeginReply::Ready);
    let after = subject.watch().await;
    assert_eq!((after.version, after.states), (before.version, before.states));
    subject.held("ada", "A-3", LONG).await;
}

pub async fn l3_a_load_has_a_greater_epoch_and_a_sequence_that_starts_at_0(subject: &LockSubject) {
    let first = begun_epoch(subject.load_begin(999_999, LONG).await);
    subject.load_end(first).await;
    assert_eq!(subject.version().await, Version { epoch: first, seq: 0 });
    subject.held("ada", "A-1", LONG).await;
    assert_eq!(subject.version().await, Version { epoch: first, seq: 1 });

    // At once, and with the smallest random number.
    let second = subject.reload().await;
    assert!(second > first, "{second} after {first}");
    assert_eq!(subject.version().await, Version { epoch: second, seq: 0 });

    // Nothing is left to count on from but the time.
    subject.lose().await;
    subject.advance(subject.short()).await;
    let third = subject.load().await;
    assert!(third > second, "{third} after {second}");
    assert_eq!(subject.version().await, Version { epoch: third, seq: 0 });
    assert!(third < 1 << 53, "{third} should be a number that a double can hold");
}

pub async fn l3b_a_load_that_is_taken_over_has_a_greater_epoch(subject: &LockSubject) {
    let first = begun_epoch(subject.load_begin(999_999, subject.short()).await);
    subject.outlast_short().await;
    let second = subject.load_begun().await;
    assert!(second > first, "{second} after {first}");
}

pub async fn l4_a_second_load_waits_until_the_lease_of_the_first_runs_out(subject: &LockSubject) {
    subject.load_begin(1, subject.short() * 4).await;
    assert_eq!(subject.load_begin(2, LONG).await, LoadBeginReply::Busy);
    subject.outlast_short().await;
    assert_eq!(subject.load_begin(2, LONG).await, LoadBeginReply::Busy);
    subject.advance(subject.short() * 3).await;
    assert!(matches!(subject.load_begin(2, LONG).await, LoadBeginReply::Begun { .. }));
    assert_eq!(subject.load_begin(1, LONG).await, LoadBeginReply::Busy);
}

pub async fn l4b_every_step_of_a_load_renews_its_lease(subject: &LockSubject) {
    let lease = subject.short() * 4;
    let epoch = begun_epoch(subject.load_begin(1, lease).await);
    for _ in 0..2 {
        subject.advance(lease * 3 / 4).await;
        subject.load_dropped(epoch).await;
    }
    subject.advance(lease * 3 / 4).await;
    subject.load_chunk(epoch, Vec::new()).await;
    subject.advance(lease * 3 / 4).await;
    assert_eq!(subject.load_begin(2, lease).await, LoadBeginReply::Busy);
}

pub async fn l5_a_load_that_was_taken_over_does_nothing_more(subject: &LockSubject) {
    let id = subject.id();
    let first = begun_epoch(subject.load_begin(1, subject.short()).await);
    subject.outlast_short().await;
    let second = subject.load_begun().await;

    assert_fenced(subject, first, id).await;
    assert_sales_wait(subject).await;
    subject.load_dropped(second).await;
    assert_eq!(subject.load_end(second).await, LoadReply::Done);

    let version = subject.version().await;
    assert_fenced(subject, first, id).await;
    assert_eq!(subject.letters("A-1").await, "a");
    assert_eq!(subject.version().await, version);
}

async fn assert_fenced(subject: &LockSubject, epoch: u64, id: BookingId) {
    assert_eq!(subject.load_drop(epoch).await, LoadReply::Fenced);
    assert_eq!(subject.load_chunk(epoch, vec![booking(id, "A-1")]).await, LoadReply::Fenced);
    assert_eq!(subject.load_end(epoch).await, LoadReply::Fenced);
}

pub async fn l6_a_load_drops_the_marks_of_earlier_epochs(subject: &LockSubject) {
    subject.load_with(vec![booking(subject.id(), "A-1,table:T")]).await;
    subject.booked("ada", "A-2").await;
    subject.blocked("A-3").await;
    assert_eq!(subject.letters("A-1,A-2,A-3,T-1").await, "bbxb");
    subject.reload().await;
    assert_eq!(subject.marks().await, []);
    assert_eq!(subject.letters("A-1,A-2,A-3,T-1").await, "aaaa");
    subject.held("bob", "A-1,A-2,A-3", LONG).await;
    subject.held("bob", "table:T", LONG).await;
}

pub async fn l6b_a_load_drops_more_marks_than_one_step_can(subject: &LockSubject) {
    let bookings = (0..2).map(|half| {
        let seats: Vec<_> = (0..3_000).map(|n| format!("S{half}-{n}")).collect();
        booking(subject.id(), &seats.join(","))
    });
    let epoch = subject.load_begun().await;
    for booking in bookings {
        assert_eq!(subject.load_chunk(epoch, vec![booking]).await, LoadReply::Done);
    }
    subject.load_end(epoch).await;
    assert_eq!(subject.marks().await.len(), 6_000);
    subject.reload().await;
    assert_eq!(subject.marks().await, []);
    assert!(subject.states().await.is_empty());
}

pub async fn l6c_a_load_keeps_live_holds_transfers_and_gone_ids(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1", LONG).await;
    subject.held("ada", "table:T", LONG).await;
    let id = subject.transferring("bob", "B-1,B-2", LONG).await;
    let gone = subject.gone().await;
    let (holds, transfer) = (subject.holds("ada").await, subject.transfer(id).await);
    let states = subject.states().await;

    subject.reload().await;
    assert_eq!(subject.states().await, states);
    assert_eq!(subject.holds("ada").await, holds);
    assert_eq!(subject.transfer(id).await, transfer);
    assert_eq!(subject.transfers(Duration::ZERO, 9).await, [id]);
    assert_eq!(subject.taken("bob", "A-1").await.0, seats("A-1"));
    assert_eq!(subject.taken("ada", "B-1,B-2").await.0, seats("B-1,B-2"));
    assert!(subject.is_gone(gone).await);
}

pub async fn l7_a_chunk_adds_marks(subject: &LockSubject) {
    let [first, second, third] = [subject.id(), subject.id(), subject.id()];
    let active = vec![booking(first, "A-1,A-2"), booking(second, "table:T"), block(third, "A-3")];
    let epoch = subject.load_begun().await;
    // Sent twice, as after a lost answer.
    for _ in 0..2 {
        assert_eq!(subject.load_chunk(epoch, active.clone()).await, LoadReply::Done);
    }
    subject.load_end(epoch).await;

    assert_eq!(subject.letters("A-1,A-2,A-3,A-4,T-1,T-2,T-3").await, "bbxabbb");
    assert_eq!(subject.taken("ada", "A-1,A-3,A-4").await.0, seats("A-1,A-3"));
    assert_eq!(subject.taken("ada", "table:T").await, (seats("T-1,T-2,T-3"), true));
    let of = |item: Item, id, mark| MarkedItem { item, mark, id };
    let mut marked = Vec::new();
    for active in active {
        marked.extend(active.items.into_iter().map(|item| of(item, active.id, active.mark)));
    }
    marked.sort_by_key(|marked| marked.item.to_string());
    assert_eq!(subject.marks().await, marked);
}

pub async fn l7b_a_chunk_leaves_out_gone_ids(subject: &LockSubject) {
    let [sold, cancelled] = [subject.id(), subject.id()];
    subject.load_with(vec![booking(sold, "A-1"), booking(cancelled, "A-2")]).await;
    subject.free(cancelled, "A-2").await;
    let abandoned = subject.gone().await;

    subject.restart_noticed().await;
    let epoch = subject.load_begun().await;
    let late = subject.id();
    subject.free(late, "A-4").await;
    let read = [(sold, "A-1"), (cancelled, "A-2"), (abandoned, "A-3"), (late, "A-4")];
    let active = read.map(|(id, what)| booking(id, what)).to_vec();
    assert_eq!(subject.load_chunk(epoch, active).await, LoadReply::Done);
    subject.load_end(epoch).await;
    assert_eq!(subject.letters("A-1,A-2,A-3,A-4").await, "baaa");
}

pub async fn l7c_a_chunk_overrides_holds_on_its_seats(subject: &LockSubject) {
    subject.load().await;
    subject.held("ada", "A-1,A-2,A-3", subject.short()).await;
    subject.held("ada", "A-4", LONG).await;
    subject.restart_noticed().await;
    subject.load_with(vec![booking(subject.id(), "A-1,A-4"), block(subject.id(), "A-2")]).await;

    assert_eq!(subject.letters("A-1,A-2,A-3,A-4").await, "bxhb");
    assert_eq!(subject.held_seats("ada").await, seats("A-3"));
    assert_eq!(subject.release("ada", "A-1,A-2").await, []);
    assert_eq!(subject.not_owner("ada", "A-1,A-3,A-4").await, (seats("A-1,A-4"), None));
    subject.outlast_short().await;
    subject.sweep(9).await;
    assert_eq!(subject.letters("A-1,A-2,A-3,A-4").await, "bxab");
}

pub async fn l7d_a_chunk_overrides_transfers_on_its_seats(subject: &LockSubject) {
    subject.load().await;
    let other = subject.transferring("ada", "A-1,A-2", LONG).await;
    let own = subject.transferring("bob", "B-1,B-2", LONG).await;
    subject.restart_noticed().await;
    subject.load_with(vec![booking(subject.id(), "A-1"), booking(own, "B-1,B-2")]).await;

    assert_eq!(subject.letters("A-1,A-2,B-1,B-2").await, "bhbb");
    subject.abort(other, "A-1,A-2").await;
    assert_eq!(subject.letters("A-1,A-2").await, "bh");
    assert_eq!(subject.held_seats("ada").await, seats("A-2"));
    // The settling of a booking that was loaded while its transfer stood.
    subject.finished(own, "B-1,B-2").await;
    assert_eq!(subject.transfers(Duration::ZERO, 9).await, []);
    assert_eq!(subject.letters("B-1,B-2").await, "bb");
}

pub async fn l8_what_is_finished_during_a_load_is_marked_after_it(subject: &LockSubject) {
    subject.load().await;
    let standing = subject.transferring("ada", "A-1", LONG).await;
    let marked = subject.booked("bob", "B-1").await;
    subject.restart_noticed().await;
    let epoch = subject.load_begun().await;
    let late = subject.id();
    // Before the marks of earlier epochs are dropped, one of which is the same.
    for (id, what) in [(standing, "A-1"), (marked, "B-1"), (late, "C-1")] {
        assert_eq!(subject.finished(id, what).await.epoch, epoch);
    }
    subject.load_dropped(epoch).await;
    let later = subject.id();
    subject.finished(later, "D-1").await;
    subject.load_end(epoch).await;
    assert_eq!(subject.letters("A-1,B-1,C-1,D-1,E-1").await, "bbbba");
    assert_eq!(subject.transfer(standing).await, None);
}

pub async fn l8b_what_is_freed_during_a_load_stays_free(subject: &LockSubject) {
    let [first, second] = [subject.id(), subject.id()];
    subject.load_with(vec![booking(first, "A-1"), booking(second, "A-2")]).await;
    subject.restart_noticed().await;
    let epoch = subject.load_begun().await;
    subject.free(first, "A-1").await;
    subject.load_dropped(epoch).await;
    subject.load_chunk(epoch, vec![booking(second, "A-2")]).await;
    subject.free(second, "A-2").await;
    subject.load_end(epoch).await;
    assert_eq!(subject.letters("A-1,A-2").await, "aa");
    assert!(subject.is_gone(first).await && subject.is_gone(second).await);
}

pub async fn l8c_a_transfer_can_be_read_and_aborted_during_a_load(subject: &LockSubject) {
    subject.load().await;
    let id = subject.transferring("ada", "A-1", LONG).await;
    let transfer = subject.transfer(id).await;
    subject.restart_noticed().await;
    let epoch = subject.load_begun().await;
    let reply = subject.store.transfer(subject.event, id).await.unwrap();
    assert_eq!((reply.epoch, reply.transfer), (epoch, transfer));
    subject.abort(id, "A-1").await;
    assert_eq!(subject.transfer(id).await, None);
    subject.load_dropped(epoch).await;
    subject.load_end(epoch).await;
    assert_eq!(subject.held_seats("ada").await, seats("A-1"));
}

pub async fn l9_a_store_that_lost_everything_says_so(subject: &LockSubject) {
    for call in Reader::ALL {
        subject.load_with(vec![booking(subject.id(), "A-1")]).await;
        let version = subject.held("ada", "A-2", LONG).await.version;
        subject.lose().await;
        call.assert_notices(subject, version).await;
        assert_sales_wait(subject).await;
    }
    subject.load().await;
    assert_eq!(subject.letters("A-1,A-2").await, "aa");
}

pub async fn l9b_a_store_that_was_restarted_says_so(subject: &LockSubject) {
    for call in Reader::ALL {
        subject.load().await;
        subject.held("ada", "A-1", LONG).await;
        let version = subject.version().await;
        subject.restart().await;
        call.assert_notices(subject, version).await;
        assert_sales_wait(subject).await;
    }
}

/// The calls that notice that the store is not what it was.
#[derive(Debug, Clone, Copy)]
enum Reader {
    Sweep,
    Snapshot,
    Changes,
}

impl Reader {
    const ALL: [Self; 3] = [Self::Sweep, Self::Snapshot, Self::Changes];

    async fn assert_notices(self, subject: &LockSubject, version: Version) {
        let (store, event) = (&subject.store, subject.event);
        match self {
            Self::Sweep => assert_not_loaded("sweep", &store.sweep(event, 9).await),
            Self::Snapshot => {
                assert_not_loaded("snapshot", &store.snapshot(event, String::new()).await);
            }
            Self::Changes => {
                assert_not_loaded("changes", &store.changes(event, version, 9).await);
            }
        }
    }
}
