use std::sync::Arc;

use seat_layout::{Layout, Money};
use seat_state::Timestamp;

use super::subject::{CREATED, RepositorySubject, document};
use crate::{
    Abandoned, Block, BookedSeat, Booking, BookingStatus, Contact, Payment, PaymentStatus, Record,
    RequestMark,
    contract::seat,
    ports::{InsertReply, UpdateReply},
};

pub async fn r3_of_many_inserts_at_the_same_moment_one_has_a_seat(subject: &RepositorySubject) {
    for round in 0..5 {
        let shared = format!("A-{round}");
        let records = (0..64).map(|number| {
            // The shared seat stands at any place of the list, and a block wants it too.
            match number % 4 {
                0 => Record::Block(subject.block(&shared)),
                1 => document(&subject.booking(&format!("{shared},B{round}-{number}"))),
                2 => document(&subject.booking(&format!("B{round}-{number},{shared}"))),
                _ => document(&subject.booking(&format!("table:T{round}-{number},{shared}"))),
            }
        });
        let winners = race(subject, records.collect()).await;
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(subject.owners(&shared).await, [winners[0].id()]);
    }
}

pub async fn r3b_of_many_inserts_at_the_same_moment_one_has_a_table(subject: &RepositorySubject) {
    let records = (0..64).map(|number| {
        let mut booking = subject.booking("table:T");
        // So that the table is all that they share.
        booking.booked_tables[0].associated_seat_ids = vec![seat(&format!("T-{number}"))];
        document(&booking)
    });
    let winners = race(subject, records.collect()).await;
    assert_eq!(winners.len(), 1, "{winners:?}");
}

pub async fn r3c_no_two_of_many_overlapping_bookings_share_a_seat(subject: &RepositorySubject) {
    let records = (0..64_usize).map(|number| {
        let wanted = [number, number * 5 + 3, number * 11 + 7].map(|seat| seat % 16);
        let mut wanted = wanted.map(|seat| format!("A-{seat}")).to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        document(&subject.booking(&wanted.join(",")))
    });
    let winners = race(subject, records.collect()).await;
    let mut sold: Vec<_> =
        winners.iter().flat_map(|winner| winner.active().unwrap().items).collect();
    let count = sold.len();
    sold.sort_unstable();
    sold.dedup();
    assert!(count > 0);
    assert_eq!(sold.len(), count, "a seat was sold twice");
}

