//! What must be so in the end, whatever failed: the stores agree, what is booked is booked once, and
//! everything else can be held by somebody else.

use std::{collections::BTreeSet, time::Duration};

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc, oid::ObjectId};
use seat_booking::ports::LockStore;
use seat_layout::EventId;
use seat_testbed::{eventually, small_layout};

use super::{house::House, room::Room};

/// Whose the seats are in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// One booking of this user has exactly these seats and tables.
    User(&'static str),
    /// The house keeps them back, each by itself.
    House,
    /// Nobody.
    Nobody,
}

/// A document that has seats, as the database has it.
struct Stored {
    id: String,
    user: String,
    status: String,
    items: BTreeSet<String>,
}

impl Room {
    /// Waits for what must be so.
    pub(super) async fn check(&self, house: &House, owner: Owner, items: &[&str]) {
        self.settles(house).await;
        let stored = house.stored(&self.event).await;
        let mut owned: Vec<&str> =
            stored.iter().flat_map(|one| one.items.iter().map(String::as_str)).collect();
        owned.sort_unstable();
        let mut items_in_order = items.to_vec();
        items_in_order.sort_unstable();
        assert_eq!(owned, items_in_order, "of {owner:?}");
        match owner {
            Owner::User(user) => {
                assert_eq!(stored.len(), 1, "{user} has more than one booking");
                assert_eq!(stored[0].user, user);
            }
            Owner::House => assert!(stored.iter().all(|one| one.status == "blocked")),
            Owner::Nobody => assert!(stored.is_empty()),
        }
        self.rest_is_on_sale(owner, items).await;
    }

    /// Waits until the stores agree, without anybody's help.
    pub(super) async fn settles(&self, house: &House) {
        let agree = async || house.stores_agree(&self.event).await;
        eventually("the stores agree", self.settled_within, agree).await;
    }

    /// The first answer to whoever wants seats that are sold is that they are.
    pub(super) async fn offers_nothing_sold(&self, sold: &[&str]) {
        let mut first = 503;
        eventually("somebody is answered", self.settled_within, async || {
            first = self.carol.hold(&self.event, sold).await.status;
            first != 503
        })
        .await;
        assert_eq!(first, 409, "what is sold is offered");
    }

    /// Somebody else can hold every seat that is nobody's, and none that is somebody's; and the
    /// seat map shows that.
    pub(super) async fn rest_is_on_sale(&self, owner: Owner, items: &[&str]) {
        let within = self.settled_within;
        let layout = small_layout();
        let seats = layout["seats"].as_array().unwrap().iter();
        let seats: Vec<&str> = seats.map(|seat| seat["id"].as_str().unwrap()).collect();
        let (sold, rest): (Vec<&str>, Vec<&str>) =
            seats.iter().partition(|seat| items.contains(seat));
        let carol = &self.carol;
        for seat in &sold {
            let refused = carol.hold(&self.event, &[seat]).await.expect(409);
            assert_eq!(refused.code(), "seats_unavailable");
        }
        eventually("the other seats can be held", within, async || {
            carol.hold(&self.event, &rest).await.status == 201
        })
        .await;
        let letter = |seat: &&str| match owner {
            Owner::User(_) if sold.contains(seat) => 'b',
            Owner::House if sold.contains(seat) => 'x',
            Owner::User(_) | Owner::House | Owner::Nobody => 'h',
        };
        let right: String = seats.iter().map(letter).collect();
        eventually("the seat map shows it", within, async || {
            let path = format!("/seat-booking/states/{}", self.event);
            carol.get(&path).await.expect(200).text("states") == right
        })
        .await;
    }
}

impl House {
    /// The database's active bookings and blocks of the event.
    async fn stored(&self, event: &str) -> Vec<Stored> {
        let event = ObjectId::parse_str(event).unwrap();
        let filter = doc! { "eventId": event, "activeSeatIds": { "$exists": true } };
        let bookings = self.database.collection::<Document>("seatBookings");
        let found: Vec<Document> =
            bookings.find(filter).await.unwrap().try_collect().await.unwrap();
        let stored = |booking: &Document| Stored {
            id: booking.get_object_id("_id").unwrap().to_hex(),
            user: booking.get_str("userId").unwrap_or_default().to_owned(),
            status: booking.get_str("status").unwrap().to_owned(),
            items: booking.get_array("activeSeatIds").unwrap().iter().map(text).collect(),
        };
        found.iter().map(stored).collect()
    }

    /// Whether the user has a booking, as the database has it.
    pub(super) async fn has_booking_of(&self, event: &str, user: &str) -> bool {
        self.stored(event).await.iter().any(|one| one.user == user)
    }

    /// Whether nothing is in between, and the lock store shows what the database has.
    async fn stores_agree(&self, event: &str) -> bool {
        let stored = self.stored(event).await;
        let event: EventId = event.parse().unwrap();
        let locks = &self.locks;
        let standing = locks.transfers(event, Duration::ZERO, 10).await;
        let marks = locks.marks(event, String::new()).await;
        // It may be that it is just being loaded.
        let (Ok(standing), Ok(marks)) = (standing, marks) else { return false };
        let marks = marks.items.iter().map(|mark| (mark.id.to_string(), mark.item.to_string()));
        let stored = stored.iter().flat_map(|one| one.items.iter().map(|i| (one.id.clone(), i)));
        let stored: BTreeSet<_> = stored.map(|(id, item)| (id, item.clone())).collect();
        standing.is_empty() && marks.collect::<BTreeSet<_>>() == stored
    }
}

fn text(item: &mongodb::bson::Bson) -> String {
    item.as_str().expect("an item is a text").to_owned()
}
