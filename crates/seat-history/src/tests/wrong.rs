//! Wrong histories: each is a right one with one thing changed.

use super::{assert_accepted, changed, found, read};
use crate::{Invariant::*, check};

/// Two bookings, one of them answered at the second try and paid, the other cancelled and its seat
/// sold again; a request that was never answered.
const SALE: &str = r#"{"op":"hold","event":"e","user":"ann","seats":["A-1","A-2"],"start":10,"end":20,"outcome":"yes","expires":1000}
{"op":"hold","event":"e","user":"bob","seats":["A-2","A-3"],"start":30,"end":40,"outcome":"no","code":"seats_unavailable"}
{"op":"confirm","event":"e","user":"ann","seats":["A-1","A-2"],"key":"k1","payload":"p","booking":"b1","total":300,"start":50,"end":60,"outcome":"yes"}
{"op":"confirm","event":"e","user":"ann","seats":["A-2","A-1"],"key":"k1","payload":"p","booking":"b1","total":300,"start":70,"end":80,"outcome":"yes"}
{"op":"hold","event":"e","user":"bob","seats":["A-3","A-4"],"start":90,"end":100,"outcome":"yes","expires":1000}
{"op":"confirm","event":"e","user":"bob","seats":["A-3","A-4"],"key":"k2","payload":"q","start":110,"end":120,"outcome":"unknown"}
{"op":"confirm","event":"e","user":"bob","seats":["A-3","A-4"],"key":"k2","payload":"q","booking":"b2","total":300,"start":130,"end":140,"outcome":"yes"}
{"op":"payment","event":"e","booking":"b2","start":150,"end":160,"outcome":"yes"}
{"op":"cancel","event":"e","user":"ann","booking":"b1","start":170,"end":180,"outcome":"yes"}
{"op":"hold","event":"e","user":"dan","seats":["A-2"],"start":190,"end":200,"outcome":"yes"}
{"op":"confirm","event":"e","user":"dan","seats":["A-2"],"key":"k3","booking":"b3","total":150,"start":210,"end":220,"outcome":"yes"}
{"op":"hold","event":"e","user":"eve","seats":["A-4","A-5"],"start":230,"end":240,"outcome":"unknown"}
{"op":"confirm","event":"e","user":"eve","seats":["A-4","A-5"],"key":"k4","start":250,"outcome":"unknown"}
{"op":"confirm","event":"e","user":"fay","seats":["A-6"],"key":"k5","start":260,"end":270,"outcome":"no","code":"not_held"}
{"final":"booking","booking":"b1","event":"e","user":"ann","seats":["A-1","A-2"],"status":"cancelled","total":300,"key":"k1"}
{"final":"booking","booking":"b2","event":"e","user":"bob","seats":["A-3","A-4"],"status":"paid","total":300}
{"final":"booking","booking":"b3","event":"e","user":"dan","seats":["A-2"],"status":"confirmed","total":150}
{"final":"seat","event":"e","seat":"A-1","status":"available"}
{"final":"seat","event":"e","seat":"A-2","status":"booked"}
{"final":"seat","event":"e","seat":"A-3","status":"booked"}
{"final":"seat","event":"e","seat":"A-4","status":"booked"}
{"final":"seat","event":"e","seat":"A-5","status":"available"}
{"final":"seat","event":"e","seat":"A-6","status":"available"}
{"final":"end","quiet":true}
"#;

