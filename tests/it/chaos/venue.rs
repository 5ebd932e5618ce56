use std::time::Duration;

use seat_layout::arena;
use seat_testbed::{Client, Server, eventually, small_layout};
use serde_json::{Value, json};

/// How many events are small, so that everybody wants the same seats.
const SMALL: usize = 3;
const LARGE_SEATS: u32 = 10_000;
const OPENED_WITHIN: Duration = Duration::from_secs(30);

/// An event on sale.
pub(super) struct Venue {
    pub(super) event: String,
    /// In the layout's order.
    pub(super) seats: Vec<String>,
    /// The tables that shoppers take as tables.
    pub(super) tables: Vec<Table>,
}

pub(super) struct Table {
    pub(super) id: String,
    pub(super) seats: Vec<String>,
}

impl Venue {
    /// Small ones and, last, a large one.
    pub(super) async fn open_all(server: &Server) -> Vec<Self> {
        let mut venues = Vec::new();
        for _ in 0..SMALL {
            venues.push(Self::open(server, small_layout()).await);
        }
        let large = serde_json::to_value(arena(LARGE_SEATS)).expect("a layout is JSON");
        let large = Self::open(server, large).await;
        // Its tables are there, and are sold by the seat.
        venues.push(Self { tables: Vec::new(), ..large });
        venues
    }

    async fn open(server: &Server, layout: Value) -> Self {
        let ids = |list: &Value| -> Vec<String> {
            let list = list.as_array().into_iter().flatten();
            list.map(|entry| entry["id"].as_str().expect("it has an id").to_owned()).collect()
        };
        let seats = ids(&layout["seats"]);
        let items = layout["items"].as_array().into_iter().flatten();
        let tables = ids(&items.filter(|item| item["type"] == "table").cloned().collect());
        let of_table = |id: String| {
            let prefix = format!("{id}_s");
            let seats = seats.iter().filter(|seat| seat.starts_with(&prefix)).cloned().collect();
            Table { id, seats }
        };
        let tables = tables.into_iter().map(of_table).collect();
        let layout = created(server, "layouts", "layoutId", layout).await;
        let event = json!({ "layoutId": layout, "name": "A sale" });
        Self { event: created(server, "events", "eventId", event).await, seats, tables }
    }
}

/// Creates something, again where a slow machine has not answered in time; its id.
async fn created(server: &Server, what: &str, id: &str, body: Value) -> String {
    let (admin, path) = (Client::admin(server), format!("/seat-booking/{what}"));
    let mut created = None;
    eventually("it can be created", OPENED_WITHIN, async || {
        let answer = admin.post(&path, body.clone()).await;
        if answer.status != 503 {
            created = Some(answer.expect(201).text(id).to_owned());
        }
        created.is_some()
    })
    .await;
    created.expect("it was created")
}
