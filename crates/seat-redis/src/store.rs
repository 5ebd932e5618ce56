use std::{collections::HashSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use fred::interfaces::ClientLike;
use seat_booking::{
    Active, Item, Mark, Selection,
    ports::{
        BackendError, BeginReply, BlockReply, BlockRequest, ChangesReply, ExtendReply,
        ExtendRequest, FinishReply, FinishRequest, HoldReply, HoldRequest, LoadBeginReply,
        LoadReply, LoadRequest, LockError, LockStore, MarksPage, ReleaseReply, SnapshotPage,
        SweepReply, TableHoldRequest, TransferReply, TransferRequest, UserHolds,
    },
};
use seat_layout::{BookingId, EventId, SeatId, UserId};
use seat_state::Version;
use tokio::{sync::Mutex, task::JoinSet};

use crate::{
    call::Call,
    connect::{self, ConnectError, Hashes, Links},
    heartbeat,
    hints::Hints,
    keys::Keys,
    link::Link,
    reply::{Reply, Undeclared},
    script::Script,
};

/// How many items one script marks at most.
const CHUNK_ITEMS: usize = 2_500;
/// How many seats one sweep makes available at most.
const SWEEP_SEATS: usize = 500;
/// How many steps one script lists at most.
const CHANGES_STEPS: usize = 5_000;
/// How often a script is called again because it needs keys that were not declared.
const DECLARATIONS_MAX: usize = 8;

/// A [`LockStore`] on Redis or Redis Cluster: each method is one script, and so one atomic step.
///
/// Every call is answered within about a second: where the server does not answer, as
/// [`LockError::Unknown`]. Lost connections are made again for ever. Cloning shares them.
#[derive(Clone)]
pub struct RedisLockStore {
    inner: Arc<Inner>,
}

struct Inner {
    links: Links,
    hashes: Hashes,
    hints: Hints,
    /// Ends with the store.
    heartbeat: Mutex<JoinSet<()>>,
}

impl RedisLockStore {
    /// Connects to `redis://user:password@host:6379/0`, to the same over TLS (`rediss://`), or to
    /// a cluster (`redis-cluster://host:6379?node=host2:6379&node=host3:6379`, or
    /// `rediss-cluster://`), or to what sentinels watch over
    /// (`redis-sentinel://host:26379?sentinelServiceName=seats`). Name several nodes of a cluster, or
    /// sentinels: one of them must answer now, and it tells of the others.
    ///
    /// Checks the server's version and that it never evicts, and has it compile every script. Has
    /// to be called within a tokio runtime, and serves as long as that runs.
    ///
    /// # Errors
    /// A [`ConnectError`], which says what to do. It may be repeated.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        let (links, hashes) = connect::connect(url).await?;
        let hints = Hints::new(links.hints.clone(), Arc::clone(&links.connected));
        let heartbeat = Mutex::new(heartbeat::start(&links.all()));
        Ok(Self { inner: Arc::new(Inner { links, hashes, hints, heartbeat }) })
    }

    /// Ends the connections, of every clone, after the calls under way.
    pub async fn close(&self) {
        // Before the connections, or it would look for the nodes of a cluster again.
        self.inner.heartbeat.lock().await.shutdown().await;
        for client in self.inner.links.all().iter().flat_map(Link::clients) {
            // A connection that is lost by now is closed as well.
            let _ = client.quit().await;
        }
    }

    /// What a customer waits for.
    async fn request(&self, call: Call) -> Result<Reply, LockError> {
        call.send(&self.inner.links.requests, &self.inner.hashes).await
    }

    /// What happens in the background.
    async fn round(&self, call: Call) -> Result<Reply, LockError> {
        call.send(&self.inner.links.rounds, &self.inner.hashes).await
    }

    /// What the live views read.
    async fn feed(&self, call: Call) -> Result<Reply, LockError> {
        call.send(&self.inner.links.feed, &self.inner.hashes).await
    }

    /// Sends a call with the keys that its caller knows, and again with those that the script
    /// names, until it has all. It changes nothing before.
    async fn declared(
        &self,
        link: &Link,
        script: Script,
        call: impl Fn(&Extra) -> Call,
    ) -> Result<Reply, LockError> {
        let mut extra = Extra::default();
        for _ in 0..DECLARATIONS_MAX {
            let mut reply = call(&extra).send(link, &self.inner.hashes).await?;
            let undeclared = reply.undeclared()?;
            if undeclared.is_empty() {
                return Ok(reply);
            }
            extra.add(undeclared);
        }
        let error = "the seats changed hands all the time";
        Err(LockError::Unknown(BackendError::new("redis", script.operation(), error)))
    }
}

