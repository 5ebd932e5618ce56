use std::time::Duration;

use async_trait::async_trait;
use seat_layout::{BookingId, EventId, SeatId, TableId, UserId};
use seat_state::{Change, HeldSeat, SeatChange, Timestamp, Version};
use thiserror::Error;

use super::BackendError;
use crate::{Active, Fingerprint, Item, Mark, Selection};

/// Who holds which seat, and what has become of every seat of an event: fast, and allowed to
/// forget. What it has forgotten is loaded again from the [`Repository`](super::Repository).
///
/// Each method is one atomic step, and each may be sent twice or late. A change is noted in the
/// event's sequence, which [`changes`](Self::changes) reads.
///
/// # Contract
/// Loading
/// - L1. Until an event is loaded, every method but those of loading answers
///   [`LockError::NotLoaded`] and changes nothing.
/// - L2. `load_begin` on a loaded event answers `Ready` and changes nothing.
/// - L3. A load has a new epoch, greater than every earlier one, and its sequence starts at 0. Where
///   the clock is behind the newest epoch, the random number is added to that: a store that fell
///   back would else give one epoch to two loads.
/// - L4. While one load goes on, a second one is `Busy`, until the lease of the first has run out.
/// - L5. A step of a load whose lease was taken over is `Fenced` and changes nothing.
/// - L6. A load drops the marks of earlier epochs, and keeps live holds, transfers, and what it
///   knows of gone ids.
/// - L7. A chunk adds marks, leaves out gone ids, and overrides holds and transfers on its seats.
/// - L8. While an event is being loaded, `finish`, `free`, `abort` and `transfer` work.
/// - L9. A store that lost everything, or was restarted, says `NotLoaded` again at the latest when
///   the next `sweep`, `snapshot` or `changes` asks.
///
/// Holding
/// - L10. A hold takes all its seats or none.
/// - L11. A refused hold names every seat in the way: held by another, booked, blocked, or in a
///   transfer.
/// - L12. A seat that the caller already holds stays as it is, with its expiry; a hold of only
///   such seats leaves the version alone.
/// - L13. A table is held with all its seats; single holds of the caller on them become part of
///   it, and all expire together, at the earliest of them.
/// - L14. A user never holds more than `seats_max` seats of an event, those in its transfers
///   counted; the hold that would exceed it is refused as `Limit` and changes nothing.
/// - L15. A hold that has run out is no hold: another user can take the seat at once.
/// - L16. `release` frees what the caller holds: no one else's seat, none that is in a transfer,
///   and no single seat of a table that is held as a table.
/// - L17. `extend` never shortens a hold, never goes beyond `cap` after the seat was first held,
///   and is refused, naming the seats, unless the caller holds all of them.
/// - L18. `holds_of` lists what the user holds, and nothing that has run out or is in a transfer.
/// - L19. Two users are different users also where the name of one begins with the other's.
///
/// Transferring
/// - L20. `begin` takes every seat out of the caller's hold into the transfer, or none and names
///   those that are missing; watchers see no change.
/// - L21. Seats of a table that is held as a table go with the table, not singly.
/// - L22. A repeated `begin` is `Begun` again; with another fingerprint it is a `Mismatch`.
/// - L23. `begin` with a gone id is `Gone`.
/// - L24. A seat in a transfer is not offered, not released, not extended, and never swept, however
///   long the transfer stands.
/// - L25. `finish` marks the seats, ends the transfer, and gives back further seats of that
///   transfer; repeated, it changes nothing.
/// - L26. `finish` of another epoch is `OtherEpoch` and changes nothing.
/// - L27. `finish` of a gone id is `Gone`: it ends the transfer and marks nothing.
/// - L28. `finish` overrides the holds and transfers of others on its seats.
/// - L29. `abort` gives the seats of that transfer back to their hold if it would still last, else
///   makes them available, notes the id as gone, and touches no mark of a booking.
/// - L30. `free` removes every mark of that id and notes the id as gone; marks of other ids stay.
/// - L31. `transfers` lists the transfers of at least that age, and `transfer` what is in one.
/// - L32. `begin_block` takes available seats only, and passes over seats that are blocked already.
///
/// Watching
/// - L33. Every visible change is one step of the sequence, without gaps; a step names each seat
///   it touched with its new state.
/// - L34. `sweep` makes seats whose holds have run out available, at most `limit` of them, by a
///   change.
/// - L35. `changes` gives the steps after a version in order, or `Resync` for another epoch, a
///   version ahead, or one whose next step is no longer kept.
/// - L36. The pages of a snapshot, with the changes after the first page's version applied, show
///   every seat that is not available.
/// - L37. `marks` pages through every booked and blocked item with the id that has it.
/// - L38. `hinted` names only events that it was asked about, and keeps no other call waiting.
/// - L39. `holders` names who holds each of the seats, those in a transfer included, and leaves out
///   what nobody holds.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait LockStore: Send + Sync {
    /// Holds seats singly.
    async fn hold(&self, request: HoldRequest) -> Result<HoldReply, LockError>;

    /// Holds a table with all its seats.
    async fn hold_table(&self, request: TableHoldRequest) -> Result<HoldReply, LockError>;

    /// Gives back what the user holds of this selection.
    async fn release(
        &self,
        event: EventId,
        user: UserId,
        selection: Selection,
    ) -> Result<ReleaseReply, LockError>;

    /// Lets holds last longer.
    async fn extend(&self, request: ExtendRequest) -> Result<ExtendReply, LockError>;

    /// What the user holds.
    async fn holds_of(&self, event: EventId, user: UserId) -> Result<UserHolds, LockError>;

    /// Takes held seats into a transfer.
    async fn begin(&self, request: TransferRequest) -> Result<BeginReply, LockError>;

    /// Takes available seats into one transfer each, to be blocked.
    async fn begin_block(&self, request: BlockRequest) -> Result<BlockReply, LockError>;

    /// Says that the repository has this id with these items.
    async fn finish(&self, request: FinishRequest) -> Result<FinishReply, LockError>;

    /// Says that this id can never become a booking any more; `items` are those of its transfer.
    /// The reply is the version at which its seats are back.
    async fn abort(
        &self,
        event: EventId,
        id: BookingId,
        items: Vec<Item>,
    ) -> Result<Version, LockError>;

    /// Says that this id has given back its items. The reply is the version at which they are free.
    async fn free(
        &self,
        event: EventId,
        id: BookingId,
        items: Vec<Item>,
    ) -> Result<Version, LockError>;

    /// The epoch, and the transfer of this id if it stands.
    async fn transfer(&self, event: EventId, id: BookingId) -> Result<TransferReply, LockError>;

    /// At most `limit` transfers that began at least so long ago, by the store's clock, the oldest
    /// first.
    async fn transfers(
        &self,
        event: EventId,
        age: Duration,
        limit: usize,
    ) -> Result<Vec<BookingId>, LockError>;

    /// Starts to load an event. `random` keeps the epochs of two stores apart, and of one before and
    /// after it fell back to an older replica.
    async fn load_begin(&self, request: LoadRequest) -> Result<LoadBeginReply, LockError>;

    /// Drops at most some thousand marks of earlier epochs; `Again` while there are more.
    async fn load_drop(&self, event: EventId, epoch: u64) -> Result<LoadReply, LockError>;

    /// Adds what these documents have.
    async fn load_chunk(
        &self,
        event: EventId,
        epoch: u64,
        active: Vec<Active>,
    ) -> Result<LoadReply, LockError>;

    /// Ends the load: the event can be sold.
    async fn load_end(&self, event: EventId, epoch: u64) -> Result<LoadReply, LockError>;

    /// Makes at most `limit` seats available whose holds have run out.
    async fn sweep(&self, event: EventId, limit: usize) -> Result<SweepReply, LockError>;

    /// One page of the seats that are not available. The first page is asked for with an empty
    /// cursor, the others with the last page's.
    async fn snapshot(&self, event: EventId, cursor: String) -> Result<SnapshotPage, LockError>;

    /// At most `limit` steps after this version.
    async fn changes(
        &self,
        event: EventId,
        since: Version,
        limit: usize,
    ) -> Result<ChangesReply, LockError>;

    /// One page of what is booked and blocked, by which ids; the cursor is as in `snapshot`.
    async fn marks(&self, event: EventId, cursor: String) -> Result<MarksPage, LockError>;

    /// Waits until some of these events may have been changed, by whichever node, and names them.
    ///
    /// It is a hint to read their [`changes`](Self::changes) at once, and nothing may rely on it:
    /// it may miss a change, be early, or come again. A store that never hints never returns.
    /// Whenever the store may have missed something, as after a connection was lost, it names all.
    /// Dropping the future loses nothing.
    async fn hinted(&self, following: Vec<EventId>) -> Vec<EventId>;

    /// Who holds which of these seats, at most a thousand at once. For the house's own reports: no
    /// customer is told.
    async fn holders(
        &self,
        event: EventId,
        seats: Vec<SeatId>,
    ) -> Result<Vec<(SeatId, UserId)>, LockError>;

    /// Whether the store can be reached.
    async fn ready(&self) -> Result<(), LockError>;
}

