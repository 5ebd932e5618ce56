//! One store that takes the steps.

use std::collections::{BTreeMap, BTreeSet};

use seat_booking::{
    Fingerprint,
    ports::{
        BlockRequest, ExtendRequest, FinishRequest, HoldRequest, LockError, LockStore,
        TableHoldRequest, TransferRequest,
    },
};
use seat_layout::{BookingId, EventId, SeatId};
use seat_state::{Status, Version};

use super::{
    super::{
        choice::{items, seats, selection, user},
        sequences::Said,
    },
    steps::{Epoch, Step, UNIT},
    world::World,
};

/// An epoch that no store mints.
const NEVER: u64 = 7;

/// A store, what it said, and what a watcher of it knows.
pub(super) struct Told<W> {
    pub(super) world: W,
    pub(super) said: Said,
    pub(super) event: EventId,
    pub(super) ids: Vec<BookingId>,
    /// The epochs of the sequence, in their order.
    pub(super) epochs: Vec<u64>,
    /// The steps of sweeps that took several. Which of the seats of one moment comes first is left
    /// to the store.
    pub(super) swept: BTreeSet<Version>,
    pub(super) version: Version,
    pub(super) states: BTreeMap<SeatId, Shown>,
}

/// What a seat is shown as, and until when.
pub(super) type Shown = (Status, Option<i64>);

/// A reply as text that is the same for all stores.
pub(super) type Reply = Result<String, NoReply>;

/// Why a step has no reply that could be compared.
#[derive(Debug)]
pub(super) enum NoReply {
    /// The store did not answer.
    Unanswered(LockError),
    /// It contradicts itself.
    Wrong(String),
}

impl<W: World> Told<W> {
    pub(super) fn new(world: W, event: EventId, ids: &[BookingId]) -> Self {
        Self {
            world,
            event,
            ids: ids.to_vec(),
            said: Said::new(),
            epochs: Vec::new(),
            swept: BTreeSet::new(),
            version: Version { epoch: 0, seq: 0 },
            states: BTreeMap::new(),
        }
    }

    pub(super) fn store(&self) -> &dyn LockStore {
        self.world.store()
    }

