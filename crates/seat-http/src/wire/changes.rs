//! The text of Server-Sent Events.

use bytes::Bytes;
use seat_booking::Announcement;
use seat_layout::SeatId;
use seat_state::{Change, SeatChange, Status, Timestamp, Version};
use serde::Serialize;

/// What goes out before anything has happened: a client that loses the stream comes back after a
/// second, and the first bytes show it that the stream stands.
pub(crate) const OPENING: &[u8] = b"retry: 1000\n: keep-alive\n\n";

/// What shows a client, and whatever is between, that the stream still stands.
pub(crate) const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

/// The data of `event: change`: one atomic change.
#[derive(Serialize)]
struct ChangeData<'a> {
    version: Version,
    /// The seats that it touched, as they are after it.
    seats: Vec<SeatChangeData<'a>>,
}

/// A seat as it is after a change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SeatChangeData<'a> {
    id: &'a SeatId,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_expires_at: Option<Timestamp>,
}

impl<'a> From<&'a SeatChange> for SeatChangeData<'a> {
    fn from(seat: &'a SeatChange) -> Self {
        Self { id: &seat.seat, status: seat.status, hold_expires_at: seat.expires_at }
    }
}

/// A change, as every watcher gets it.
pub(crate) fn change(announcement: &Announcement) -> Bytes {
    announcement.wire(|announcement| change_event(announcement.version, &announcement.change))
}

/// That the client must read the states anew; what follows continues from this version.
pub(crate) fn resync(version: Version) -> Bytes {
    format!("id: {version}\nevent: resync\ndata: {{\"version\":\"{version}\"}}\n\n").into()
}

fn change_event(version: Version, change: &Change) -> Bytes {
    let data = ChangeData { version, seats: change.seats.iter().map(Into::into).collect() };
    let data = serde_json::to_string(&data).expect("a change has only texts");
    format!("id: {version}\nevent: change\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: Version = Version { epoch: 7, seq: 3 };

    #[test]
    fn a_change_names_its_version_and_every_seat_as_it_is_now() {
        let change = Change {
            seq: 3,
            seats: vec![
                SeatChange::held("A-1".parse().unwrap(), Timestamp::from_ms(1_698_067_200_100)),
                SeatChange::now("A-2".parse().unwrap(), Status::Booked),
            ],
        };
        let expected = "id: 7-3\nevent: change\ndata: {\"version\":\"7-3\",\"seats\":[\
            {\"id\":\"A-1\",\"status\":\"held\",\"holdExpiresAt\":\"2023-10-23T13:20:00.100Z\"},\
            {\"id\":\"A-2\",\"status\":\"booked\"}]}\n\n";
        assert_eq!(change_event(VERSION, &change), expected);
    }

    #[test]
    fn a_resync_names_the_version_from_which_the_stream_goes_on() {
        assert_eq!(resync(VERSION), "id: 7-3\nevent: resync\ndata: {\"version\":\"7-3\"}\n\n");
    }
}
