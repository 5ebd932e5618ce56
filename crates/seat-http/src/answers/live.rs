use std::sync::Arc;

use actix_web::web;
use seat_booking::{BookingService, EventView};
use seat_layout::{ItemKind, Layout, Rect};
use seat_state::{LiveState, Version};

use super::{
    Answers, Coding, Key, Ready,
    geometry::{Geometry, Head, ItemNow, SeatNow},
};
use crate::{problem::Problem, wire::live::StatesAnswer};

/// The most seats of a viewport that a worker writes itself; more go to a thread for blocking work,
/// so that its other requests do not wait.
const WRITTEN_AT_ONCE_MAX: usize = 5_000;

impl Answers {
    /// An event's layout with the state of everything, or of what the viewport shows.
    ///
    /// # Errors
    /// `unavailable` when the server stops.
    pub(crate) async fn live_layout(
        &self,
        service: &BookingService,
        view: Arc<EventView>,
        viewport: Option<Rect>,
        coding: Coding,
    ) -> Result<Ready, Problem> {
        match viewport.and_then(|viewport| Part::of(&view.layout(), &viewport)) {
            None => self.whole_layout(service, view, coding).await,
            Some(part) => self.part_of_layout(service, view, part).await,
        }
    }

    /// The states of an event's seats, one letter each.
    ///
    /// # Errors
    /// `unavailable` when the server stops.
    pub(crate) async fn states(
        &self,
        service: &BookingService,
        view: Arc<EventView>,
        coding: Coding,
    ) -> Result<Ready, Problem> {
        let (key, version) = (Key::States(view.event().id), view.version());
        let service = service.clone();
        let build = move |_: &Self| {
            let (version, states) = view.read(|live| (live.version(), live.letters()));
            let answer = StatesAnswer {
                event_id: view.event().id,
                layout_id: view.event().layout_id,
                version,
                server_time: service.now(),
                states,
            };
            (version, serde_json::to_string(&answer).expect("the answer has only texts"))
        };
        self.built(key, version, coding, build).await
    }

    async fn whole_layout(
        &self,
        service: &BookingService,
        view: Arc<EventView>,
        coding: Coding,
    ) -> Result<Ready, Problem> {
        let (key, version) = (Key::Live(view.event().id), view.version());
        let service = service.clone();
        let build = move |answers: &Self| {
            let layout = view.layout();
            let geometry = answers.geometry(view.event().layout_id, &layout);
            // Writing takes longer than the view may be kept from changing, a copy does not.
            let live = view.read(LiveState::clone);
            let items = (0..layout.items().len()).map(|index| item_now(&live, index));
            let seats = (0..layout.seats().len()).map(|index| seat_now(&live, index));
            let head = head(&service, &view, live.version());
            (live.version(), geometry.live_body(&head, items, seats))
        };
        self.built(key, version, coding, build).await
    }

    async fn part_of_layout(
        &self,
        service: &BookingService,
        view: Arc<EventView>,
        part: Part,
    ) -> Result<Ready, Problem> {
        let known = self.known_geometry(view.event().layout_id);
        let quick = known.is_some() && part.seats.len() <= WRITTEN_AT_ONCE_MAX;
        let (answers, service) = (self.clone(), service.clone());
        let write = move || {
            let geometry =
                known.unwrap_or_else(|| answers.geometry(view.event().layout_id, &view.layout()));
            part.write(&service, &view, &geometry)
        };
        if quick {
            return Ok(write());
        }
        web::block(write).await.map_err(|_| Problem::unavailable())
    }
}

/// The seats and items of a viewport, by their places in the layout.
struct Part {
    seats: Vec<usize>,
    items: Vec<usize>,
}

impl Part {
    /// What the viewport shows; `None` when that is everything, so that it is built once for all.
    fn of(layout: &Layout, viewport: &Rect) -> Option<Self> {
        let part = Self { seats: layout.seats_in(viewport), items: layout.items_in(viewport) };
        let everything =
            part.seats.len() == layout.seats().len() && part.items.len() == layout.items().len();
        (!everything).then_some(part)
    }