/// Holds that end in each way that they may end, one after the other on one seat; the house keeps
/// another seat back for a while.
const HOLDS: &str = r#"{"op":"hold","event":"e","user":"ann","seats":["A-1"],"start":10,"end":20,"outcome":"yes","expires":100}
{"op":"hold","event":"e","user":"bob","seats":["A-1"],"start":110,"end":120,"outcome":"yes","expires":300}
{"op":"extend","event":"e","user":"bob","seats":["A-1"],"start":130,"end":140,"outcome":"yes","expires":600}
{"op":"release","event":"e","user":"bob","start":310,"end":320,"outcome":"yes"}
{"op":"hold","event":"e","user":"cat","seats":["A-1"],"start":330,"end":340,"outcome":"yes","expires":500}
{"op":"confirm","event":"e","user":"cat","seats":["A-1"],"key":"k1","start":510,"end":520,"outcome":"no","code":"not_held"}
{"op":"hold","event":"e","user":"dan","seats":["A-1"],"start":530,"end":540,"outcome":"yes"}
{"op":"hold","event":"e","user":"dan","seats":["T-1","T-2"],"tables":["T"],"start":550,"end":560,"outcome":"yes","expires":900}
{"op":"confirm","event":"e","user":"dan","seats":["T-1"],"key":"k2","start":570,"end":580,"outcome":"no","code":"not_held"}
{"op":"block","event":"e","seats":["B-1"],"start":610,"end":620,"outcome":"yes"}
{"op":"unblock","event":"e","seats":["B-1"],"start":630,"end":640,"outcome":"yes"}
{"op":"hold","event":"e","user":"eve","seats":["B-1"],"start":650,"end":660,"outcome":"yes","expires":700}
{"op":"block","event":"e","seats":["B-2"],"start":670,"end":680,"outcome":"yes"}
{"final":"seat","event":"e","seat":"A-1","status":"available"}
{"final":"seat","event":"e","seat":"T-1","status":"held"}
{"final":"seat","event":"e","seat":"T-2","status":"held"}
{"final":"seat","event":"e","seat":"B-1","status":"available"}
{"final":"seat","event":"e","seat":"B-2","status":"blocked"}
{"final":"end","at":890}
"#;

/// A loss of the lock store while two users each had a hold and one a booking, and a table that is
/// sold as a table. No final state.
const LOSS: &str = r#"{"op":"hold","event":"e","user":"ann","seats":["A-1"],"start":10,"end":20,"outcome":"yes","expires":900000000}
{"op":"hold","event":"e","user":"bob","seats":["B-1"],"start":10,"end":20,"outcome":"yes","expires":900000000}
{"op":"confirm","event":"e","user":"bob","seats":["B-1"],"key":"k1","booking":"b1","start":30,"end":40,"outcome":"yes"}
{"fault":"flush","start":50,"end":60,"forgets":true}
{"op":"hold","event":"e","user":"cat","seats":["A-1"],"start":70,"end":80,"outcome":"yes","expires":900000000}
{"op":"hold","event":"e","user":"cat","seats":["B-1"],"start":90,"end":100,"outcome":"yes","expires":900000000}
{"op":"confirm","event":"e","user":"cat","seats":["B-1"],"key":"k2","start":110,"end":120,"outcome":"no","code":"seats_unavailable"}
{"op":"confirm","event":"e","user":"ann","seats":["A-1"],"key":"k3","start":130,"end":140,"outcome":"no","code":"not_held"}
{"op":"hold","event":"e","user":"dan","seats":["T-1","T-2"],"tables":["T"],"start":70000000,"end":70000010,"outcome":"yes","expires":900000000}
{"op":"confirm","event":"e","user":"dan","seats":["T-1","T-2"],"tables":["T"],"key":"k4","payload":"p","booking":"b2","total":80,"start":70000020,"end":70000030,"outcome":"yes"}
{"op":"confirm","event":"e","user":"dan","seats":["T-1","T-2"],"tables":["T"],"key":"k4","payload":"r","start":70000040,"end":70000050,"outcome":"no","code":"idempotency_mismatch"}
{"op":"hold","event":"e","user":"eve","seats":["C-1"],"start":70000060,"end":70000070,"outcome":"yes","expires":900000000}
{"op":"confirm","event":"e","user":"eve","seats":["C-1"],"key":"k5","booking":"b3","start":70000080,"end":70000090,"outcome":"yes"}
{"op":"cancel","event":"e","booking":"b3","start":70000100,"end":70000110,"outcome":"yes"}
{"op":"payment","event":"e","booking":"b3","start":70000120,"end":70000130,"outcome":"no","code":"invalid_state"}
"#;