/// Items and users whose keys a script asked for.
#[derive(Default)]
struct Extra {
    items: Vec<Item>,
    users: Vec<UserId>,
}

impl Extra {
    fn add(&mut self, undeclared: Vec<Undeclared>) {
        for name in undeclared {
            match name {
                Undeclared::Item(item) if !self.items.contains(&item) => self.items.push(item),
                Undeclared::User(user) if !self.users.contains(&user) => self.users.push(user),
                Undeclared::Item(_) | Undeclared::User(_) => {}
            }
        }
    }
}

impl Call {
    /// The locks of a selection, and what each seat goes with.
    fn selection(&mut self, keys: Keys, selection: &Selection) {
        self.argument(&selection.all_seats().count());
        for (seat, table) in selection.seats_with_table() {
            self.key(keys.seat_lock(seat));
            self.argument(&seat);
            self.argument(&table.map(ToString::to_string).unwrap_or_default());
        }
        for table in &selection.tables {
            self.key(keys.table_lock(&table.table));
            self.argument(&table.table);
        }
    }

    fn seats(&mut self, keys: Keys, seats: &[SeatId]) {
        for seat in seats {
            self.key(keys.seat_lock(seat));
            self.argument(&seat);
        }
    }

    fn items<'i>(&mut self, keys: Keys, items: impl IntoIterator<Item = &'i Item>) {
        for item in items {
            self.key(keys.lock(item));
            self.argument(&item);
        }
    }

    fn users(&mut self, keys: Keys, users: &[UserId]) {
        for user in users {
            self.key(keys.user(user));
            self.argument(&user);
        }
    }
}

/// Each of them once, in the order of its first place.
fn distinct<'i>(items: impl Iterator<Item = &'i Item>) -> Vec<&'i Item> {
    let mut seen = HashSet::new();
    items.filter(|&item| seen.insert(item)).collect()
}

const fn letter(mark: Mark) -> char {
    match mark {
        Mark::Booked => 'b',
        Mark::Blocked => 'x',
    }
}

#[async_trait]
impl LockStore for RedisLockStore {
    async fn hold(&self, request: HoldRequest) -> Result<HoldReply, LockError> {
        let keys = Keys(request.event);
        let own = keys.user(&request.user);
        let mut call = Call::new(Script::Hold, [keys.event(), keys.holds(), keys.changes(), own]);
        call.argument(&request.user);
        call.ms(request.ttl);
        call.argument(&request.seats_max);
        call.seats(keys, &request.seats);
        self.request(call).await?.held()
    }

    async fn hold_table(&self, request: TableHoldRequest) -> Result<HoldReply, LockError> {
        let keys = Keys(request.event);
        let (own, table) = (keys.user(&request.user), keys.table_lock(&request.table));
        let mut call =
            Call::new(Script::HoldTable, [keys.event(), keys.holds(), keys.changes(), own, table]);
        call.argument(&request.user);
        call.ms(request.ttl);
        call.argument(&request.seats_max);
        call.argument(&request.table);
        call.seats(keys, &request.seats);
        self.request(call).await?.held_table()
    }

    async fn release(
        &self,
        event: EventId,
        user: UserId,
        selection: Selection,
    ) -> Result<ReleaseReply, LockError> {
        let keys = Keys(event);
        let own = keys.user(&user);
        let mut call =
            Call::new(Script::Release, [keys.event(), keys.holds(), keys.changes(), own]);
        call.argument(&user);
        call.selection(keys, &selection);
        self.request(call).await?.released()
    }

    async fn extend(&self, request: ExtendRequest) -> Result<ExtendReply, LockError> {
        let keys = Keys(request.event);
        let own = keys.user(&request.user);
        let mut call = Call::new(Script::Extend, [keys.event(), keys.holds(), keys.changes(), own]);
        call.argument(&request.user);
        call.ms(request.ttl);
        call.ms(request.cap);
        call.selection(keys, &request.selection);
        self.request(call).await?.extended()
    }

