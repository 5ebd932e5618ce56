//! Holds that did not last as long as they should: I4.

use super::{
    Findings,
    ends::{End, Ends},
    index::{Index, SeatNumber},
    keys::is_at_the_door,
    named, same_set,
    timelines::{held_until, is_held},
};
use crate::{Invariant, Operation, OperationKind, Outcome};

/// How many of a user's last holds of a seat are tried; one that is older seldom lasts longer.
const TRIED_MAX: usize = 4;

/// What is known of holds, for one question: whether a user surely held what it wanted to confirm.
struct Holds {
    ends: Ends,
    /// Confirms that were refused. What they had begun may be undone late, and until then the user
    /// holds nothing.
    refused: Ends,
    /// Holds of tables: their seats can't be confirmed singly, however they are held again.
    tables: Ends,
    /// Every hold and extension: seat, user, end, number; in order.
    given: Vec<(SeatNumber, u32, u64, usize)>,
}

pub(super) fn check(index: &Index<'_>, ends: Ends, findings: &mut Findings<'_>) {
    let holds = Holds::new(index, ends);
    for (number, confirm) in index.operations() {
        if confirm.kind == OperationKind::Confirm
            && confirm.outcome == Outcome::No
            && matches!(confirm.code.as_deref(), Some("not_held" | "seats_unavailable"))
            && let Some(mut shown) = holds.surely_held(index, number, confirm)
        {
            let (user, event) = (&confirm.user, &confirm.event);
            let code = confirm.code.as_deref().unwrap_or_default();
            let seats = named(confirm.seats.iter().map(String::as_str));
            let what = format!(
                "{seats} of event {event}: a confirm of user {user} was refused as {code}, though \
                 its hold surely lasted from before the request until after the answer"
            );
            shown.push(number);
            findings.add(Invariant::I4, what, &shown);
        }
    }
}

impl Holds {
    fn new(index: &Index<'_>, ends: Ends) -> Self {
        let (mut refused, mut tables, mut given) = (Vec::new(), Vec::new(), Vec::new());
        for (number, operation) in index.operations() {
            let user = index.user(number);
            let ends = index.seats_of(number).map(|seat| End {
                place: (seat, user),
                start: operation.start_us,
                over: u64::MAX,
                operation: number,
            });
            let is_no = operation.outcome == Outcome::No;
            if operation.kind == OperationKind::Confirm && is_no && !is_at_the_door(operation) {
                refused.extend(ends);
            } else if operation.kind == OperationKind::Hold
                && !is_no
                && !operation.tables.is_empty()
            {
                tables.extend(ends);
            }
            if is_held(operation) && operation.expires_us.is_some() {
                given.extend(
                    index.seats_of(number).map(|seat| (seat, user, operation.end(), number)),
                );
            }
        }
        given.sort_unstable();
        let (refused, tables) = (Ends::new(refused), Ends::new(tables));
        Self { ends, refused, tables, given }
    }

    /// The holds by which the user surely held everything during the whole request.
    fn surely_held(
        &self,
        index: &Index<'_>,
        number: usize,
        confirm: &Operation,
    ) -> Option<Vec<usize>> {
        let user = index.user(number);
        let mut shown = Vec::new();
        for seat in index.seats_of(number) {
            let doubt = self.refused.first((seat, user), 0, [number; 2]);
            if doubt <= confirm.end() {
                return None;
            }
            let singly = self.tables.first((seat, user), 0, [number; 2]) > confirm.end();
            let after = self
                .given
                .partition_point(|&(s, u, end, _)| (s, u, end) < (seat, user, confirm.start_us));
            let given = self.given[..after].iter().rev().take(TRIED_MAX);
            let mut given = given.take_while(|&&(s, u, ..)| (s, u) == (seat, user));
            let (.., hold) = given.find(|&&(.., hold)| {
                let operation = index.operation(hold);
                let fits = if confirm.tables.is_empty() {
                    singly && operation.tables.is_empty()
                } else {
                    // Which seat belongs to which table is not known: only the very same.
                    same_set(&operation.tables, &confirm.tables)
                        && same_set(&operation.seats, &confirm.seats)
                };
                let until = held_until(index, &self.ends, hold, seat, number);
                fits && until.is_some_and(|until| until > confirm.end())
            })?;
            shown.push(*hold);
        }
        (!shown.is_empty()).then_some(shown)
    }
}