/// Why a lock store gave no answer.
#[derive(Debug, Clone, Error)]
pub enum LockError {
    /// The event has to be loaded first; nothing was changed.
    #[error("the event is not loaded")]
    NotLoaded,
    /// The step was done or not; it may be repeated as it was.
    #[error("the lock store did not answer")]
    Unknown(#[source] BackendError),
}

/// Seats to hold singly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRequest {
    /// The event.
    pub event: EventId,
    /// For whom.
    pub user: UserId,
    /// The seats, each once.
    pub seats: Vec<SeatId>,
    /// How long.
    pub ttl: Duration,
    /// How many seats of this event the user may hold at once.
    pub seats_max: u32,
}

/// A table to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableHoldRequest {
    /// The event.
    pub event: EventId,
    /// For whom.
    pub user: UserId,
    /// The table.
    pub table: TableId,
    /// All its seats.
    pub seats: Vec<SeatId>,
    /// How long.
    pub ttl: Duration,
    /// How many seats of this event the user may hold at once.
    pub seats_max: u32,
}

/// The answer to a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldReply {
    /// The user holds all of them.
    Held(Held),
    /// Something was in the way; nothing was held.
    Taken {
        /// Every seat in the way, in the request's order.
        seats: Vec<SeatId>,
        /// Whether the table itself is held or booked as a table.
        table: bool,
    },
    /// The user would hold too many seats; nothing was held.
    Limit,
}

