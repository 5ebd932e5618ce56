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

const COMES_BACK_US: u64 = 100_000;
const CUTS_PER_THOUSAND: u64 = 20;

/// What is drawn: a letter for each seat, and the version that they show.
type Drawn = Arc<Mutex<Option<(Version, Vec<u8>)>>>;

/// Cloning shares it.
#[derive(Clone, Default)]
pub(crate) struct SeatMap(Drawn);

impl SeatMap {
    /// Draws what this node announces until it dies, and resumes when it comes back.
    pub(crate) fn watch(&self, node: &Node, house: &House) {
        let Some(service) = node.service() else { return };
        let (map, world, house) = (self.clone(), node.world.clone(), house.clone());
        node.world.spawn(Some(node.id), async move {
            loop {
                // Cut, or nothing could be read: as a browser does, it comes back.
                let _ = map.draw(&service, &house, &world).await;
                world.wait_us(COMES_BACK_US).await;
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
        let drawn = lock(&self.0).as_ref().map(|(version, _)| *version);
        let since = match drawn {
            Some(version) => version,
            None => self.read(service, house.event).await?,
        };
        let mut watch = service.watch(&house.event, Some(since)).await?;
        while let Some(message) = watch.next().await {
            match message {
                WatchMessage::Resync(_) => {
                    // Until it is read nothing is known.
                    *lock(&self.0) = None;
                    self.read(service, house.event).await?;
                }
                WatchMessage::Change(announcement) => {
                    let next = announcement.version;
                    let mut drawn = lock(&self.0);
                    let Some((version, letters)) = drawn.as_mut() else { continue };
                    // What was read already is announced as well, and what came before that.
                    if next.epoch != version.epoch || next.seq <= version.seq {
                        continue;
                    }
                    if next.seq != version.seq + 1 {
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
            if world.happens(CUTS_PER_THOUSAND) {
                break;
            }
        }
        Ok(())
    }

    async fn read(
        &self,
        service: &BookingService,
        event: EventId,
    ) -> Result<Version, BookingError> {
        let view = service.view(&event, None).await?;
        let read = |live: &LiveState| (live.version(), live.letters().into_bytes());
        let (version, letters) = view.read(read);
        *lock(&self.0) = Some((version, letters));
        Ok(version)
    }
}
