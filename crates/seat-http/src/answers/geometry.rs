use seat_layout::{Layout, LayoutId};
use seat_state::{Status, Timestamp, Version};
use serde::Serialize;

/// A layout as JSON that is written once: what changes is put between its pieces.
pub(crate) struct Geometry {
    name: String,
    categories: String,
    items: Fragments,
    seats: Fragments,
}

/// What an answer about an event says before its items and seats.
pub(crate) struct Head {
    pub(crate) event: seat_layout::EventId,
    pub(crate) layout: LayoutId,
    pub(crate) version: Version,
    pub(crate) server_time: Timestamp,
}

/// An item as it is now, by its place in the layout.
#[derive(Clone, Copy)]
pub(crate) struct ItemNow {
    pub(crate) index: usize,
    pub(crate) status: Status,
}

/// A seat as it is now, by its place in the layout.
#[derive(Clone, Copy)]
pub(crate) struct SeatNow {
    pub(crate) index: usize,
    pub(crate) status: Status,
    pub(crate) expires_at: Option<Timestamp>,
}

impl Geometry {
    /// The geometry of this layout.
    pub(crate) fn of(layout: &Layout) -> Self {
        let document = layout.to_document();
        Self {
            name: json(&document.name),
            categories: json(&document.categories),
            items: Fragments::of(&document.items),
            seats: Fragments::of(&document.seats),
        }
    }

