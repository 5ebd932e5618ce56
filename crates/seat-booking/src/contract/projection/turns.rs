use futures_util::future::join_all;

use super::subject::{LONG, ProjectionSubject, SHORT, at};
use crate::ports::{ClaimReply, FinishedClaim};

pub async fn p3_a_second_claim_waits_until_the_first_runs_out(subject: &ProjectionSubject) {
    let first = subject.claimed(SHORT).await;
    assert!(subject.is_busy().await);
    subject.advance(SHORT * 2).await;
    subject.claimed(LONG).await;
    assert_eq!(subject.claim(first, LONG).await, ClaimReply::Busy);
}

pub async fn p3b_the_same_claim_lasts_anew(subject: &ProjectionSubject) {
    let claim = subject.claimed(SHORT).await;
    assert_eq!(subject.claim(claim, LONG).await, ClaimReply::Claimed { progress: None });
    subject.advance(SHORT * 2).await;
    assert!(subject.is_busy().await);
}

pub async fn p3c_of_many_claims_at_the_same_moment_one_is_claimed(subject: &ProjectionSubject) {
    let claims = (0..16).map(|_| subject.is_busy());
    let busy = join_all(claims).await;
    assert_eq!(busy.iter().filter(|&&busy| !busy).count(), 1);
}

pub async fn p4_what_is_finished_is_the_progress_and_ends_the_claim(subject: &ProjectionSubject) {
    assert_eq!(subject.progress().await, None);
    let claim = subject.claimed(LONG).await;
    assert_eq!(subject.finish(claim, at(7, 5)).await, FinishedClaim::Noted);
    assert_eq!(subject.progress().await, Some(at(7, 5)));
    let next = subject.new_claim();
    let claimed = ClaimReply::Claimed { progress: Some(at(7, 5)) };
    assert_eq!(subject.claim(next, LONG).await, claimed);
    assert_eq!(subject.finish(next, at(8, 0)).await, FinishedClaim::Noted);
    assert_eq!(subject.progress().await, Some(at(8, 0)));
}

pub async fn p4b_a_claim_that_was_taken_over_notes_nothing(subject: &ProjectionSubject) {
    let first = subject.claimed(SHORT).await;
    subject.advance(SHORT * 2).await;
    let second = subject.claimed(LONG).await;
    assert_eq!(subject.finish(first, at(7, 9)).await, FinishedClaim::Fenced);
    assert_eq!(subject.progress().await, None);
    assert!(subject.is_busy().await, "the second claim stands");
    assert_eq!(subject.finish(second, at(7, 5)).await, FinishedClaim::Noted);
    assert_eq!(subject.finish(second, at(7, 6)).await, FinishedClaim::Fenced);
    assert_eq!(subject.progress().await, Some(at(7, 5)));
}
