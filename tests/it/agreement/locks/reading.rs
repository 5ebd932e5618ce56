//! What can be asked.

use std::{collections::BTreeMap, time::Duration};

use seat_booking::{
    Item,
    ports::{ChangesReply, LockError},
};
use seat_layout::{BookingId, SeatId};
use seat_state::{SeatChange, Status, Version};

use super::{
    super::choice::{seats, user},
    replies::list,
    steps::{SEATS, USERS},
    told::{NoReply, Reply, Shown, Told},
    world::World,
};

/// More than any sequence has.
const PLENTY: usize = 1_000;
/// More pages than anything has.
const PAGES_MAX: usize = 20;

impl<W: World> Told<W> {
    /// Everything that can be asked.
    pub(super) async fn look(&mut self) -> Reply {
        self.world.tick().await;
        let mut replies = vec![self.watch().await?, self.marks().await?];
        for who in USERS {
            replies.push(self.holds_of(who).await?);
        }
        replies.push(self.holders(SEATS).await?);
        replies.push(self.transfers(Duration::ZERO, PLENTY).await?);
        for id in self.standing_ids().await? {
            replies.push(self.transfer(id).await?);
        }
        Ok(replies.join("\n"))
    }

    pub(super) async fn holds_of(&mut self, who: &str) -> Reply {
        let reply = self.store().holds_of(self.event, user(who)).await;
        self.reply("holds_of", reply, Self::user_holds)
    }

    pub(super) async fn transfer(&mut self, id: BookingId) -> Reply {
        let reply = self.store().transfer(self.event, id).await;
        self.reply("transfer", reply, Self::standing)
    }

    /// What is in a transfer, as its node would know it.
    pub(super) async fn transfer_items(&self, id: BookingId) -> Result<Vec<Item>, NoReply> {
        match self.store().transfer(self.event, id).await {
            Ok(reply) => Ok(reply.transfer.map(|transfer| transfer.items).unwrap_or_default()),
            Err(LockError::NotLoaded) => Ok(Vec::new()),
            Err(error @ LockError::Unknown(_)) => Err(NoReply::Unanswered(error)),
        }
    }

    async fn standing_ids(&self) -> Result<Vec<BookingId>, NoReply> {
        match self.store().transfers(self.event, Duration::ZERO, PLENTY).await {
            Ok(ids) => Ok(ids),
            Err(LockError::NotLoaded) => Ok(Vec::new()),
            Err(error @ LockError::Unknown(_)) => Err(NoReply::Unanswered(error)),
        }
    }

    pub(super) async fn transfers(&mut self, age: Duration, limit: usize) -> Reply {
        let reply = self.store().transfers(self.event, age, limit).await;
        self.reply("transfers", reply, |_, ids| {
            (if ids.is_empty() { "none" } else { "some" }, list(ids))
        })
    }

    pub(super) async fn holders(&mut self, what: &str) -> Reply {
        let reply = self.store().holders(self.event, seats(what)).await;
        self.reply("holders", reply, |_, mut holders| {
            holders.sort_unstable();
            let word = if holders.is_empty() { "none" } else { "some" };
            (word, list(holders.into_iter().map(|(seat, user)| format!("{seat} {user}"))))
        })
    }

    /// Until nothing more is due.
    pub(super) async fn sweep(&mut self, limit: usize) -> Reply {
        let mut replies = Vec::new();
        loop {
            let reply = self.store().sweep(self.event, limit).await;
            let swept = reply.as_ref().ok().copied();
            let mut has_more = false;
            if let Some(swept) = swept {
                has_more = swept.more && swept.seats > 0;
                if (has_more || !replies.is_empty()) && swept.seats > 0 {
                    self.swept.insert(swept.version);
                }
            }
            replies.push(self.reply("sweep", reply, |told, reply| {
                let word = match (reply.more, reply.seats) {
                    (true, _) => "more",
                    (false, 0) => "none",
                    (false, _) => "swept",
                };
                (word, format!("{} at {}", reply.seats, told.at(reply.version)))
            })?);
            if !has_more {
                return Ok(replies.join("; "));
            }
        }
    }

    /// Follows the changes, and reads the state anew where that is asked for. Who follows knows what
    /// a snapshot says.
    pub(super) async fn watch(&mut self) -> Reply {
        let since = self.version;
        let reply = self.store().changes(self.event, since, PLENTY).await;
        let changes = reply.as_ref().ok().cloned();
        let text = self.reply("changes", reply, |told, reply| told.changed(since.epoch, reply))?;
        let Some(changes) = changes else { return Ok(text) };
        let Some((version, shown)) = self.pages().await? else {
            return Err(NoReply::Wrong(format!("{text}; but no snapshot")));
        };
        match changes {
            ChangesReply::Changes(changes) => {
                for change in changes {
                    self.version.seq += 1;
                    if change.seq != self.version.seq {
                        return Err(NoReply::Wrong(format!("a gap before {change:?}")));
                    }
                    for state in change.seats {
                        let shown = self.shown(&state);
                        self.states.insert(state.seat, shown);
                    }
                }
                self.states.retain(|_, &mut (status, _)| status != Status::Available);
            }
            ChangesReply::Resync => (self.version, self.states) = (version, shown.clone()),
        }
        if (self.version, &self.states) != (version, &shown) {
            let followed = &self.states;
            let wrong = format!("the changes make {followed:?}, the snapshot says {shown:?}");
            return Err(NoReply::Wrong(wrong));
        }
        Ok(format!("{text}; {shown:?} at {}", self.at(version)))
    }

    pub(super) async fn snapshot(&mut self) -> Reply {
        let pages = self.pages().await?;
        Ok(format!("{:?}", pages.map(|(version, shown)| (self.at(version), shown))))
    }

    /// All pages of a snapshot, the version of the last; none when the event is not loaded.
    async fn pages(&mut self) -> Result<Option<(Version, BTreeMap<SeatId, Shown>)>, NoReply> {
        let (mut cursor, mut states) = (String::new(), BTreeMap::new());
        for _ in 0..PAGES_MAX {
            let reply = self.store().snapshot(self.event, cursor.clone()).await;
            let page = reply.as_ref().ok().cloned();
            self.reply("snapshot", reply, |_, page| {
                (if page.next.is_some() { "more" } else { "the last" }, String::new())
            })?;
            let Some(page) = page else { return Ok(None) };
            states.extend(page.seats.iter().map(|state| (state.seat.clone(), self.shown(state))));
            match page.next {
                Some(next) => cursor = next,
                None => return Ok(Some((page.version, states))),
            }
        }
        Err(NoReply::Wrong("a snapshot has no end".to_owned()))
    }

    /// All its pages, in the order of the items.
    pub(super) async fn marks(&mut self) -> Reply {
        let (mut cursor, mut marks) = (String::new(), BTreeMap::new());
        for _ in 0..PAGES_MAX {
            let reply = self.store().marks(self.event, cursor.clone()).await;
            let page = reply.as_ref().ok().cloned();
            let text = self.reply("marks", reply, |_, page| {
                (if page.next.is_some() { "more" } else { "the last" }, String::new())
            })?;
            let Some(page) = page else { return Ok(text) };
            marks.extend(page.items.into_iter().map(|of| (of.item, (of.mark, of.id))));
            match page.next {
                Some(next) => cursor = next,
                None => return Ok(format!("{text} {marks:?}")),
            }
        }
        Err(NoReply::Wrong("the marks have no end".to_owned()))
    }

    fn shown(&self, state: &SeatChange) -> Shown {
        (state.status, state.expires_at.map(|at| self.units(at)))
    }
}