    pub(super) async fn take(&mut self, step: &Step) -> Reply {
        self.world.tick().await;
        let event = self.event;
        match step {
            Step::Hold { user: who, what, ttl, seats_max } => {
                let (user, seats) = (user(who), seats(what));
                let (ttl, seats_max) = (UNIT * *ttl, *seats_max);
                let request = HoldRequest { event, user, seats, ttl, seats_max };
                let reply = self.store().hold(request).await;
                self.reply("hold", reply, Self::held)
            }
            Step::HoldTable { user: who, table, ttl, seats_max } => {
                let of = selection(&format!("table:{table}")).tables.remove(0);
                let (user, table, seats) = (user(who), of.table, of.seats);
                let (ttl, seats_max) = (UNIT * *ttl, *seats_max);
                let request = TableHoldRequest { event, user, table, seats, ttl, seats_max };
                let reply = self.store().hold_table(request).await;
                self.reply("hold_table", reply, Self::held)
            }
            Step::Release { user: who, what } => {
                let reply = self.store().release(event, user(who), selection(what)).await;
                self.reply("release", reply, Self::released)
            }
            Step::Extend { user: who, what, ttl, cap } => {
                let (user, selection) = (user(who), selection(what));
                let (ttl, cap) = (UNIT * *ttl, UNIT * *cap);
                let request = ExtendRequest { event, user, selection, ttl, cap };
                let reply = self.store().extend(request).await;
                self.reply("extend", reply, Self::extended)
            }
            Step::HoldsOf { user: who } => self.holds_of(who).await,
            Step::Begin { user: who, id, what, fingerprint } => {
                let (id, user, selection) = (self.ids[*id], user(who), selection(what));
                let fingerprint = Fingerprint::from_bytes([*fingerprint; 16]);
                let request = TransferRequest { event, id, user, fingerprint, selection };
                let reply = self.store().begin(request).await;
                self.reply("begin", reply, Self::begun)
            }
            Step::BeginBlock { seats: wanted } => {
                let of = |(id, seat): &(usize, String)| (self.ids[*id], seats(seat).remove(0));
                let request = BlockRequest { event, seats: wanted.iter().map(of).collect() };
                let reply = self.store().begin_block(request).await;
                self.reply("begin_block", reply, Self::block_begun)
            }
            Step::Finish { id, epoch, mark, what, knows_transfer } => {
                let (id, mark, epoch) = (self.ids[*id], *mark, self.epoch(*epoch));
                let transfer_items = match knows_transfer {
                    true => self.transfer_items(id).await?,
                    false => Vec::new(),
                };
                let items = items(what);
                let request = FinishRequest { event, id, epoch, mark, items, transfer_items };
                let reply = self.store().finish(request).await;
                self.reply("finish", reply, Self::finished)
            }
            Step::Abort { id, what } => {
                let reply = self.store().abort(event, self.ids[*id], items(what)).await;
                self.reply("abort", reply, Self::done_at)
            }
            Step::Free { id, what } => {
                let reply = self.store().free(event, self.ids[*id], items(what)).await;
                self.reply("free", reply, Self::done_at)
            }
            Step::Transfer { id } => self.transfer(self.ids[*id]).await,
            Step::Transfers { age, limit } => self.transfers(UNIT * *age, *limit).await,
            Step::Load { lease, active } => self.load(UNIT * *lease, active).await,
            Step::LoadBegin { random, lease } => self.load_begin(*random, UNIT * *lease).await,
            Step::LoadDrop { epoch } => self.load_drop(self.epoch(*epoch)).await,
            Step::LoadChunk { epoch, active } => {
                let active = self.active(active);
                self.load_chunk(self.epoch(*epoch), active).await
            }
            Step::LoadCrowd { epoch } => {
                let crowd = self.crowd();
                self.load_chunk(self.epoch(*epoch), vec![crowd]).await
            }
            Step::LoadEnd { epoch } => self.load_end(self.epoch(*epoch)).await,
            Step::Sweep { limit } => self.sweep(*limit).await,
            Step::Watch => self.watch().await,
            Step::Changes { epoch, since, limit } => {
                let since = Version { epoch: self.epoch(*epoch), seq: *since };
                let reply = self.store().changes(event, since, *limit).await;
                self.reply("changes", reply, |told, reply| told.changed(since.epoch, reply))
            }
            Step::Snapshot => self.snapshot().await,
            Step::Marks => self.marks().await,
            Step::Holders { what } => self.holders(what).await,
            Step::Pass { units } => {
                self.world.pass(UNIT * *units).await;
                Ok(String::new())
            }
            Step::Lose => {
                self.world.lose().await;
                Ok(String::new())
            }
            Step::Restart => {
                self.world.restart().await;
                Ok(String::new())
            }
        }
    }

    /// The text of a reply, of which `described` gives the kind and the rest.
    pub(super) fn reply<T>(
        &mut self,
        method: &'static str,
        reply: Result<T, LockError>,
        described: impl FnOnce(&Self, T) -> (&'static str, String),
    ) -> Reply {
        let (word, text) = match reply {
            Ok(reply) => described(self, reply),
            Err(LockError::NotLoaded) => ("not loaded", String::new()),
            Err(error @ LockError::Unknown(_)) => return Err(NoReply::Unanswered(error)),
        };
        *self.said.entry((method, word)).or_default() += 1;
        Ok(format!("{method}: {word} {text}"))
    }

    fn epoch(&self, which: Epoch) -> u64 {
        let place = match which {
            Epoch::Newest => 1,
            Epoch::Before => 2,
            Epoch::Never => return NEVER,
        };
        let found = self.epochs.len().checked_sub(place).map(|at| self.epochs[at]);
        found.unwrap_or(NEVER)
    }
}
