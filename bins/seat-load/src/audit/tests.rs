use std::time::Duration;

use super::*;
use crate::witness::{BookingRead, Statistics};

/// Four seats, A-1 to A-4, of 50 each.
fn hall() -> Layout {
    Layout::grid(1, 4).unwrap()
}

fn booking(number: u8, seats: &[u32]) -> Booking {
    Booking {
        id: BookingId::from_bytes([number; 12]),
        asked: seats.to_vec(),
        seats: seats.to_vec(),
        strangers: Vec::new(),
        total: Money::from_minor(5_000).times(seats.len() as i64),
        version: None,
        after: Duration::ZERO,
    }
}

fn seat(id: &str) -> SeatId {
    id.parse().unwrap()
}

/// What an honest server says when the hall is sold out in these bookings.
fn honest(bookings: &[Booking]) -> Testimony {
    let layout = hall();
    let read = |booking: &Booking| BookingRead {
        booking_id: booking.id,
        all_seat_ids: seat_ids(&layout, &booking.seats, &[]),
        total_amount: booking.total,
        status: "confirmed".to_owned(),
    };
    Testimony {
        states: "bbbb".to_owned(),
        statistics: Statistics {
            total_seats: 4,
            booked_seats: 4,
            revenue: Money::from_minor(20_000),
        },
        reread: bookings.iter().map(|booking| (booking.id, read(booking))).collect(),
    }
}

fn two_bookings() -> [Booking; 2] {
    [booking(1, &[0, 1]), booking(2, &[2, 3])]
}

#[test]
fn an_honest_sale_is_clean() {
    let bookings = two_bookings();
    assert_eq!(answers(&hall(), &bookings), []);
    assert_eq!(sold_out(&hall(), &bookings, &honest(&bookings)), []);
}

#[test]
fn a_seat_sold_twice_is_found() {
    let (first, second) = (booking(1, &[0, 1]), booking(2, &[1, 2]));
    assert_eq!(
        answers(&hall(), &[first.clone(), second.clone()]),
        [Violation::SoldTwice { seat: seat("A-2"), first: first.id, second: second.id }]
    );
}

#[test]
fn a_seat_twice_in_one_booking_is_found() {
    let twice = booking(1, &[0, 0]);
    assert_eq!(
        answers(&hall(), std::slice::from_ref(&twice)),
        [Violation::SoldTwice { seat: seat("A-1"), first: twice.id, second: twice.id }]
    );
}

#[test]
fn one_booking_for_two_orders_is_found() {
    let [first, _] = two_bookings();
    assert_eq!(
        answers(&hall(), &[first.clone(), first.clone()]),
        [Violation::AnsweredTwice { booking: first.id }]
    );
}

#[test]
fn a_wrong_price_is_found() {
    let wrong = Booking { total: Money::from_minor(9_999), ..booking(1, &[0, 1]) };
    assert_eq!(
        answers(&hall(), std::slice::from_ref(&wrong)),
        [Violation::WrongTotal {
            booking: wrong.id,
            expected: Money::from_minor(10_000),
            answered: Money::from_minor(9_999),
        }]
    );
}

#[test]
fn other_seats_than_were_ordered_are_found() {
    let other = Booking { asked: vec![0, 2], ..booking(1, &[0, 1]) };
    let stranger = Booking { strangers: vec![seat("Z-9")], ..booking(2, &[3]) };
    assert_eq!(
        answers(&hall(), &[other.clone(), stranger.clone()]),
        [
            Violation::OtherSeats {
                booking: other.id,
                asked: "A-1, A-3".to_owned(),
                answered: "A-1, A-2".to_owned(),
            },
            Violation::OtherSeats {
                booking: stranger.id,
                asked: "A-4".to_owned(),
                answered: "A-4, Z-9".to_owned(),
            },
        ]
    );
}

#[test]
fn a_seat_that_nobody_bought_is_found() {
    let bookings = [booking(1, &[0, 1]), booking(2, &[2])];
    let unsold = Violation::Unsold { seat: seat("A-4") };
    assert!(sold_out(&hall(), &bookings, &honest(&bookings)).contains(&unsold));
}

#[test]
fn states_that_do_not_show_a_booked_seat_are_found() {
    let bookings = two_bookings();
    let with_states = |states: &str| {
        let testimony = Testimony { states: states.to_owned(), ..honest(&bookings) };
        sold_out(&hall(), &bookings, &testimony)
    };
    assert_eq!(with_states("bbhb"), [Violation::NotBooked { seat: seat("A-3"), state: 'h' }]);
    assert_eq!(with_states("bbb"), [Violation::StatesLength { expected: 4, answered: 3 }]);
}

#[test]
fn a_cent_of_difference_in_the_revenue_is_found() {
    let bookings = two_bookings();
    let mut testimony = honest(&bookings);
    testimony.statistics.revenue = Money::from_minor(20_001);
    assert_eq!(
        sold_out(&hall(), &bookings, &testimony),
        [Violation::Statistics {
            figure: "revenue",
            expected: "200.00".to_owned(),
            answered: "200.01".to_owned(),
        }]
    );
}

#[test]
fn a_booking_that_reads_otherwise_than_it_was_answered_is_found() {
    let bookings = two_bookings();
    let mut testimony = honest(&bookings);
    testimony.reread[1].1.all_seat_ids.pop();
    testimony.reread[0].1.status = "cancelled".to_owned();
    let fields: Vec<_> = sold_out(&hall(), &bookings, &testimony)
        .into_iter()
        .map(|violation| violation.to_string())
        .collect();
    assert_eq!(
        fields,
        [
            "booking 010101010101010101010101, read again, has status cancelled where it was \
             answered confirmed",
            "booking 020202020202020202020202, read again, has allSeatIds A-3 where it was \
             answered A-3, A-4",
        ]
    );
}
