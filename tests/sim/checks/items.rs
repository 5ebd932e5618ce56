//! What may become of one item in one step.

use std::collections::BTreeSet;

use seat_booking::{
    Item,
    contract::{EventContent, ItemContent, ItemLock, ItemMark},
    ports::{FinishReply, HoldReply, LoadReply},
};
use seat_layout::{BookingId, UserId};
use seat_state::Timestamp;

use super::{Checks, LockStep, Seen};

const NOTHING: ItemContent = ItemContent { lock: None, mark: None, shown: None };

impl Checks {
    /// I4, I5: every lock and every mark that is different now was changed by a step that may.
    pub(super) fn items_changed_by_right(
        &self,
        seen: &mut Seen,
        before: &EventContent,
        method: &str,
        step: &LockStep,
    ) {
        let items: BTreeSet<&Item> = before.items.keys().chain(seen.content.items.keys()).collect();
        let items: Vec<Item> = items.into_iter().cloned().collect();
        for item in items {
            let was = before.items.get(&item).unwrap_or(&NOTHING);
            let is = seen.content.items.get(&item).unwrap_or(&NOTHING).clone();
            if let Some((invariant, what)) = self.wrong_about_lock(seen, before, step, &item, &is) {
                self.world.broke(invariant, || format!("{item} by {method}: {what}"));
            }
            if let Some((invariant, what)) = wrong_about_mark(seen, method, step, &item, was, &is) {
                self.world.broke(invariant, || format!("{item} by {method}: {what}"));
            }
            let was_live =
                was.lock.as_ref().is_some_and(|lock| lock.expires_at > self.world.store_now());
            note_holder(seen, &item, &is, was_live, self.world.now_us());
        }
        self.refused_for_a_reason(seen, before, step);
    }

    fn wrong_about_lock(
        &self,
        seen: &Seen,
        before: &EventContent,
        step: &LockStep,
        item: &Item,
        is: &ItemContent,
    ) -> Option<(&'static str, String)> {
        let was = before.items.get(item).unwrap_or(&NOTHING);
        let now = self.world.store_now();
        let live = was.lock.as_ref().filter(|lock| lock.expires_at > now);
        let table_until = own_table_until(step, before, now);
        match (live, &is.lock) {
            (Some(was), Some(lock)) if was == lock => None,
            (Some(live), None) => ended_by_right(step, item, live, is)
                .then_some(())
                .is_none()
                .then(|| ("I4", format!("the hold of {} ended early", live.user))),
            (Some(live), Some(lock)) if live.user != lock.user => {
                Some(("I4", format!("it is {}'s, and {} holds it", live.user, lock.user)))
            }
            (Some(live), Some(lock)) => {
                let own = |user: &UserId, items: &[Item]| {
                    *user == live.user && (items.is_empty() || items.contains(item))
                };
                if let LockStep::Extend { user, items, ttl } = step
                    && own(user, items)
                {
                    let right = live.expires_at..=live.expires_at.max(now.after(*ttl));
                    (!right.contains(&lock.expires_at)).then(|| {
                        (
                            "I4",
                            format!(
                                "an extension made it {}, from {}",
                                lock.expires_at, live.expires_at
                            ),
                        )
                    })
                } else if matches!(step, LockStep::Hold { user, items, .. } if own(user, items)) {
                    // What joins a table expires with it, at the earliest of all its seats; else
                    // own seats and an own table stay as they are.
                    let joins = lock.table != live.table && table_until.is_none();
                    let right = match joins {
                        true => lock.expires_at <= live.expires_at,
                        false => lock.expires_at == table_until.unwrap_or(live.expires_at),
                    };
                    (!right).then(|| {
                        let (is, was) = (lock.expires_at, live.expires_at);
                        ("I4", format!("a repeated hold lasts until {is}, and was until {was}"))
                    })
                } else {
                    Some(("I4", format!("the hold of {} was changed", live.user)))
                }
            }
            (None, Some(lock)) if was.lock.as_ref() != Some(lock) => {
                // A seat that a table has lost and takes again expires with the table.
                let in_time = |ttl| {
                    let most = now.after(ttl);
                    lock.expires_at <= table_until.map_or(most, |until| most.max(until))
                };
                let held = matches!(step,
                    LockStep::Hold { user, items, ttl, reply: HoldReply::Held(_), .. }
                        if *user == lock.user && items.contains(item) && in_time(*ttl));
                let back = matches!(step, LockStep::GiveBack { id } | LockStep::Finish { id, .. }
                    if was.mark == Some(ItemMark::InTransfer(*id))
                        && seen.began.get(id).is_some_and(|(user, _)| *user == lock.user));
                match was.mark {
                    Some(mark) if held => {
                        Some(("I5", format!("{} holds it, and it is {mark:?}", lock.user)))
                    }
                    Some(_) | None if held || back => None,
                    Some(_) | None => Some(("I4", format!("{} never asked for it", lock.user))),
                }
            }
            (None, Some(_) | None) => None,
        }
    }

