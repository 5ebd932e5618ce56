use seat_layout::{BookingId, UserId};
use seat_state::Timestamp;

use super::subject::{RepositorySubject, document};
use crate::{Active, Booking, Record};

pub async fn r12_active_pages_by_id_through_every_active_document(subject: &RepositorySubject) {
    let mut expected = Vec::new();
    for number in 0..40 {
        let record = match number % 4 {
            0 => document(&subject.booking(&format!("A-{number},table:T{number}"))),
            1 => Record::Block(subject.block(&format!("B-{number}"))),
            2 => Record::Abandoned(subject.abandoned()),
            _ => document(&subject.booking(&format!("C-{number}"))),
        };
        expected.push(record);
    }
    let elsewhere = subject.booking_in(subject.event_id(), "A-1");
    subject.inserted(&document(&elsewhere)).await;
    // In another order than that of the ids.
    for record in expected.iter().rev() {
        subject.inserted(record).await;
    }
    let freed = subject.blocked("D-1").await;
    subject.unblock(freed.id).await;
    for record in &mut expected {
        if let Record::Booking(booking) = record
            && booking.booked_tables.is_empty()
        {
            *record = document(&subject.cancelled(booking).await);
        }
    }
    let mut expected: Vec<_> = expected.iter().filter_map(Record::active).collect();
    assert_eq!(expected.len(), 20);

    let mut read = Vec::new();
    loop {
        let page = subject.active(read.last().map(|active: &Active| active.id), 7).await;
        read.extend(page.iter().cloned());
        if page.len() < 7 {
            break;
        }
    }
    assert!(read.is_sorted_by(|a, b| a.id < b.id));
    for active in expected.iter_mut().chain(&mut read) {
        active.items.sort_unstable();
    }
    assert_eq!(read, expected);
    assert_eq!(subject.active(None, 99).await.len(), 20);
    assert_eq!(subject.active(Some(expected[19].id), 7).await, []);
}

pub async fn r12b_a_page_of_no_documents_has_none(subject: &RepositorySubject) {
    let booking = subject.booked("A-1").await;
    assert_eq!(subject.active(None, 0).await, []);
    assert_eq!(subject.bookings_of(&booking.user_id, None, 0).await, []);
    let event = subject.new_event();
    subject.repository.insert_event(&event).await.unwrap();
    assert_eq!(subject.repository.events(None, 0).await.unwrap(), []);
}

pub async fn r13_owners_lists_every_active_document_with_one_of_the_items(
    subject: &RepositorySubject,
) {
    let both = subject.booked("A-1,A-2").await;
    let table = subject.booked("table:T").await;
    let cancelled = subject.booked("A-3").await;
    subject.cancelled(&cancelled).await;
    let (block, freed) = (subject.blocked("A-4").await, subject.blocked("A-5").await);
    subject.unblock(freed.id).await;
    subject.booked("A-10").await;
    let elsewhere = subject.booking_in(subject.event_id(), "A-1,A-6");
    subject.inserted(&document(&elsewhere)).await;

    let all = subject.owners_in(subject.event, "A-1,A-2,A-3,A-4,A-5,A-6,T-2").await;
    let expected = [document(&both), document(&table), Record::Block(block)];
    let expected: Vec<_> = expected.iter().filter_map(Record::active).collect();
    assert_eq!(all, expected);
    assert_eq!(subject.owners("A-2").await, [both.id]);
    assert_eq!(subject.owners("table:T").await, [table.id]);
    assert_eq!(subject.owners("A-3,A-5,A-6,A").await, []);
    assert_eq!(subject.owners("").await, []);
}

pub async fn r14_bookings_of_lists_a_users_bookings_newest_first(subject: &RepositorySubject) {
    let user = subject.user();
    let event = subject.event_id();
    // Two at one moment, in two events, and made in another order than they are older.
    let made = [(3, "A-1"), (1, "A-2"), (3, "A-3"), (9, "A-4"), (2, "A-5")];
    let mut bookings: Vec<_> = made
        .iter()
        .enumerate()
        .map(|(number, &(ms, what))| Booking {
            user_id: user.clone(),
            created_at: Timestamp::from_ms(ms),
            event_id: if number % 2 == 0 { subject.event } else { event },
            ..subject.booking(what)
        })
        .collect();
    for booking in &bookings {
        subject.inserted(&document(booking)).await;
    }
    bookings[1] = subject.cancelled(&bookings[1]).await;
    bookings[2] = subject.next(&bookings[2]);
    subject.update(&bookings[2]).await;
    bookings.sort_by_key(|booking| std::cmp::Reverse((booking.created_at, booking.id)));

    assert_eq!(subject.bookings_of(&user, None, 9).await, bookings);
    let mut read: Vec<Booking> = Vec::new();
    loop {
        let before = read.last().map(|booking| (booking.created_at, booking.id));
        let page = subject.bookings_of(&user, before, 2).await;
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        read.extend(page);
    }
    assert_eq!(read, bookings);
    let before = (Timestamp::from_ms(3), BookingId::from_bytes([0; 12]));
    assert_eq!(subject.bookings_of(&user, Some(before), 9).await, bookings[3..]);
}

pub async fn r14b_bookings_of_lists_no_other_users_bookings_and_nothing_else(
    subject: &RepositorySubject,
) {
    let user = subject.user();
    let longer: UserId = format!("{user}1").parse().unwrap();
    let mine = Booking { user_id: user.clone(), ..subject.booking("A-1") };
    let theirs = Booking { user_id: longer.clone(), ..subject.booking("A-2") };
    let refused = Booking { user_id: user.clone(), ..subject.booking("A-2,A-3") };
    subject.inserted(&document(&mine)).await;
    subject.inserted(&document(&theirs)).await;
    subject.insert(&document(&refused)).await;
    subject.blocked("A-4").await;
    subject.inserted(&Record::Abandoned(subject.abandoned())).await;
    assert_eq!(subject.bookings_of(&user, None, 9).await, [mine]);
    assert_eq!(subject.bookings_of(&longer, None, 9).await, [theirs]);
    assert_eq!(subject.bookings_of(&subject.user(), None, 9).await, []);
}
