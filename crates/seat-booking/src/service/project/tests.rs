use std::time::Duration;

use seat_layout::{EventId, SeatSet};
use seat_state::{Status, Version};

use super::ProjectedAnew;
use crate::{
    BookingService, MemoryLockStore, MemoryRepository, NewEvent,
    ports::{ClaimId, ClaimReply, Projection, SeatRow},
    service::tests::House,
};

const MINUTE: Duration = Duration::from_secs(60);

impl House {
    /// One letter for each seat of the row, as a report finds them.
    fn letters(&self) -> String {
        self.projection.rows(self.event).iter().map(|row| row.status.letter()).collect()
    }

    fn row(&self, seat: &str) -> SeatRow {
        let mut rows = self.projection.rows(self.event).into_iter();
        rows.find(|row| row.seat.as_str() == seat).unwrap()
    }

    async fn project(&self, service: &BookingService) -> usize {
        service.project(&self.event).await.unwrap()
    }

    async fn held_by(&self, service: &BookingService, user: &str, seats: &str) {
        let (user, seats) = (user.parse().unwrap(), SeatSet::parse(seats).unwrap());
        service.hold(&self.event, &user, &seats, MINUTE).await.unwrap();
    }

    async fn released_by(&self, service: &BookingService, user: &str) {
        service.release(&self.event, &user.parse().unwrap(), &[], &[]).await.unwrap();
    }
}

#[tokio::test]
async fn every_seat_of_a_new_event_has_a_row() {
    let house = House::new().await;
    let service = house.service();
    let layout = service.event(&house.event).await.unwrap().layout_id;
    let event = service.create_event(NewEvent::of(layout)).await.unwrap();
    assert_eq!(service.unprojected(), [event]);
    assert_eq!(service.project(&event).await.unwrap(), 8);
    let rows = house.projection.rows(event);
    assert_eq!(rows.iter().map(|row| row.status).collect::<Vec<_>>(), [Status::Available; 8]);
    assert_eq!(service.unprojected(), []);
    assert_eq!(service.project(&event).await.unwrap(), 0, "there is nothing to write");
}

#[tokio::test]
async fn many_changes_of_a_seat_are_written_as_the_last_of_them() {
    let house = House::new().await;
    let service = house.service();
    house.project(&service).await;
    for _ in 0..5 {
        house.held_by(&service, "bob", "A-1,A-2").await;
        house.released_by(&service, "bob").await;
    }
    house.held_by(&service, "ada", "A-2").await;
    assert_eq!(house.project(&service).await, 2);
    assert_eq!(house.letters(), "ahaaaaaa");
    assert_eq!(house.row("A-2").held_by, Some("ada".parse().unwrap()));
    assert_eq!(house.row("A-2").version.seq, 11);
    assert_eq!(house.row("A-1").version.seq, 10);

    house.confirm(&service, "A-2", None).await.unwrap();
    assert_eq!(house.project(&service).await, 1);
    let row = house.row("A-2");
    assert_eq!((row.status, row.held_by, row.expires_at), (Status::Booked, None, None));
}

#[tokio::test]
async fn changes_too_many_to_be_known_are_written_as_the_state_they_left() {
    let house = House::new().await;
    let service = house.service();
    house.project(&service).await;
    for _ in 0..2_100 {
        house.held_by(&service, "bob", "A-1").await;
        house.released_by(&service, "bob").await;
    }
    house.held_by(&service, "bob", "A-8").await;
    assert_eq!(house.project(&service).await, 8);
    assert_eq!(house.letters(), "aaaaaaah");
}

#[tokio::test]
async fn a_node_does_not_forget_what_it_changed_while_another_one_writes() {
    let house = House::new().await;
    let service = house.service();
    house.project(&service).await;
    let before = house.projection.progress(house.event).await.unwrap();
    let other = ClaimId([7; 12]);
    let claimed = house.projection.claim(house.event, other, MINUTE).await.unwrap();
    assert_eq!(claimed, ClaimReply::Claimed { progress: before });

    house.held_by(&service, "bob", "A-1").await;
    assert_eq!(house.project(&service).await, 0);
    assert_eq!(service.unprojected(), [house.event]);
    // The other one had read before the hold.
    house.projection.finish(house.event, other, before.unwrap()).await.unwrap();
    assert_eq!(house.project(&service).await, 1);
    assert_eq!((house.letters().as_str(), service.unprojected()), ("haaaaaaa", vec![]));
}

