//! The same on the embedded stores, where there is no other server: the one that failed is started
//! again on its files. What was stored is there, and holds are forgotten.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use seat_testbed::{Answer, Node, Server, Signal, own_executable};

use super::{
    cases::{Case, Fault, Operation},
    fail::{answer, ask_at_point},
    house::SHORT,
    judge::{ADAS_ITEMS, is_the_booking},
    room::{OTHER_SEATS, Room},
    verdict::Owner,
};

/// What a single server can be asked for. Nobody but itself could load an event anew, or settle what
/// it has begun; and while it stands still, so does everything.
const OPERATIONS: &[Operation] = &[
    Operation::Hold,
    Operation::Table,
    Operation::Confirm,
    Operation::Cancel,
    Operation::Payment,
    Operation::Block,
];
const AT_ONCE: usize = 4;
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_on_the_embedded_stores_has_one_outcome_after_a_restart() {
    let cases = Case::all(&[Fault::Abort, Fault::Error]).into_iter();
    let cases = cases.filter(|case| OPERATIONS.contains(&case.operation));
    stream::iter(cases).for_each_concurrent(AT_ONCE, fail_and_restart).await;
}

async fn fail_and_restart(case: Case) {
    let mut server = Server::start(&[]).await;
    let mut room = Room::new(&server, case.operation, SETTLED_WITHIN).await;
    server.stop().await;

    let mut node = failing(&server, &case).await;
    room.call(&node);
    room.prepare().await;
    let asked = ask_at_point(&room, &node).await;
    let asked = asked.unwrap_or_else(|answer| panic!("{case}: not reached: {answer:?}"));
    let first = answer(Some(asked)).await;
    let repeated = match case.fault {
        Fault::Abort => None,
        Fault::Error | Fault::Stop(_) => {
            let repeated = room.repeat().await;
            node.signal(Signal::KILL);
            Some(repeated)
        }
    };
    node.ended().await;

    server.start_again().await;
    room.call(&server.nodes()[0]);
    judge(&room, case, first.filter(|first| first.status != 503), repeated).await;
}

async fn failing(server: &Server, case: &Case) -> Node {
    let arguments = [
        ["--data-dir", server.data_dir().to_str().expect("temporary folders have plain names")],
        ["--jwt-secret", server.secret()],
        ["--at", case.point.name],
        ["--do", case.fault.flag()],
    ];
    let arguments = [&arguments.concat(), SHORT].concat();
    Node::of_program(&own_executable("failing_server"), &arguments).await
}

/// Looks whether what the server answered before it ended is so after it was started again.
async fn judge(room: &Room, case: Case, first: Option<Answer>, repeated: Option<Answer>) {
    let now = room.repeat().await;
    let was_told = repeated.is_some();
    match case.operation {
        // It was held anew, and that runs out.
        Operation::Hold | Operation::Table => {
            now.expect(201);
            room.rest_is_on_sale(Owner::Nobody, &[]).await;
        }
        Operation::Confirm => {
            let stored = ["insert.after", "finish.before", "finish.after"];
            if was_told || stored.contains(&case.point.name) {
                is_the_booking(room, first.or(repeated), &now.expect(201)).await;
                room.rest_is_on_sale(Owner::User("ada"), ADAS_ITEMS).await;
            } else {
                assert_eq!(now.expect(409).code(), "not_held");
                room.rest_is_on_sale(Owner::Nobody, &[]).await;
            }
        }
        Operation::Cancel => {
            let cancelled = was_told || case.point.name != "update.before";
            assert_eq!(now.status, if cancelled { 409 } else { 200 }, "{case}");
            room.rest_is_on_sale(Owner::Nobody, &[]).await;
        }
        Operation::Payment => {
            assert_eq!(now.expect(200).text("status"), "paid");
            room.rest_is_on_sale(Owner::User("ada"), ADAS_ITEMS).await;
        }
        Operation::Block => {
            now.expect(200);
            room.rest_is_on_sale(Owner::House, OTHER_SEATS).await;
        }
        Operation::Extend
        | Operation::Release
        | Operation::Wait
        | Operation::Leave
        | Operation::Refuse
        | Operation::Load
        | Operation::Undo
        | Operation::Complete => unreachable!("it is not tried here"),
    }
}
