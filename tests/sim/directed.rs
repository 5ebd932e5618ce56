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

/// I5: a lock store falls back to one replica twice, and its clock is behind what that has counted.
///
/// Ada has a seat. The load after the first fall is slow to end; after the second another node
/// loads. The end of the first must not end the second, which has not said yet what is booked.
pub(crate) fn a_load_with_the_epoch_of_another() -> Option<Violation> {
    play(|stage| async move {
        stage.world.change_store_clock(2_000);
        let seats = Arc::clone(&stage.house.seats);
        stage.clone().buys("ada", &seats[..1], None).await;
        let replica = stage.house.locks.replica();
        stage.world.change_store_clock(0);
        for (node, late, by_us) in [(0, "load_end", 250_000), (1, "load_chunk", 500_000)] {
            stage.chaos.next_is_late(late, by_us);
            stage.house.locks.fail_over(&replica);
            stage.house.checks.after_loss(&stage.house);
            let (service, event) = (stage.nodes[node].service(), stage.house.event);
            stage.spawn(async move {
                // A reader is the first to compare the run, and has the event loaded.
                if let Some(service) = service {
                    let _ = service.view(&event, None).await;
                }
            });
            stage.world.wait_us(100_000).await;
        }
    })
}

/// All of them; the first that broke an invariant.
pub(crate) fn broken() -> Option<Violation> {
    an_insert_after_its_refusal()
        .or_else(a_finish_within_a_load)
        .or_else(a_finish_of_an_earlier_epoch)
        .or_else(a_load_with_the_epoch_of_another)
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
