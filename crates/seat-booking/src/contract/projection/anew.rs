use seat_state::Status;

use super::subject::{LONG, ProjectionSubject, at, row};
use crate::{contract::seat, ports::FinishedClaim};

pub async fn p5_what_is_forgotten_is_written_again_by_any_version(subject: &ProjectionSubject) {
    subject.write("A-1,A-2", Status::Booked, at(7, 9)).await;
    let claim = subject.claimed(LONG).await;
    subject.finish(claim, at(7, 9)).await;
    subject.forgotten().await;
    assert_eq!(subject.progress().await, None);
    let statuses: Vec<_> = subject.rows().await.into_iter().map(|(_, status, _)| status).collect();
    assert_eq!(statuses, [Status::Booked; 2], "what they say stays");
    subject.write("A-1", Status::Available, at(1, 0)).await;
    assert_eq!(subject.row("A-1").await.status, Status::Available);
}

pub async fn p5b_forgetting_takes_the_event_over(subject: &ProjectionSubject) {
    let first = subject.claimed(LONG).await;
    let second = subject.forgotten().await;
    assert!(subject.is_busy().await);
    assert_eq!(subject.finish(first, at(7, 9)).await, FinishedClaim::Fenced);
    assert_eq!(subject.finish(second, at(7, 5)).await, FinishedClaim::Noted);
    assert_eq!(subject.progress().await, Some(at(7, 5)));
}

pub async fn p6_only_what_was_not_written_again_is_dropped(subject: &ProjectionSubject) {
    subject.write("A-1,A-2,A-3", Status::Available, at(7, 1)).await;
    assert_eq!(subject.projection.drop_forgotten(subject.event.id).await.unwrap(), 0);
    subject.forgotten().await;
    subject.write("A-2,B-1", Status::Held, at(7, 2)).await;
    assert_eq!(subject.projection.drop_forgotten(subject.event.id).await.unwrap(), 2);
    let of = |id: &str| (id.to_owned(), Status::Held, at(7, 2));
    assert_eq!(subject.rows().await, [of("A-2"), of("B-1")]);
}

pub async fn p7_a_removed_event_has_nothing_and_is_not_listed(subject: &ProjectionSubject) {
    let is_listed = async || subject.projection.events().await.unwrap().contains(&subject.event.id);
    assert!(!is_listed().await);
    subject.write("A-1,A-2", Status::Available, at(7, 1)).await;
    let claim = subject.claimed(LONG).await;
    subject.finish(claim, at(7, 1)).await;
    assert!(is_listed().await);

    assert_eq!(subject.projection.remove(subject.event.id).await.unwrap(), 2);
    assert!(!is_listed().await);
    assert_eq!((subject.rows().await.len(), subject.progress().await), (0, None));
    assert_eq!(subject.projection.remove(subject.event.id).await.unwrap(), 0);
}

pub async fn p8_events_have_nothing_to_do_with_each_other(subject: &ProjectionSubject) {
    let other = subject.new_event();
    subject.write("A-1", Status::Held, at(7, 5)).await;
    let rows = vec![row(seat("A-1"), Status::Booked, at(3, 1))];
    subject.projection.write(&other, rows).await.unwrap();
    let claim = subject.claimed(LONG).await;
    subject.finish(claim, at(7, 5)).await;

    assert_eq!(subject.projection.progress(other.id).await.unwrap(), None);
    let forgotten = subject.new_claim();
    subject.projection.forget(other.id, forgotten, LONG).await.unwrap();
    subject.projection.drop_forgotten(other.id).await.unwrap();
    subject.projection.remove(other.id).await.unwrap();
    assert_eq!(subject.rows_of(&other).await, []);
    assert_eq!(subject.rows().await, [("A-1".to_owned(), Status::Held, at(7, 5))]);
    assert_eq!(subject.progress().await, Some(at(7, 5)));
    assert!(!subject.is_busy().await);
}
