//! The branches of a confirm that no real store takes on demand.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::FutureExt;
use mockall::Sequence;
use seat_layout::{BookingId, EventId, Layout, SeatId, SeatSet, UserId};
use seat_state::{LiveState, Status, Timestamp, Version};

use crate::{
    Abandoned, Actor, Booking, BookingError, BookingService, BookingStatus, Confirm, Confirmed,
    Contact, IdempotencyKey, Item, MemoryLockStore, MemoryProjection, MemoryRepository, NewEvent,
    Ports, Record, RequestMark, Settings, booking_id,
    ports::{
        BackendError, BeginReply, Clock, FinishReply, InsertReply, LockError, LockStore,
        MockLockStore, MockRepository, Repository, RepositoryError, SystemRandomness,
        TransferRequest,
    },
};

/// A clock that moves when somebody waits.
#[derive(Default)]
pub(super) struct MovedClock(AtomicI64);

impl MovedClock {
    pub(super) fn move_by(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub(super) fn set_back(&self, by: Duration) {
        self.0.fetch_sub(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(1_800_000_000_000 + self.0.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        self.move_by(duration);
        tokio::task::yield_now().await;
    }
}

/// One event of one row, on memory stores whose clock the test moves.
pub(super) struct House {
    pub(super) clock: Arc<MovedClock>,
    pub(super) locks: MemoryLockStore,
    repository: MemoryRepository,
    pub(super) projection: MemoryProjection,
    pub(super) event: EventId,
    user: UserId,
}

impl House {
    pub(super) async fn new() -> Self {
        let clock = Arc::new(MovedClock::default());
        let locks = MemoryLockStore::with_clock(clock.clone());
        let repository = MemoryRepository::new();
        let projection = MemoryProjection::with_clock(clock.clone());
        let event = EventId::from_bytes([0; 12]);
        let user = "ada".parse().unwrap();
        let house = Self { clock, locks, repository, projection, event, user };
        let service = house.service();
        let layout = service.create_layout(Layout::grid(1, 8).unwrap()).await.unwrap();
        let event = service.create_event(NewEvent::of(layout)).await.unwrap();
        Self { event, ..house }
    }

    pub(super) fn service(&self) -> BookingService {
        self.service_on(Arc::new(self.locks.clone()), Arc::new(self.repository.clone()))
    }

    fn service_on(
        &self,
        locks: Arc<dyn LockStore>,
        repository: Arc<dyn Repository>,
    ) -> BookingService {
        let ports = Ports {
            locks,
            repository,
            projection: Some(Arc::new(self.projection.clone())),
            clock: self.clock.clone(),
            random: Arc::new(SystemRandomness),
        };
        BookingService::with_ports(ports, Settings::default())
    }

    /// A repository that is this one, except where the test says otherwise first.
    fn repository_except(&self, except: impl FnOnce(&mut MockRepository)) -> Arc<MockRepository> {
        let mut mock = MockRepository::new();
        except(&mut mock);
        macro_rules! pass {
            ($($expect:ident $call:ident($($argument:ident),*);)*) => {$(
                let real = self.repository.clone();
                mock.$expect().returning(move |$($argument),*| {
                    at_once(real.$call($($argument),*))
                });
            )*};
        }
        pass! {
            expect_event event(id);
            expect_layout layout(id);
            expect_insert insert(record);
            expect_record record(id);
            expect_update update(booking);
            expect_active active(event, after, limit);
            expect_owners owners(event, items);
        }
        Arc::new(mock)
    }

    pub(super) async fn hold(&self, seats: &str) {
        let seats = SeatSet::parse(seats).unwrap();
        let minute = Duration::from_secs(60);
        self.service().hold(&self.event, &self.user, &seats, minute).await.unwrap();
    }

    pub(super) async fn confirm(
        &self,
        service: &BookingService,
        seats: &str,
        key: Option<&str>,
    ) -> Result<Confirmed, BookingError> {
        service.confirm(&self.event, &self.user, order(seats, key)).await
    }

    async fn status(&self, seat: &str) -> Status {
        let view = self.service().view(&self.event, None).await.unwrap();
        view.read(|live| live.status_of(&seat.parse().unwrap())).unwrap()
    }

    /// Everything that the background does, after the longest time that anything may stand.
    async fn settle_everything(&self) {
        self.clock.sleep(Duration::from_secs(20)).await;
        let service = self.service();
        service.reconcile(&self.event).await.unwrap();
        service.sweep(&self.event).await.unwrap();
        service.audit(&self.event).await.unwrap();
    }
}

fn order(seats: &str, key: Option<&str>) -> Confirm {
    Confirm {
        seats: SeatSet::parse(seats).unwrap().into_vec(),
        contact: Contact { name: "Ada".into(), email: "ada@example.org".into(), phone: None },
        key: key.map(|key| key.parse().unwrap()),
        ..Confirm::default()
    }
}

/// The answer of a store in memory, which never waits.
fn at_once<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("a store in memory answers at once")
}

fn silence() -> RepositoryError {
    RepositoryError::Unknown(BackendError::new("test", "insert", "the reply was lost"))
}

fn seats(names: &[&str]) -> Vec<SeatId> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

#[test]
fn every_call_may_run_as_a_task_on_a_runtime_of_many_threads() {
    fn task<T: Send>(_: T) {}
    let service = BookingService::new(MemoryLockStore::new(), MemoryRepository::new());
    let event = EventId::from_bytes([1; 12]);
    let user = "u".parse().unwrap();
    task(service.confirm(&event, &user, Confirm::default()));
    task(service.view(&event, None));
    task(service.audit(&event));
    task(service.project(&event));
}

#[tokio::test]
async fn an_insert_whose_answer_was_lost_is_repeated_and_found_to_be_ours() {
    let house = House::new().await;
    house.hold("A-1").await;
    let done = house.repository.clone();
    let repository = house.repository_except(|mock| {
        mock.expect_insert().times(1).returning(move |record| {
            assert_eq!(at_once(done.insert(record)).unwrap(), InsertReply::Inserted);
            Err(silence())
        });
    });
    let service = house.service_on(Arc::new(house.locks.clone()), repository);
    let confirmed = house.confirm(&service, "A-1", None).await.unwrap();
    assert!(!confirmed.replayed);
    assert_eq!(house.status("A-1").await, Status::Booked);
    let booking = house.service().booking(&Actor::Admin, &confirmed.booking.id).await.unwrap();
    assert_eq!(booking, confirmed.booking);
}

#[tokio::test]
async fn an_insert_that_was_never_done_is_done_when_it_is_repeated() {
    let house = House::new().await;
    house.hold("A-1").await;
    let repository = house.repository_except(|mock| {
        mock.expect_insert().times(3).returning(|_| Err(silence()));
    });
    let service = house.service_on(Arc::new(house.locks.clone()), repository);
    house.confirm(&service, "A-1", None).await.unwrap();
    assert_eq!(house.status("A-1").await, Status::Booked);
}

#[tokio::test]
async fn an_outcome_that_stays_unknown_is_called_so_and_decided_by_the_repository_later() {
    for landed in [true, false] {
        let house = House::new().await;
        house.hold("A-1").await;
        let real = house.repository.clone();
        let repository = house.repository_except(|mock| {
            mock.expect_insert().returning(move |record| {
                if landed {
                    at_once(real.insert(record)).unwrap();
                }
                Err(silence())
            });
        });
        let service = house.service_on(Arc::new(house.locks.clone()), repository);
        let answer = house.confirm(&service, "A-1", Some("k")).await;
        assert!(matches!(answer, Err(BookingError::Unavailable(_))), "{answer:?}");
        assert_eq!(house.status("A-1").await, Status::Held, "a seat in doubt is not offered");

        house.settle_everything().await;
        let again = house.confirm(&house.service(), "A-1", Some("k")).await;
        match landed {
            true => assert!(again.unwrap().replayed),
            // The reconciler gave the seat back to its hold, so the next attempt books it.
            false => assert_eq!(again.unwrap().booking.request.attempt, 1),
        }
        assert_eq!(house.status("A-1").await, Status::Booked);
    }
}

#[tokio::test]
async fn a_duplicate_that_is_ours_is_the_answer() {
    let house = House::new().await;
    house.hold("A-1,A-2").await;
    let service = house.service();
    let first = house.confirm(&service, "A-1,A-2", Some("k")).await.unwrap();
    let second = house.confirm(&house.service(), "A-2,A-1", Some("k")).await.unwrap();
    assert!(second.replayed && !first.replayed);
    assert_eq!(second.booking, first.booking);
    assert_eq!(second.version, first.version, "a replay changes nothing");
}

#[tokio::test]
async fn a_key_used_with_another_payload_is_refused_and_changes_nothing() {
    let house = House::new().await;
    house.hold("A-1,A-2").await;
    let service = house.service();
    house.confirm(&service, "A-1", Some("k")).await.unwrap();
    let other = house.confirm(&service, "A-2", Some("k")).await;
    assert!(matches!(other, Err(BookingError::IdempotencyMismatch)), "{other:?}");
    assert_eq!(house.status("A-2").await, Status::Held);
    house.confirm(&service, "A-2", Some("k2")).await.unwrap();
}

/// A request of that key for A-2, which stands still after its begin.
async fn begin_another_of_key(house: &House, key: &str) {
    let wanted = order("A-2", Some(key));
    let selection = crate::Selection::of_seats(wanted.seats);
    let begun = house.locks.begin(TransferRequest {
        event: house.event,
        id: booking_id(&house.event, &house.user, &key.parse().unwrap(), 0),
        user: house.user.clone(),
        fingerprint: crate::Fingerprint::of(&selection, &wanted.contact, None, None),
        selection,
    });
    assert!(matches!(begun.await.unwrap(), BeginReply::Begun { .. }));
}

/// Found by seed 127897 of the simulation as it was: a repetition was refused because somebody was
/// just using its key for something else.
#[tokio::test]
async fn a_booking_stays_the_answer_while_its_key_is_used_for_something_else() {
    let house = House::new().await;
    house.hold("A-1,A-2").await;
    let first = house.confirm(&house.service(), "A-1", Some("k")).await.unwrap();
    begin_another_of_key(&house, "k").await;
    let again = house.confirm(&house.service(), "A-1", Some("k")).await.unwrap();
    assert_eq!(again.booking, first.booking);
    assert_eq!(house.status("A-2").await, Status::Held);
    house.confirm(&house.service(), "A-2", Some("k2")).await.unwrap();
}

#[tokio::test]
async fn a_key_in_use_for_something_else_is_refused_once_that_is_decided() {
    let house = House::new().await;
    house.hold("A-1,A-2").await;
    begin_another_of_key(&house, "k").await;
    let early = house.confirm(&house.service(), "A-1", Some("k")).await;
    assert!(matches!(early, Err(BookingError::Unavailable(None))), "{early:?}");
    house.clock.move_by(Settings::default().timing.reconcile_age);
    let late = house.confirm(&house.service(), "A-1", Some("k")).await;
    assert!(matches!(late, Err(BookingError::IdempotencyMismatch)), "{late:?}");
    assert_eq!(house.status("A-2").await, Status::Held);
}

#[tokio::test]
async fn an_abandoned_document_is_no_booking_and_the_next_attempt_decides() {
    let house = House::new().await;
    house.hold("A-1").await;
    let key: IdempotencyKey = "k".parse().unwrap();
    let wanted = order("A-1", Some("k"));
    let selection = crate::Selection::of_seats(seats(&["A-1"]));
    let fingerprint = crate::Fingerprint::of(&selection, &wanted.contact, None, None);
    let abandoned = Abandoned {
        id: booking_id(&house.event, &house.user, &key, 0),
        event: house.event,
        request: Some(RequestMark { key: Some(key), attempt: 0, fingerprint }),
        created_at: house.clock.now(),
    };
    house.repository.insert(Record::Abandoned(abandoned)).await.unwrap();
    let confirmed = house.confirm(&house.service(), "A-1", Some("k")).await.unwrap();
    assert_eq!(confirmed.booking.request.attempt, 1);
    assert_eq!(house.status("A-1").await, Status::Booked);
}

#[tokio::test]
async fn a_lost_finish_never_changes_the_answer_and_is_made_good() {
    let house = House::new().await;
    house.hold("A-1").await;
    let begun = Arc::new(Mutex::new(None));
    let mut locks = MockLockStore::new();
    let mut order = Sequence::new();
    let (real, seen) = (house.locks.clone(), begun.clone());
    locks.expect_begin().times(1).in_sequence(&mut order).returning(move |request| {
        *seen.lock().unwrap() = Some(request.id);
        at_once(real.begin(request))
    });
    locks.expect_finish().times(1).in_sequence(&mut order).returning(|_| {
        Err(LockError::Unknown(BackendError::new("test", "finish", "the reply was lost")))
    });
    let service = house.service_on(Arc::new(locks), Arc::new(house.repository.clone()));
    let confirmed = house.confirm(&service, "A-1", None).await.unwrap();
    assert_eq!(Some(confirmed.booking.id), *begun.lock().unwrap());
    assert_eq!(confirmed.version, None);
    assert_eq!(house.status("A-1").await, Status::Held);

    house.settle_everything().await;
    assert_eq!(house.status("A-1").await, Status::Booked);
}

#[tokio::test]
async fn no_is_only_said_behind_a_fence() {
    let house = House::new().await;
    let answer = house.confirm(&house.service(), "A-1", Some("k")).await;
    assert!(matches!(&answer, Err(BookingError::NotHeld(missing)) if *missing == seats(&["A-1"])));
    let id = booking_id(&house.event, &house.user, &"k".parse().unwrap(), 0);
    let fence = house.repository.record(id).await.unwrap();
    assert!(matches!(fence, Some(Record::Abandoned(_))), "{fence:?}");
}

#[tokio::test]
async fn a_seat_that_the_lock_store_forgot_to_be_sold_is_refused_and_shown_booked() {
    let house = House::new().await;
    house.hold("A-1").await;
    // Another node's booking, of which this lock store has heard nothing.
    let mut foreign = draft(&house, "A-1");
    foreign.user_id = "bob".parse().unwrap();
    foreign.id = BookingId::from_bytes([7; 12]);
    let record = Record::Booking(Box::new(foreign));
    assert_eq!(house.repository.insert(record).await.unwrap(), InsertReply::Inserted);
    let answer = house.confirm(&house.service(), "A-1", Some("k")).await;
    let Err(BookingError::SeatsUnavailable { seats: taken, .. }) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(taken, seats(&["A-1"]));
    assert_eq!(house.status("A-1").await, Status::Booked);
}

#[tokio::test]
async fn without_a_key_a_repetition_finds_its_booking_and_another_request_does_not() {
    let house = House::new().await;
    house.hold("A-1").await;
    let service = house.service();
    let first = house.confirm(&service, "A-1", None).await.unwrap();
    let again = house.confirm(&service, "A-1", None).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.booking.id, first.booking.id);
    let other = service.confirm(&house.event, &house.user, Confirm::seats(&seats(&["A-1"]))).await;
    assert!(matches!(other, Err(BookingError::NotHeld(_))), "{other:?}");
}

/// Found by seed 30889 of the simulation as it was.
#[tokio::test]
async fn a_repetition_finds_its_booking_also_where_the_lock_store_fell_back() {
    let house = House::new().await;
    house.hold("A-1").await;
    let replica = MemoryLockStore::with_clock(house.clock.clone());
    let fallen = house.service_on(Arc::new(replica), Arc::new(house.repository.clone()));
    let (seat, minute) = (SeatSet::parse("A-1").unwrap(), Duration::from_secs(60));
    fallen.hold(&house.event, &house.user, &seat, minute).await.unwrap();
    let first = house.confirm(&house.service(), "A-1", None).await.unwrap();
    let again = house.confirm(&fallen, "A-1", None).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.booking, first.booking);
    let view = fallen.view(&house.event, None).await.unwrap();
    assert_eq!(view.read(LiveState::letters), "baaaaaaa");
}

