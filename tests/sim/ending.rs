//! The end of a seed: nothing fails any more, and everything must come right.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::FutureExt;
use seat_booking::{
    Active, Item, Record, booking_id,
    contract::ItemMark,
    ports::{Repository, RepositoryError},
};
use seat_layout::{SeatId, UserId};
use seat_state::{Status, Version};

use crate::{
    client::Answer,
    node::Node,
    seed::{CLIENTS_MAX, Shop, Site, user},
    wishes::{self, Wish, Wishes},
};

/// Whoever has begun something is done with it so long after the last fault.
const CUSTOMERS_US: u64 = 30_000_000;
/// Nothing sticks for longer than this: a hold, a transfer's age, and two rounds.
const SETTLES_US: u64 = 13_000_000;
/// For so long the rounds must find nothing to do after that.
const SETTLED_US: u64 = 5_000_000;
/// So often may a key be refused.
const ATTEMPTS_MAX: u8 = 8;
/// Whoever asks while nothing fails is answered within this.
const ANSWERS_US: u64 = 10_000_000;
/// And everybody sees it within this.
const SHOWS_US: u64 = 2_000_000;

impl Site {
    /// I2, I5, I6, I8: every seat is sold or to be had, and everybody knows it.
    pub(crate) fn end(&self, wishes: &Wishes, shop: &Shop) {
        let world = &self.world;
        self.calm_down();
        if !world.run_for(CUSTOMERS_US, || shop.is_done()) {
            world.broke("I6", || "nothing fails, and customers still wait".to_owned());
        }
        world.run_for(SETTLES_US, || false);
        self.chaos.settle(true);
        self.nodes.iter().for_each(Node::count_rounds);
        world.run_for(SETTLED_US, || false);
        self.every_round_went_by();
        self.chaos.settle(false);
        self.all_is_seen();
        let (answered, all) = (Arc::new(AtomicBool::new(false)), self.clone());
        let (done, wishes) = (Arc::clone(&answered), wishes.clone());
        world.spawn(None, async move {
            all.answer_the_open(&wishes).await;
            all.sell_the_rest(&wishes).await;
            wishes.all_kept(&all.house);
            done.store(true, Ordering::Relaxed);
        });
        if !world.run_for(ANSWERS_US, || answered.load(Ordering::Relaxed)) {
            world.broke("I6", || "nothing fails, and a request is not answered".to_owned());
        }
        world.run_for(SHOWS_US, || false);
        self.all_is_seen();
    }

    /// What the stores have, what is drawn of it, and what clients were told.
    fn all_is_seen(&self) {
        if self.world.violation().is_none() {
            let shown = self.stores_agree();
            self.maps_agree(&shown);
            self.noted.check(&self.world, &self.house, &self.users(), shown.into_iter());
        }
    }

    /// A round that never ends finds nothing, too.
    fn every_round_went_by(&self) {
        for node in self.nodes.iter() {
            let stuck = node.rounds_not_taken();
            if !stuck.is_empty() {
                self.world.broke("I6", || format!("node {} never ends {stuck:?}", node.id));
            }
        }
    }

    /// Nothing fails any more, and every node runs.
    fn calm_down(&self) {
        self.chaos.ends();
        self.world.trace(|| "from now on nothing fails".into());
        for (id, node) in self.nodes.iter().enumerate() {
            node.wake_up();
            if node.service().is_none() {
                self.start(id);
            }
        }
    }

    /// Both stores have the same, and nothing is on its way; what the lock store shows.
    fn stores_agree(&self) -> Vec<(SeatId, Status)> {
        let (world, house) = (&self.world, &self.house);
        let active = self.active();
        if active != house.checks.active().into_values().collect::<Vec<_>>() {
            world.broke("I2", || format!("{active:?} is listed, and other documents are stored"));
        }
        let content = house.locks.content(house.event);
        if content.epoch.is_none() || content.loading {
            world.broke("I6", || format!("the event is not on sale: {content:?}"));
        }
        if let Some((id, _)) = content.transfers.first_key_value() {
            world.broke("I6", || format!("the transfer of {id} still stands"));
        }
        let owner = |item: &Item| active.iter().find(|active| active.items.contains(item));
        let items = house.seats.iter().cloned().map(Item::Seat);
        let items = items.chain([Item::Table(house.table.clone())]);
        let mut shown = Vec::new();
        for item in items {
            let is = content.items.get(&item);
            let owned = owner(&item).map(|active| ItemMark::Is(active.mark, active.id));
            let mark = is.and_then(|is| is.mark);
            if mark != owned {
                let invariant = if owned.is_some() { "I5" } else { "I6" };
                world.broke(invariant, || format!("{item} is {mark:?}, and is to be {owned:?}"));
            }
            if is.is_some_and(|is| is.lock.is_some()) {
                world.broke("I6", || format!("{item} is still held: {is:?}"));
            }
            if let Item::Seat(seat) = item {
                let status = is.and_then(|is| is.shown).map(|(status, _)| status);
                shown.push((seat, status.unwrap_or(Status::Available)));
            }
        }
        shown
    }

