//! Histories that random seeds come to too rarely, played step by step. The rest is as in any
//! seed: the wire, the nodes and the checks.

use std::{future::Future, sync::Arc};

use seat_layout::{BookingId, SeatId};

use crate::{
    chaos::Chaos,
    client::Client,
    house::House,
    node::Node,
    noted::Noted,
    seed,
    wishes::Wishes,
    world::{Violation, World},
};

/// Long enough for whatever was late.
const LASTS_US: u64 = 6_000_000;

/// I7: an insert that was sent before its confirm was refused arrives afterwards.
///
/// Ada's first insert is late. Meanwhile the lock store forgets her transfer, and Bob books the
/// seat; her second insert meets his booking, and she is refused. Bob cancels, and then her first
/// insert arrives. It must find its id taken.
pub(crate) fn an_insert_after_its_refusal() -> Option<Violation> {
    play(|stage| async move {
        let seat = &stage.house.seats[..1];
        let ada = stage.clone().buys("ada", seat, Some(("insert", 3_000_000)));
        stage.spawn(async move {
            ada.await;
        });
        stage.world.wait_us(100_000).await;
        stage.forget();
        let booking = stage.clone().buys("bob", seat, None).await;
        stage.world.wait_us(1_500_000).await;
        if let Some(booking) = booking {
            stage.client("bob").cancel(booking).await;
        }
    })
}

/// I5: a booking is stored and finished between a load's reading and its chunk.
///
/// Carol has a seat. Ada's insert is on its way when the lock store forgets everything; the load
/// that Bob causes has read the repository before it arrives, and says what it has read after Ada's
/// finish. It must not take her mark away.
pub(crate) fn a_finish_within_a_load() -> Option<Violation> {
    play(|stage| async move {
        let seats = &stage.house.seats;
        stage.clone().buys("carol", &seats[1..2], None).await;
        let ada = stage.clone().buys("ada", &seats[..1], Some(("insert", 250_000)));
        stage.spawn(async move {
            ada.await;
        });
        stage.world.wait_us(100_000).await;
        stage.forget();
        stage.chaos.next_is_late("load_chunk", 400_000);
        stage.client("bob").hold(&seats[2..3], &[]).await;
    })
}

/// I5: a finish arrives in a later epoch, when its booking is cancelled and its seat sold again.
///
/// Ada's finish is late. She is answered and cancels; the lock store forgets everything, also that
/// her id is gone, and Bob books the seat. Then her finish arrives. It must not mark Bob's seat.
pub(crate) fn a_finish_of_an_earlier_epoch() -> Option<Violation> {
    play(|stage| async move {
        let seat = &stage.house.seats[..1];
        let booking = stage.clone().buys("ada", seat, Some(("finish", 3_000_000))).await;
        if let Some(booking) = booking {
            stage.client("ada").cancel(booking).await;
        }
        stage.forget();
        stage.clone().buys("bob", seat, None).await;
    })
}

/// All of them; the first that broke an invariant.
pub(crate) fn broken() -> Option<Violation> {
    an_insert_after_its_refusal()
        .or_else(a_finish_within_a_load)
        .or_else(a_finish_of_an_earlier_epoch)
}

/// Cloning shares it.
#[derive(Clone)]
struct Stage {
    world: World,
    chaos: Chaos,
    house: House,
    wishes: Wishes,
    nodes: Arc<[Node]>,
}

fn play<P: Future<Output = ()> + Send + 'static>(
    script: impl FnOnce(Stage) -> P,
) -> Option<Violation> {
    let world = World::new(0, false);
    let chaos = Chaos::none(&world);
    let (house, wishes) = (House::new(&world), Wishes::new(&world));
    house.checks.tell(&wishes);
    let nodes: Arc<[Node]> = (0..2).map(|id| Node::new(id, &world, &chaos)).collect();
    nodes.iter().for_each(|node| node.start(&house, &seed::settings()));
    let stage = Stage { world, chaos, house, wishes, nodes };
    stage.spawn(script(stage.clone()));
    stage.world.run_for(LASTS_US, || false);
    let violation = stage.world.violation().or_else(|| {
        let what = "the call that was to be late was never made".to_owned();
        stage.chaos.has_late().then_some(Violation { invariant: "nothing", what })
    });
    stage.nodes.iter().for_each(Node::end);
    stage.world.end();
    violation
}

impl Stage {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.world.spawn(None, task);
    }

    fn forget(&self) {
        self.house.locks.forget();
        self.house.checks.after_loss(&self.house);
    }

    /// Somebody holds seats and confirms them; a call of that confirm may be late by so much. The
    /// booking, if it was answered.
    fn buys(
        self,
        name: &'static str,
        seats: &[SeatId],
        late: Option<(&'static str, u64)>,
    ) -> impl Future<Output = Option<BookingId>> + Send + 'static {
        let seats = seats.to_vec();
        async move {
            let client = self.client(name);
            client.hold(&seats, &[]).await;
            if let Some((method, by_us)) = late {
                self.chaos.next_is_late(method, by_us);
            }
            let key = Some(name.to_owned());
            let wish = self.wishes.new_wish(&self.house, &client.user, &seats, &[], key);
            client.confirm(&wish).await.booking()
        }
    }

    fn client(&self, name: &str) -> Client {
        Client {
            world: self.world.clone(),
            chaos: self.chaos.clone(),
            house: self.house.clone(),
            nodes: Arc::clone(&self.nodes),
            settings: seed::settings(),
            wishes: self.wishes.clone(),
            noted: Noted::default(),
            user: name.parse().expect("it is a user's name"),
            done: Arc::default(),
        }
    }
}