#[tokio::test]
async fn a_finish_that_is_late_books_nothing_that_was_cancelled() {
    let house = House::new().await;
    house.hold("A-1").await;
    let service = house.service();
    let confirmed = house.confirm(&service, "A-1", None).await.unwrap();
    let epoch = confirmed.version.unwrap().epoch;
    let id = confirmed.booking.id;
    let cancelled = service.cancel(&Actor::Admin, &id, None).await.unwrap();
    assert_eq!(cancelled.booking.status, BookingStatus::Cancelled);
    let late = crate::ports::FinishRequest {
        event: house.event,
        id,
        epoch,
        mark: crate::Mark::Booked,
        items: vec![Item::Seat("A-1".parse().unwrap())],
        transfer_items: Vec::new(),
    };
    assert_eq!(house.locks.finish(late).await.unwrap(), FinishReply::Gone);
    assert_eq!(house.status("A-1").await, Status::Available);
}

#[tokio::test]
async fn a_cancel_whose_answer_was_lost_recognises_itself() {
    let house = House::new().await;
    house.hold("A-1").await;
    let id = house.confirm(&house.service(), "A-1", None).await.unwrap().booking.id;
    let real = house.repository.clone();
    let repository = house.repository_except(|mock| {
        mock.expect_update().times(1).returning(move |booking: Booking| {
            at_once(real.update(booking)).unwrap();
            Err(silence())
        });
    });
    let service = house.service_on(Arc::new(house.locks.clone()), repository);
    service.cancel(&Actor::Admin, &id, None).await.unwrap();
    let again = service.cancel(&Actor::Admin, &id, None).await;
    assert!(matches!(again, Err(BookingError::InvalidState { .. })), "{again:?}");
    assert_eq!(house.status("A-1").await, Status::Available);
}