    fn write(&self, service: &BookingService, view: &EventView, geometry: &Geometry) -> Ready {
        let (version, items, seats) = view.read(|live| {
            let items: Vec<_> = self.items.iter().map(|&index| item_now(live, index)).collect();
            let seats: Vec<_> = self.seats.iter().map(|&index| seat_now(live, index)).collect();
            (live.version(), items, seats)
        });
        let head = head(service, view, version);
        let body = geometry.live_body(&head, items.into_iter(), seats.into_iter());
        Ready { version, coding: Coding::Identity, bytes: body.into() }
    }
}

fn head(service: &BookingService, view: &EventView, version: Version) -> Head {
    let event = view.event();
    Head { event: event.id, layout: event.layout_id, version, server_time: service.now() }
}

fn item_now(live: &LiveState, index: usize) -> ItemNow {
    let layout = live.layout();
    let item = &layout.items()[index];
    let status = match item.kind {
        ItemKind::Table => item.table.map(|table| live.table_status(&layout.tables()[table])),
        ItemKind::Stage | ItemKind::Booth => None,
    };
    ItemNow { index, status: status.unwrap_or_default() }
}

fn seat_now(live: &LiveState, index: usize) -> SeatNow {
    SeatNow { index, status: live.status(index), expires_at: live.expires_at(index) }
}

#[cfg(test)]
mod tests {
    use seat_booking::{BookingService, MemoryLockStore, MemoryRepository, NewEvent};
    use seat_layout::{Layout, SeatSet};
    use serde_json::Value;

    use super::*;

    const VIEWPORT: Rect = Rect { x: -1e9, y: -1e9, width: 2e9, height: 2e9 };

    /// An event of two rows of two seats, the first of which is held.
    async fn event() -> (BookingService, Arc<EventView>) {
        let service = BookingService::new(MemoryLockStore::new(), MemoryRepository::new());
        let layout = service.create_layout(Layout::grid(2, 2).unwrap()).await.unwrap();
        let event = service.create_event(NewEvent::of(layout)).await.unwrap();
        let seats = SeatSet::parse("A-1").unwrap();
        let hold_for = service.settings().limits.hold_default;
        service.hold(&event, &"ada".parse().unwrap(), &seats, hold_for).await.unwrap();
        let view = service.view(&event, None).await.unwrap();
        (service, view)
    }

    fn json(ready: &Ready) -> Value {
        let mut body: Value = serde_json::from_slice(&ready.bytes).unwrap();
        body["serverTime"].take();
        body
    }

    #[actix_web::test]
    async fn a_viewport_of_everything_shares_the_buffer_of_the_whole_layout() {
        let (service, view) = event().await;
        let answers = Answers::new();
        let get =
            |viewport| answers.live_layout(&service, Arc::clone(&view), viewport, Coding::Identity);
        let whole = get(None).await.unwrap();
        let all = get(Some(VIEWPORT)).await.unwrap();
        assert_eq!(whole.bytes.as_ptr(), all.bytes.as_ptr());
        let body = json(&whole);
        assert_eq!(body["seats"][0]["status"], "held");
        assert!(body["seats"][0]["holdExpiresAt"].is_string());
        assert_eq!(body["seats"][3]["status"], "available");
    }

    #[actix_web::test]
    async fn a_part_is_the_same_whether_the_geometry_was_known_or_not() {
        let (service, view) = event().await;
        let answers = Answers::new();
        let part = || Part { seats: vec![0, 3], items: vec![] };
        let first = answers.part_of_layout(&service, Arc::clone(&view), part()).await.unwrap();
        let second = answers.part_of_layout(&service, Arc::clone(&view), part()).await.unwrap();
        let ids: Vec<_> =
            json(&first)["seats"].as_array().unwrap().iter().map(|s| s["id"].clone()).collect();
        assert_eq!(ids, ["A-1", "B-2"]);
        assert_eq!(json(&first), json(&second));
    }

    #[actix_web::test]
    async fn the_states_are_those_of_the_version_that_is_named() {
        let (service, view) = event().await;
        let ready =
            Answers::new().states(&service, Arc::clone(&view), Coding::Identity).await.unwrap();
        let body = json(&ready);
        assert_eq!(body["states"], "haaa");
        assert_eq!(body["version"], ready.version.to_string());
    }
}