#[tokio::test]
async fn a_writer_that_died_is_followed_by_another_after_its_lease() {
    let house = House::new().await;
    let service = house.service();
    let lease = service.settings().timing.project_lease;
    house.projection.claim(house.event, ClaimId([7; 12]), lease).await.unwrap();
    assert_eq!(house.project(&service).await, 0);
    house.clock.move_by(lease);
    assert_eq!(house.project(&service).await, 8);
}

#[tokio::test]
async fn a_new_epoch_is_followed() {
    let house = House::new().await;
    let service = house.service();
    house.held_by(&service, "bob", "A-1,A-2").await;
    house.hold("A-3").await;
    house.confirm(&service, "A-3", None).await.unwrap();
    house.project(&service).await;
    assert_eq!(house.letters(), "hhbaaaaa");
    let epoch = house.row("A-1").version.epoch;
    house.locks.forget();
    house.clock.move_by(Duration::from_secs(1));
    service.view(&house.event, None).await.unwrap();
    assert_eq!(service.unprojected(), [house.event], "who loads an event sees to its rows");
    assert_eq!(house.project(&service).await, 8);
    assert_eq!(house.letters(), "aabaaaaa");
    assert!(house.row("A-1").version.epoch > epoch);
}

#[tokio::test]
async fn an_earlier_epoch_is_followed_too_when_the_clock_was_set_back() {
    let house = House::new().await;
    let service = house.service();
    house.held_by(&service, "bob", "A-1").await;
    house.project(&service).await;
    let epoch = house.row("A-1").version.epoch;
    house.locks.forget();
    house.clock.set_back(Duration::from_secs(3_600));
    assert_eq!(house.project(&service).await, 8);
    assert_eq!(house.letters(), "aaaaaaaa");
    assert!(house.row("A-1").version.epoch < epoch);
}

#[tokio::test]
async fn projecting_anew_mends_whatever_the_rows_say() {
    let house = House::new().await;
    let service = house.service();
    house.held_by(&service, "bob", "A-1").await;
    house.project(&service).await;
    let event = service.event(&house.event).await.unwrap();
    let damaged = |seat: &str| SeatRow {
        seat: seat.parse().unwrap(),
        status: Status::Booked,
        version: Version { epoch: 1 << 52, seq: 9 },
        ..house.row("A-1")
    };
    let rows = vec![damaged("A-1"), damaged("A-2"), damaged("Z-9")];
    house.projection.write(&event, rows).await.unwrap();
    assert_eq!(house.letters(), "bbaaaaaab");

    let anew = service.project_anew(&house.event).await.unwrap();
    assert_eq!(anew, ProjectedAnew { written: 8, dropped: 1 });
    assert_eq!(house.letters(), "haaaaaaa");
    assert_eq!(house.project(&service).await, 0, "all of it is noted as projected");
}

#[tokio::test]
async fn rows_of_events_that_there_are_not_are_removed() {
    let house = House::new().await;
    let service = house.service();
    house.project(&service).await;
    let mut stray = (*service.event(&house.event).await.unwrap()).clone();
    stray.id = EventId::from_bytes([9; 12]);
    house.projection.write(&stray, vec![house.row("A-1"), house.row("A-2")]).await.unwrap();
    assert_eq!(service.unproject_unknown().await.unwrap(), 2);
    assert_eq!(service.unproject_unknown().await.unwrap(), 0);
    assert_eq!(house.letters(), "aaaaaaaa");
}

#[tokio::test]
async fn without_a_projection_nothing_is_noted_for_it() {
    let service = BookingService::new(MemoryLockStore::new(), MemoryRepository::new());
    let layout = seat_layout::Layout::grid(1, 2).unwrap();
    let layout = service.create_layout(layout).await.unwrap();
    let event = service.create_event(NewEvent::of(layout)).await.unwrap();
    let (user, seats) = ("ada".parse().unwrap(), SeatSet::parse("A-1").unwrap());
    service.hold(&event, &user, &seats, MINUTE).await.unwrap();
    assert_eq!(service.unprojected(), []);
    assert_eq!(service.project(&event).await.unwrap(), 0);
    assert_eq!(service.project_anew(&event).await.unwrap(), ProjectedAnew::default());
}