#[tokio::test]
async fn after_the_lock_store_lost_everything_no_booked_seat_is_offered() {
    let house = House::new().await;
    house.hold("A-1,A-2").await;
    let service = house.service();
    let before = house.confirm(&service, "A-1", None).await.unwrap().version.unwrap();
    house.locks.forget();
    house.clock.sleep(Duration::from_millis(1)).await;
    let all = SeatSet::parse("A-1,A-2").unwrap();
    let bob = "bob".parse().unwrap();
    let answer = service.hold(&house.event, &bob, &all, Duration::from_secs(60)).await;
    let Err(BookingError::SeatsUnavailable { seats: taken, .. }) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(taken, seats(&["A-1"]));
    let view = service.view(&house.event, None).await.unwrap();
    assert!(view.version() > Version { epoch: before.epoch, seq: u64::MAX });
    assert_eq!(view.read(LiveState::letters), "baaaaaaa");
}

#[tokio::test]
async fn a_transfer_that_cannot_be_settled_does_not_keep_back_the_others() {
    let house = House::new().await;
    house.hold("A-1,A-2").await;
    let mut ids = Vec::new();
    for seat in ["A-1", "A-2"] {
        let id = BookingId::from_bytes([ids.len() as u8 + 1; 12]);
        let request = crate::ports::TransferRequest {
            event: house.event,
            id,
            user: house.user.clone(),
            fingerprint: draft(&house, seat).request.fingerprint,
            selection: crate::Selection::of_seats(seats(&[seat])),
        };
        house.locks.begin(request).await.unwrap();
        ids.push(id);
        house.clock.sleep(Duration::from_millis(1)).await;
    }
    let unreadable = ids[0];
    let repository = house.repository_except(|mock| {
        mock.expect_record().withf(move |id| *id == unreadable).returning(|_| Err(silence()));
    });
    let service = house.service_on(Arc::new(house.locks.clone()), repository);
    house.clock.sleep(Duration::from_secs(3_600)).await;
    assert!(service.reconcile(&house.event).await.is_err());
    service.sweep(&house.event).await.unwrap();
    assert_eq!(house.status("A-1").await, Status::Held);
    assert_eq!(house.status("A-2").await, Status::Available);
}