    /// The memory that it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        self.name.len() + self.categories.len() + self.items.bytes() + self.seats.bytes()
    }

    /// The layout alone.
    pub(crate) fn layout_body(&self, id: LayoutId) -> String {
        let mut body = String::with_capacity(self.bytes() + 128);
        body.push_str(&format!(
            r#"{{"layoutId":"{id}","name":{},"categories":{},"items":["#,
            self.name, self.categories
        ));
        for index in 0..self.items.len() {
            self.items.begin(&mut body, index, index == 0);
            body.push('}');
        }
        body.push_str(r#"],"seats":["#);
        for index in 0..self.seats.len() {
            self.seats.begin(&mut body, index, index == 0);
            body.push('}');
        }
        body.push_str("]}");
        body
    }

    /// These items and seats of the layout as they are now.
    pub(crate) fn live_body(
        &self,
        head: &Head,
        items: impl Iterator<Item = ItemNow>,
        seats: impl Iterator<Item = SeatNow>,
    ) -> String {
        // Half of what `,"status":"held","holdExpiresAt":"..."}` takes: most seats are not held.
        let mut body = String::with_capacity(256 + seats.size_hint().0 * (self.seats.mean() + 32));
        body.push_str(&format!(
            r#"{{"eventId":"{}","layoutId":"{}","name":{},"version":"{}","serverTime":"{}","#,
            head.event, head.layout, self.name, head.version, head.server_time
        ));
        body.push_str(r#""categories":"#);
        body.push_str(&self.categories);
        body.push_str(r#","items":["#);
        for (nth, item) in items.enumerate() {
            self.items.begin(&mut body, item.index, nth == 0);
            push_status(&mut body, item.status);
            body.push('}');
        }
        body.push_str(r#"],"seats":["#);
        for (nth, seat) in seats.enumerate() {
            self.seats.begin(&mut body, seat.index, nth == 0);
            push_status(&mut body, seat.status);
            if let Some(expires_at) = seat.expires_at {
                body.push_str(r#","holdExpiresAt":""#);
                body.push_str(&expires_at.to_string());
                body.push('"');
            }
            body.push('}');
        }
        body.push_str("]}");
        body
    }
}

/// JSON objects in one text, each without its closing brace, so that more fields can follow.
struct Fragments {
    text: String,
    ends: Vec<usize>,
}

impl Fragments {
    fn of<T: Serialize>(objects: &[T]) -> Self {
        let mut fragments = Self { text: String::new(), ends: Vec::with_capacity(objects.len()) };
        for object in objects {
            let object = json(object);
            let open = object.strip_suffix('}').expect("what stands on a plan is an object");
            fragments.text.push_str(open);
            fragments.ends.push(fragments.text.len());
        }
        fragments.text.shrink_to_fit();
        fragments
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<usize>()
    }

    /// The length of a fragment, on average.
    fn mean(&self) -> usize {
        self.text.len() / self.ends.len().max(1)
    }

    /// Begins the object at this index, after a comma unless it is the first.
    fn begin(&self, body: &mut String, index: usize, first: bool) {
        if !first {
            body.push(',');
        }
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        body.push_str(&self.text[start..self.ends[index]]);
    }
}

fn push_status(body: &mut String, status: Status) {
    body.push_str(r#","status":""#);
    body.push_str(status.as_str());
    body.push('"');
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("a layout has only texts, numbers and lists")
}

#[cfg(test)]
mod tests {
    use seat_layout::{EventId, LayoutDocument};
    use serde_json::{Value, json};

    use super::*;

    /// A table with a seat whose label needs escapes, a stage, and a seat that stands alone.
    fn layout() -> Layout {
        let document = json!({
            "name": "Hall \"Ω\"",
            "seats": [
                { "id": "table_1_s1", "pos": { "x": 1, "y": 2.5 }, "size": { "x": 1, "y": 1 },
                  "catId": "standard", "rl": "\\row\n", "sn": 1 },
                { "id": "B-1", "pos": { "x": 9, "y": 9 }, "size": { "x": 1, "y": 1 },
                  "catId": "standard" },
            ],
            "items": [
                { "id": "table_1", "type": "table", "pos": { "x": 0, "y": 0 },
                  "size": { "x": 3, "y": 3 } },
                { "id": "stage", "type": "stage", "pos": { "x": 5, "y": 0 },
                  "size": { "x": 9, "y": 3 } },
            ],
            "categories": [
                { "id": "standard", "name": "Standard", "color": "#ffffff", "price": 12.5 },
            ],
        });
        let document: LayoutDocument = serde_json::from_value(document).unwrap();
        Layout::new(document).unwrap()
    }

    const LAYOUT: LayoutId = LayoutId::from_bytes([2; 12]);

    fn head() -> Head {
        Head {
            event: EventId::from_bytes([1; 12]),
            layout: LAYOUT,
            version: Version { epoch: 7, seq: 3 },
            server_time: Timestamp::from_ms(1_698_067_200_100),
        }
    }

    /// The document of the layout with these fields added, by way of values.
    fn document(fields: Value) -> Value {
        let mut document = serde_json::to_value(layout().to_document()).unwrap();
        let Value::Object(fields) = fields else { panic!("fields are an object") };
        document.as_object_mut().unwrap().extend(fields);
        document
    }

    #[test]
    fn a_static_body_is_the_document_with_its_id() {
        let body = Geometry::of(&layout()).layout_body(LAYOUT);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body, document(json!({ "layoutId": LAYOUT })));
    }

    #[test]
    fn a_live_body_is_the_document_with_the_state_of_everything() {
        let expires_at = Timestamp::from_ms(1_698_067_800_000);
        let items = [(0, Status::Held), (1, Status::Available)];
        let seats = [(0, Status::Held, Some(expires_at)), (1, Status::Booked, None)];
        let body = Geometry::of(&layout()).live_body(
            &head(),
            items.into_iter().map(|(index, status)| ItemNow { index, status }),
            seats.into_iter().map(|(index, status, expires_at)| SeatNow {
                index,
                status,
                expires_at,
            }),
        );
        let body: Value = serde_json::from_str(&body).unwrap();

        let mut expected = document(json!({
            "eventId": head().event,
            "layoutId": LAYOUT,
            "version": "7-3",
            "serverTime": "2023-10-23T13:20:00.100Z",
        }));
        expected["items"][0]["status"] = json!("held");
        expected["items"][1]["status"] = json!("available");
        expected["seats"][0]["status"] = json!("held");
        expected["seats"][0]["holdExpiresAt"] = json!("2023-10-23T13:30:00.000Z");
        expected["seats"][1]["status"] = json!("booked");
        assert_eq!(body, expected);
        assert_eq!(body["seats"][0]["tableId"], "table_1");
    }

    #[test]
    fn a_live_body_has_only_what_was_asked_for() {
        let seat = SeatNow { index: 1, status: Status::Available, expires_at: None };
        let body =
            Geometry::of(&layout()).live_body(&head(), std::iter::empty(), std::iter::once(seat));
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["items"], json!([]));
        assert_eq!(body["seats"][0]["id"], "B-1");
        assert_eq!(body["seats"].as_array().unwrap().len(), 1);
    }
}
