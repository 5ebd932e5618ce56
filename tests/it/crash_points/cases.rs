//! What is done, at which points a server fails over it, and how.

use std::{fmt, time::Duration};

use seat_testbed::{POINTS, Point};

/// What somebody does at the server that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// Ada holds two seats.
    Hold,
    /// Ada holds a table.
    Table,
    /// Ada lets her hold last longer.
    Extend,
    /// Ada gives back what she holds.
    Release,
    /// Ada confirms what she holds, and repeats it elsewhere.
    Confirm,
    /// Ada confirms what she holds, and waits until there is nothing more to wait for.
    Wait,
    /// Ada confirms what she holds, and has no patience. Bob wants the same seats.
    Leave,
    /// Ada confirms what she does not hold, and repeats it elsewhere.
    Refuse,
    /// Ada cancels her booking, and repeats it elsewhere.
    Cancel,
    /// The house records that Ada has paid, and repeats it elsewhere.
    Payment,
    /// The house blocks two seats, and repeats it elsewhere.
    Block,
    /// Bob's hold is the first request after the lock store has lost an event in which Ada has a
    /// booking.
    Load,
    /// A round comes upon a transfer of Ada's that another server left standing before it stored a
    /// booking. Bob wants the same seats.
    Undo,
    /// A round comes upon a transfer of Ada's that another server left standing after it had stored
    /// her booking.
    Complete,
}

impl Operation {
    /// Where the other server died that left behind what a round comes upon; none where somebody
    /// asks for the operation.
    pub(super) fn left_behind_at(self) -> Option<&'static str> {
        [(Self::Undo, "begin.after"), (Self::Complete, "insert.after")]
            .into_iter()
            .find_map(|(operation, point)| (operation == self).then_some(point))
    }

    /// Whether Ada has no patience, and Bob wants the same seats.
    pub(super) fn is_left(self) -> bool {
        matches!(self, Self::Leave | Self::Undo)
    }
}

/// The points that each operation passes.
const PASSES: &[(Operation, &[&str])] = &[
    (Operation::Hold, &["hold.before", "hold.after"]),
    (Operation::Table, &["hold_table.before", "hold_table.after"]),
    (Operation::Extend, &["extend.after"]),
    (Operation::Release, &["release.after"]),
    (
        Operation::Confirm,
        &[
            "begin.before",
            "begin.after",
            "insert.before",
            "insert.after",
            "finish.before",
            "finish.after",
        ],
    ),
    (Operation::Wait, &["begin.after", "insert.before", "insert.after"]),
    (Operation::Leave, &["begin.before", "begin.after", "insert.before", "insert.after"]),
    (Operation::Refuse, &["record.before", "fence.before", "fence.after", "abort.before"]),
    (Operation::Cancel, &["update.before", "update.after", "free.before", "free.after"]),
    (Operation::Payment, &["update.before", "update.after"]),
    (Operation::Block, &["begin_block.after", "block.after"]),
    (
        Operation::Load,
        &["load_begin.after", "load_chunk.before", "load_chunk.after", "load_end.after"],
    ),
    (
        Operation::Undo,
        &["record.before", "fence.before", "fence.after", "abort.before", "abort.after"],
    ),
    (Operation::Complete, &["finish.before", "finish.after"]),
];

/// How a server fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is gone.
    Abort,
    /// The store gives it no answer.
    Error,
    /// It stands still for so long.
    Stop(Duration),
}

impl Fault {
    /// As the failing server's flag `--do` has it.
    pub(super) fn flag(self) -> &'static str {
        match self {
            Self::Abort => "abort",
            Self::Error => "error",
            Self::Stop(_) => "stop",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) operation: Operation,
    pub(super) point: &'static Point,
    pub(super) fault: Fault,
}

impl Case {
    /// Every operation at each of its points, with each of these faults.
    pub(super) fn all(faults: &[Fault]) -> Vec<Self> {
        let mut cases = Vec::new();
        for (operation, names) in PASSES {
            for name in *names {
                let point = Point::named(name).unwrap_or_else(|| panic!("no point is {name}"));
                let with = |&fault| Self { operation: *operation, point, fault };
                cases.extend(faults.iter().map(with));
            }
        }
        cases
    }

    /// Whether the call at the point was made when the server failed.
    pub(super) fn call_was_made(&self) -> bool {
        self.point.name.ends_with(".after")
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = format!("{:?}", self.operation).to_lowercase();
        let fault = match self.fault {
            Fault::Abort | Fault::Error => self.fault.flag().to_owned(),
            Fault::Stop(time) => format!("stop {} s", time.as_secs()),
        };
        write!(f, "{operation:<9} {:<18} {fault:<9}", self.point.name)
    }
}

#[test]
fn every_point_is_passed_by_some_operation() {
    let tried = Case::all(&[Fault::Abort]);
    for point in POINTS {
        assert!(tried.iter().any(|case| case.point == point), "{} is not tried", point.name);
    }
}
