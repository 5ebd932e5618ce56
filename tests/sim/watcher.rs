//! Somebody who draws a seat map of a node's announcements, as a browser does of its event stream.

use std::sync::{Arc, Mutex};

use seat_booking::{BookingError, BookingService, WatchMessage};
use seat_layout::EventId;
use seat_state::{LiveState, Version};

use crate::{
    house::House,
    node::Node,
    world::{World, lock},
};

/// What is drawn: a letter for each seat, and the version that they show.
type Drawn = Arc<Mutex<Option<(Version, Vec<u8>)>>>;

/// Cloning shares it.
#[derive(Clone, Default)]
pub(crate) struct SeatMap(Drawn);

impl SeatMap {
    /// Draws what this node announces until it dies; who comes back begins anew.
    pub(crate) fn watch(&self, node: &Node, house: &House) {
        let Some(service) = node.service() else { return };
        let (map, world, house) = (self.clone(), node.world.clone(), house.clone());
        *lock(&map.0) = None;
        node.world.spawn(Some(node.id), async move {
            loop {
                let drawn = map.draw(&service, &house, &world).await;
                // Nothing could be read; as a browser does, it tries again.
                if drawn.is_err() {
                    world.wait_us(100_000).await;
                }
            }
        });
    }

    /// What is drawn now.
    pub(crate) fn letters(&self) -> Option<String> {
        let drawn = lock(&self.0);
        drawn.as_ref().map(|(_, letters)| String::from_utf8_lossy(letters).into_owned())
    }

    async fn draw(
        &self,
        service: &BookingService,
        house: &House,
        world: &World,
    ) -> Result<(), BookingError> {
        let mut watch = service.watch(&house.event, None).await?;
        self.read(service, house.event).await?;
        while let Some(message) = watch.next().await {
            match message {
                WatchMessage::Resync(_) => self.read(service, house.event).await?,
                WatchMessage::Change(announcement) => {
                    let next = announcement.version;
                    let mut drawn = lock(&self.0);
                    let Some((version, letters)) = drawn.as_mut() else { continue };
                    // What was read already is announced as well.
                    if next <= *version {
                        continue;
                    }
                    if next.epoch != version.epoch || next.seq != version.seq + 1 {
                        world.broke("I8", || format!("{next} was announced after {version}"));
                    }
                    for change in &announcement.change.seats {
                        let place = house.seats.iter().position(|seat| *seat == change.seat);
                        letters[place.expect("the house has this seat")] =
                            change.status.letter() as u8;
                    }
                    *version = next;
                }
            }
        }
        Ok(())
    }

    async fn read(&self, service: &BookingService, event: EventId) -> Result<(), BookingError> {
        let view = service.view(&event, None).await?;
        let read = |live: &LiveState| (live.version(), live.letters().into_bytes());
        *lock(&self.0) = Some(view.read(read));
        Ok(())
    }
}
