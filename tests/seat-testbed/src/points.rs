/// A place in the protocol where a server can fail: just before or just after one call to a store.
///
/// Between two such calls nothing that a server does is seen by anybody else, so these are all the
/// places there are, and the product needs nothing compiled into it to be stopped there.
#[derive(Debug, PartialEq, Eq)]
pub struct Point {
    /// The call, a dot, and `before` or `after`.
    pub name: &'static str,
    /// What has happened by then, and what has not.
    pub meaning: &'static str,
}

impl Point {
    /// The point of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        POINTS.iter().find(|point| point.name == name)
    }
}

macro_rules! points {
    ($($name:literal $meaning:literal)*) => {
        /// The points that differ for the protocol. Inserts are told apart by what is inserted: a
        /// booking is `insert`, an abandoned attempt `fence`, a blocked seat `block`.
        pub const POINTS: &[Point] = &[$(Point { name: $name, meaning: $meaning }),*];
    };
}

points! {
    "hold.before" "a hold was asked for, and nothing is held"
    "hold.after" "the seats are held, and nobody was told"
    "hold_table.before" "a table was asked for, and nothing is held"
    "hold_table.after" "the table is held with all its seats, and nobody was told"
    "extend.after" "a hold lasts longer, and nobody was told"
    "release.after" "a hold was given back, and nobody was told"
    "begin.before" "a confirm was asked for, and the seats are still held"
    "begin.after" "the seats are in a transfer, and the server does not know it yet"
    "insert.before" "the seats are in a transfer, and the booking is not stored"
    "insert.after" "the booking is stored, and the server does not know it yet"
    "finish.before" "the booking is stored, and the seats are still in a transfer"
    "finish.after" "the seats are shown booked, and nobody was told"
    "update.before" "a booking was read, and its next revision is not stored"
    "update.after" "the next revision is stored, and the server does not know it yet"
    "free.before" "a cancelled booking is stored, and its seats are still shown booked"
    "free.after" "the seats are available again, and nobody was told"
    "load_begin.after" "a load has its epoch and its lease, and has read nothing"
    "load_chunk.before" "a load has read what is booked, and has not said it"
    "load_chunk.after" "a load has said what is booked, and has not ended"
    "load_end.after" "an event is loaded, and whoever waited for it was not served"
    "record.before" "an attempt is in doubt, and its document was not read"
    "fence.before" "no document of an attempt was seen, and it may still be stored"
    "fence.after" "an attempt is abandoned for good, and its seats are still in a transfer"
    "abort.before" "an abandoned attempt was read, and its seats are still in a transfer"
    "abort.after" "the seats of an abandoned attempt are back, and nobody was told"
    "begin_block.after" "seats to be blocked are in transfers, and no block is stored"
    "block.after" "the block of one seat is stored, and it is still in a transfer"
}
