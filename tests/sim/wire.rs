//! The way between a node and a store: requests and replies that come late, twice, or never.

use std::fmt::Debug;

use crate::{
    chaos::{Fault, Store},
    node::Node,
    words::Word,
    world::Slot,
};

/// How late a request may be that nobody waits for any more.
const LATE_US: (u64, u64) = (5_000, 3_000_000);
/// After this a driver gives up.
const GIVES_UP_US: u64 = 800_000;

/// What nobody wants to read in a history: rounds that found nothing to do.
const DULL: &[(&str, &str)] = &[
    ("sweep", "nothing"),
    ("transfers", "nothing"),
    ("changes", "nothing"),
    ("marks", "some"),
    ("marks", "nothing"),
    ("active", "some"),
    ("active", "nothing"),
];

/// Of these the second to arrive is heard. Else a hold could be refused, arrive again, and be made:
/// it runs out, and nobody promises that it does not happen.
const OF_HOLDS: &[&str] = &["hold", "hold_table", "extend", "release"];

/// How a request ends without a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoReply {
    /// It was certainly not done.
    Refused,
    /// It was done or not.
    Unheard,
}

impl Node {
    /// Asks a store: `step` is done when the request arrives, each time that it does, and what it
    /// says comes back, or `none` does. `about` is for the history.
    pub(crate) async fn ask<T, E>(
        &self,
        store: Store,
        method: &'static str,
        about: impl Fn() -> String + Clone + Send + Sync + 'static,
        step: impl Fn() -> Result<T, E> + Clone + Send + Sync + 'static,
        none: impl Fn(NoReply) -> E + Clone + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Word + Debug + Send + 'static,
        E: Word + Debug + Send + 'static,
    {
        let (world, chaos) = (&self.world, &self.chaos);
        let slot = Slot::default();
        let hop = || chaos.hop_us();
        let no_reply = |no: NoReply, after_us: u64| {
            let (slot, none) = (slot.clone(), none.clone());
            self.after_us(after_us, move || slot.fill(Err(none(no))));
        };
        if chaos.is_away(store) {
            world.trace(|| format!("node {}  {method} {}: {store:?} is away", self.id, about()));
            let refused = if world.happens(500) { NoReply::Refused } else { NoReply::Unheard };
            no_reply(refused, hop());
        } else if chaos.strikes(Fault::LostRequest) {
            world.trace(|| format!("node {}  {method} {} is lost", self.id, about()));
            no_reply(NoReply::Unheard, if world.happens(500) { hop() } else { GIVES_UP_US });
        } else {
            let asked = chaos.is_to_be_late(method);
            let late = chaos.strikes(Fault::LateRequest) || asked.is_some();
            let some = || if late { world.between_us(LATE_US.0, LATE_US.1) } else { hop() };
            let sent_us = asked.unwrap_or_else(some);
            let heard = !chaos.strikes(Fault::LostReply);
            // A driver sends again what it has heard nothing of, and hears of one of the two: of
            // the one that arrives first, or of the other.
            let again = chaos.strikes(Fault::RepeatedRequest);
            let of_first = !again || !OF_HOLDS.contains(&method) && world.happens(500);
            let first_heard = heard && of_first;
            if again {
                let again_us = sent_us + world.between_us(LATE_US.0, LATE_US.1);
                self.arrives(
                    again_us,
                    heard && !first_heard,
                    method,
                    about.clone(),
                    step.clone(),
                    &slot,
                );
            }
            self.arrives(sent_us, first_heard, method, about, step, &slot);
            if late || !first_heard {
                no_reply(NoReply::Unheard, GIVES_UP_US);
            }
        }
        let reply: Result<T, E> = slot.await;
        let word = match &reply {
            Ok(reply) => reply.word(),
            Err(error) => error.word(),
        };
        world.count(|counts| *counts.words.entry((method, word)).or_default() += 1);
        reply
    }

    fn arrives<T, E>(
        &self,
        after_us: u64,
        heard: bool,
        method: &'static str,
        about: impl Fn() -> String + Send + 'static,
        step: impl Fn() -> Result<T, E> + Send + 'static,
        slot: &Slot<Result<T, E>>,
    ) where
        T: Word + Debug + Send + 'static,
        E: Debug + Send + 'static,
    {
        let (node, slot) = (self.clone(), slot.clone());
        // What was sent is on its way, whatever becomes of its sender.
        self.world.after_us(after_us, move || {
            let world = &node.world;
            world.count(|counts| counts.steps += 1);
            let reply = step();
            let dull = matches!(&reply, Ok(reply) if DULL.contains(&(method, reply.word())));
            if dull {
                return if heard {
                    node.answers(reply, &slot);
                };
            }
            world.trace(|| {
                let unheard = if heard { "" } else { "   (unheard)" };
                format!("node {}  {method} {} -> {reply:?}{unheard}", node.id, about())
            });
            if heard {
                node.answers(reply, &slot);
            }
        });
    }

    fn answers<T: Send + 'static>(&self, reply: T, slot: &Slot<T>) {
        let (slot, back_us) = (slot.clone(), self.chaos.hop_us());
        self.after_us(back_us, move || slot.fill(reply));
    }
}
