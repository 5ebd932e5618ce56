//! What customers wanted and what they were told, compared with what the repository has.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use futures_util::FutureExt;
use seat_booking::{
    Booking, BookingError, BookingStatus, Confirm, IdempotencyKey, PaymentStatus, Record,
    ports::Repository,
};
use seat_layout::{BookingId, Money, SeatId, TableId, UserId};

use crate::{
    house::{House, PRICE},
    world::{World, lock},
};

/// Something that a customer wants to book. Its name is in the notes of every request for it.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) user: UserId,
    /// The seats wanted singly.
    pub(crate) singles: Vec<SeatId>,
    pub(crate) tables: Vec<TableId>,
    /// All seats, those of the tables included.
    pub(crate) seats: Vec<SeatId>,
    pub(crate) key: Option<String>,
}

/// Cloning shares it.
#[derive(Clone)]
pub(crate) struct Wishes {
    world: World,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    keys: u64,
    of_name: BTreeMap<String, Fate>,
    /// How many wishes were sent with a key.
    with_key: BTreeMap<String, u64>,
    /// What was answered to be booked.
    granted: BTreeMap<BookingId, Booking>,
    /// What was answered to be paid.
    paid: BTreeSet<BookingId>,
    cancelled: u64,
}

/// What has become of a wish.
#[derive(Default)]
struct Fate {
    wish: Option<Wish>,
    arrived: u64,
    /// How many of the requests have come to a no, heard or not.
    refused: u64,
    booking: Option<BookingId>,
    /// What is stored of it, and since when.
    stored: Option<(BookingId, u64)>,
}

impl Wish {
    pub(crate) fn confirm(&self) -> Confirm {
        let key = self.key.as_ref().map(|key| key.parse::<IdempotencyKey>());
        Confirm {
            tables: self.tables.clone(),
            notes: Some(self.name.clone()),
            key: key.map(|key| key.expect("it is a key")),
            ..Confirm::seats(&self.singles)
        }
    }
}

impl Wishes {
    pub(crate) fn new(world: &World) -> Self {
        Self { world: world.clone(), known: Arc::default() }
    }

    pub(crate) fn new_key(&self) -> String {
        let mut known = lock(&self.known);
        known.keys += 1;
        format!("key-{}", known.keys)
    }

    pub(crate) fn new_wish(
        &self,
        house: &House,
        user: &UserId,
        singles: &[SeatId],
        tables: &[TableId],
        key: Option<String>,
    ) -> Wish {
        let mut known = lock(&self.known);
        let name = format!("wish-{}", known.of_name.len());
        if let Some(key) = &key {
            *known.with_key.entry(key.clone()).or_default() += 1;
        }
        let of_table = house.table_seats().filter(|_| !tables.is_empty());
        let wish = Wish {
            name,
            user: user.clone(),
            singles: singles.to_vec(),
            tables: tables.to_vec(),
            seats: singles.iter().chain(of_table).cloned().collect(),
            key,
        };
        let fate = Fate { wish: Some(wish.clone()), ..Fate::default() };
        known.of_name.insert(wish.name.clone(), fate);
        wish
    }

    /// Wishes with a key that nobody has answered yet.
    pub(crate) fn open_with_key(&self) -> Vec<Wish> {
        let known = lock(&self.known);
        let open = known.of_name.values().filter(|fate| fate.booking.is_none());
        let open = open.filter(|fate| fate.refused < fate.arrived);
        open.filter_map(|fate| fate.wish.clone()).filter(|wish| wish.key.is_some()).collect()
    }

    /// A request for it has come to this, whether somebody hears of it or not.
    pub(crate) fn decided<T>(&self, name: &str, answer: &Result<T, BookingError>) {
        if matches!(answer, Err(error) if !matches!(error, BookingError::Unavailable(_))) {
            lock(&self.known).of_name.entry(name.to_owned()).or_default().refused += 1;
        }
    }

    /// A refusal names some of what was asked for, and nothing else.
    pub(crate) fn names_only(&self, wanted: &[SeatId], error: &BookingError) {
        let (BookingError::SeatsUnavailable { seats: named, .. } | BookingError::NotHeld(named)) =
            error
        else {
            return;
        };
        if matches!(error, BookingError::SeatsUnavailable { tables, .. } if !tables.is_empty()) {
            return;
        }
        if named.is_empty() || !named.iter().all(|seat| wanted.contains(seat)) {
            self.world.broke("I3", || format!("of {wanted:?} it was answered {error:?}"));
        }
    }

    /// A request for it has arrived at a node.
    pub(crate) fn arrived(&self, name: &str) {
        lock(&self.known).of_name.entry(name.to_owned()).or_default().arrived += 1;
    }

    /// A booking was stored: somebody still wants it.
    pub(crate) fn after_insert(&self, booking: &Booking) {
        let Some(name) = &booking.notes else { return };
        let mut known = lock(&self.known);
        let Some(fate) = known.of_name.get_mut(name) else { return };
        fate.stored = Some((booking.id, self.world.now_us()));
        if fate.refused == fate.arrived {
            self.world.broke("I7", || {
                format!("{} was refused {name}, and is sold it as {}", booking.user_id, booking.id)
            });
        }
    }