#[tokio::test]
async fn the_audit_of_a_load_is_not_done_by_one_that_came_too_early() {
    let house = House::new().await;
    house.hold("A-1").await;
    let service = house.service();
    house.locks.forget();
    service.view(&house.event, None).await.unwrap();
    service.audit(&house.event).await.unwrap();
    house.clock.sleep(Duration::from_secs(16)).await;
    assert_eq!(service.audits_due(), [house.event]);
    service.audit(&house.event).await.unwrap();
    assert!(service.audits_due().is_empty());
}

#[tokio::test]
async fn a_refused_block_shows_what_the_lock_store_had_lost() {
    let house = House::new().await;
    house.service().view(&house.event, None).await.unwrap();
    let record = Record::Booking(Box::new(draft(&house, "A-1")));
    house.repository.insert(record).await.unwrap();
    assert_eq!(house.status("A-1").await, Status::Available, "nobody has told the lock store");
    let refused = house.service().block(&house.event, &SeatSet::parse("A-1,A-2").unwrap()).await;
    assert!(matches!(refused, Err(BookingError::SeatsUnavailable { .. })), "{refused:?}");
    assert_eq!(house.status("A-1").await, Status::Booked);
    assert_eq!(house.status("A-2").await, Status::Available, "all or none");
}

/// Found by seed 343551 of the simulation as it was: the house was told that it keeps back a seat,
/// which was then sold.
#[tokio::test]
async fn a_seat_is_not_blocked_because_the_lock_store_has_not_heard_of_its_unblocking() {
    let house = House::new().await;
    let service = house.service();
    let (old, both) = (SeatSet::parse("A-1").unwrap(), SeatSet::parse("A-1,A-2").unwrap());
    service.block(&house.event, &old).await.unwrap();
    let blocks = house.repository.active(house.event, None, 10).await.unwrap();
    house.repository.unblock(blocks[0].id).await.unwrap();

    let early = service.block(&house.event, &both).await;
    assert!(matches!(early, Err(BookingError::Unavailable(None))), "{early:?}");
    assert_eq!(house.status("A-2").await, Status::Available);
    service.audit(&house.event).await.unwrap();
    assert_eq!(house.status("A-1").await, Status::Available);
    service.block(&house.event, &both).await.unwrap();
    assert_eq!(house.repository.active(house.event, None, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_clock_that_is_set_back_leaves_no_view_fresh() {
    let house = House::new().await;
    let reader = house.service();
    reader.view(&house.event, None).await.unwrap();
    house.clock.set_back(Duration::from_secs(600));
    house.hold("A-1").await;
    let view = reader.view(&house.event, None).await.unwrap();
    assert_eq!(view.read(LiveState::letters), "haaaaaaa");
    assert!(reader.fresh_view(&house.event, None).is_some(), "it was read just now");
}

#[tokio::test]
async fn a_version_that_was_lost_does_not_keep_every_view_from_being_fresh() {
    let house = House::new().await;
    let service = house.service();
    let (seat, minute) = (SeatSet::parse("A-1").unwrap(), Duration::from_secs(60));
    let lost = service.hold(&house.event, &house.user, &seat, minute).await.unwrap().version;
    house.locks.forget();
    house.clock.set_back(Duration::from_secs(600));
    let view = service.view(&house.event, None).await.unwrap();
    assert!(view.version() < lost, "{} and {lost}", view.version());
    assert!(service.fresh_view(&house.event, None).is_some(), "it was read just now");
}

#[tokio::test]
async fn readers_who_wait_for_the_same_refresh_share_it() {
    let house = House::new().await;
    let calls = Arc::new(AtomicI64::new(0));
    let mut locks = MockLockStore::new();
    let (real, counted) = (house.locks.clone(), calls.clone());
    locks.expect_changes().returning(move |event, since, limit| {
        counted.fetch_add(1, Ordering::SeqCst);
        at_once(real.changes(event, since, limit))
    });
    let real = house.locks.clone();
    locks.expect_snapshot().returning(move |event, cursor| at_once(real.snapshot(event, cursor)));
    let real = house.locks.clone();
    locks.expect_load_begin().returning(move |request| at_once(real.load_begin(request)));
    let real = house.locks.clone();
    locks.expect_load_drop().returning(move |event, epoch| at_once(real.load_drop(event, epoch)));
    let real = house.locks.clone();
    locks.expect_load_end().returning(move |event, epoch| at_once(real.load_end(event, epoch)));
    let service = house.service_on(Arc::new(locks), Arc::new(house.repository.clone()));
    service.view(&house.event, None).await.unwrap();
    house.clock.sleep(Duration::from_secs(2)).await;
    calls.store(0, Ordering::SeqCst);
    let readers = (0..100).map(|_| service.view(&house.event, None));
    for view in futures_util::future::join_all(readers).await {
        view.unwrap();
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

/// A booking as a confirm of ada's would make it.
fn draft(house: &House, seat: &str) -> Booking {
    let selection = crate::Selection::of_seats(seats(&[seat]));
    let contact = Contact::default();
    let price = seat_layout::Money::from_minor(5_000);
    Booking {
        id: BookingId::from_bytes([1; 12]),
        event_id: house.event,
        user_id: house.user.clone(),
        booked_seats: vec![crate::BookedSeat {
            seat_id: seat.parse().unwrap(),
            category_id: "standard".parse().unwrap(),
            price,
            row_label: None,
            seat_number: None,
        }],
        booked_tables: Vec::new(),
        total_amount: price,
        currency: seat_layout::Currency::USD,
        status: BookingStatus::Confirmed,
        payment: crate::Payment {
            status: crate::PaymentStatus::Pending,
            amount: price,
            method: None,
            transaction_id: None,
            recorded_transaction_id: None,
        },
        request: RequestMark {
            key: None,
            attempt: 0,
            fingerprint: crate::Fingerprint::of(&selection, &contact, None, None),
        },
        contact,
        notes: None,
        created_at: house.clock.now(),
        cancel_reason: None,
        rev: 0,
        change_id: None,
    }
}
