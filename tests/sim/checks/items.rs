//! What may become of one item in one step.

use std::collections::BTreeSet;

use seat_booking::{
    Item,
    contract::{EventContent, ItemContent, ItemLock, ItemMark},
    ports::{FinishReply, HoldReply, LoadReply},
};
use seat_layout::{BookingId, SeatId, UserId};
use seat_state::Timestamp;

use super::{Checks, LockStep, Seen};

const NOTHING: ItemContent = ItemContent { lock: None, mark: None, shown: None };

/// An invariant, and how it was broken.
type Broken = Option<(&'static str, String)>;

/// One item before and after a step.
struct Changed<'c> {
    seen: &'c Seen,
    before: &'c EventContent,
    now: Timestamp,
    method: &'c str,
    step: &'c LockStep,
    item: &'c Item,
    was: &'c ItemContent,
    is: &'c ItemContent,
}

impl Checks {
    /// I4, I5: every lock and every mark that is different now was changed by a step that may. I6:
    /// nobody was refused what is to be had.
    pub(super) fn items_changed_by_right(
        &self,
        seen: &mut Seen,
        before: &EventContent,
        method: &str,
        step: &LockStep,
    ) {
        let now = self.world.store_now();
        let items: BTreeSet<&Item> = before.items.keys().chain(seen.content.items.keys()).collect();
        let items: Vec<Item> = items.into_iter().cloned().collect();
        for item in &items {
            let was = before.items.get(item).unwrap_or(&NOTHING);
            let is = seen.content.items.get(item).unwrap_or(&NOTHING).clone();
            let changed = Changed { seen, before, now, method, step, item, was, is: &is };
            for (invariant, what) in [changed.wrong_lock(), changed.wrong_mark()].iter().flatten() {
                self.world.broke(invariant, || format!("{item} by {method}: {what}"));
            }
            let was_live = live(was, now).is_some();
            note_holder(seen, item, &is, was_live, self.world.now_us());
        }
        if let Some((invariant, what)) = wrongly_refused(seen, before, step, now) {
            self.world.broke(invariant, || what);
        }
    }
}