/// Since when and until when seats are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// When the first of them was held.
    pub held_at: Timestamp,
    /// When the first of them runs out.
    pub expires_at: Timestamp,
    /// The version at which they are held.
    pub version: Version,
}

/// The answer to a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseReply {
    /// The seats that were given back.
    pub seats: Vec<SeatId>,
    /// The version at which they are available.
    pub version: Version,
}

/// Holds to be extended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendRequest {
    /// The event.
    pub event: EventId,
    /// Whose holds.
    pub user: UserId,
    /// Which.
    pub selection: Selection,
    /// How long from now.
    pub ttl: Duration,
    /// How long at the most after the seat was first held.
    pub cap: Duration,
}

/// The answer to an extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtendReply {
    /// The seats are held so long.
    Extended(Held),
    /// These seats are not held by the user; nothing was changed.
    NotHeld(Vec<SeatId>),
    /// The user is just confirming one of the seats; nothing was changed.
    InTransfer,
}

/// What a user holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserHolds {
    /// The seats.
    pub seats: Vec<HeldSeat>,
    /// The version at which that is so.
    pub version: Version,
}

/// Seats to be transferred from a hold into a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRequest {
    /// The event.
    pub event: EventId,
    /// The booking that they are to become.
    pub id: BookingId,
    /// Whose holds.
    pub user: UserId,
    /// What the confirm asked for.
    pub fingerprint: Fingerprint,
    /// Which seats and tables.
    pub selection: Selection,
}

