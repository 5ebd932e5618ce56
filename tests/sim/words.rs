//! The reply words of the ports, one for each thing that a reply may say: the report counts them,
//! and one that a long run never sees is a part of the protocol that was not tried.

use seat_booking::{
    Active, Booking, Record,
    ports::{
        BeginReply, BlockReply, ChangesReply, ExtendReply, FinishReply, HoldReply, InsertReply,
        LoadBeginReply, LoadReply, MarksPage, ReleaseReply, SnapshotPage, SweepReply,
        TransferReply, UpdateReply, UserHolds,
    },
};
use seat_layout::{BookingId, SeatId, UserId};
use seat_state::Version;

/// Every word of every method that the service calls in the simulation.
pub(crate) const ALL: &[(&str, &[&str])] = &[
    ("hold", &["held", "taken", "limit", "not_loaded", "unknown"]),
    ("hold_table", &["held", "taken", "limit", "not_loaded", "unknown"]),
    ("release", &["released", "nothing", "not_loaded", "unknown"]),
    ("extend", &["extended", "not_held", "in_transfer", "not_loaded", "unknown"]),
    ("holds_of", &["some", "nothing", "not_loaded", "unknown"]),
    ("begin", &["begun", "gone", "mismatch", "not_owner", "own_transfer", "not_loaded", "unknown"]),
    ("begin_block", &["begun", "blocked", "taken", "not_loaded", "unknown"]),
    ("finish", &["finished", "other_epoch", "gone", "not_loaded", "unknown"]),
    ("abort", &["done", "not_loaded", "unknown"]),
    ("free", &["done", "not_loaded", "unknown"]),
    ("transfer", &["some", "nothing", "not_loaded", "unknown"]),
    ("transfers", &["some", "nothing", "not_loaded", "unknown"]),
    ("load_begin", &["ready", "begun", "busy", "unknown"]),
    ("load_drop", &["done", "again", "fenced", "unknown"]),
    ("load_chunk", &["done", "fenced", "unknown"]),
    ("load_end", &["done", "fenced", "unknown"]),
    ("sweep", &["some", "nothing", "not_loaded", "unknown"]),
    ("snapshot", &["some", "nothing", "not_loaded", "unknown"]),
    ("changes", &["some", "nothing", "resync", "not_loaded", "unknown"]),
    ("marks", &["some", "nothing", "not_loaded", "unknown"]),
    ("layout", &["some", "unavailable", "unknown"]),
    ("event", &["some", "unavailable", "unknown"]),
    ("insert", &["inserted", "duplicate", "unavailable", "unknown"]),
    ("record", &["some", "nothing", "unavailable", "unknown"]),
    ("update", &["updated", "stale", "unavailable", "unknown"]),
    ("unblock", &["done", "unavailable", "unknown"]),
    ("active", &["some", "nothing", "unavailable", "unknown"]),
    ("owners", &["some", "nothing", "unavailable", "unknown"]),
    ("bookings_of", &["some", "nothing", "unavailable", "unknown"]),
];

/// What a reply says, in one word.
pub(crate) trait Word {
    fn word(&self) -> &'static str;
}

fn some_or_nothing(is_some: bool) -> &'static str {
    if is_some { "some" } else { "nothing" }
}

macro_rules! words {
    ($($reply:ty => |$name:ident| $word:expr;)*) => {$(
        impl Word for $reply {
            fn word(&self) -> &'static str {
                let $name = self;
                $word
            }
        }
    )*};
}

words! {
    HoldReply => |reply| match reply {
        HoldReply::Held(_) => "held",
        HoldReply::Taken { .. } => "taken",
        HoldReply::Limit => "limit",
    };
    ReleaseReply => |reply| if reply.seats.is_empty() { "nothing" } else { "released" };
    ExtendReply => |reply| match reply {
        ExtendReply::Extended(_) => "extended",
        ExtendReply::NotHeld(_) => "not_held",
        ExtendReply::InTransfer => "in_transfer",
    };
    UserHolds => |reply| some_or_nothing(!reply.seats.is_empty());
    BeginReply => |reply| match reply {
        BeginReply::Begun { .. } => "begun",
        BeginReply::Gone => "gone",
        BeginReply::Mismatch => "mismatch",
        BeginReply::NotOwner { own_transfer: None, .. } => "not_owner",
        BeginReply::NotOwner { own_transfer: Some(_), .. } => "own_transfer",
    };
    BlockReply => |reply| match reply {
        BlockReply::Begun { blocked, .. } if blocked.is_empty() => "begun",
        BlockReply::Begun { .. } => "blocked",
        BlockReply::Taken(_) => "taken",
    };
    FinishReply => |reply| match reply {
        FinishReply::Finished(_) => "finished",
        FinishReply::OtherEpoch => "other_epoch",
        FinishReply::Gone => "gone",
    };
    Version => |_version| "done";
    TransferReply => |reply| some_or_nothing(reply.transfer.is_some());
    Vec<BookingId> => |ids| some_or_nothing(!ids.is_empty());
    LoadBeginReply => |reply| match reply {
        LoadBeginReply::Ready => "ready",
        LoadBeginReply::Begun { .. } => "begun",
        LoadBeginReply::Busy => "busy",
    };
    LoadReply => |reply| match reply {
        LoadReply::Done => "done",
        LoadReply::Again => "again",
        LoadReply::Fenced => "fenced",
    };
    SweepReply => |reply| some_or_nothing(reply.seats > 0);
    SnapshotPage => |page| some_or_nothing(!page.seats.is_empty());
    ChangesReply => |reply| match reply {
        ChangesReply::Changes(changes) => some_or_nothing(!changes.is_empty()),
        ChangesReply::Resync => "resync",
    };
    MarksPage => |page| some_or_nothing(!page.items.is_empty());
    Vec<(SeatId, UserId)> => |holders| some_or_nothing(!holders.is_empty());
    InsertReply => |reply| match reply {
        InsertReply::Inserted => "inserted",
        InsertReply::Duplicate => "duplicate",
    };
    UpdateReply => |reply| match reply {
        UpdateReply::Updated => "updated",
        UpdateReply::Stale => "stale",
    };
    Option<Record> => |record| some_or_nothing(record.is_some());
    Option<seat_booking::Event> => |event| some_or_nothing(event.is_some());
    Option<seat_layout::Layout> => |layout| some_or_nothing(layout.is_some());
    Vec<Active> => |active| some_or_nothing(!active.is_empty());
    Vec<Booking> => |bookings| some_or_nothing(!bookings.is_empty());
    Vec<seat_booking::Event> => |events| some_or_nothing(!events.is_empty());
    () => |_done| "done";
}
