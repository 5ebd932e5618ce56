//! Whole-event answers, built at most once for each version and kept as ready bytes.

mod conditional;
mod geometry;
mod live;

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    io::Write,
    sync::{Arc, OnceLock},
    time::Duration,
};

use actix_web::web;
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use moka::sync::Cache;
use seat_layout::{EventId, Layout, LayoutId};
use seat_state::Version;
use tokio::sync::Mutex;

pub(crate) use self::conditional::{Coding, accepted, etag_matches};
use self::geometry::Geometry;
use crate::problem::Problem;

/// What all geometries, and all answers, may take together.
const BYTES_MAX: u64 = 256 << 20;

/// How long something stays that nobody asks for.
const IDLE: Duration = Duration::from_secs(300);

/// How many answers may be built at once; two that fall on one turn wait for each other.
const TURNS: usize = 64;

/// Compressing less than this costs more than it saves.
const GZIP_FROM: usize = 1024;

/// The answers that many readers share. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Answers {
    geometries: Cache<LayoutId, Arc<Geometry>>,
    answers: Cache<Key, Arc<Answer>>,
    turns: Arc<[Arc<Mutex<()>>]>,
}

/// Which answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A layout alone.
    Layout(LayoutId),
    /// An event's layout with the state of every seat.
    Live(EventId),
    /// The states of an event's seats.
    States(EventId),
}

/// The version of an answer that never changes: none is earlier, so it is never too old.
pub(crate) const FOR_EVER: Version = Version { epoch: 0, seq: 0 };

struct Answer {
    version: Version,
    plain: Bytes,
    gzip: OnceLock<Bytes>,
}

/// An answer as it goes out.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    /// What it shows.
    pub(crate) version: Version,
    /// How the bytes are coded.
    pub(crate) coding: Coding,
    /// The body.
    pub(crate) bytes: Bytes,
}

impl Answers {
    /// No answers yet.
    pub(crate) fn new() -> Self {
        Self {
            geometries: Cache::builder()
                .weigher(|_, geometry: &Arc<Geometry>| weight(geometry.bytes()))
                .max_capacity(BYTES_MAX)
                .time_to_idle(IDLE)
                .build(),
            answers: Cache::builder()
                // The compressed bytes come later, and are about a tenth.
                .weigher(|_, answer: &Arc<Answer>| weight(answer.plain.len() / 8 * 9))
                .max_capacity(BYTES_MAX)
                .time_to_idle(IDLE)
                .build(),
            turns: (0..TURNS).map(|_| Arc::default()).collect(),
        }
    }

    /// The answer that shows this version or a later one, if somebody had it built.
    pub(crate) fn ready(&self, key: Key, at_least: Version, coding: Coding) -> Option<Ready> {
        self.found(key, at_least)?.ready(coding)
    }

    /// The answer that shows this version or a later one: the ready one, or else what `build`
    /// makes on a thread for blocking work. Whoever asks meanwhile waits for that one.
    ///
    /// # Errors
    /// `unavailable` when the server stops.
    pub(crate) async fn built(
        &self,
        key: Key,
        at_least: Version,
        coding: Coding,
        build: impl FnOnce(&Self) -> (Version, String) + Send + 'static,
    ) -> Result<Ready, Problem> {
        if let Some(ready) = self.ready(key, at_least, coding) {
            return Ok(ready);
        }
        let turn = Arc::clone(self.turn(key)).lock_owned().await;
        let found = self.found(key, at_least);
        if let Some(ready) = found.as_ref().and_then(|answer| answer.ready(coding)) {
            return Ok(ready);
        }
        let answers = self.clone();
        let built = web::block(move || {
            // It goes with the work: when this request is dropped, the next one still waits.
            let _turn = turn;
            let answer = found.unwrap_or_else(|| answers.add(key, build(&answers)));
            answer.in_coding(coding)
        });
        built.await.map_err(|_| Problem::unavailable())
    }

    /// The geometry of a layout, written now if nobody needed it yet: to be called on a thread for
    /// blocking work, since a great layout takes a while.
    pub(crate) fn geometry(&self, id: LayoutId, layout: &Layout) -> Arc<Geometry> {
        self.geometries.get_with(id, || Arc::new(Geometry::of(layout)))
    }

    /// The geometry of a layout, if somebody needed it already.
    fn known_geometry(&self, id: LayoutId) -> Option<Arc<Geometry>> {
        self.geometries.get(&id)
    }

    fn found(&self, key: Key, at_least: Version) -> Option<Arc<Answer>> {
        self.answers.get(&key).filter(|answer| answer.version >= at_least)
    }