    fn active(&self) -> Vec<Active> {
        let asked = self.house.repository.active(self.house.event, None, usize::MAX);
        let active: Result<_, RepositoryError> = asked.now_or_never().expect("it is in memory");
        active.expect("memory does not fail")
    }

    /// Whoever watches sees what is so.
    fn maps_agree(&self, shown: &[(SeatId, Status)]) {
        let letters: String = shown.iter().map(|(_, status)| status.letter()).collect();
        for (node, map) in self.maps.iter().enumerate() {
            let drawn = map.letters();
            if drawn.as_ref() != Some(&letters) {
                self.world.broke("I8", || {
                    format!("node {node} has announced {drawn:?}, and it is {letters}")
                });
            }
        }
    }

    /// I7: a key has an answer, whatever has become of its earlier requests.
    async fn answer_the_open(&self, wishes: &Wishes) {
        for wish in wishes.open_with_key() {
            let client = self.client(wishes, wish.user.as_str(), &Arc::default());
            if client.confirm(&wish).await == Answer::Nothing && !self.is_used_up(&wish) {
                self.world.broke("I7", || format!("nothing fails, and {wish:?} has no answer"));
            }
        }
    }

    /// The gap of I7: a key that was refused each time that it may be tried.
    fn is_used_up(&self, wish: &Wish) -> bool {
        let Some(key) = wish.confirm().key else { return false };
        let last = booking_id(&self.house.event, &wish.user, &key, ATTEMPTS_MAX - 1);
        matches!(wishes::stored(&self.house, last), Some(Record::Abandoned(_)))
    }

    /// I6: whatever is available can be bought, and every node shows it at once to whoever asks
    /// for the version that was answered.
    async fn sell_the_rest(&self, wishes: &Wishes) {
        let content = self.house.locks.content(self.house.event);
        for seat in self.house.seats.iter() {
            let is = content.items.get(&Item::Seat(seat.clone()));
            if is.is_some_and(|is| is.mark.is_some() || is.lock.is_some()) {
                continue;
            }
            let client = self.client(wishes, &last_user(seat), &Arc::default());
            let wanted = std::slice::from_ref(seat);
            let held = client.hold(wanted, &[]).await;
            if !matches!(held, Some(Ok(()))) {
                self.world.broke("I6", || format!("{seat} is available and not held: {held:?}"));
            }
            let key = Some(wishes.new_key());
            let wish = wishes.new_wish(&self.house, &client.user, wanted, &[], key);
            let Answer::Booked(_, version) = client.confirm(&wish).await else {
                self.world.broke("I6", || format!("{seat} is held and can't be booked"));
                return;
            };
            self.every_node_shows(seat, version).await;
        }
    }

    async fn every_node_shows(&self, seat: &SeatId, version: Option<Version>) {
        for node in self.nodes.iter() {
            let Some(service) = node.service() else { continue };
            let view = service.view(&self.house.event, version).await;
            let status = view.map(|view| view.read(|live| live.status_of(seat)));
            if !matches!(status, Ok(Some(Status::Booked))) {
                let id = node.id;
                self.world.broke("I8", || {
                    format!("{seat} is booked at {version:?}, and node {id} shows {status:?}")
                });
            }
        }
    }

    fn users(&self) -> Vec<UserId> {
        let customers = (0..CLIENTS_MAX).map(|number| user(&format!("u{number}")));
        customers.chain(self.house.seats.iter().map(|seat| user(&last_user(seat)))).collect()
    }
}

fn last_user(seat: &SeatId) -> String {
    format!("last-{seat}")
}
