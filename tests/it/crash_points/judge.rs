//! Whether everybody was told the truth, and one and the same.

use seat_testbed::{Answer, eventually};

use super::{
    cases::{Case, Fault, Operation},
    house::House,
    room::{OTHER_SEATS, Room},
    verdict::Owner,
};

/// The seats of Ada's booking.
const ADAS_SEATS: &[&str] = &["seat_A1", "seat_A2", "table_1_s1", "table_1_s2"];
/// Everything that it has.
pub(super) const ADAS_ITEMS: &[&str] =
    &["seat_A1", "seat_A2", "table_1_s1", "table_1_s2", "table:table_1"];

/// Looks whether that is right which the first answer, the repeated request and the stores say.
pub(super) async fn judge(
    house: &House,
    room: &Room,
    case: Case,
    first: Option<Answer>,
    bobs: bool,
) -> &'static str {
    // An answer of 503 says nothing yet.
    let first = first.filter(|first| first.status != 503);
    let status = first.as_ref().map(|first| first.status);
    let said_if_any =
        |right: u16| assert!(status.is_none_or(|status| status == right), "{first:?}");
    match case.operation {
        Operation::Hold | Operation::Table => {
            said_if_any(201);
            room.repeat().await.expect(201);
            room.check(house, Owner::Nobody, &[]).await;
            "held, then free"
        }
        Operation::Extend => {
            said_if_any(200);
            let repeated = room.repeat().await;
            // Where a server stands still, the hold may run out meanwhile.
            let ran_out = matches!(case.fault, Fault::Stop(_)) && repeated.status == 409;
            assert!(repeated.status == 200 || ran_out && repeated.code() == "not_held");
            room.check(house, Owner::Nobody, &[]).await;
            "extended, then free"
        }
        Operation::Release => {
            said_if_any(200);
            room.repeat().await.expect(200);
            assert_eq!(room.held_by_ada().await, 0);
            room.check(house, Owner::Nobody, &[]).await;
            "free"
        }
        Operation::Confirm | Operation::Wait | Operation::Complete => {
            if case.operation != Operation::Confirm {
                room.settles(house).await;
            }
            let booked = room.repeat().await.expect(201);
            is_the_booking(room, first, &booked).await;
            room.check(house, Owner::User("ada"), ADAS_ITEMS).await;
            "booked"
        }
        Operation::Refuse => {
            assert_eq!(room.repeat().await.expect(409).code(), "not_held");
            said_if_any(409);
            room.check(house, Owner::Nobody, &[]).await;
            assert_eq!(room.repeat().await.expect(409).code(), "not_held");
            "refused"
        }
        Operation::Leave | Operation::Undo => left(house, room, case, first, bobs).await,
        Operation::Cancel => {
            // Whether she repeats it or not, what is booked is not offered, and nothing else sticks.
            room.settles(house).await;
            // Nobody cancels it elsewhere, but while this server stands still.
            if !matches!(case.fault, Fault::Stop(_)) {
                said_if_any(200);
            }
            let repeated = room.repeat().await;
            let done = repeated.status == 200;
            assert!(done || repeated.expect(409).code() == "invalid_state");
            assert_eq!(room.repeat().await.expect(409).code(), "invalid_state");
            room.check(house, Owner::Nobody, &[]).await;
            "cancelled"
        }
        Operation::Payment => {
            assert_eq!(room.repeat().await.expect(200).text("status"), "paid");
            said_if_any(200);
            room.check(house, Owner::User("ada"), ADAS_ITEMS).await;
            "paid"
        }
        Operation::Block => {
            room.repeat().await.expect(200);
            room.check(house, Owner::House, OTHER_SEATS).await;
            "blocked"
        }
        Operation::Load => {
            said_if_any(201);
            room.offers_nothing_sold(ADAS_SEATS).await;
            room.repeat().await.expect(201);
            room.check(house, Owner::User("ada"), ADAS_ITEMS).await;
            "held, then free"
        }
    }
}

/// Every answer is the same booking.
pub(super) async fn is_the_booking(room: &Room, first: Option<Answer>, booked: &Answer) {
    let again = room.repeat().await.expect(201);
    for other in first.map(|first| first.expect(201)).iter().chain([&again]) {
        for same in ["bookingId", "totalAmount", "allSeatIds", "status"] {
            assert_eq!(other.field(same), booked.field(same), "{same}");
        }
    }
}

/// Ada has walked away: either she has a booking all the same, or Bob gets the seats.
async fn left(
    house: &House,
    room: &Room,
    case: Case,
    first: Option<Answer>,
    mut bobs: bool,
) -> &'static str {
    if !bobs {
        eventually("somebody has the seats", room.settled_within, async || {
            bobs = room.bob_books().await;
            bobs || house.has_booking_of(&room.event, "ada").await
        })
        .await;
    }
    let inserted = match (case.point.name, case.fault) {
        _ if case.operation == Operation::Undo => Some(false),
        ("insert.after", _) | ("insert.before", Fault::Error) => Some(true),
        (_, Fault::Abort | Fault::Error) => Some(false),
        // It depends on who was faster.
        (_, Fault::Stop(_)) => None,
    };
    assert!(inserted.is_none_or(|inserted| inserted != bobs), "booked by Bob: {bobs}");
    let repeated = room.repeat().await;
    if bobs {
        assert_eq!(repeated.expect(409).code(), "not_held");
        assert!(first.is_none_or(|first| first.status == 409));
        room.check(house, Owner::User("bob"), ADAS_SEATS).await;
        "free, and booked by another"
    } else {
        is_the_booking(room, first, &repeated.expect(201)).await;
        room.check(house, Owner::User("ada"), ADAS_ITEMS).await;
        "booked"
    }
}
