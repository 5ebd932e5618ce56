//! What every node stands on: the two stores, one event, and who watches over them.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use seat_booking::{
    Event, MemoryLockStore, MemoryRepository,
    ports::{Clock, Repository},
};
use seat_layout::{
    CategoryDocument, Currency, EventId, Extent, ItemDocument, ItemKind, Layout, LayoutDocument,
    LayoutId, Point, SeatDocument, SeatId, TableId,
};
use seat_state::Timestamp;

use crate::{checks::Checks, world::World};

/// The one event.
pub(crate) const EVENT: EventId = EventId::from_bytes([1; 12]);

/// How many items are told at once: so few that everything has many pages.
pub(crate) const PAGE: usize = 3;

/// What one seat costs.
pub(crate) const PRICE: f64 = 30.0;

/// Cloning shares it.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) locks: MemoryLockStore,
    pub(crate) repository: MemoryRepository,
    pub(crate) event: EventId,
    pub(crate) seats: Arc<[SeatId]>,
    pub(crate) table: TableId,
    pub(crate) checks: Checks,
}

impl House {
    pub(crate) fn new(world: &World) -> Self {
        let event = EVENT;
        let layout_id = LayoutId::from_bytes([2; 12]);
        let layout = layout();
        let repository = MemoryRepository::new();
        let new = Event {
            id: event,
            layout_id,
            name: String::new(),
            starts_at: None,
            currency: Currency::USD,
            created_at: world.now(),
        };
        let done = async {
            repository.insert_layout(layout_id, &layout).await?;
            repository.insert_event(&new).await
        };
        done.now_or_never().expect("memory answers at once").expect("memory does not fail");
        Self {
            locks: MemoryLockStore::with_pages_of(PAGE, Arc::new(StoreClock(world.clone()))),
            repository,
            event,
            seats: layout.seats().iter().map(|seat| seat.id.clone()).collect(),
            table: layout.tables()[0].id.clone(),
            checks: Checks::new(world),
        }
    }
}

impl House {
    /// The seats of the table.
    pub(crate) fn table_seats(&self) -> impl Iterator<Item = &SeatId> {
        self.seats.iter().filter(|seat| seat.as_str().starts_with('T'))
    }
}

/// Four seats in a row, and a round table with three.
fn layout() -> Layout {
    let at = |x| Point { x, y: 0.0 };
    let size = Extent { x: 30.0, y: 30.0 };
    let seats = ["A1", "A2", "A3", "A4", "T1", "T2", "T3"].iter().enumerate();
    let seats = seats.map(|(index, id)| SeatDocument {
        id: (*id).to_owned(),
        pos: at(40.0 * index as f64),
        size,
        cat_id: "one".to_owned(),
        rl: None,
        sn: None,
        table_id: id.starts_with('T').then(|| "T".to_owned()),
    });
    let table = ItemDocument {
        id: "T".to_owned(),
        kind: ItemKind::Table,
        pos: at(400.0),
        size,
        sc: Some(3),
    };
    let category = CategoryDocument {
        id: "one".to_owned(),
        name: "One".to_owned(),
        color: "#336699".to_owned(),
        price: PRICE,
    };
    let document = LayoutDocument {
        name: "The house".to_owned(),
        seats: seats.collect(),
        items: vec![table],
        categories: vec![category],
    };
    Layout::new(document).expect("it is a layout")
}

/// The one that judges expiry.
struct StoreClock(World);

#[async_trait]
impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        self.0.store_now()
    }

    async fn sleep(&self, _duration: std::time::Duration) {
        std::future::pending::<()>().await;
    }
}
