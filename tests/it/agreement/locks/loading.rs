//! The steps of a load.

use std::time::Duration;

use seat_booking::{
    Active, Item, Mark,
    ports::{LoadBeginReply, LoadReply, LoadRequest},
};

use super::{
    super::choice::items,
    told::{Reply, Told},
    world::World,
};

/// More items than a store drops in one go.
const CROWD: usize = 5_500;

impl<W: World> Told<W> {
    /// As a node does it.
    pub(super) async fn load(
        &mut self,
        lease: Duration,
        active: &[(usize, Mark, String)],
    ) -> Reply {
        let known = self.epochs.len();
        let mut replies = vec![self.load_begin(0, lease).await?];
        if self.epochs.len() > known {
            let (epoch, active) = (self.epochs[known], self.active(active));
            replies.push(self.load_drop(epoch).await?);
            replies.push(self.load_chunk(epoch, active).await?);
            replies.push(self.load_end(epoch).await?);
        }
        Ok(replies.join("; "))
    }

    pub(super) async fn load_begin(&mut self, random: u32, lease: Duration) -> Reply {
        let request = LoadRequest { event: self.event, random, lease };
        let reply = self.store().load_begin(request).await;
        if let Ok(LoadBeginReply::Begun { epoch }) = reply {
            self.epochs.push(epoch);
        }
        let grows = self.epochs.is_sorted_by(|earlier, later| earlier < later);
        self.reply("load_begin", reply, |told, reply| match reply {
            LoadBeginReply::Ready => ("ready", String::new()),
            LoadBeginReply::Begun { epoch } => {
                ("begun", format!("{}, each greater: {grows}", told.named(epoch)))
            }
            LoadBeginReply::Busy => ("busy", String::new()),
        })
    }

    /// Until there are no more: how many go together is left to the store.
    pub(super) async fn load_drop(&mut self, epoch: u64) -> Reply {
        loop {
            let reply = self.store().load_drop(self.event, epoch).await;
            let is_over = !matches!(reply, Ok(LoadReply::Again));
            let text = self.reply("load_drop", reply, Self::load_step)?;
            if is_over {
                return Ok(text);
            }
        }
    }

    pub(super) async fn load_chunk(&mut self, epoch: u64, active: Vec<Active>) -> Reply {
        let reply = self.store().load_chunk(self.event, epoch, active).await;
        self.reply("load_chunk", reply, Self::load_step)
    }

    pub(super) async fn load_end(&mut self, epoch: u64) -> Reply {
        let reply = self.store().load_end(self.event, epoch).await;
        self.reply("load_end", reply, Self::load_step)
    }

    pub(super) fn active(&self, documents: &[(usize, Mark, String)]) -> Vec<Active> {
        let of = |(id, mark, what): &(usize, Mark, String)| Active {
            id: self.ids[*id],
            mark: *mark,
            items: items(what),
        };
        documents.iter().map(of).collect()
    }

    pub(super) fn crowd(&self) -> Active {
        let seat = |number| Item::Seat(format!("C-{number}").parse().unwrap());
        let items = (0..CROWD).map(seat).collect();
        Active { id: self.ids[0], mark: Mark::Booked, items }
    }
}
