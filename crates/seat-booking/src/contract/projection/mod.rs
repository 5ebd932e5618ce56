//! The contract of [`Projection`](crate::ports::Projection) as cases.
#![allow(missing_docs, reason = "the name of a case says what it checks")]
#![allow(clippy::unwrap_used, reason = "a case fails by panicking")]

mod anew;
mod fixture;
mod rows;
mod subject;
mod turns;

pub use anew::*;
pub use fixture::ProjectionFixture;
pub use rows::*;
pub use subject::ProjectionSubject;
pub use turns::*;

/// One test for each case of the contract of a projection. The argument is the path of an
/// `async fn` without arguments, which makes a new [`ProjectionFixture`] for each.
#[macro_export]
macro_rules! projection_contract {
    ($fixture:path) => {
        $crate::contract_cases! { projection, ProjectionSubject, $fixture;
            p1_a_later_row_replaces_the_one_of_its_seat
            p1b_an_earlier_row_and_the_same_one_change_nothing
            p1c_a_later_epoch_is_later_whatever_its_sequence
            p1d_a_row_reads_back_as_it_was_written
            p2_of_many_writers_at_the_same_moment_the_latest_row_stays

            p3_a_second_claim_waits_until_the_first_runs_out
            p3b_the_same_claim_lasts_anew
            p3c_of_many_claims_at_the_same_moment_one_is_claimed
            p4_what_is_finished_is_the_progress_and_ends_the_claim
            p4b_a_claim_that_was_taken_over_notes_nothing

            p5_what_is_forgotten_is_written_again_by_any_version
            p5b_forgetting_takes_the_event_over
            p6_only_what_was_not_written_again_is_dropped
            p7_a_removed_event_has_nothing_and_is_not_listed
            p8_events_have_nothing_to_do_with_each_other
        }
    };
}
