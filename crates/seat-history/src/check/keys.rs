//! Repeated confirms: I7.

use std::collections::HashMap;

use super::{Findings, index::Index, same_set};
use crate::{Invariant, Operation, OperationKind, Outcome};

/// Event, user and Idempotency-Key: one wish.
type Wish<'a> = (&'a str, &'a str, &'a str);

pub(super) fn check(index: &Index<'_>, findings: &mut Findings<'_>) {
    let mut wishes: HashMap<Wish<'_>, Vec<usize>> = HashMap::new();
    for (number, operation) in index.operations() {
        if let (OperationKind::Confirm, Some(key)) = (operation.kind, &operation.key) {
            wishes.entry((&operation.event, &operation.user, key)).or_default().push(number);
        }
    }
    for (wish, mut confirms) in wishes {
        confirms.sort_by_key(|&number| (index.operation(number).end(), number));
        one_booking(index, wish, &confirms, findings);
        no_after_yes(index, wish, &confirms, findings);
        groundless_mismatch(index, wish, &confirms, findings);
    }
}

/// Whether it was turned away before anybody looked at what it wanted.
pub(super) fn is_at_the_door(operation: &Operation) -> bool {
    let codes = ["rate_limited", "unauthorized", "forbidden"];
    operation.code.as_deref().is_some_and(|code| codes.contains(&code))
}

fn one_booking(
    index: &Index<'_>,
    (event, user, key): Wish<'_>,
    confirms: &[usize],
    findings: &mut Findings<'_>,
) {
    let mut answered = confirms
        .iter()
        .filter(|&&number| index.operation(number).is_yes())
        .filter_map(|&number| Some((number, index.operation(number).booking.as_deref()?)));
    let Some((first, booking)) = answered.next() else { return };
    if let Some((second, other)) = answered.find(|&(_, other)| other != booking) {
        let what = format!(
            "key {key} of user {user} in event {event} made two bookings, {booking} and {other}"
        );
        findings.add(Invariant::I7, what, &[first, second]);
    }
}

/// Once booked, the same request has one answer.
fn no_after_yes(
    index: &Index<'_>,
    (event, user, key): Wish<'_>,
    confirms: &[usize],
    findings: &mut Findings<'_>,
) {
    // In the order of their answers: the first one answered yes of each payload is the one to ask.
    let mut booked: Vec<usize> = Vec::new();
    for &number in confirms {
        let confirm = index.operation(number);
        let of_payload =
            booked.iter().copied().find(|&yes| same_payload(index.operation(yes), confirm));
        match (confirm.outcome, of_payload) {
            (Outcome::Yes, None) => booked.push(number),
            (Outcome::No, Some(yes))
                if index.operation(yes).end() < confirm.start_us && !is_at_the_door(confirm) =>
            {
                let booking = index.operation(yes).booking.as_deref().unwrap_or("of no name");
                let code = confirm.code.as_deref().unwrap_or("no");
                let what = format!(
                    "key {key} of user {user} in event {event}: the request that had been answered \
                     with booking {booking} was repeated and refused as {code}"
                );
                findings.add(Invariant::I7, what, &[yes, number]);
            }
            (Outcome::Yes, Some(_))
            | (Outcome::No, Some(_) | None)
            | (Outcome::Unknown, Some(_) | None) => {}
        }
    }
}

fn groundless_mismatch(
    index: &Index<'_>,
    (event, user, key): Wish<'_>,
    confirms: &[usize],
    findings: &mut Findings<'_>,
) {
    let first = confirms.first().map(|&number| index.operation(number));
    let one_payload = first.is_some_and(|first| {
        confirms.iter().all(|&number| same_payload(first, index.operation(number)))
    });
    let mismatch = confirms
        .iter()
        .find(|&&number| index.operation(number).code.as_deref() == Some("idempotency_mismatch"));
    if let (true, Some(&number)) = (one_payload, mismatch) {
        let what = format!(
            "key {key} of user {user} in event {event} was refused as idempotency_mismatch, though \
             all its requests were the same"
        );
        findings.add(Invariant::I7, what, &[number]);
    }
}

/// Whether two confirms of one key surely were the same request.
fn same_payload(one: &Operation, other: &Operation) -> bool {
    match (&one.payload, &other.payload) {
        (Some(one), Some(other)) => one == other,
        (None, None) => same_set(&one.seats, &other.seats) && same_set(&one.tables, &other.tables),
        (Some(_), None) | (None, Some(_)) => false,
    }
}