/// The answer to a `begin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeginReply {
    /// The seats are in the transfer.
    Begun {
        /// The epoch in which they are.
        epoch: u64,
    },
    /// The id is cancelled or abandoned.
    Gone,
    /// The transfer of that id was begun with another fingerprint.
    Mismatch,
    /// The caller does not hold all of it; nothing was changed.
    NotOwner {
        /// Every seat that is not held as it would have to be.
        seats: Vec<SeatId>,
        /// Another transfer of the same user in which one of these seats is.
        own_transfer: Option<BookingId>,
    },
}

/// Seats to be blocked, each under an id of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRequest {
    /// The event.
    pub event: EventId,
    /// The ids and their seats.
    pub seats: Vec<(BookingId, SeatId)>,
}

/// The answer to a `begin_block`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockReply {
    /// The seats are in transfers.
    Begun {
        /// The epoch in which they are.
        epoch: u64,
        /// Those of the seats that were blocked already, and are in no transfer.
        blocked: Vec<SeatId>,
    },
    /// These seats are held, booked or in a transfer; nothing was changed.
    Taken(Vec<SeatId>),
}

/// What the repository has under an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishRequest {
    /// The event.
    pub event: EventId,
    /// The id.
    pub id: BookingId,
    /// The epoch that was read before the repository was asked.
    pub epoch: u64,
    /// What its items are.
    pub mark: Mark,
    /// Its items, as the document has them.
    pub items: Vec<Item>,
    /// The items of its transfer, as far as they are known.
    pub transfer_items: Vec<Item>,
}

/// The answer to a `finish`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReply {
    /// The items are marked at this version.
    Finished(Version),
    /// The epoch is another one by now.
    OtherEpoch,
    /// The id is cancelled or abandoned.
    Gone,
}

/// The answer to `transfer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferReply {
    /// The present epoch.
    pub epoch: u64,
    /// The transfer, if it stands.
    pub transfer: Option<Transfer>,
}

/// Seats between a hold and a booking. A transfer has no time limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Whose it is; `None` of a block.
    pub user: Option<UserId>,
    /// What the confirm asked for; `None` of a block.
    pub fingerprint: Option<Fingerprint>,
    /// When it began.
    pub begun_at: Timestamp,
    /// What is in it.
    pub items: Vec<Item>,
}

/// An event to be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadRequest {
    /// The event.
    pub event: EventId,
    /// 0 to 999,999.
    pub random: u32,
    /// How long the loader may be silent.
    pub lease: Duration,
}

/// The answer to `load_begin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadBeginReply {
    /// The event is loaded.
    Ready,
    /// The caller loads it, in this epoch.
    Begun {
        /// The new epoch.
        epoch: u64,
    },
    /// Somebody else loads it.
    Busy,
}

/// The answer to a step of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadReply {
    /// It is done.
    Done,
    /// There is more of it.
    Again,
    /// Somebody else has taken over; nothing was changed.
    Fenced,
}

/// The answer to `sweep`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepReply {
    /// How many seats became available.
    pub seats: usize,
    /// Whether the limit was reached.
    pub more: bool,
    /// The version after it.
    pub version: Version,
}

/// A page of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotPage {
    /// The version at which this page was read.
    pub version: Version,
    /// Seats that are not available.
    pub seats: Vec<SeatChange>,
    /// Where the next page starts; `None` after the last.
    pub next: Option<String>,
}

/// The answer to `changes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangesReply {
    /// The steps, in order; fewer than the limit when these are all.
    Changes(Vec<Change>),
    /// The state must be read anew.
    Resync,
}

/// A page of marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarksPage {
    /// The items.
    pub items: Vec<MarkedItem>,
    /// Where the next page starts; `None` after the last.
    pub next: Option<String>,
}

/// An item that is booked or blocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedItem {
    /// The item.
    pub item: Item,
    /// Which of the two.
    pub mark: Mark,
    /// The id that has it.
    pub id: BookingId,
}