    async fn holds_of(&self, event: EventId, user: UserId) -> Result<UserHolds, LockError> {
        let keys = Keys(event);
        let call = |extra: &Extra| {
            let mut call = Call::new(Script::HoldsOf, [keys.event(), keys.user(&user)]);
            call.argument(&user);
            call.items(keys, &extra.items);
            call
        };
        let link = &self.inner.links.requests;
        self.declared(link, Script::HoldsOf, call).await?.user_holds()
    }

    async fn begin(&self, request: TransferRequest) -> Result<BeginReply, LockError> {
        let keys = Keys(request.event);
        let own = keys.user(&request.user);
        let mut call = Call::new(
            Script::Begin,
            [keys.event(), keys.holds(), own, keys.transfers(), keys.gone()],
        );
        call.argument(&request.id);
        call.argument(&request.user);
        call.argument(&request.fingerprint);
        call.selection(keys, &request.selection);
        self.request(call).await?.begun()
    }

    async fn begin_block(&self, request: BlockRequest) -> Result<BlockReply, LockError> {
        let keys = Keys(request.event);
        let mut call = Call::new(
            Script::BeginBlock,
            [keys.event(), keys.holds(), keys.changes(), keys.transfers(), keys.gone()],
        );
        for (id, seat) in &request.seats {
            call.key(keys.seat_lock(seat));
            call.argument(&id);
            call.argument(&seat);
        }
        self.request(call).await?.block_begun()
    }

    async fn finish(&self, request: FinishRequest) -> Result<FinishReply, LockError> {
        let keys = Keys(request.event);
        let call = |extra: &Extra| {
            let mut call = Call::new(
                Script::Finish,
                [keys.event(), keys.holds(), keys.changes(), keys.transfers(), keys.gone()],
            );
            let known = request.items.iter().chain(&request.transfer_items);
            let items = distinct(known.chain(&extra.items));
            call.argument(&request.id);
            call.argument(&request.epoch);
            call.argument(&letter(request.mark));
            call.argument(&distinct(request.items.iter()).len());
            call.argument(&items.len());
            call.items(keys, items);
            call.users(keys, &extra.users);
            call
        };
        let link = &self.inner.links.requests;
        self.declared(link, Script::Finish, call).await?.finished()
    }

    async fn abort(
        &self,
        event: EventId,
        id: BookingId,
        items: Vec<Item>,
    ) -> Result<Version, LockError> {
        let keys = Keys(event);
        let call = |extra: &Extra| {
            let mut call = Call::new(
                Script::Abort,
                [keys.event(), keys.holds(), keys.changes(), keys.transfers(), keys.gone()],
            );
            let items = distinct(items.iter().chain(&extra.items));
            call.argument(&id);
            call.argument(&items.len());
            call.items(keys, items);
            call.users(keys, &extra.users);
            call
        };
        let link = &self.inner.links.requests;
        self.declared(link, Script::Abort, call).await?.version_of("aborted")
    }

    async fn free(
        &self,
        event: EventId,
        id: BookingId,
        items: Vec<Item>,
    ) -> Result<Version, LockError> {
        let keys = Keys(event);
        let mut call =
            Call::new(Script::Free, [keys.event(), keys.changes(), keys.transfers(), keys.gone()]);
        call.argument(&id);
        for item in &items {
            call.argument(&item);
        }
        self.request(call).await?.version_of("freed")
    }

    async fn transfer(&self, event: EventId, id: BookingId) -> Result<TransferReply, LockError> {
        let mut call = Call::new(Script::Transfer, [Keys(event).event()]);
        call.argument(&id);
        self.request(call).await?.transfer()
    }

    async fn transfers(
        &self,
        event: EventId,
        age: Duration,
        limit: usize,
    ) -> Result<Vec<BookingId>, LockError> {
        let keys = Keys(event);
        let mut call = Call::new(Script::Transfers, [keys.event(), keys.transfers()]);
        call.ms(age);
        call.argument(&limit);
        self.round(call).await?.transfers()
    }

    async fn load_begin(&self, request: LoadRequest) -> Result<LoadBeginReply, LockError> {
        let keys = Keys(request.event);
        let mut call = Call::new(Script::LoadBegin, [keys.event(), keys.changes()]);
        call.argument(&request.random);
        call.ms(request.lease);
        self.round(call).await?.load_begun()
    }