/// Inserts all of them at once; those that were stored, after making sure that no other was.
async fn race(subject: &RepositorySubject, records: Vec<Record>) -> Vec<Record> {
    let tasks: Vec<_> = records
        .into_iter()
        .map(|record| {
            let repository = Arc::clone(&subject.repository);
            tokio::spawn(async move {
                let reply = repository.insert(record.clone()).await.unwrap();
                (record, reply)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        let (record, reply) = task.await.unwrap();
        match reply {
            InsertReply::Inserted => {
                assert_eq!(subject.record(record.id()).await.as_ref(), Some(&record));
                winners.push(record);
            }
            InsertReply::Duplicate => assert_eq!(subject.record(record.id()).await, None),
        }
    }
    winners
}

pub async fn r3d_documents_that_share_nothing_are_all_stored(subject: &RepositorySubject) {
    let mut records = Vec::new();
    for number in 0..30 {
        let what = format!("A-{number},table:T{number}");
        records.push(document(&subject.booking(&what)));
        records.push(Record::Block(subject.block(&format!("B-{number}"))));
        records.push(Record::Abandoned(subject.abandoned()));
    }
    // A seat may be called like a table that is sold as one.
    records.push(document(&subject.booking("T1")));
    let count = records.len();
    assert_eq!(race(subject, records).await.len(), count);
}

pub async fn r4_items_of_different_events_have_nothing_to_do_with_each_other(
    subject: &RepositorySubject,
) {
    let other = subject.event_id();
    let mine = subject.booked("A-1,table:T").await;
    let theirs = subject.booking_in(other, "A-1,table:T");
    subject.inserted(&document(&theirs)).await;
    assert_eq!(subject.owners("A-1").await, [mine.id]);
    let owners = subject.owners_in(other, "A-1").await;
    assert_eq!(owners.iter().map(|active| active.id).collect::<Vec<_>>(), [theirs.id]);
    assert_eq!(subject.active(None, 9).await.len(), 1);

    subject.cancelled(&mine).await;
    let again = document(&subject.booking_in(other, "A-1"));
    assert_eq!(subject.insert(&again).await, InsertReply::Duplicate);
    subject.booked("A-1").await;
}

pub async fn r5_a_second_document_under_an_id_is_a_duplicate(subject: &RepositorySubject) {
    let cancelled = subject.booked("A-1").await;
    let abandoned = Record::Abandoned(subject.abandoned());
    subject.inserted(&abandoned).await;
    let firsts = [
        document(&subject.cancelled(&cancelled).await),
        document(&subject.booked("A-2").await),
        Record::Block(subject.blocked("A-3").await),
        abandoned,
    ];
    for first in firsts {
        let id = first.id();
        let seconds = [
            first.clone(),
            document(&Booking { id, ..subject.booking("B-1") }),
            Record::Block(Block { id, ..subject.block("B-1") }),
            Record::Abandoned(Abandoned { id, ..subject.abandoned() }),
        ];
        for second in seconds {
            assert_eq!(subject.insert(&second).await, InsertReply::Duplicate, "{second:?}");
            assert_eq!(subject.record(id).await.as_ref(), Some(&first));
        }
    }
    // None of them has taken anything.
    subject.booked("B-1").await;
}

pub async fn r5b_of_many_documents_under_one_id_at_the_same_moment_one_is_stored(
    subject: &RepositorySubject,
) {
    // A confirm, and the fence that wants to forbid it.
    for round in 0..16 {
        let booking = subject.booking(&format!("A-{round}"));
        let fence = Abandoned { id: booking.id, ..subject.abandoned() };
        let records = [document(&booking), Record::Abandoned(fence)];
        let tasks = records.clone().map(|record| {
            let repository = Arc::clone(&subject.repository);
            tokio::spawn(async move { repository.insert(record).await.unwrap() })
        });
        let mut replies = Vec::new();
        for task in tasks {
            replies.push(task.await.unwrap());
        }
        let stored = match replies[..] {
            [InsertReply::Inserted, InsertReply::Duplicate] => &records[0],
            [InsertReply::Duplicate, InsertReply::Inserted] => &records[1],
            _ => panic!("one of the two should be stored: {replies:?}"),
        };
        assert_eq!(subject.record(booking.id).await.as_ref(), Some(stored));
    }
}

pub async fn r6_an_insert_that_was_refused_has_stored_nothing(subject: &RepositorySubject) {
    subject.booked("A-2").await;
    subject.booked("table:T").await;
    for what in ["A-1,A-2,A-3", "A-1,table:T,A-3", "A-1,A-3,T-2"] {
        let refused = subject.booking(what);
        let reply = subject.insert(&document(&refused)).await;
        assert_eq!(reply, InsertReply::Duplicate, "{what}");
        assert_eq!(subject.record(refused.id).await, None);
        assert_eq!(subject.bookings_of(&refused.user_id, None, 9).await, []);
        assert_eq!(subject.owners("A-1,A-3").await, []);
    }
    subject.booked("A-1,A-3").await;
}

pub async fn r7_what_was_answered_is_there_after_a_crash(subject: &RepositorySubject) {
    let layout = Layout::grid(2, 3).unwrap();
    let (layout_id, event) = (subject.layout_id(), subject.new_event());
    subject.repository.insert_layout(layout_id, &layout).await.unwrap();
    subject.repository.insert_event(&event).await.unwrap();
    let sold = subject.booked("A-1,table:T").await;
    let paid = subject.next(&subject.booked("A-2").await);
    let paid = Booking { status: BookingStatus::Paid, ..paid };
    assert_eq!(subject.update(&paid).await, UpdateReply::Updated);
    let cancelled = subject.booked("A-3").await;
    let cancelled = subject.cancelled(&cancelled).await;
    let (blocked, unblocked) = (subject.blocked("A-4").await, subject.blocked("A-5").await);
    subject.unblock(unblocked.id).await;

    let subject = subject.reopened().await;
    let read = subject.repository.layout(layout_id).await.unwrap().unwrap();
    assert_eq!(read.to_document(), layout.to_document());
    assert_eq!(subject.repository.event(event.id).await.unwrap(), Some(event));
    for booking in [&sold, &paid, &cancelled] {
        assert_eq!(subject.record(booking.id).await, Some(document(booking)));
        let listed = subject.bookings_of(&booking.user_id, None, 9).await;
        assert_eq!(listed, std::slice::from_ref(booking));
    }
    assert_eq!(subject.record(blocked.id).await, Some(Record::Block(blocked)));
    assert!(matches!(subject.record(unblocked.id).await, Some(Record::Abandoned(_))));
    for what in ["A-1", "A-2", "A-4", "T-1", "table:T"] {
        assert!(subject.is_taken(what).await, "{what}");
    }
    for what in ["A-3", "A-5"] {
        assert!(!subject.is_taken(what).await, "{what}");
    }
}

pub async fn r8_a_document_reads_back_as_it_was_written(subject: &RepositorySubject) {
    let booking = full_booking(subject);
    let records = [
        document(&booking),
        document(&subject.booking("B-1")),
        Record::Block(subject.block("B-2")),
        Record::Abandoned(Abandoned { request: None, ..subject.abandoned() }),
        Record::Abandoned(Abandoned {
            request: Some(booking.request.clone()),
            ..subject.abandoned()
        }),
    ];
    assert_eq!(subject.record(subject.id()).await, None);
    for record in records {
        subject.inserted(&record).await;
        assert_eq!(subject.record(record.id()).await, Some(record));
    }

    let changed = Booking {
        status: BookingStatus::Paid,
        payment: Payment {
            status: PaymentStatus::Paid,
            transaction_id: Some("tx-2".to_owned()),
            recorded_transaction_id: Some("tx-3".to_owned()),
            ..booking.payment.clone()
        },
        ..subject.next(&booking)
    };
    assert_eq!(subject.update(&changed).await, UpdateReply::Updated);
    assert_eq!(subject.record(booking.id).await, Some(document(&changed)));
    let cancelled = Booking {
        status: BookingStatus::Cancelled,
        cancel_reason: Some("rain".to_owned()),
        ..subject.next(&changed)
    };
    assert_eq!(subject.update(&cancelled).await, UpdateReply::Updated);
    assert_eq!(subject.record(booking.id).await, Some(document(&cancelled)));
}

/// A booking with everything in it that there may be.
fn full_booking(subject: &RepositorySubject) -> Booking {
    let booking = subject.booking("A-1,A-2,table:T,table:U");
    let booked_seats = booking.booked_seats.iter().zip(1..).map(|(seat, number)| BookedSeat {
        price: Money::from_minor(i64::from(number)),
        row_label: Some("A".to_owned()),
        seat_number: Some(number),
        ..seat.clone()
    });
    Booking {
        booked_seats: booked_seats.collect(),
        total_amount: Money::from_minor(99_999_999_999_999),
        currency: "JPY".parse().unwrap(),
        payment: Payment {
            status: PaymentStatus::Failed,
            amount: Money::from_minor(1),
            method: Some("card".to_owned()),
            transaction_id: Some("tx-1".to_owned()),
            recorded_transaction_id: None,
        },
        contact: Contact {
            name: "Zoë \"$set\" \u{1f3ad}\n".to_owned(),
            email: "zoe@example.org".to_owned(),
            phone: Some("+43 1 234".to_owned()),
        },
        notes: Some(String::new()),
        created_at: Timestamp::from_ms(CREATED.ms() + 7),
        request: RequestMark {
            key: Some("order 1/$%".parse().unwrap()),
            attempt: 7,
            ..booking.request.clone()
        },
        change_id: Some(subject.id()),
        ..booking
    }
}