    /// It was answered that this is booked.
    pub(crate) fn granted(&self, house: &House, wish: &Wish, booking: &Booking) {
        let total = Money::from_major(PRICE).unwrap_or_default().times(wish.seats.len() as i64);
        let stored = match stored(house, booking.id) {
            Some(Record::Booking(stored)) => stored,
            other @ (Some(Record::Block(_) | Record::Abandoned(_)) | None) => {
                let what = format!(
                    "{} was answered for {}, and stored is {other:?}",
                    booking.id, wish.name
                );
                return self.world.broke("I2", || what);
            }
        };
        // What changes later is its status and its payment.
        let same = stored.selection() == booking.selection()
            && (&stored.user_id, stored.total_amount, &stored.notes, &stored.request)
                == (&booking.user_id, booking.total_amount, &booking.notes, &booking.request);
        if !same {
            let what = format!("{} was answered {booking:?}, and stored is {stored:?}", wish.name);
            return self.world.broke("I2", || what);
        }
        let mut seats: Vec<SeatId> = stored.selection().all_seats().cloned().collect();
        let mut wanted = wish.seats.clone();
        seats.sort_unstable();
        wanted.sort_unstable();
        if seats != wanted || stored.user_id != wish.user || stored.total_amount != total {
            self.world.broke("I2", || {
                format!("{} wanted {wanted:?} and was answered {stored:?}", wish.user)
            });
        }
        let mut known = lock(&self.known);
        let fate = known.of_name.entry(wish.name.clone()).or_default();
        let first = *fate.booking.get_or_insert(booking.id);
        known.granted.insert(booking.id, (*stored).clone());
        if first != booking.id {
            self.world.broke("I7", || {
                format!("{} is booked as {first} and as {}", wish.name, booking.id)
            });
        }
    }

    /// It was answered that this can't be booked.
    pub(crate) fn refused(&self, house: &House, wish: &Wish, since_us: u64, error: &BookingError) {
        let mut known = lock(&self.known);
        let one_wish = wish.key.as_ref().is_some_and(|key| known.with_key.get(key) == Some(&1));
        let fate = known.of_name.entry(wish.name.clone()).or_default();
        let stored = fate.stored.filter(|(_, at_us)| *at_us < since_us).map(|(booking, _)| booking);
        // Without a key a repetition does not find a booking that is cancelled.
        let is_found = |id: &BookingId| wish.key.is_some() || house.checks.is_active(*id);
        if let Some(booking) = fate.booking.or(stored).filter(is_found) {
            self.world.broke("I7", || {
                format!("{} is booked as {booking} and was then answered {error}", wish.name)
            });
        }
        let expected = matches!(
            error,
            BookingError::NotHeld(_)
                | BookingError::SeatsUnavailable { .. }
                | BookingError::IdempotencyMismatch
        );
        if !expected {
            self.world.broke("I7", || format!("{} was answered {error}", wish.name));
        }
        drop(known);
        self.names_only(&wish.seats, error);
        let held = || house.checks.has_held(wish, since_us);
        if matches!(error, BookingError::NotHeld(_)) && held() {
            self.world.broke("I4", || {
                format!("{} was told that {:?} are not held, and they are", wish.user, wish.seats)
            });
        }
        if matches!(error, BookingError::IdempotencyMismatch) && one_wish {
            self.world.broke("I7", || format!("{} is the only wish of its key", wish.name));
        }
    }

    pub(crate) fn cancelled(&self, house: &House, id: BookingId) {
        lock(&self.known).cancelled += 1;
        match stored(house, id) {
            Some(Record::Booking(booking)) if booking.status == BookingStatus::Cancelled => {}
            other => self.world.broke("I2", || {
                format!("{id} was answered to be cancelled, and stored is {other:?}")
            }),
        }
    }

    /// A payment was recorded, or a change was refused.
    pub(crate) fn after_change(
        &self,
        house: &House,
        id: BookingId,
        answer: &Result<(), BookingError>,
    ) {
        let stored = match stored(house, id) {
            Some(Record::Booking(booking)) => booking,
            other => {
                return self.world.broke("I2", || {
                    format!("{id} was answered to be booked, and stored is {other:?}")
                });
            }
        };
        let cancelled = stored.status == BookingStatus::Cancelled;
        let right = match answer {
            Ok(()) => cancelled || stored.payment.status == PaymentStatus::Paid,
            Err(BookingError::Unavailable(_)) => true,
            Err(BookingError::InvalidState { .. }) => cancelled,
            Err(_) => false,
        };
        if !right {
            self.world.broke("I2", || format!("{id} was answered {answer:?}, and is {stored:?}"));
        }
        if answer.is_ok() {
            lock(&self.known).paid.insert(id);
        }
    }

    /// At the end: what was answered is there.
    pub(crate) fn all_kept(&self, house: &House) {
        let known = lock(&self.known);
        for (id, answered) in &known.granted {
            match stored(house, *id) {
                Some(Record::Booking(stored)) if stored.selection() == answered.selection() => {
                    let status = stored.payment.status;
                    let is_paid = matches!(status, PaymentStatus::Paid | PaymentStatus::Refunded);
                    if known.paid.contains(id) && !is_paid {
                        let what = || format!("{id} was answered to be paid and is {status:?}");
                        self.world.broke("I2", what);
                    }
                }
                other => {
                    self.world.broke("I2", || format!("{id} was answered and stored is {other:?}"));
                }
            }
        }
        let (bookings, cancelled) = (known.granted.len() as u64, known.cancelled);
        self.world.count(|counts| {
            counts.bookings += bookings;
            counts.cancelled += cancelled;
        });
    }
}

/// What the repository has of this id.
pub(crate) fn stored(house: &House, id: BookingId) -> Option<Record> {
    let record = house.repository.record(id).now_or_never();
    record.expect("memory answers at once").expect("memory does not fail")
}