    async fn load_drop(&self, event: EventId, epoch: u64) -> Result<LoadReply, LockError> {
        let mut call = Call::new(Script::LoadDrop, [Keys(event).event()]);
        call.argument(&epoch);
        self.round(call).await?.loaded()
    }

    async fn load_chunk(
        &self,
        event: EventId,
        epoch: u64,
        active: Vec<Active>,
    ) -> Result<LoadReply, LockError> {
        let keys = Keys(event);
        let marked: Vec<(String, Item)> = active
            .into_iter()
            .flat_map(|Active { id, mark, items }| {
                let mark = format!("{}:{id}", letter(mark));
                items.into_iter().map(move |item| (mark.clone(), item))
            })
            .collect();
        let mut rest = marked.as_slice();
        loop {
            let (chunk, after) = rest.split_at(rest.len().min(CHUNK_ITEMS));
            let call = |extra: &Extra| {
                let mut call =
                    Call::new(Script::LoadChunk, [keys.event(), keys.holds(), keys.gone()]);
                call.argument(&epoch);
                call.argument(&chunk.len());
                for (mark, item) in chunk {
                    call.key(keys.lock(item));
                    call.argument(&mark);
                    call.argument(&item);
                }
                call.users(keys, &extra.users);
                call
            };
            let link = &self.inner.links.rounds;
            let reply = self.declared(link, Script::LoadChunk, call).await?.loaded()?;
            if after.is_empty() || reply == LoadReply::Fenced {
                return Ok(reply);
            }
            rest = after;
        }
    }

    async fn load_end(&self, event: EventId, epoch: u64) -> Result<LoadReply, LockError> {
        let keys = Keys(event);
        let mut call = Call::new(Script::LoadEnd, [keys.event(), keys.changes()]);
        call.argument(&epoch);
        self.round(call).await?.loaded()
    }

    async fn sweep(&self, event: EventId, limit: usize) -> Result<SweepReply, LockError> {
        let keys = Keys(event);
        let limit = limit.min(SWEEP_SEATS);
        let call = |seats: &[SeatId]| {
            let mut call = Call::new(Script::Sweep, [keys.event(), keys.holds(), keys.changes()]);
            call.argument(&limit);
            call.seats(keys, seats);
            call
        };
        let (version, mut due) = self.round(call(&[])).await?.due()?;
        let more = due.len() > limit;
        due.truncate(limit);
        if due.is_empty() {
            return Ok(SweepReply { seats: 0, more, version });
        }
        self.round(call(&due)).await?.swept(more)
    }

    async fn snapshot(&self, event: EventId, cursor: String) -> Result<SnapshotPage, LockError> {
        let keys = Keys(event);
        let mut call = Call::new(Script::Snapshot, [keys.event(), keys.holds()]);
        call.argument(&cursor);
        self.feed(call).await?.snapshot_page()
    }

    async fn changes(
        &self,
        event: EventId,
        since: Version,
        limit: usize,
    ) -> Result<ChangesReply, LockError> {
        let keys = Keys(event);
        let mut call = Call::new(Script::Changes, [keys.event(), keys.changes()]);
        call.argument(&since.epoch);
        call.argument(&since.seq);
        call.argument(&limit.clamp(1, CHANGES_STEPS));
        self.feed(call).await?.changes()
    }

    async fn marks(&self, event: EventId, cursor: String) -> Result<MarksPage, LockError> {
        let mut call = Call::new(Script::Marks, [Keys(event).event()]);
        call.argument(&cursor);
        self.round(call).await?.marks_page()
    }

    async fn hinted(&self, following: Vec<EventId>) -> Vec<EventId> {
        self.inner.hints.next(following).await
    }

    async fn holders(
        &self,
        event: EventId,
        seats: Vec<SeatId>,
    ) -> Result<Vec<(SeatId, UserId)>, LockError> {
        let keys = Keys(event);
        let mut call = Call::new(Script::Holders, [keys.event()]);
        call.seats(keys, &seats);
        self.round(call).await?.holders()
    }

    async fn ready(&self) -> Result<(), LockError> {
        for link in self.inner.links.needed() {
            let pong = link.ping().await;
            pong.map_err(|error| LockError::Unknown(BackendError::new("redis", "ping", error)))?;
        }
        Ok(())
    }
}
