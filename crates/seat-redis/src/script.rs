/// The scripts of `lua/`: a name each, and the text that is sent to Redis.
macro_rules! scripts {
    ($($variant:ident = $name:literal,)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Script {
            $($variant,)+
        }

        impl Script {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name of its file, without the ending.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What an error says could not be done.
            pub(crate) const fn operation(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("run ", $name),)+
                }
            }

            pub(crate) const fn source(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("../../../lua/", $name, ".lua")),)+
                }
            }
        }
    };
}

scripts! {
    Hold = "multi_seat_hold",
    HoldTable = "table_booking",
    Release = "release_locks",
    Extend = "extend_hold",
    HoldsOf = "user_holds",
    Begin = "atomic_transfer_begin",
    Finish = "atomic_transfer_finish",
    Abort = "atomic_transfer_abort",
    Free = "free",
    Transfer = "transfer",
    Transfers = "transfers",
    BeginBlock = "block_begin",
    LoadBegin = "load_begin",
    LoadDrop = "load_drop",
    LoadChunk = "load_chunk",
    LoadEnd = "load_end",
    Sweep = "sweep",
    Snapshot = "snapshot",
    Changes = "changes",
    Marks = "marks",
    Holders = "holders",
}
