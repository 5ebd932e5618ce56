//! How each fault is done and undone.

#![allow(clippy::disallowed_methods, reason = "a bound of the promise is measured in real time")]

use std::time::{Duration, Instant};

use seat_history::{Fault, Outcome};
use seat_testbed::{Proxy, Signal, Way};
use tokio::time::sleep;

use super::{
    fault::{Kind, Planned},
    hall::Hall,
    probe::Probe,
    site::{Backing, Site},
};

/// How long after a fault each server lets somebody hold a seat again, and book it.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// Hold, after the loss of a cluster's master.
const FAILED_OVER_WITHIN: Duration = Duration::from_secs(10);
/// Book, with an election. Ten seconds are promised; where a primary hangs, MongoDB itself takes five to
/// eight of them, and the rest is for a machine that does other things as well.
const ELECTED_WITHIN: Duration = Duration::from_secs(15);
/// How far a server's clock is moved whose stores have clocks of their own, and one that has not:
/// what was held by a clock that is ahead ends so much later when it is right again.
const CLOCK_MOVES_S: i32 = 1_200;
const EMBEDDED_CLOCK_MOVES_S: i32 = 15;
/// A server looks at its moved clock once a second.
const CLOCK_NOTICED_AFTER: Duration = Duration::from_millis(1_500);
/// Less than the first page.
const DISK_IS_FULL_AT: u64 = 1_024;
/// Within this a confirm is refused whose booking can't be written.
const DISK_NOTICED_WITHIN: Duration = Duration::from_secs(10);
/// Late, and in time for an answer.
const LATE: Duration = Duration::from_millis(120);

/// What a fault has cost.
pub(super) struct Cost {
    pub(super) kind: Kind,
    pub(super) outage: Outage,
}

/// How long it took from the end of a fault, or from its beginning where another takes over
/// meanwhile, until every server had let somebody hold a seat, and book it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outage {
    pub(super) holds: Duration,
    pub(super) sales: Duration,
}

impl Outage {
    pub(super) fn max(self, other: Self) -> Self {
        Self { holds: self.holds.max(other.holds), sales: self.sales.max(other.sales) }
    }
}

impl Site {
    /// Does something to the system and undoes it, and waits until every server sells again.
    pub(super) async fn strike(&mut self, planned: Planned, hall: &Hall, probe: &Probe) -> Cost {
        let Planned { kind, which, lasts_ms, .. } = planned;
        let node = which % self.server.nodes().len();
        let lasts = Duration::from_millis(lasts_ms);
        hall.set_electing(needs_election(kind));
        let start_us = hall.ledger.now_us();
        let mut outage = Outage::default();
        match kind {
            Kind::ServerKilled => self.end_server(hall, node, Signal::KILL, lasts).await,
            Kind::ServerRestarted => self.end_server(hall, node, Signal::TERM, lasts).await,
            Kind::ServerStopped => self.stop_server(hall, node, lasts).await,
            Kind::ClockMoved => self.move_clock_for(hall, node, which, lasts).await,
            Kind::DiskFull => self.fill_disk(hall, node, probe, lasts).await,
            Kind::RedisFlushed => self.shared_stores().redis.forget().await,
            Kind::RedisKilled => {
                self.shared_stores().redis.kill();
                sleep(lasts).await;
                self.shared_stores().redis.start_again().await;
            }
            Kind::RedisStopped => {
                self.shared_stores().redis.signal(Signal::STOP);
                sleep(lasts).await;
                self.shared_stores().redis.signal(Signal::CONT);
            }
            Kind::RedisCut | Kind::RedisSlow | Kind::RedisHalfOpen => {
                let way = std::slice::from_ref(&self.shared_stores().ways[node]);
                break_networks(way, kind, which);
                sleep(lasts).await;
                mend_networks(way);
            }
            Kind::MongoCut | Kind::MongoSlow | Kind::MongoHalfOpen => {
                break_networks(self.mongo().networks(), kind, which);
                sleep(lasts).await;
                mend_networks(self.mongo().networks());
            }
            Kind::PrimaryKilled => {
                self.mongo().kill_primary().await;
                outage = self.is_back(kind, hall, probe).await;
            }
            Kind::PrimaryStopped => {
                self.mongo().hang_primary().await;
                outage = self.is_back(kind, hall, probe).await;
                self.mongo().signal(Signal::CONT);
            }
            Kind::PrimarySteppedDown => self.mongo().step_down().await,
            Kind::MasterKilled => {
                self.kill_master(&hall.venues[hall.venues.len() - 1].event).await;
                outage = self.is_back(kind, hall, probe).await;
                self.restart_masters().await;
            }
        }
        if needs_election(kind) {
            outage = outage.max(self.is_back(kind, hall, probe).await);
            // The next fault must meet a set that is whole, or there is no majority.
            self.mongo().start_again().await;
            hall.set_electing(false);
        }
        hall.ledger.note_fault(Fault {
            kind: kind.to_string(),
            start_us,
            end_us: Some(hall.ledger.now_us()),
            forgets: kind.forgets(self.is_embedded()),
        });
        outage = outage.max(self.is_back(kind, hall, probe).await);
        Cost { kind, outage }
    }

