//! One repository that takes the steps.

use std::{collections::HashMap, fmt::Debug, sync::Arc};

use seat_booking::{
    Booking, BookingStatus, Record,
    ports::{InsertReply, Repository, RepositoryError, UpdateReply},
};

use super::{
    super::{choice::items, sequences::Said},
    documents::Documents,
    steps::{EVENTS, IDS, Step, USERS},
};

/// Every method with every word of its replies.
pub(super) const WORDS: &[(&str, &[&str])] = &[
    ("active", &["none", "some"]),
    ("bookings_of", &["none", "some"]),
    ("event", &["none", "one"]),
    ("events", &["none", "some"]),
    ("insert", &["duplicate", "inserted"]),
    ("insert_event", &["done"]),
    ("insert_layout", &["done"]),
    ("layout", &["none", "one"]),
    ("owners", &["none", "some"]),
    ("record", &["a block", "a booking", "abandoned", "cancelled", "none"]),
    ("unblock", &["done"]),
    ("update", &["stale", "updated"]),
];

/// More than any sequence has.
const PLENTY: usize = 1_000;

type Reply = Result<String, RepositoryError>;

pub(super) struct Told {
    pub(super) said: Said,
    repository: Arc<dyn Repository>,
    documents: Documents,
    /// The bookings as they were written last.
    written: HashMap<usize, Booking>,
}

impl Told {
    pub(super) fn new(repository: Arc<dyn Repository>, documents: Documents) -> Self {
        Self { said: Said::new(), repository, documents, written: HashMap::new() }
    }

    pub(super) async fn take(&mut self, step: &Step) -> Reply {
        let (all, repository) = (self.documents, Arc::clone(&self.repository));
        match step {
            Step::InsertLayout { layout } => {
                let (id, layout) = (all.layout_id(*layout), all.layout(*layout));
                repository.insert_layout(id, &layout).await?;
                Ok(self.reply("insert_layout", "done", &()))
            }
            Step::Layout { layout } => {
                let found = repository.layout(all.layout_id(*layout)).await?;
                let word = if found.is_some() { "one" } else { "none" };
                Ok(self.reply("layout", word, &found.map(|layout| layout.to_document())))
            }
            Step::InsertEvent { event } => {
                repository.insert_event(&all.event(*event)).await?;
                Ok(self.reply("insert_event", "done", &()))
            }
            Step::Event { event } => {
                let found = repository.event(all.event_id(*event)).await?;
                let word = if found.is_some() { "one" } else { "none" };
                Ok(self.reply("event", word, &found))
            }
            Step::Events { before, limit } => {
                let before = before.map(|event| all.event_id(event));
                let mut found = repository.events(before, *limit).await?;
                // Earlier sequences have left theirs.
                found.retain(|event| all.has(event));
                Ok(self.list("events", &found))
            }
            Step::Book { id, event, user, what, at, status } => {
                let booking = all.booking(*id, *event, *user, what, *at, *status);
                let reply = repository.insert(Record::Booking(Box::new(booking.clone()))).await?;
                if reply == InsertReply::Inserted {
                    self.written.insert(*id, booking);
                }
                Ok(self.inserted(reply))
            }
            Step::Block { id, event, seat, at } => {
                let block = all.block(*id, *event, seat, *at);
                let reply = repository.insert(Record::Block(block)).await?;
                Ok(self.inserted(reply))
            }
            Step::Abandon { id, event, has_request, at } => {
                let abandoned = all.abandoned(*id, *event, *has_request, *at);
                let reply = repository.insert(Record::Abandoned(abandoned)).await?;
                Ok(self.inserted(reply))
            }
            Step::Record { id } => self.record(*id).await,
            Step::Update { id, revisions, status, at } => {
                let booking = self.written.get(id).cloned();
                let never = || all.booking(*id, 0, 0, "A-1", *at, *status);
                let booking = booking.unwrap_or_else(never);
                let booking = all.changed(booking, *revisions, *status, *at);
                let reply = repository.update(booking.clone()).await?;
                let word = match reply {
                    UpdateReply::Updated => "updated",
                    UpdateReply::Stale => "stale",
                };
                if reply == UpdateReply::Updated {
                    self.written.insert(*id, booking);
                }
                Ok(self.reply("update", word, &()))
            }
            Step::Unblock { id } => {
                repository.unblock(all.id(*id)).await?;
                Ok(self.reply("unblock", "done", &()))
            }
            Step::Active { event, after, limit } => self.active(*event, *after, *limit).await,
            Step::Owners { event, what } => {
                let items = items(what);
                let mut owners = repository.owners(all.event_id(*event), items).await?;
                owners.sort_by_key(|active| active.id);
                Ok(self.list("owners", &owners))
            }
            Step::BookingsOf { user, before, limit } => {
                self.bookings_of(*user, *before, *limit).await
            }
        }
    }

    /// Everything that is there.
    pub(super) async fn look(&mut self) -> Reply {
        let mut replies = Vec::new();
        for id in 0..IDS {
            replies.push(self.record(id).await?);
        }
        for event in 0..EVENTS {
            replies.push(self.active(event, None, PLENTY).await?);
        }
        for user in 0..USERS {
            replies.push(self.bookings_of(user, None, PLENTY).await?);
        }
        Ok(replies.join("\n"))
    }

    async fn record(&mut self, id: usize) -> Reply {
        let found = self.repository.record(self.documents.id(id)).await?;
        let word = match &found {
            Some(Record::Booking(booking)) if booking.status == BookingStatus::Cancelled => {
                "cancelled"
            }
            Some(Record::Booking(_)) => "a booking",
            Some(Record::Block(_)) => "a block",
            Some(Record::Abandoned(_)) => "abandoned",
            None => "none",
        };
        let active = found.as_ref().and_then(Record::active);
        Ok(self.reply("record", word, &(found, active)))
    }

    async fn active(&mut self, event: usize, after: Option<usize>, limit: usize) -> Reply {
        let (event, after) =
            (self.documents.event_id(event), after.map(|id| self.documents.id(id)));
        let active = self.repository.active(event, after, limit).await?;
        Ok(self.list("active", &active))
    }

    async fn bookings_of(
        &mut self,
        user: usize,
        before: Option<(usize, usize)>,
        limit: usize,
    ) -> Reply {
        let all = self.documents;
        let before = before.map(|(at, id)| (all.moment(at), all.id(id)));
        let bookings = self.repository.bookings_of(all.user(user), before, limit).await?;
        Ok(self.list("bookings_of", &bookings))
    }

    fn inserted(&mut self, reply: InsertReply) -> String {
        let word = match reply {
            InsertReply::Inserted => "inserted",
            InsertReply::Duplicate => "duplicate",
        };
        self.reply("insert", word, &())
    }

    fn list<T: Debug>(&mut self, method: &'static str, found: &[T]) -> String {
        self.reply(method, if found.is_empty() { "none" } else { "some" }, &found)
    }

    fn reply(&mut self, method: &'static str, word: &'static str, rest: &dyn Debug) -> String {
        *self.said.entry((method, word)).or_default() += 1;
        format!("{method}: {word} {rest:?}")
    }
}
