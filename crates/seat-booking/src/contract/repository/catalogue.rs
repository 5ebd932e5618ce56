use seat_layout::{Layout, SEATS_MAX, arena};
use seat_state::Timestamp;

use super::subject::RepositorySubject;
use crate::Event;

pub async fn r1_a_layout_reads_back_as_it_was_inserted(subject: &RepositorySubject) {
    let repository = &subject.repository;
    let [id, other] = [subject.layout_id(), subject.layout_id()];
    assert!(repository.layout(id).await.unwrap().is_none());
    let (layout, grid) = (Layout::new(arena(2_000)).unwrap(), Layout::grid(2, 3).unwrap());
    repository.insert_layout(id, &layout).await.unwrap();
    repository.insert_layout(other, &grid).await.unwrap();
    // Inserted again, as after a lost answer.
    repository.insert_layout(id, &layout).await.unwrap();
    let read = repository.layout(id).await.unwrap().unwrap();
    assert_eq!(read.to_document(), layout.to_document());
    let read = repository.layout(other).await.unwrap().unwrap();
    assert_eq!(read.to_document(), grid.to_document());
}

pub async fn r1b_the_largest_layout_reads_back(subject: &RepositorySubject) {
    let id = subject.layout_id();
    let layout = Layout::new(arena(SEATS_MAX as u32)).unwrap();
    subject.repository.insert_layout(id, &layout).await.unwrap();
    let read = subject.repository.layout(id).await.unwrap().unwrap();
    assert!(read.to_document() == layout.to_document(), "200,000 seats are not printed");
}

pub async fn r1c_an_event_reads_back_as_it_was_inserted(subject: &RepositorySubject) {
    let repository = &subject.repository;
    let plain = subject.new_event();
    let full = Event {
        name: "Gräfin Mariza – \"Première\" \u{1f3ad}".to_owned(),
        starts_at: Some(Timestamp::from_ms(1_795_375_800_123)),
        currency: "EUR".parse().unwrap(),
        ..subject.new_event()
    };
    assert_eq!(repository.event(plain.id).await.unwrap(), None);
    for event in [&plain, &full, &plain] {
        repository.insert_event(event).await.unwrap();
    }
    assert_eq!(repository.event(plain.id).await.unwrap().as_ref(), Some(&plain));
    assert_eq!(repository.event(full.id).await.unwrap().as_ref(), Some(&full));
    let end = subject.event_id();
    let listed = repository.events(Some(end), 2).await.unwrap();
    assert_eq!(listed, [full, plain]);
}

pub async fn r2_events_are_listed_by_id_the_greatest_first(subject: &RepositorySubject) {
    let repository = &subject.repository;
    let mut events: Vec<Event> = (0..5).map(|_| subject.new_event()).collect();
    let end = subject.event_id();
    for (number, event) in events.iter_mut().enumerate() {
        // In another order than that of the ids.
        event.created_at = Timestamp::from_ms([3, 1, 4, 0, 2][number]);
    }
    for number in [2, 4, 0, 3, 1] {
        repository.insert_event(&events[number]).await.unwrap();
    }
    events.reverse();
    assert_eq!(repository.events(Some(end), 5).await.unwrap(), events);
    assert_eq!(repository.events(Some(end), 2).await.unwrap(), events[..2]);
    assert_eq!(repository.events(Some(events[1].id), 3).await.unwrap(), events[2..]);
    assert_eq!(repository.events(Some(end), 0).await.unwrap(), []);

    // Other cases may have greater ones.
    let first = repository.events(None, 3).await.unwrap();
    assert_eq!(first.len(), 3);
    assert!(first[0].id >= events[0].id && first.is_sorted_by(|a, b| a.id > b.id));
}
