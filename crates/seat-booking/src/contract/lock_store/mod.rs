//! The contract of [`LockStore`](crate::ports::LockStore) as cases.
#![allow(missing_docs, reason = "the name of a case says what it checks")]
#![allow(clippy::unwrap_used, reason = "a case fails by panicking")]

mod beginning;
mod fixture;
mod held;
mod holding;
mod loading;
mod settling;
mod standing;
mod subject;
mod watching;

pub use beginning::*;
pub use fixture::LockFixture;
pub use held::*;
pub use holding::*;
pub use loading::*;
pub use settling::*;
pub use standing::*;
pub use subject::LockSubject;
pub use watching::*;

/// One test for each case of the contract of a lock store. The argument is the path of an
/// `async fn` without arguments, which makes a new [`LockFixture`] for each.
#[macro_export]
macro_rules! lock_store_contract {
    ($fixture:path) => {
        $crate::contract_cases! { lock_store, LockSubject, $fixture;
            l1_an_event_that_was_never_loaded_answers_nothing
            l1b_an_event_that_is_being_loaded_is_not_sold_yet
            l1c_a_call_to_an_event_that_is_not_loaded_changes_nothing
            l2_beginning_to_load_a_loaded_event_changes_nothing
            l3_a_load_has_a_greater_epoch_and_a_sequence_that_starts_at_0
            l3b_a_load_that_is_taken_over_has_a_greater_epoch
            l4_a_second_load_waits_until_the_lease_of_the_first_runs_out
            l4b_every_step_of_a_load_renews_its_lease
            l5_a_load_that_was_taken_over_does_nothing_more
            l6_a_load_drops_the_marks_of_earlier_epochs
            l6b_a_load_drops_more_marks_than_one_step_can
            l6c_a_load_keeps_live_holds_transfers_and_gone_ids
            l7_a_chunk_adds_marks
            l7b_a_chunk_leaves_out_gone_ids
            l7c_a_chunk_overrides_holds_on_its_seats
            l7d_a_chunk_overrides_transfers_on_its_seats
            l8_what_is_finished_during_a_load_is_marked_after_it
            l8b_what_is_freed_during_a_load_stays_free
            l8c_a_transfer_can_be_read_and_aborted_during_a_load
            l9_a_store_that_lost_everything_says_so
            l9b_a_store_that_was_restarted_says_so

            l10_a_hold_takes_all_its_seats_or_none
            l10b_a_table_is_held_with_all_its_seats_or_not_at_all
            l10c_of_two_holds_at_the_same_moment_one_has_a_seat
            l11_a_refused_hold_names_every_seat_in_the_way
            l11b_a_seat_in_the_callers_own_transfer_is_in_the_way
            l11c_a_refused_table_names_its_seats_and_whether_it_is_taken_as_a_table
            l12_a_seat_that_the_caller_holds_stays_as_it_is
            l12b_a_hold_of_the_callers_own_seats_leaves_the_version_alone
            l12c_a_hold_says_when_the_first_of_the_callers_own_seats_runs_out
            l12d_a_table_that_is_held_again_stays_as_it_is
            l13_a_table_takes_in_the_callers_single_seats
            l13b_a_table_and_its_seats_expire_together_at_the_earliest
            l13c_a_table_that_ran_out_with_its_earliest_seat_is_free
            l13d_a_seat_that_becomes_part_of_a_table_is_not_held_anew
            l14_a_user_never_holds_more_than_the_limit
            l14b_the_callers_own_seats_of_a_table_count_once
            l14c_what_was_given_back_or_ran_out_does_not_count
            l14d_seats_in_a_transfer_count_until_it_ends
            l15_a_hold_that_ran_out_is_no_hold
            l15b_a_hold_that_ran_out_is_begun_anew_by_its_own_user
            l16_a_release_frees_what_the_caller_holds_and_nothing_else
            l16b_a_seat_of_a_table_is_not_released_singly
            l16c_a_repeated_release_changes_nothing
            l17_an_extension_lasts_from_now_but_no_longer_than_the_cap
            l17b_an_extension_never_shortens_a_hold
            l17c_an_extension_of_a_seat_that_is_not_held_changes_nothing
            l17d_an_extended_hold_outlives_its_first_expiry
            l18_holds_of_lists_what_the_user_holds_now
            l19_users_whose_names_begin_alike_are_different_users

            l20_begin_takes_every_seat_out_of_the_hold_and_nobody_sees_it
            l20b_begin_of_seats_that_are_missing_names_them_and_takes_none
            l20c_begin_names_the_callers_other_transfer
            l20d_of_two_transfers_at_the_same_moment_one_has_a_seat
            l21_seats_of_a_table_go_with_the_table_and_not_singly
            l21b_a_table_whose_seats_are_held_singly_does_not_go_as_a_table
            l22_a_repeated_begin_is_begun_again
            l22b_a_begin_with_another_fingerprint_is_a_mismatch
            l23_begin_with_a_gone_id_takes_nothing
            l24_a_seat_in_a_transfer_belongs_to_it_however_long_it_stands
            l24b_an_extension_with_a_seat_in_a_transfer_changes_nothing
            l25_finish_marks_the_items_and_ends_the_transfer
            l25b_finish_marks_a_table_with_its_seats
            l25c_a_table_and_a_seat_of_the_same_name_are_two_things
            l25d_finish_gives_back_the_other_seats_of_the_transfer
            l25e_finish_makes_other_seats_available_whose_hold_ran_out
            l25f_a_repeated_finish_changes_nothing
            l26_finish_of_another_epoch_changes_nothing
            l27_finish_of_a_gone_id_marks_nothing
            l27b_finish_of_a_gone_id_ends_what_is_left_of_its_transfer
            l28_finish_overrides_the_holds_of_others
            l28b_finish_overrides_the_transfers_of_others
            l29_abort_gives_seats_back_to_a_hold_that_still_lasts
            l29b_seats_that_abort_gave_back_run_out_with_their_hold
            l29c_abort_makes_seats_available_whose_hold_ran_out
            l29d_abort_touches_no_booking_and_no_other_transfer
            l29e_a_repeated_abort_changes_nothing
            l30_free_removes_every_mark_of_the_id_and_no_other
            l30b_free_ends_the_transfer_of_the_id
            l30c_a_repeated_free_changes_nothing
            l31_transfers_lists_the_old_ones_and_the_oldest_first
            l31b_a_transfer_says_whose_it_is_and_what_is_in_it
            l32_a_block_takes_available_seats_only
            l32b_a_block_passes_over_seats_that_are_blocked_already
            l32c_a_block_that_is_aborted_makes_its_seat_available
            l32d_a_repeated_block_is_begun_again

            l33_every_visible_change_is_one_step_that_names_its_seats
            l33b_whoever_follows_the_steps_knows_the_state
            l34_sweep_makes_seats_available_whose_holds_ran_out
            l34b_sweep_takes_no_more_than_its_limit
            l34c_sweep_leaves_a_seat_alone_that_was_held_again
            l34d_a_table_that_ran_out_is_no_seat_to_sweep
            l35_changes_gives_the_steps_after_a_version_in_order
            l35b_changes_after_a_version_of_another_epoch_is_a_resync
            l35c_changes_after_a_version_ahead_is_a_resync
            l35d_changes_after_a_version_too_old_is_a_resync
            l36_a_snapshot_shows_every_seat_that_is_not_available
            l36b_the_pages_of_a_snapshot_and_the_changes_after_it_are_the_state
            l36c_a_seat_that_goes_back_to_its_hold_between_two_pages_is_seen
            l37_marks_lists_what_is_booked_and_blocked_and_by_whom
            l37b_marks_pages_through_all_of_them
            l38_hints_name_what_was_asked_about_and_keep_nothing_waiting
            l39_holders_names_who_holds_each_seat
            l39b_nobody_holds_what_ran_out_is_booked_or_blocked
        }
    };
}