#[test]
fn the_unchanged_ones_are_accepted() {
    for text in [SALE, HOLDS, LOSS] {
        assert_accepted(text);
    }
}

/// One test for each: the history, what is changed in it, what must be found at which lines, and
/// what the text must name.
macro_rules! wrong {
    ($($name:ident: $base:ident, $from:expr => $to:expr, $expected:expr, $nouns:expr;)*) => {$(
        #[test]
        fn $name() {
            let report = check(&read(&changed($base, $from, $to)));
            let expected: &[(crate::Invariant, &[usize])] = &$expected;
            let expected: Vec<_> = expected.iter().map(|(i, l)| (*i, l.to_vec())).collect();
            assert_eq!(found(&report), expected, "{report}");
            for noun in $nouns {
                assert!(report.violations[0].what.contains(noun), "{noun}: {report}");
            }
        }
    )*};
}

wrong! {
    two_active_bookings_share_a_seat_at_the_end: SALE,
        r#"{"final":"seat","event":"e","seat":"A-1","# =>
        r#"{"final":"booking","booking":"b4","event":"e","user":"eve","seats":["A-4","A-5"],"status":"confirmed"}
{"final":"seat","event":"e","seat":"A-1","#,
        [(I1, &[7]), (I5, &[])], ["A-4", "b2", "b4", "bob", "eve"];
    two_bookings_had_a_seat_at_once: SALE,
        r#""booking":"b1","start":170,"end":180"# => r#""booking":"b1","start":230,"end":240"#,
        [(I1, &[3, 11]), (I5, &[3, 10])], ["A-2", "b1", "b3", "ann", "dan"];
    an_answered_booking_is_gone: SALE,
        r#"{"final":"booking","booking":"b3","event":"e","user":"dan","seats":["A-2"],"status":"confirmed","total":150}
"# => "",
        [(I2, &[11]), (I6, &[])], ["b3", "dan"];
    a_booking_lost_a_seat: SALE,
        r#""user":"bob","seats":["A-3","A-4"],"status""# => r#""user":"bob","seats":["A-3"],"status""#,
        [(I2, &[7]), (I6, &[])], ["b2", "A-4", "bob"];
    a_booking_has_another_user: SALE,
        r#""user":"bob","seats":["A-3","A-4"],"status""# => r#""user":"eve","seats":["A-3","A-4"],"status""#,
        [(I2, &[7])], ["b2", "bob", "eve"];
    a_booking_has_another_price: SALE,
        r#""status":"paid","total":300"# => r#""status":"paid","total":299"#,
        [(I2, &[7])], ["b2", "300", "299"];
    a_booking_is_cancelled_though_nobody_asked: SALE,
        r#""op":"cancel","event":"e","user":"ann","booking":"b1""# => r#""op":"cancel","event":"e","user":"ann","booking":"b9""#,
        [(I1, &[3, 11]), (I2, &[3, 4]), (I2, &[9]), (I5, &[3, 10])], ["b1"];
    a_booking_is_part_of_a_request: SALE,
        r#"{"final":"seat","event":"e","seat":"A-5","status":"available"}"# =>
        r#"{"final":"booking","booking":"b4","event":"e","user":"eve","seats":["A-5"],"status":"confirmed"}
{"final":"seat","event":"e","seat":"A-5","status":"booked"}"#,
        [(I3, &[13])], ["b4", "A-5", "eve"];
    a_booking_was_made_by_nobody: SALE,
        r#"{"final":"seat","event":"e","seat":"A-5","status":"available"}"# =>
        r#"{"final":"booking","booking":"b4","event":"e","user":"zoe","seats":["A-5"],"status":"confirmed"}
{"final":"seat","event":"e","seat":"A-5","status":"booked"}"#,
        [(I3, &[])], ["b4", "A-5", "zoe"];
    two_users_hold_a_seat_before_the_first_expires: HOLDS,
        r#""start":10,"end":20,"outcome":"yes","expires":100"# => r#""start":10,"end":20,"outcome":"yes","expires":180"#,
        [(I4, &[1, 2]), (I4, &[1, 3])], ["A-1", "ann", "bob"];
    two_users_hold_a_seat_after_an_extension: HOLDS,
        r#"{"op":"release","event":"e","user":"bob","start":310,"end":320,"outcome":"yes"}"# =>
        r#"{"op":"release","event":"e","user":"bob","start":310,"end":320,"outcome":"no"}"#,
        [(I4, &[3, 5]), (I4, &[3, 7])], ["A-1", "bob", "cat"];
    a_hold_of_unknown_length_is_given_while_another_lasts: HOLDS,
        r#""seats":["A-1"],"start":530,"end":540"# => r#""seats":["A-1"],"start":430,"end":440"#,
        [(I4, &[5, 7])], ["A-1", "cat", "dan"];
    a_confirm_is_refused_though_the_hold_lasts: HOLDS,
        r#""user":"cat","seats":["A-1"],"key":"k1","start":510,"end":520"# =>
        r#""user":"cat","seats":["A-1"],"key":"k1","start":410,"end":420"#,
        [(I4, &[5, 6])], ["A-1", "cat", "not_held"];
    a_confirm_of_a_table_is_refused_though_its_hold_lasts: HOLDS,
        r#""user":"dan","seats":["T-1"],"key":"k2""# => r#""user":"dan","seats":["T-1","T-2"],"tables":["T"],"key":"k2""#,
        [(I4, &[8, 9])], ["T-1", "T-2", "dan", "not_held"];
    a_lost_hold_had_no_loss_to_lose_it: LOSS,
        r#""start":50,"end":60,"forgets":true"# => r#""start":50,"end":60,"forgets":false"#,
        [(I4, &[1, 5]), (I4, &[1, 8]), (I4, &[6, 7]), (I5, &[3, 6])], ["A-1", "ann", "cat"];
    a_booked_seat_is_held_again: SALE,
        r#"{"op":"hold","event":"e","user":"bob","seats":["A-2","A-3"],"start":30,"end":40,"outcome":"no","code":"seats_unavailable"}"# =>
        r#"{"op":"hold","event":"e","user":"bob","seats":["A-2","A-3"],"start":85,"end":88,"outcome":"yes"}"#,
        [(I5, &[2, 3])], ["A-2", "bob", "b1", "ann"];
    a_hold_lasts_beyond_the_booking_of_another: HOLDS,
        r#"{"op":"hold","event":"e","user":"cat","seats":["A-1"],"start":330,"end":340,"outcome":"yes","expires":500}
"# =>
        r#"{"op":"hold","event":"e","user":"cat","seats":["A-1"],"start":330,"end":340,"outcome":"yes","expires":500}
{"op":"confirm","event":"e","user":"gil","seats":["A-1"],"key":"k9","booking":"b9","start":320,"end":350,"outcome":"yes"}
{"op":"cancel","event":"e","booking":"b9","start":360,"end":370,"outcome":"unknown"}
"#,
        [(I2, &[6]), (I5, &[5, 6])], ["b9"];
    a_blocked_seat_is_held: HOLDS,
        r#""seats":["B-1"],"start":630,"end":640"# => r#""seats":["B-1"],"start":690,"end":695"#,
        [(I5, &[10, 12])], ["B-1", "eve", "the house"];
    a_booked_seat_is_offered_at_the_end: SALE,
        r#""seat":"A-3","status":"booked""# => r#""seat":"A-3","status":"available""#,
        [(I5, &[7])], ["A-3", "b2", "bob", "available"];
    a_blocked_seat_is_offered_at_the_end: HOLDS,
        r#""seat":"B-2","status":"blocked""# => r#""seat":"B-2","status":"available""#,
        [(I5, &[13])], ["B-2", "available"];
    a_seat_stays_booked_after_a_cancel: SALE,
        r#""seat":"A-1","status":"available""# => r#""seat":"A-1","status":"booked""#,
        [(I6, &[])], ["A-1", "booked"];
    a_seat_stays_held_in_the_end: SALE,
        r#""seat":"A-5","status":"available""# => r#""seat":"A-5","status":"held""#,
        [(I6, &[12])], ["A-5", "held"];
    a_seat_stays_held_after_every_hold_ran_out: HOLDS,
        r#""seat":"B-1","status":"available""# => r#""seat":"B-1","status":"held""#,
        [(I6, &[12])], ["B-1", "held"];
    a_seat_stays_blocked_after_it_was_given_back: HOLDS,
        r#""seat":"B-1","status":"available""# => r#""seat":"B-1","status":"blocked""#,
        [(I6, &[10])], ["B-1", "blocked"];
    a_seat_is_blocked_by_nobody: SALE,
        r#""seat":"A-6","status":"available""# => r#""seat":"A-6","status":"blocked""#,
        [(I6, &[])], ["A-6", "blocked"];
    one_key_made_two_bookings: LOSS,
        r#""key":"k4","payload":"r","start":70000040,"end":70000050,"outcome":"no","code":"idempotency_mismatch""# =>
        r#""key":"k4","payload":"p","booking":"b9","start":70000040,"end":70000050,"outcome":"yes""#,
        [(I1, &[10, 11]), (I7, &[10, 11])], ["T-1", "b2", "b9"];
    a_request_that_was_booked_is_refused_later: SALE,
        r#""booking":"b1","total":300,"start":70,"end":80,"outcome":"yes""# =>
        r#""start":70,"end":80,"outcome":"no","code":"not_held""#,
        [(I7, &[3, 4])], ["k1", "b1", "ann", "not_held"];
    a_mismatch_where_nothing_differs: LOSS,
        r#""payload":"p","# => r#""payload":"r","#,
        [(I7, &[10, 11]), (I7, &[11])], ["k4", "dan", "idempotency_mismatch"];
    a_refused_request_took_effect: SALE,
        r#"{"final":"seat","event":"e","seat":"A-6","status":"available"}"# =>
        r#"{"final":"booking","booking":"b5","event":"e","user":"fay","seats":["A-6"],"status":"confirmed"}
{"final":"seat","event":"e","seat":"A-6","status":"booked"}"#,
        [(I7, &[14])], ["b5", "A-6", "fay", "refused"];
    one_request_made_a_second_booking: SALE,
        r#"{"final":"seat","event":"e","seat":"A-1","# =>
        r#"{"final":"booking","booking":"b6","event":"e","user":"ann","seats":["A-1","A-2"],"status":"cancelled"}
{"op":"cancel","event":"e","booking":"b6","start":300,"end":310,"outcome":"unknown"}
{"final":"seat","event":"e","seat":"A-1","#,
        [(I7, &[3, 4])], ["b6", "ann", "another booking"];
    a_cancel_was_forgotten: SALE,
        r#""status":"cancelled","total":300,"key":"k1"}
{"final":"booking","booking":"b2","# => r#""status":"confirmed","total":300,"key":"k1"}
{"final":"booking","booking":"b2","#,
        [(I1, &[3, 4, 11]), (I5, &[3, 4]), (I7, &[3, 4, 9])], ["A-2", "b1", "b3"];
    a_payment_was_forgotten: SALE,
        r#""status":"paid""# => r#""status":"confirmed""#,
        [(I7, &[7, 8])], ["b2", "bob", "payment"];
    a_booking_is_paid_by_nobody: SALE,
        r#""status":"confirmed""# => r#""status":"paid""#,
        [(I7, &[11])], ["b3", "dan", "paid"];
    a_cancelled_booking_is_paid: LOSS,
        r#""start":70000120,"end":70000130,"outcome":"no","code":"invalid_state""# =>
        r#""start":70000120,"end":70000130,"outcome":"yes""#,
        [(I7, &[14, 15])], ["b3", "payment"];
    one_booking_is_answered_to_two_users: LOSS,
        r#""key":"k5","booking":"b3""# => r#""key":"k5","booking":"b1""#,
        [(I7, &[3, 13])], ["b1", "bob", "eve"];
    a_yes_without_a_booking: SALE,
        r#""key":"k3","booking":"b3""# => r#""key":"k3""#,
        [(I2, &[11]), (I7, &[11])], ["dan"];
}
