//! One case: a server is brought to its point and fails there, and others go on meanwhile.

use std::time::{Duration, Instant};

use seat_testbed::{Answer, Node, Signal, eventually};
use tokio::{task::JoinHandle, time::sleep};

use super::{
    cases::{Case, Fault, Operation},
    house::House,
    judge::judge,
    room::Room,
};

/// How long it may take until a server comes to its point.
const REACHED_WITHIN: Duration = Duration::from_secs(30);
/// How much later than its answer the log of a server may be read.
const LOGGED_WITHIN: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

/// Lets the server fail over the operation, and looks what comes of it.
pub(super) async fn fail_and_check(
    house: &House,
    room: &mut Room,
    node: &mut Node,
    case: Case,
) -> String {
    match room.operation.left_behind_at() {
        Some(point) => house.die_over_confirm(room, point).await,
        None => room.prepare().await,
    }
    let asked = reach_point(house, room, node).await;
    if let Operation::Hold | Operation::Table = case.operation {
        let held = if case.call_was_made() { 2 } else { 0 };
        assert_eq!(room.held_by_ada().await, held, "all or nothing is held");
    }
    let (first, bobs) = match case.fault {
        Fault::Abort => {
            assert!(!node.ended().await.success());
            (answer(asked).await, false)
        }
        Fault::Error => (answer(asked).await, false),
        Fault::Stop(time) => {
            eventually("it stands still", REACHED_WITHIN, async || node.is_stopped()).await;
            let bobs = meanwhile(room, time).await;
            node.signal(Signal::CONT);
            (answer(asked).await, bobs)
        }
    };
    let told = first.as_ref().map_or("no answer".to_owned(), |first| first.status.to_string());
    let then = judge(house, room, case, first, bobs).await;
    format!("{told:<9} {then}")
}

/// Has the operation done at the server that fails, until it comes to its point; the answer when it
/// comes.
async fn reach_point(
    house: &House,
    room: &Room,
    node: &Node,
) -> Option<JoinHandle<Option<Answer>>> {
    let start = Instant::now();
    if room.operation.left_behind_at().is_some() {
        eventually("a round comes to the point", REACHED_WITHIN, async || is_at_point(node)).await;
        return None;
    }
    loop {
        if room.operation == Operation::Load {
            house.forget(&room.event).await;
        }
        match ask_at_point(room, node).await {
            Ok(asked) => return Some(asked),
            // The other server may have been the first to load the event.
            Err(answer) => {
                let again = room.operation == Operation::Load && start.elapsed() < REACHED_WITHIN;
                let answer = answer.map(|answer| (answer.status, answer.body));
                assert!(again, "the point was not reached: {answer:?}");
            }
        }
    }
}

/// Asks a server once, and gives the answer when it comes; at once, where it comes and the server
/// was not at its point.
pub(super) async fn ask_at_point(
    room: &Room,
    node: &Node,
) -> Result<JoinHandle<Option<Answer>>, Option<Answer>> {
    let asked = room.ask_at(node);
    let mut answered_at = None;
    while answered_at.is_none_or(|at: Instant| at.elapsed() < LOGGED_WITHIN) {
        if is_at_point(node) {
            return Ok(asked);
        }
        if asked.is_finished() {
            answered_at.get_or_insert_with(Instant::now);
        }
        sleep(PAUSE).await;
    }
    Err(answer(Some(asked)).await)
}

fn is_at_point(node: &Node) -> bool {
    node.log().contains("point reached")
}

/// What others do while the server stands still; whether Bob has booked.
async fn meanwhile(room: &Room, time: Duration) -> bool {
    let start = Instant::now();
    let mut bobs = false;
    if room.operation.is_left() {
        while !bobs && start.elapsed() < time {
            bobs = room.bob_books().await;
            sleep(PAUSE).await;
        }
    } else if room.operation != Operation::Wait {
        room.repeat().await;
    }
    sleep(time.saturating_sub(start.elapsed())).await;
    bobs
}

/// What the server answers; none where nobody asked it, or it has gone without an answer.
pub(super) async fn answer(asked: Option<JoinHandle<Option<Answer>>>) -> Option<Answer> {
    asked?.await.expect("asking does not panic")
}
