use seat_booking::{
    BookedSeat, Booking, BookingStatus, Contact, Fingerprint, Item, Payment, PaymentStatus, Record,
    RequestMark,
};
use seat_layout::{BookingId, Currency, EventId, Money};
use seat_state::Timestamp;

/// The event of every sample.
pub(super) const EVENT: EventId = EventId::from_bytes([7; 12]);

/// Seats of one event, `seat-0` and so on.
pub(super) fn seat(number: u64) -> Item {
    Item::Seat(format!("seat-{number}").parse().unwrap())
}

/// The id of this sample, scattered like a hash.
pub(super) fn id(number: u64) -> BookingId {
    let mut bytes = [0; 12];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    BookingId::from_bytes(bytes)
}

/// A booking of one seat.
pub(super) fn booking(number: u64, seat: &Item) -> Booking {
    let price = Money::from_minor(50_00);
    Booking {
        id: id(number),
        event_id: EVENT,
        user_id: format!("user-{}", number % 1000).parse().unwrap(),
        booked_seats: vec![BookedSeat {
            seat_id: seat.seat().unwrap().clone(),
            category_id: "standard".parse().unwrap(),
            price,
            row_label: Some("A".to_owned()),
            seat_number: Some(1),
        }],
        booked_tables: Vec::new(),
        total_amount: price,
        currency: Currency::USD,
        status: BookingStatus::Confirmed,
        payment: Payment {
            status: PaymentStatus::Pending,
            amount: price,
            method: Some("card".to_owned()),
            transaction_id: None,
            recorded_transaction_id: None,
        },
        contact: Contact {
            name: "Ada Lovelace".to_owned(),
            email: "ada@example.org".to_owned(),
            phone: None,
        },
        notes: None,
        created_at: Timestamp::from_ms(1_698_067_200_000),
        cancel_reason: None,
        request: RequestMark {
            key: Some(format!("order-{number}").parse().unwrap()),
            attempt: 0,
            fingerprint: Fingerprint::from_bytes([9; 16]),
        },
        rev: 0,
        change_id: None,
    }
}

/// The record of a booking of a seat of its own.
pub(super) fn record(number: u64) -> Record {
    Record::Booking(Box::new(booking(number, &seat(number))))
}