    /// Waits until every server lets somebody hold and book a seat; how long that took.
    async fn is_back(&self, kind: Kind, hall: &Hall, probe: &Probe) -> Outage {
        let start = Instant::now();
        for door in 0..hall.doors.len() {
            probe.holds_at(hall, door, &self.server).await;
        }
        let holds = start.elapsed();
        for door in 0..hall.doors.len() {
            probe.sells_at(hall, door, &self.server).await;
        }
        let sales = start.elapsed();
        let failed_over = kind == Kind::MasterKilled;
        let to_hold = if failed_over { FAILED_OVER_WITHIN } else { BACK_WITHIN };
        let to_sell = if needs_election(kind) { ELECTED_WITHIN } else { to_hold };
        for (what, took, within) in [("held", holds, to_hold), ("sold", sales, to_sell)] {
            if took > within {
                hall.ledger
                    .complain(format!("{kind}: {what} again after {took:?}, not {within:?}"));
            }
        }
        Outage { holds, sales }
    }

    async fn end_server(&mut self, hall: &Hall, node: usize, signal: Signal, lasts: Duration) {
        hall.doors[node].closes(hall.ledger.now_us());
        self.server.end_one(node, signal).await;
        sleep(lasts).await;
        self.server.start_one(node).await;
        hall.doors[node].moved_to(self.server.nodes()[node].url());
        hall.doors[node].opens(hall.ledger.now_us());
    }

    async fn stop_server(&mut self, hall: &Hall, node: usize, lasts: Duration) {
        hall.doors[node].closes(hall.ledger.now_us());
        self.server.nodes()[node].signal(Signal::STOP);
        sleep(lasts).await;
        self.server.nodes()[node].signal(Signal::CONT);
        hall.doors[node].opens(hall.ledger.now_us());
    }

    async fn move_clock_for(&self, hall: &Hall, node: usize, which: usize, lasts: Duration) {
        let embedded = self.is_embedded();
        let seconds = if embedded { EMBEDDED_CLOCK_MOVES_S } else { CLOCK_MOVES_S };
        if embedded {
            hall.set_clock_is_right(false);
        }
        self.move_clock(node, if which == 0 { seconds } else { -seconds });
        sleep(CLOCK_NOTICED_AFTER + lasts).await;
        self.move_clock(node, 0);
        sleep(CLOCK_NOTICED_AFTER).await;
        hall.set_clock_is_right(true);
    }

    /// Confirms are refused from then on, holds are not, until there is room and a restart.
    async fn fill_disk(&mut self, hall: &Hall, node: usize, probe: &Probe, lasts: Duration) {
        self.server.nodes()[node].limit_files(Some(DISK_IS_FULL_AT));
        let refused = probe.order_until(Outcome::Unknown, hall, node, DISK_NOTICED_WITHIN).await;
        sleep(lasts).await;
        self.server.nodes()[node].limit_files(None);
        match refused {
            // What failed once is not believed again, room or not.
            Some(refused) => probe.is_refused(hall, node, &refused).await,
            None => hall.ledger.complain(format!("{}: nobody was told", Kind::DiskFull)),
        }
        self.end_server(hall, node, Signal::TERM, Duration::ZERO).await;
    }

    async fn kill_master(&mut self, event: &str) {
        if let Backing::Cluster { cluster, .. } = &self.backing {
            cluster.master_of(event).await.signal(Signal::KILL);
        }
    }

    async fn restart_masters(&mut self) {
        if let Backing::Cluster { cluster, .. } = &mut self.backing {
            cluster.start_again().await;
        }
    }
}

fn break_networks(networks: &[Proxy], kind: Kind, which: usize) {
    let way = match (kind, which) {
        (Kind::RedisSlow | Kind::MongoSlow, _) => Way::LateReplies(LATE),
        (Kind::RedisHalfOpen | Kind::MongoHalfOpen, 0) => Way::NoReplies,
        (Kind::RedisHalfOpen | Kind::MongoHalfOpen, _) => Way::NoRequests,
        (_, _) => Way::Cut,
    };
    for network in networks {
        network.set_later(way);
        network.set(way);
    }
}

/// Every connection is made anew: one that has lost something is of no use.
fn mend_networks(networks: &[Proxy]) {
    for network in networks {
        network.set_later(Way::Open);
        network.set(Way::Cut);
    }
}

fn needs_election(kind: Kind) -> bool {
    match kind {
        Kind::PrimaryKilled
        | Kind::PrimaryStopped
        | Kind::PrimarySteppedDown
        | Kind::MongoCut
        | Kind::MongoSlow
        | Kind::MongoHalfOpen
        | Kind::MasterKilled => true,
        Kind::ServerKilled
        | Kind::ServerStopped
        | Kind::ServerRestarted
        | Kind::ClockMoved
        | Kind::DiskFull
        | Kind::RedisFlushed
        | Kind::RedisKilled
        | Kind::RedisStopped
        | Kind::RedisCut
        | Kind::RedisSlow
        | Kind::RedisHalfOpen => false,
    }
}
