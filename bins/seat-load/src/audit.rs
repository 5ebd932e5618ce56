use std::collections::{HashMap, HashSet};

use seat_layout::{BookingId, Layout, Money, SeatId};
use thiserror::Error;

use crate::{ledger::Booking, witness::Testimony};

/// Something that must never happen, with its place.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum Violation {
    #[error("seat {seat} was sold twice, in the bookings {first} and {second}")]
    SoldTwice { seat: SeatId, first: BookingId, second: BookingId },
    #[error("seat {seat} is in no booking, though the event is sold out")]
    Unsold { seat: SeatId },
    #[error("booking {booking} was the answer to two orders")]
    AnsweredTwice { booking: BookingId },
    #[error("booking {booking} has the seats {answered} where {asked} were ordered")]
    OtherSeats { booking: BookingId, asked: String, answered: String },
    #[error("booking {booking} costs {answered} where its seats cost {expected}")]
    WrongTotal { booking: BookingId, expected: Money, answered: Money },
    #[error("the states are of {answered} seats where the layout has {expected}")]
    StatesLength { expected: usize, answered: usize },
    #[error("seat {seat} is `{state}` in the states, not booked")]
    NotBooked { seat: SeatId, state: char },
    #[error("the statistics say {figure} {answered} where the bookings make it {expected}")]
    Statistics { figure: &'static str, expected: String, answered: String },
    #[error("booking {booking}, read again, has {field} {reread} where it was answered {answered}")]
    Reread { booking: BookingId, field: &'static str, answered: String, reread: String },
}

/// What is wrong with the answers alone; it holds for a sale that was cut short, too.
pub(crate) fn answers(layout: &Layout, bookings: &[Booking]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut sold: HashMap<u32, BookingId> = HashMap::with_capacity(layout.seats().len());
    let mut seen = HashSet::with_capacity(bookings.len());
    for booking in bookings {
        if !seen.insert(booking.id) {
            violations.push(Violation::AnsweredTwice { booking: booking.id });
            continue;
        }
        for &seat in &booking.seats {
            if let Some(first) = sold.insert(seat, booking.id) {
                let seat = layout.seat_at(seat as usize).id.clone();
                violations.push(Violation::SoldTwice { seat, first, second: booking.id });
            }
        }
        if booking.seats != booking.asked || !booking.strangers.is_empty() {
            violations.push(Violation::OtherSeats {
                booking: booking.id,
                asked: ids(layout, &booking.asked, &[]),
                answered: ids(layout, &booking.seats, &booking.strangers),
            });
        }
        let expected = price(layout, &booking.seats);
        if booking.total != expected {
            violations.push(Violation::WrongTotal {
                booking: booking.id,
                expected,
                answered: booking.total,
            });
        }
    }
    violations
}

/// What is wrong with a sale that is over: seats in no booking, and a server that, asked
/// afterwards, tells another story than its answers did.
pub(crate) fn sold_out(
    layout: &Layout,
    bookings: &[Booking],
    testimony: &Testimony,
) -> Vec<Violation> {
    let mut violations = unsold(layout, bookings);
    violations.extend(states(layout, &testimony.states));
    violations.extend(statistics(layout, bookings, testimony));
    violations.extend(reread(layout, bookings, testimony));
    violations
}

fn unsold(layout: &Layout, bookings: &[Booking]) -> Vec<Violation> {
    let sold: HashSet<u32> = bookings.iter().flat_map(|booking| &booking.seats).copied().collect();
    let unsold = (0..).zip(layout.seats()).filter(|(position, _)| !sold.contains(position));
    unsold.map(|(_, seat)| Violation::Unsold { seat: seat.id.clone() }).collect()
}

fn states(layout: &Layout, states: &str) -> Vec<Violation> {
    let (expected, answered) = (layout.seats().len(), states.chars().count());
    if answered != expected {
        return vec![Violation::StatesLength { expected, answered }];
    }
    let others = layout.seats().iter().zip(states.chars()).filter(|(_, state)| *state != 'b');
    others.map(|(seat, state)| Violation::NotBooked { seat: seat.id.clone(), state }).collect()
}

fn statistics(layout: &Layout, bookings: &[Booking], testimony: &Testimony) -> Vec<Violation> {
    let statistics = &testimony.statistics;
    let seats = layout.seats().len();
    let booked: usize = bookings.iter().map(|booking| booking.seats.len()).sum();
    let revenue: Money = bookings.iter().map(|booking| booking.total).sum();
    let figures = [
        ("totalSeats", seats.to_string(), statistics.total_seats.to_string()),
        ("bookedSeats", booked.to_string(), statistics.booked_seats.to_string()),
        ("revenue", revenue.to_string(), statistics.revenue.to_string()),
    ];
    figures
        .into_iter()
        .filter(|(_, expected, answered)| expected != answered)
        .map(|(figure, expected, answered)| Violation::Statistics { figure, expected, answered })
        .collect()
}

fn reread(layout: &Layout, bookings: &[Booking], testimony: &Testimony) -> Vec<Violation> {
    let answered: HashMap<BookingId, &Booking> =
        bookings.iter().map(|booking| (booking.id, booking)).collect();
    let mut violations = Vec::new();
    for (asked_for, again) in &testimony.reread {
        let Some(booking) = answered.get(asked_for) else { continue };
        let mut seats = again.all_seat_ids.clone();
        seats.sort_unstable();
        let mut seats_answered = seat_ids(layout, &booking.seats, &booking.strangers);
        seats_answered.sort_unstable();
        let fields = [
            ("bookingId", booking.id.to_string(), again.booking_id.to_string()),
            ("allSeatIds", joined(&seats_answered), joined(&seats)),
            ("totalAmount", booking.total.to_string(), again.total_amount.to_string()),
            ("status", "confirmed".to_owned(), again.status.clone()),
        ];
        let differing = fields.into_iter().filter(|(_, answered, reread)| answered != reread);
        violations.extend(differing.map(|(field, answered, reread)| Violation::Reread {
            booking: booking.id,
            field,
            answered,
            reread,
        }));
    }
    violations
}

fn price(layout: &Layout, seats: &[u32]) -> Money {
    seats.iter().map(|&seat| layout.category_of(layout.seat_at(seat as usize)).price).sum()
}

fn seat_ids(layout: &Layout, seats: &[u32], strangers: &[SeatId]) -> Vec<SeatId> {
    let known = seats.iter().map(|&seat| &layout.seat_at(seat as usize).id);
    known.chain(strangers).cloned().collect()
}

fn ids(layout: &Layout, seats: &[u32], strangers: &[SeatId]) -> String {
    joined(&seat_ids(layout, seats, strangers))
}

fn joined(seats: &[SeatId]) -> String {
    seats.iter().map(SeatId::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