impl Changed<'_> {
    fn wrong_lock(&self) -> Broken {
        match (live(self.was, self.now), &self.is.lock) {
            (None, Some(lock)) if self.was.lock.as_ref() != Some(lock) => self.wrong_new_lock(lock),
            (None, Some(_) | None) => None,
            (Some(live), Some(lock)) if live == lock => None,
            (Some(live), None) => (!self.ended_by_right(live))
                .then(|| ("I4", format!("the hold of {} ended early", live.user))),
            (Some(live), Some(lock)) if live.user != lock.user => {
                Some(("I4", format!("it is {}'s, and {} holds it", live.user, lock.user)))
            }
            (Some(live), Some(lock)) => (!self.may_last_otherwise(live, lock)).then(|| {
                let (is, was) = (lock.expires_at, live.expires_at);
                ("I4", format!("the hold of {} lasts until {is}, and was until {was}", live.user))
            }),
        }
    }

    /// Who may take a live hold away.
    fn ended_by_right(&self, live: &ItemLock) -> bool {
        let is_marked =
            |by: BookingId| matches!(self.is.mark, Some(ItemMark::Is(_, id)) if id == by);
        match self.step {
            LockStep::Release { user, items } => self.is_meant(live, user, items),
            LockStep::Begin { id, user, items, .. } => {
                self.is_meant(live, user, items) && self.is.mark == Some(ItemMark::InTransfer(*id))
            }
            LockStep::Finish { id, .. } => is_marked(*id),
            LockStep::LoadChunk { ids, .. } => ids.iter().any(|id| is_marked(*id)),
            _ => false,
        }
    }

    /// Whether a live hold may be another one of the same user's now.
    fn may_last_otherwise(&self, live: &ItemLock, lock: &ItemLock) -> bool {
        match self.step {
            LockStep::Extend { user, items, ttl } if self.is_meant(live, user, items) => {
                let most = live.expires_at.max(self.now.after(*ttl));
                (live.expires_at..=most).contains(&lock.expires_at)
            }
            LockStep::Hold { user, items, .. } if self.is_meant(live, user, items) => {
                // What joins a table expires with it, at the earliest of all its seats; else own
                // seats and an own table stay as they are.
                match self.own_table_until() {
                    Some(until) => lock.expires_at == until,
                    None if lock.table != live.table => lock.expires_at <= live.expires_at,
                    None => lock.expires_at == live.expires_at,
                }
            }
            _ => false,
        }
    }

    fn wrong_new_lock(&self, lock: &ItemLock) -> Broken {
        match (self.step, self.was.mark) {
            (LockStep::Hold { user, items, ttl, reply: HoldReply::Held(_), .. }, mark)
                if *user == lock.user && items.contains(self.item) =>
            {
                if let Some(mark) = mark {
                    return Some(("I5", format!("{user} holds it, and it is {mark:?}")));
                }
                // A seat that a table has lost and takes again expires with the table.
                let most = self.now.after(*ttl).max(self.own_table_until().unwrap_or(self.now));
                (lock.expires_at > most)
                    .then(|| ("I4", format!("{user} holds it until {}", lock.expires_at)))
            }
            (
                LockStep::GiveBack { id } | LockStep::Finish { id, .. },
                Some(ItemMark::InTransfer(of)),
            ) if *id == of && self.seen.began.get(id).is_some_and(|(by, _)| *by == lock.user) => {
                None
            }
            _ => Some(("I4", format!("{} never asked for it", lock.user))),
        }
    }

    /// Whether a step of this user, for these items or all that it has, means this hold.
    fn is_meant(&self, live: &ItemLock, user: &UserId, items: &[Item]) -> bool {
        *user == live.user && (items.is_empty() || items.contains(self.item))
    }

    /// Until when the holder had the table that it holds again.
    fn own_table_until(&self) -> Option<Timestamp> {
        let LockStep::Hold { user, items, .. } = self.step else { return None };
        let table = items.iter().find(|item| item.seat().is_none())?;
        let lock = live(self.before.items.get(table)?, self.now)?;
        (lock.user == *user).then_some(lock.expires_at)
    }

    fn wrong_mark(&self) -> Broken {
        let (was, is) = (self.was.mark, self.is.mark);
        (was != is && !self.marked_by_right(was, is))
            .then(|| ("I5", format!("it was {was:?} and is {is:?}")))
    }

    fn marked_by_right(&self, was: Option<ItemMark>, is: Option<ItemMark>) -> bool {
        match (was, is) {
            // The transfer of another is overridden where the lock store had lost what is booked.
            (Some(ItemMark::InTransfer(other)), Some(ItemMark::Is(_, id)))
                if other != id && !self.seen.had_loss =>
            {
                false
            }
            (_, Some(ItemMark::Is(mark, id))) => {
                // As the document says, for which seats and whether booked or blocked.
                let stored = self.seen.ever_active.get(&id);
                let is_so =
                    stored.is_none_or(|doc| doc.mark == mark && doc.items.contains(self.item));
                is_so
                    && match self.step {
                        LockStep::Finish { id: by, reply: FinishReply::Finished(_) } => *by == id,
                        LockStep::LoadChunk { ids, reply: LoadReply::Done } => ids.contains(&id),
                        _ => false,
                    }
            }
            (None, Some(ItemMark::InTransfer(id))) => match self.step {
                LockStep::Begin { id: by, items, .. } => *by == id && items.contains(self.item),
                LockStep::BeginBlock { ids, .. } => ids.contains(&id),
                _ => false,
            },
            (Some(_), Some(ItemMark::InTransfer(_))) => false,
            (Some(ItemMark::InTransfer(id)), None) => {
                matches!(self.step, LockStep::GiveBack { id: by } | LockStep::Finish { id: by, .. }
                    if *by == id)
            }
            (Some(ItemMark::Is(_, id)), None) => match self.step {
                LockStep::GiveBack { id: by } => self.method == "free" && *by == id,
                LockStep::LoadDrop { reply } => *reply != LoadReply::Fenced,
                _ => false,
            },
            (None, None) => true,
        }
    }
}

fn live(item: &ItemContent, now: Timestamp) -> Option<&ItemLock> {
    item.lock.as_ref().filter(|lock| lock.expires_at > now)
}

/// A hold that was refused though its seats are to be had.
fn wrongly_refused(seen: &Seen, before: &EventContent, step: &LockStep, now: Timestamp) -> Broken {
    let LockStep::Hold { user, items, seats_max, reply, .. } = step else { return None };
    match reply {
        HoldReply::Held(_) => None,
        HoldReply::Limit => {
            let count = seats_of(seen, before, user, items, now);
            (count <= *seats_max as usize)
                .then(|| ("I6", format!("{user} has {count} of {seats_max} seats at most")))
        }
        HoldReply::Taken { seats, .. } => {
            let is_free = |seat: &&SeatId| {
                let is = before.items.get(&Item::Seat((*seat).clone())).unwrap_or(&NOTHING);
                is.mark.is_none() && live(is, now).is_none_or(|lock| lock.user == *user)
            };
            let free = seats.iter().find(is_free);
            free.map(|seat| ("I6", format!("{user} was refused {seat}, which is available")))
        }
    }
}

/// How many seats a user would have with these.
fn seats_of(
    seen: &Seen,
    before: &EventContent,
    user: &UserId,
    asked: &[Item],
    now: Timestamp,
) -> usize {
    let holds = before.items.iter().filter(|(_, is)| {
        is.mark.is_none() && live(is, now).is_some_and(|lock| lock.user == *user)
    });
    let held: BTreeSet<&Item> = holds.map(|(item, _)| item).chain(asked).collect();
    // What is in a transfer counts until that ends, also when it is asked for again.
    let standing = before.transfers.keys().filter_map(|id| seen.began.get(id));
    let begun = standing.filter(|(by, _)| by == user).flat_map(|(_, items)| items);
    held.into_iter().chain(begun).filter(|item| item.seat().is_some()).count()
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