    fn add(&self, key: Key, (version, body): (Version, String)) -> Arc<Answer> {
        let answer = Arc::new(Answer { version, plain: body.into(), gzip: OnceLock::new() });
        self.answers.insert(key, Arc::clone(&answer));
        // The cache puts its housekeeping off, and would keep the bytes of many versions.
        self.answers.run_pending_tasks();
        answer
    }

    fn turn(&self, key: Key) -> &Arc<Mutex<()>> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        &self.turns[(hasher.finish() % TURNS as u64) as usize]
    }
}

impl Default for Answers {
    fn default() -> Self {
        Self::new()
    }
}

impl Answer {
    /// The bytes in this coding, if they exist.
    fn ready(&self, coding: Coding) -> Option<Ready> {
        match self.best(coding) {
            Coding::Identity => Some(self.as_ready(Coding::Identity, &self.plain)),
            Coding::Gzip => self.gzip.get().map(|bytes| self.as_ready(Coding::Gzip, bytes)),
        }
    }

    /// The bytes in this coding, compressed now if they were not yet.
    fn in_coding(&self, coding: Coding) -> Ready {
        match self.best(coding) {
            Coding::Identity => self.as_ready(Coding::Identity, &self.plain),
            Coding::Gzip => {
                let bytes = self.gzip.get_or_init(|| gzip(&self.plain));
                self.as_ready(Coding::Gzip, bytes)
            }
        }
    }

    fn best(&self, accepted: Coding) -> Coding {
        if self.plain.len() < GZIP_FROM { Coding::Identity } else { accepted }
    }

    fn as_ready(&self, coding: Coding, bytes: &Bytes) -> Ready {
        Ready { version: self.version, coding, bytes: bytes.clone() }
    }
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 8), Compression::fast());
    encoder
        .write_all(plain)
        .and_then(|()| encoder.finish())
        .expect("memory takes everything that is written")
        .into()
}

fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use flate2::read::GzDecoder;
    use futures_util::future::join_all;

    use super::*;

    const KEY: Key = Key::States(EventId::from_bytes([1; 12]));

    fn version(seq: u64) -> Version {
        Version { epoch: 7, seq }
    }

    #[actix_web::test]
    async fn readers_of_one_version_share_one_buffer() {
        let answers = Answers::new();
        let builds = Arc::new(AtomicUsize::new(0));
        let readers = (0..20).map(|_| {
            let builds = Arc::clone(&builds);
            answers.built(KEY, version(3), Coding::Identity, move |_| {
                builds.fetch_add(1, Ordering::Relaxed);
                (version(3), "x".repeat(5_000))
            })
        });
        let bodies: Vec<Bytes> =
            join_all(readers).await.into_iter().map(|ready| ready.unwrap().bytes).collect();
        assert_eq!(builds.load(Ordering::Relaxed), 1);
        assert!(bodies.iter().all(|body| body.as_ptr() == bodies[0].as_ptr()));
    }

    #[actix_web::test]
    async fn a_later_version_serves_and_an_earlier_one_does_not() {
        let answers = Answers::new();
        let build = |seq: u64| {
            let answers = answers.clone();
            async move {
                let body = move |_: &Answers| (version(seq), seq.to_string());
                answers.built(KEY, version(seq), Coding::Identity, body).await.unwrap().version
            }
        };
        assert_eq!(build(3).await, version(3));
        assert_eq!(build(2).await, version(3));
        assert_eq!(build(4).await, version(4));
    }

    #[actix_web::test]
    async fn compressed_bytes_are_those_of_the_plain_body() {
        let answers = Answers::new();
        let body = "seat ".repeat(1_000);
        let expected = body.clone();
        let ready =
            answers.built(KEY, FOR_EVER, Coding::Gzip, move |_| (FOR_EVER, body)).await.unwrap();
        assert_eq!(ready.coding, Coding::Gzip);
        assert!(ready.bytes.len() < expected.len() / 10);
        let mut text = String::new();
        GzDecoder::new(&*ready.bytes).read_to_string(&mut text).unwrap();
        assert_eq!(text, expected);
    }

    #[actix_web::test]
    async fn a_short_body_is_not_compressed() {
        let answers = Answers::new();
        let build = |_: &Answers| (FOR_EVER, "short".to_owned());
        let ready = answers.built(KEY, FOR_EVER, Coding::Gzip, build).await.unwrap();
        assert_eq!((ready.coding, &*ready.bytes), (Coding::Identity, &b"short"[..]));
    }
}
