//! The bookings, answered and found: I1, I2, I3 and I7.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    Findings,
    index::{Index, Known},
    named, same_set, sorted,
};
use crate::{BookingStatus, FinalBooking, Invariant, Operation, OperationKind, Outcome};

/// Event, user, seats and tables of a confirm.
type Request<'a> = (&'a str, &'a str, Vec<&'a str>, Vec<&'a str>);

pub(super) fn check(index: &Index<'_>, findings: &mut Findings<'_>) {
    nameless(index, findings);
    for (id, known) in &index.bookings {
        forward_only(index, id, known, findings);
        match known.found {
            Some(found) => {
                as_answered(index, known, found, findings);
                as_changed(known, found, findings);
            }
            None if index.history.complete => missing(index, id, known, findings),
            None => one_answer(index, id, known, findings),
        }
    }
    if index.history.complete {
        made_by_a_request(index, findings);
        two_active(index, findings);
    }
}

fn nameless(index: &Index<'_>, findings: &mut Findings<'_>) {
    for (number, operation) in index.operations() {
        if operation.kind == OperationKind::Confirm
            && operation.is_yes()
            && operation.booking.is_none()
        {
            let (user, event) = (&operation.user, &operation.event);
            let what =
                format!("a confirm of user {user} in event {event} was answered with no booking");
            findings.add(Invariant::I2, what, &[number]);
        }
    }
}

fn as_answered(
    index: &Index<'_>,
    known: &Known<'_>,
    found: &FinalBooking,
    findings: &mut Findings<'_>,
) {
    let id = &found.booking;
    for &number in &known.confirms {
        let confirm = index.operation(number);
        let difference = if confirm.event != found.event {
            format!("event {}", confirm.event)
        } else if confirm.user != found.user {
            format!("user {}", confirm.user)
        } else if !same_set(&confirm.seats, &found.seats) {
            named(confirm.seats.iter().map(String::as_str))
        } else if !same_set(&confirm.tables, &found.tables) {
            format!("tables {}", sorted(&confirm.tables).join(", "))
        } else if let (Some(answered), Some(total)) = (confirm.total, found.total)
            && answered != total
        {
            format!("a total of {answered}")
        } else {
            continue;
        };
        let what = format!(
            "a confirm was answered with booking {id} for {difference}, but {id} is {}",
            described(found)
        );
        findings.add(Invariant::I2, what, &[number]);
    }
}

/// Status only moves when somebody asks, and then it does.
fn as_changed(known: &Known<'_>, found: &FinalBooking, findings: &mut Findings<'_>) {
    let (id, user) = (&found.booking, &found.user);
    let history = findings.history;
    let done = |numbers: &[usize]| {
        numbers.iter().copied().find(|&number| history.operations[number].is_yes())
    };
    let (cancelled, paid) = (done(&known.cancels), done(&known.payments));
    let mut add = |invariant, what: &str, operation: Option<usize>| {
        let what = format!("booking {id} of user {user} {what}");
        let operations: Vec<usize> = known.confirms.iter().copied().chain(operation).collect();
        findings.add(invariant, what, &operations);
    };
    match found.status {
        BookingStatus::Cancelled if known.cancels.is_empty() => {
            add(Invariant::I2, "is cancelled, though nobody asked for it", None);
        }
        BookingStatus::Paid | BookingStatus::Confirmed if cancelled.is_some() => {
            add(Invariant::I7, "is active, though its cancel was answered yes", cancelled);
        }
        BookingStatus::Confirmed if paid.is_some() => {
            add(Invariant::I7, "is not paid, though its payment was answered yes", paid);
        }
        BookingStatus::Paid if known.payments.is_empty() => {
            add(Invariant::I7, "is paid, though nobody recorded a payment", None);
        }
        BookingStatus::Cancelled | BookingStatus::Paid | BookingStatus::Confirmed => {}
    }
}

/// What was cancelled stays so: it is neither paid nor cancelled again.
fn forward_only(index: &Index<'_>, id: &str, known: &Known<'_>, findings: &mut Findings<'_>) {
    let yes = |numbers: &[usize]| {
        let mut yes: Vec<usize> =
            numbers.iter().copied().filter(|&number| index.operation(number).is_yes()).collect();
        yes.sort_by_key(|&number| (index.operation(number).end(), number));
        yes
    };
    let cancels = yes(&known.cancels);
    let Some(&cancel) = cancels.first() else { return };
    for number in cancels.iter().copied().chain(yes(&known.payments)) {
        let later = index.operation(number);
        if index.operation(cancel).end() < later.start_us {
            let kind = later.kind;
            let what =
                format!("booking {id} was cancelled, and a {kind} after that was answered yes");
            findings.add(Invariant::I7, what, &[cancel, number]);
        }
    }
}

fn missing(index: &Index<'_>, id: &str, known: &Known<'_>, findings: &mut Findings<'_>) {
    let answered = known.confirms.iter().chain(&known.cancels).chain(&known.payments);
    let answered: Vec<usize> =
        answered.copied().filter(|&number| index.operation(number).is_yes()).collect();
    let Some(&first) = answered.first() else { return };
    let Operation { kind, event, user, .. } = index.operation(first);
    let what = format!(
        "booking {id} is gone, though a {kind} of user {user} in event {event} was answered with it"
    );
    findings.add(Invariant::I2, what, &answered);
}

