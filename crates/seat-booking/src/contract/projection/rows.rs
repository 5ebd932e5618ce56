use futures_util::future::join_all;
use seat_state::Status;

use super::subject::{ProjectionSubject, at, row};
use crate::contract::seat;

pub async fn p1_a_later_row_replaces_the_one_of_its_seat(subject: &ProjectionSubject) {
    subject.write("A-1,A-2", Status::Available, at(7, 1)).await;
    subject.write("A-1", Status::Held, at(7, 2)).await;
    let of = |id: &str, status, version| (id.to_owned(), status, version);
    assert_eq!(
        subject.rows().await,
        [of("A-1", Status::Held, at(7, 2)), of("A-2", Status::Available, at(7, 1))]
    );
    subject.write("A-1,A-2", Status::Booked, at(7, 9)).await;
    assert_eq!(
        subject.rows().await,
        [of("A-1", Status::Booked, at(7, 9)), of("A-2", Status::Booked, at(7, 9))]
    );
}

pub async fn p1b_an_earlier_row_and_the_same_one_change_nothing(subject: &ProjectionSubject) {
    subject.write("A-1", Status::Booked, at(7, 10)).await;
    // The others of the same call are written all the same.
    subject.write("A-1,A-2", Status::Available, at(7, 9)).await;
    subject.write("A-1,A-3", Status::Held, at(7, 10)).await;
    let of = |id: &str, status, seq| (id.to_owned(), status, at(7, seq));
    assert_eq!(
        subject.rows().await,
        [
            of("A-1", Status::Booked, 10),
            of("A-2", Status::Available, 9),
            of("A-3", Status::Held, 10),
        ]
    );
}

pub async fn p1c_a_later_epoch_is_later_whatever_its_sequence(subject: &ProjectionSubject) {
    subject.write("A-1", Status::Held, at(7, 100)).await;
    subject.write("A-1", Status::Available, at(8, 0)).await;
    subject.write("A-1", Status::Booked, at(7, 101)).await;
    assert_eq!(subject.rows().await, [("A-1".to_owned(), Status::Available, at(8, 0))]);
}

pub async fn p1d_a_row_reads_back_as_it_was_written(subject: &ProjectionSubject) {
    let statuses = [Status::Held, Status::Available, Status::Blocked, Status::Held, Status::Booked];
    for (status, seq) in statuses.into_iter().zip(1..) {
        let written = row(seat("A-1"), status, at(7, seq));
        subject.projection.write(&subject.event, vec![written.clone()]).await.unwrap();
        let read = subject.row("A-1").await;
        assert_eq!((read.status, read.version), (status, at(7, seq)));
        assert_eq!((read.expires_at, read.held_by), (written.expires_at, written.held_by));
        if status == Status::Booked {
            assert_eq!(read.price, written.price);
        }
    }
}

pub async fn p2_of_many_writers_at_the_same_moment_the_latest_row_stays(
    subject: &ProjectionSubject,
) {
    for round in 1..=5 {
        let what = format!("A-{round},B-{round}");
        let writes = (1..=16).map(|seq| subject.write(&what, Status::Held, at(round, seq)));
        join_all(writes).await;
    }
    let rows = subject.rows().await;
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().all(|(_, _, version)| version.seq == 16), "{rows:?}");
}
