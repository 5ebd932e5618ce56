//! Errors that the simulation must find. They are there under `--cfg planted` alone, which nothing
//! but the simulation's own build is given; everywhere else [`planted!`] is `false` and this module
//! does not exist.

#[cfg(not(planted))]
macro_rules! planted {
    ($bug:ident) => {
        false
    };
    ($bug:ident => $wrong:expr) => {};
}

/// Whether this bug is switched on in this thread, or what is done where it is.
#[cfg(planted)]
macro_rules! planted {
    ($bug:ident) => {
        $crate::planted::Bug::$bug.is_on()
    };
    ($bug:ident => $wrong:expr) => {
        if $crate::planted::Bug::$bug.is_on() {
            $wrong;
        }
    };
}

pub(crate) use planted;

#[cfg(planted)]
pub use bugs::Bug;

#[cfg(planted)]
mod bugs {
    use std::cell::Cell;

    thread_local! {
        static ON: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    macro_rules! bugs {
        ($($bug:ident: $what:literal,)*) => {
            /// An error in the protocol, or in a store.
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum Bug {
                $(#[doc = $what] $bug,)*
            }

            impl Bug {
                /// Every one of them, with what it does.
                pub const ALL: &[(Bug, &str)] = &[$((Bug::$bug, $what),)*];
            }
        };
    }

    bugs! {
        NoUniqueIndex: "the repository lets two active bookings have one seat",
        TransferTimeLimit: "a transfer ends by itself after a second",
        FinishBeforeInsert: "the lock store is told of a booking before the repository",
        FinishWithoutEpoch: "a finish of an earlier epoch is taken",
        NoLookIntoGone: "ids that are cancelled or abandoned are forgotten",
        LoadReplaces: "a load drops what was finished while it went on",
        LoadKeepsOldMarks: "a load keeps the marks of earlier epochs",
        LoadIgnoresLease: "two may load at once, and neither is fenced off",
        RunNeverCompared: "a lock store that lost its newest writes is taken for the same",
        SettleWithoutFence: "a transfer is undone because its booking is not there yet",
        NoWithoutFence: "a confirm is refused because its booking is not there yet",
        UndoWithoutLooking: "an old transfer is undone without asking the repository",
        AbandonedTakenForBooking: "a duplicate id is taken for the own booking, whatever it is",
        FingerprintsNotCompared: "a key is all that makes two requests the same",
        FreeBeforeRepository: "a cancellation frees the seats before the repository knows",
        ExpiryByNodeClock: "a node's clock says whether a hold has run out",
        SweepTrustsIndex: "a sweep frees what an old entry of its index names",
        SweepFreesTransfer: "a sweep frees a seat that is in a transfer",
        SequenceCarriedOver: "a new epoch goes on with the old sequence",
        AllOrNothingBroken: "a refused hold keeps the seats that were free",
        AbortFreesBooked: "an abort frees its seats whoever has them by now",
        ChangeWithoutSeq: "a release is not a step of the sequence",
        IdempotencyByMemory: "only the process that has booked knows the key",
        AnsweredBeforeDurable: "an insert whose outcome is not known is answered as booked",
        ReplayedBeforeDurable: "a repetition is answered as booked because its transfer stands",
        KeyOfTransfer: "a key is its newest transfer's, whatever is booked under it",
        BlockedByMark: "a seat counts as blocked because the lock store still shows it so",
        EpochTwice: "the epoch after a clock was set back is the next number",
    }

    impl Bug {
        /// Switches this one on in this thread, and every other one off.
        pub fn plant(bug: Option<Bug>) {
            ON.set(bug);
        }

        /// Whether it is switched on in this thread.
        pub fn is_on(self) -> bool {
            ON.get() == Some(self)
        }
    }
}