/// Without a final state, the first answer stands for the booking.
fn one_answer(index: &Index<'_>, id: &str, known: &Known<'_>, findings: &mut Findings<'_>) {
    let Some((&first, others)) = known.confirms.split_first() else { return };
    let answered = index.operation(first);
    for &number in others {
        let other = index.operation(number);
        let same = (&answered.event, &answered.user) == (&other.event, &other.user)
            && same_set(&answered.seats, &other.seats)
            && same_set(&answered.tables, &other.tables)
            && (answered.total.is_none() || other.total.is_none() || answered.total == other.total);
        if !same {
            let (one, two) = (&answered.user, &other.user);
            let what = format!(
                "booking {id} was answered to two different requests, of user {one} and of user {two}"
            );
            findings.add(Invariant::I7, what, &[first, number]);
        }
    }
}

/// Every booking is all of what some request asked for that was not refused.
fn made_by_a_request(index: &Index<'_>, findings: &mut Findings<'_>) {
    // Those that were answered are compared with their answers.
    let unanswered = index.bookings.values().filter(|known| known.confirms.is_empty());
    let unanswered: Vec<&FinalBooking> = unanswered.filter_map(|known| known.found).collect();
    let users: HashSet<(&str, &str)> =
        unanswered.iter().map(|found| (&*found.event, &*found.user)).collect();
    let mut requests: HashMap<Request<'_>, Vec<usize>> = HashMap::new();
    for (number, confirm) in index.operations() {
        let (event, user) = (&*confirm.event, &*confirm.user);
        if confirm.kind == OperationKind::Confirm && users.contains(&(event, user)) {
            let request = (event, user, sorted(&confirm.seats), sorted(&confirm.tables));
            requests.entry(request).or_default().push(number);
        }
    }
    for found in unanswered {
        let seats = sorted(&found.seats);
        let request = (&*found.event, &*found.user, seats, sorted(&found.tables));
        let asked = requests.get(&request).map(Vec::as_slice).unwrap_or_default();
        let of_key =
            |number: &&usize| found.key.is_none() || index.operation(**number).key == found.key;
        let asked: Vec<usize> = asked.iter().filter(of_key).copied().collect();
        let id = &found.booking;
        if asked.is_empty() {
            let near = overlapping(index, found);
            let what = format!(
                "booking {id} is {}, and no confirm asked for exactly that",
                described(found)
            );
            findings.add(Invariant::I3, what, &near);
        // One that was answered with another booking did not make this one.
        } else if asked.iter().all(|&n| index.operation(n).outcome != Outcome::Unknown) {
            let what = format!(
                "booking {id} is {}, though every confirm that asked for it was refused or \
                 answered with another booking",
                described(found)
            );
            findings.add(Invariant::I7, what, &asked);
        }
    }
}

/// The user's confirms that named one of its seats. Only asked for what is reported.
fn overlapping(index: &Index<'_>, found: &FinalBooking) -> Vec<usize> {
    let confirms = index.operations().filter(|(_, o)| o.kind == OperationKind::Confirm);
    let of_user = confirms.filter(|(_, o)| o.event == found.event && o.user == found.user);
    let near = of_user.filter(|(_, o)| o.seats.iter().any(|seat| found.seats.contains(seat)));
    near.map(|(number, _)| number).collect()
}

fn two_active(index: &Index<'_>, findings: &mut Findings<'_>) {
    let active =
        || index.bookings.values().filter(|k| k.found.is_some_and(FinalBooking::is_active));
    let mut owners: HashMap<(&str, &str), &Known<'_>> = HashMap::new();
    let mut reported: BTreeSet<(&str, &str)> = BTreeSet::new();
    for known in active() {
        let Some(found) = known.found else { continue };
        for item in found.seats.iter().chain(&found.tables) {
            let owner = *owners.entry((&found.event, item)).or_insert(known);
            let Some(other) = owner.found.filter(|other| other.booking != found.booking) else {
                continue;
            };
            if reported.insert((&other.booking, &found.booking)) {
                let shared = found.seats.iter().filter(|seat| other.seats.contains(seat));
                let seats = named(shared.map(String::as_str));
                let what = format!(
                    "{seats} of event {}: in two active bookings, {} of user {} and {} of user {}",
                    found.event, other.booking, other.user, found.booking, found.user
                );
                let operations: Vec<usize> =
                    owner.confirms.iter().chain(&known.confirms).copied().collect();
                findings.add(Invariant::I1, what, &operations);
            }
        }
    }
}

fn described(found: &FinalBooking) -> String {
    let FinalBooking { event, user, total, .. } = found;
    let seats = named(found.seats.iter().map(String::as_str));
    let tables = match found.tables.as_slice() {
        [] => String::new(),
        tables => format!(" as tables {}", sorted(tables).join(", ")),
    };
    let total = total.map_or(String::new(), |total| format!(" for {total}"));
    format!("of user {user} in event {event}: {seats}{tables}{total}")
}
