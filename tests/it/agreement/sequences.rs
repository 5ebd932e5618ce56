//! Many sequences, several at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Debug,
    io::{Write, stderr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use seat_booking::contract::SeededRandomness;
use tokio::{task::JoinSet, time::interval};

use super::shortest::shortest;

/// How many sequences of each kind of stores, unless the environment says otherwise.
const SEQUENCES: u64 = 2_000;
/// How often a sequence is begun in which a store did not answer.
const ATTEMPTS: u32 = 3;
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// Stores that have to agree.
pub(super) trait Stores: Send + 'static {
    type Step: Clone + Debug + Send + Sync;

    /// What they are called in reports.
    const NAME: &'static str;
    /// Every method, with every kind of reply that it has.
    const WORDS: &'static [(&'static str, &'static [&'static str])];

    fn steps(random: &SeededRandomness) -> Vec<Self::Step>;

    /// Takes these steps in every store, of which none knows anything yet.
    fn take(
        &mut self,
        steps: &[Self::Step],
    ) -> impl Future<Output = Result<Vec<Said>, Stopped>> + Send;
}

/// How often a store said what: by the method, and what kind of reply it was.
pub(super) type Said = BTreeMap<(&'static str, &'static str), u64>;

/// Why a sequence did not come to its end.
pub(super) enum Stopped {
    /// After so many steps the replies differ.
    Different { after: usize, replies: String },
    /// A store did not answer, which says nothing about what it would have said.
    Unanswered(String),
}

/// Takes sequences in all of these, as many at once as there are; each has stores of its own.
///
/// # Panics
/// With the seed and the shortest steps that were found, when stores differ; and when some kind of
/// reply never came.
pub(super) async fn agree<S: Stores>(all: Vec<S>) {
    let seeds = Arc::new(Seeds::asked_for());
    let mut workers = JoinSet::new();
    for stores in all {
        workers.spawn(work(stores, Arc::clone(&seeds)));
    }
    let mut said = Vec::new();
    let mut ticks = interval(PROGRESS_EVERY);
    loop {
        tokio::select! {
            worker = workers.join_next() => match worker {
                Some(worker) => add(&mut said, worker.unwrap().unwrap_or_else(|why| panic!("{why}"))),
                None => break,
            },
            _ = ticks.tick() => seeds.report(S::NAME),
        }
    }
    if seeds.are_enough() {
        let kinds = |&(method, words): &(_, &'static [_])| words.iter().map(move |&w| (method, w));
        let words: BTreeSet<_> = S::WORDS.iter().flat_map(kinds).collect();
        for said in &said {
            let said: BTreeSet<_> = said.keys().copied().collect();
            let unlike: Vec<_> = words.symmetric_difference(&said).collect();
            assert!(unlike.is_empty(), "never said, or in no list, by {}: {unlike:?}", S::NAME);
        }
    }
}

async fn work<S: Stores>(mut stores: S, seeds: Arc<Seeds>) -> Result<Vec<Said>, String> {
    let mut all = Vec::new();
    while let Some(seed) = seeds.next() {
        let steps = S::steps(&SeededRandomness::new(seed));
        let (after, replies) = match take(&mut stores, &steps).await {
            Ok(said) => {
                add(&mut all, said);
                continue;
            }
            Err(Stopped::Unanswered(why)) => return Err(format!("seed {seed}: {why}")),
            Err(Stopped::Different { after, replies }) => (after, replies),
        };
        let (fewer, replies) = shortest(&mut stores, &steps[..after], replies).await;
        return Err(format!(
            "{name} differ; SEAT_SEED={seed} takes this sequence again\n\
             of the {after} steps that led there, these are enough: {fewer:#?}\n{replies}",
            name = S::NAME,
        ));
    }
    Ok(all)
}

/// The same again where a store did not answer, as on a machine that is busy for a moment.
pub(super) async fn take<S: Stores>(
    stores: &mut S,
    steps: &[S::Step],
) -> Result<Vec<Said>, Stopped> {
    let mut attempt = 1;
    loop {
        match stores.take(steps).await {
            Err(Stopped::Unanswered(_)) if attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome,
        }
    }
}

/// Adds up what each store said.
fn add(all: &mut Vec<Said>, more: Vec<Said>) {
    all.resize_with(all.len().max(more.len()), Said::new);
    for (said, more) in all.iter_mut().zip(more) {
        for (word, times) in more {
            *said.entry(word).or_default() += times;
        }
    }
}

/// Which sequences are taken.
struct Seeds {
    next: AtomicU64,
    end: u64,
    count: u64,
}

impl Seeds {
    fn asked_for() -> Self {
        let number = |name: &str| {
            let text = env::var(name).ok()?;
            Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number and not {text:?}")))
        };
        let (start, count) = match number("SEAT_SEED") {
            Some(seed) => (seed, 1),
            None => (0, number("SEAT_SEQUENCES").unwrap_or(SEQUENCES)),
        };
        Self { next: AtomicU64::new(start), end: start + count, count }
    }

    fn next(&self) -> Option<u64> {
        let seed = self.next.fetch_add(1, Ordering::Relaxed);
        (seed < self.end).then_some(seed)
    }

    /// Whether every kind of reply has to be among them.
    fn are_enough(&self) -> bool {
        self.count >= SEQUENCES
    }

    /// Says to whoever waits for more than usual how far it has come: past the test runner, which
    /// keeps what a test prints until it ends.
    fn report(&self, name: &str) {
        let begun = self.next.load(Ordering::Relaxed).min(self.end);
        if self.count > SEQUENCES {
            let _ = writeln!(stderr(), "{name}: {begun} of {} sequences", self.end);
        }
    }
}
