//! The contract of [`Repository`](crate::ports::Repository) as cases.
#![allow(missing_docs, reason = "the name of a case says what it checks")]
#![allow(clippy::unwrap_used, reason = "a case fails by panicking")]

mod catalogue;
mod changes;
mod documents;
mod fixture;
mod lists;
mod subject;

pub use catalogue::*;
pub use changes::*;
pub use documents::*;
pub use fixture::RepositoryFixture;
pub use lists::*;
pub use subject::RepositorySubject;

/// One test for each case of the contract of a repository. The argument is the path of an
/// `async fn` without arguments, which makes a new [`RepositoryFixture`] for each.
#[macro_export]
macro_rules! repository_contract {
    ($fixture:path) => {
        $crate::contract_cases! { repository, RepositorySubject, $fixture;
            r1_a_layout_reads_back_as_it_was_inserted
            r1b_the_largest_layout_reads_back
            r1c_an_event_reads_back_as_it_was_inserted
            r2_events_are_listed_by_id_the_greatest_first

            r3_of_many_inserts_at_the_same_moment_one_has_a_seat
            r3b_of_many_inserts_at_the_same_moment_one_has_a_table
            r3c_no_two_of_many_overlapping_bookings_share_a_seat
            r3d_documents_that_share_nothing_are_all_stored
            r4_items_of_different_events_have_nothing_to_do_with_each_other
            r5_a_second_document_under_an_id_is_a_duplicate
            r5b_of_many_documents_under_one_id_at_the_same_moment_one_is_stored
            r6_an_insert_that_was_refused_has_stored_nothing
            r7_what_was_answered_is_there_after_a_crash
            r8_a_document_reads_back_as_it_was_written

            r9_an_update_needs_the_revision_just_before
            r9b_an_update_of_what_is_no_booking_changes_nothing
            r9c_of_many_updates_at_the_same_moment_one_is_stored
            r10_a_cancellation_gives_the_items_back_at_once
            r10b_nothing_puts_the_items_of_a_cancelled_booking_back
            r10c_an_update_that_does_not_cancel_keeps_the_items
            r11_unblocking_gives_the_seat_back_for_good
            r11b_unblocking_does_nothing_to_anything_else

            r12_active_pages_by_id_through_every_active_document
            r12b_a_page_of_no_documents_has_none
            r13_owners_lists_every_active_document_with_one_of_the_items
            r14_bookings_of_lists_a_users_bookings_newest_first
            r14b_bookings_of_lists_no_other_users_bookings_and_nothing_else
        }
    };
}
