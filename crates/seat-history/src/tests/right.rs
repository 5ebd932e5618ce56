//! Right histories that look wrong at first sight.

use super::assert_accepted;

macro_rules! right {
    ($($name:ident: $text:expr;)*) => {$(
        #[test]
        fn $name() {
            assert_accepted($text);
        }
    )*};
}

right! {
    an_unknown_confirm_may_take_effect_at_any_later_time:
        r#"{"op":"confirm","event":"e","user":"ann","seats":["A"],"key":"k","start":10,"end":20,"outcome":"unknown"}
{"op":"confirm","event":"e","user":"ann","seats":["A"],"key":"k","start":30,"end":40,"outcome":"no","code":"not_held"}
{"final":"booking","booking":"b","event":"e","user":"ann","seats":["A"],"status":"confirmed"}
{"final":"seat","event":"e","seat":"A","status":"booked"}
{"final":"end","quiet":true}"#;
    an_unknown_cancel_may_have_freed_the_seat_at_any_later_time:
        r#"{"op":"confirm","event":"e","user":"ann","seats":["A"],"booking":"b","start":10,"end":20,"outcome":"yes"}
{"op":"cancel","event":"e","booking":"b","start":30,"end":40,"outcome":"unknown"}
{"op":"hold","event":"e","user":"bob","seats":["A"],"start":50,"end":60,"outcome":"no","code":"seats_unavailable"}
{"op":"hold","event":"e","user":"bob","seats":["A"],"start":70,"end":80,"outcome":"yes","expires":500}
{"final":"booking","booking":"b","event":"e","user":"ann","seats":["A"],"status":"cancelled"}
{"final":"seat","event":"e","seat":"A","status":"available"}
{"final":"end","quiet":true}"#;
    what_happened_in_one_microsecond_has_any_order:
        r#"{"op":"hold","event":"e","user":"ann","seats":["A"],"start":10,"end":10,"outcome":"yes","expires":20}
{"op":"hold","event":"e","user":"bob","seats":["A"],"start":20,"end":20,"outcome":"yes","expires":30}
{"op":"confirm","event":"e","user":"bob","seats":["A"],"booking":"b","start":20,"end":20,"outcome":"yes"}
{"op":"cancel","event":"e","booking":"b","start":20,"end":20,"outcome":"yes"}
{"op":"hold","event":"e","user":"cat","seats":["A"],"start":20,"end":20,"outcome":"yes","expires":25}"#;
    a_table_takes_in_single_seats_and_expires_with_the_earliest:
        r#"{"op":"hold","event":"e","user":"ann","seats":["T-1"],"start":10,"end":20,"outcome":"yes","expires":900}
{"op":"hold","event":"e","user":"ann","seats":["T-1","T-2"],"tables":["T"],"start":30,"end":40,"outcome":"yes","expires":100}
{"op":"hold","event":"e","user":"bob","seats":["T-1"],"start":110,"end":120,"outcome":"yes","expires":300}"#;
    an_answered_hold_may_outlast_the_earliest_expiry_it_was_answered_with:
        r#"{"op":"hold","event":"e","user":"ann","seats":["A"],"start":10,"end":20,"outcome":"yes","expires":100}
{"op":"hold","event":"e","user":"ann","seats":["A","B"],"start":80,"end":90,"outcome":"yes","expires":100}
{"final":"seat","event":"e","seat":"A","status":"available"}
{"final":"seat","event":"e","seat":"B","status":"held"}
{"final":"end","at":150}"#;
    a_refused_block_may_undo_what_another_found_blocked:
        r#"{"op":"block","event":"e","seats":["A","B"],"start":10,"end":60,"outcome":"no","code":"seats_unavailable"}
{"op":"block","event":"e","seats":["A"],"start":20,"end":30,"outcome":"yes"}
{"op":"hold","event":"e","user":"bob","seats":["A"],"start":70,"end":80,"outcome":"yes"}
{"final":"seat","event":"e","seat":"A","status":"available"}
{"final":"end","quiet":true}"#;
    the_house_may_be_asked_again_after_a_rate_limit:
        r#"{"op":"confirm","event":"e","user":"ann","seats":["A"],"key":"k","booking":"b","start":10,"end":20,"outcome":"yes"}
{"op":"confirm","event":"e","user":"ann","seats":["A"],"key":"k","start":30,"end":40,"outcome":"no","code":"rate_limited"}"#;
    a_replay_shows_a_booking_that_was_cancelled_and_sold_again:
        r#"{"op":"confirm","event":"e","user":"ann","seats":["A"],"key":"k","booking":"b","start":10,"end":20,"outcome":"yes"}
{"op":"cancel","event":"e","booking":"b","start":30,"end":40,"outcome":"yes"}
{"op":"hold","event":"e","user":"bob","seats":["A"],"start":50,"end":60,"outcome":"yes","expires":900}
{"op":"confirm","event":"e","user":"ann","seats":["A"],"key":"k","booking":"b","start":70,"end":80,"outcome":"yes"}
{"op":"confirm","event":"e","user":"bob","seats":["A"],"key":"m","booking":"c","start":90,"end":95,"outcome":"yes"}"#;
    a_refused_confirm_may_still_be_undone_when_the_next_comes:
        r#"{"op":"confirm","event":"e","user":"ann","seats":["A"],"start":10,"end":20,"outcome":"no","code":"not_held"}
{"op":"hold","event":"e","user":"ann","seats":["A"],"start":30,"end":40,"outcome":"yes","expires":900}
{"op":"confirm","event":"e","user":"ann","seats":["A"],"start":50,"end":60,"outcome":"no","code":"not_held"}"#;
    an_unknown_confirm_ends_the_hold_whatever_came_of_it:
        r#"{"op":"hold","event":"e","user":"ann","seats":["A"],"start":10,"end":20,"outcome":"yes","expires":900}
{"op":"confirm","event":"e","user":"ann","seats":["A"],"start":30,"end":40,"outcome":"unknown"}
{"op":"cancel","event":"e","booking":"b","start":50,"end":60,"outcome":"yes"}
{"op":"hold","event":"e","user":"bob","seats":["A"],"start":70,"end":80,"outcome":"yes","expires":900}"#;
    a_refusal_that_was_on_its_way_when_the_booking_was_made:
        r#"{"op":"confirm","event":"e","user":"ann","seats":["A"],"key":"k","booking":"b","start":10,"end":20,"outcome":"yes"}
{"op":"confirm","event":"e","user":"ann","seats":["A"],"key":"k","start":15,"end":30,"outcome":"no","code":"not_held"}"#;
    a_booked_seat_is_shown_available_just_after_a_loss:
        r#"{"op":"confirm","event":"e","user":"ann","seats":["A"],"booking":"b","start":10,"end":20,"outcome":"yes"}
{"fault":"flush","start":30,"end":40,"forgets":true}
{"final":"booking","booking":"b","event":"e","user":"ann","seats":["A"],"status":"confirmed"}
{"final":"seat","event":"e","seat":"A","status":"available"}
{"final":"end","at":60000040}"#;
    bookings_and_seats_are_not_read_at_one_moment:
        r#"{"op":"confirm","event":"e","user":"ann","seats":["A"],"key":"k","start":10,"end":20,"outcome":"unknown"}
{"final":"seat","event":"e","seat":"A","status":"booked"}
{"final":"end","at":30}"#;
}