    /// Nobody is told that it has too many who has not.
    fn has_too_many(
        &self,
        seen: &Seen,
        before: &EventContent,
        user: &UserId,
        items: &[Item],
        seats_max: u32,
    ) {
        let now = self.world.store_now();
        let holds = before.items.iter().filter(|(_, is)| {
            let lock = is.lock.as_ref().filter(|lock| lock.expires_at > now);
            is.mark.is_none() && lock.is_some_and(|lock| lock.user == *user)
        });
        let held: BTreeSet<&Item> = holds.map(|(item, _)| item).chain(items).collect();
        // What is in a transfer counts until that ends, also when it is asked for again.
        let standing = before.transfers.keys().filter_map(|id| seen.began.get(id));
        let begun = standing.filter(|(by, _)| by == user).flat_map(|(_, items)| items);
        let count = held.into_iter().chain(begun).filter(|item| item.seat().is_some()).count();
        if count <= seats_max as usize {
            self.world.broke("I6", || format!("{user} has {count} of {seats_max} seats at most"));
        }
    }

    /// Nobody is refused for a seat that is to be had.
    fn refused_for_a_reason(&self, seen: &Seen, before: &EventContent, step: &LockStep) {
        let LockStep::Hold { user, items, seats_max, reply, .. } = step else { return };
        let seats = match reply {
            HoldReply::Held(_) => return,
            HoldReply::Limit => return self.has_too_many(seen, before, user, items, *seats_max),
            HoldReply::Taken { seats, .. } => seats,
        };
        for seat in seats {
            let was = before.items.get(&Item::Seat(seat.clone())).unwrap_or(&NOTHING);
            let live = was.lock.as_ref().filter(|lock| lock.expires_at > self.world.store_now());
            if was.mark.is_none() && live.is_none_or(|lock| lock.user == *user) {
                self.world.broke("I6", || format!("{user} was refused {seat}, which is available"));
            }
        }
    }
}

/// Until when the holder had the table that it holds again.
fn own_table_until(step: &LockStep, before: &EventContent, now: Timestamp) -> Option<Timestamp> {
    let LockStep::Hold { user, items, .. } = step else { return None };
    let table = items.iter().find(|item| item.seat().is_none())?;
    let lock = before.items.get(table)?.lock.as_ref()?;
    (lock.user == *user && lock.expires_at > now).then_some(lock.expires_at)
}

fn ended_by_right(step: &LockStep, item: &Item, live: &ItemLock, is: &ItemContent) -> bool {
    let is_marked = |by: BookingId| matches!(is.mark, Some(ItemMark::Is(_, id)) if id == by);
    matches!(step, LockStep::Release { user, items }
        if *user == live.user && (items.is_empty() || items.contains(item)))
        || matches!(step, LockStep::Begin { id, user, items, .. }
            if *user == live.user
                && items.contains(item)
                && is.mark == Some(ItemMark::InTransfer(*id)))
        || matches!(step, LockStep::Finish { id, .. } if is_marked(*id))
        || matches!(step, LockStep::LoadChunk { ids, .. } if ids.iter().any(|id| is_marked(*id)))
}

fn wrong_about_mark(
    seen: &Seen,
    method: &str,
    step: &LockStep,
    item: &Item,
    was: &ItemContent,
    is: &ItemContent,
) -> Option<(&'static str, String)> {
    if was.mark == is.mark {
        return None;
    }
    let right = match (was.mark, is.mark) {
        // The transfer of another is overridden where the lock store had lost what is booked.
        (Some(ItemMark::InTransfer(other)), Some(ItemMark::Is(_, id)))
            if other != id && !seen.had_loss =>
        {
            false
        }
        (_, Some(ItemMark::Is(mark, id))) => {
            // As the document says, for which seats and whether booked or blocked.
            seen.ever_active
                .get(&id)
                .is_none_or(|stored| stored.mark == mark && stored.items.contains(item))
                && (matches!(step, LockStep::Finish { id: by, reply: FinishReply::Finished(_) }
                    if *by == id)
                    || matches!(step, LockStep::LoadChunk { ids, reply: LoadReply::Done }
                        if ids.contains(&id)))
        }
        (None, Some(ItemMark::InTransfer(id))) => {
            matches!(step, LockStep::Begin { id: by, items, .. }
                if *by == id && items.contains(item))
                || matches!(step, LockStep::BeginBlock { ids, .. } if ids.contains(&id))
        }
        (Some(_), Some(ItemMark::InTransfer(_))) => false,
        (Some(ItemMark::InTransfer(id)), None) => {
            matches!(step, LockStep::GiveBack { id: by } | LockStep::Finish { id: by, .. }
                if *by == id)
        }
        (Some(ItemMark::Is(_, id)), None) => {
            matches!(step, LockStep::GiveBack { id: by } if method == "free" && *by == id)
                || matches!(step, LockStep::LoadDrop { reply: LoadReply::Done | LoadReply::Again })
        }
        (None, None) => true,
    };
    (!right).then(|| ("I5", format!("it was {:?} and is {:?}", was.mark, is.mark)))
}

/// Since when whom it belongs to has held it.
fn note_holder(seen: &mut Seen, item: &Item, is: &ItemContent, was_live: bool, now_us: u64) {
    match &is.lock {
        None => {
            seen.held_since_us.remove(item);
        }
        Some(lock) => match seen.held_since_us.get(item) {
            // What ran out and is held again was not held without a break.
            Some((user, _)) if *user == lock.user && was_live => {}
            Some(_) | None => {
                seen.held_since_us.insert(item.clone(), (lock.user.clone(), now_us));
            }
        },
    }
}
