//! The repository in memory against those on MongoDB and in a file.

mod documents;
mod steps;
mod told;

use std::sync::Arc;

use futures_util::future::join_all;
use seat_booking::{MemoryRepository, contract::SeededRandomness, ports::Repository};
use seat_mongo::MongoRepository;
use seat_redb::RedbRepository;
use seat_testbed::shared_mongo;
use tempfile::TempDir;

use super::sequences::{Said, Stopped, Stores, agree};
use documents::Documents;
use steps::Step;
use told::Told;

/// So many sequences at once keep the server busy.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_repositories_in_memory_on_mongodb_and_in_a_file_say_the_same() {
    agree(join_all((0..AT_ONCE).map(Repositories::open)).await).await;
}

/// A database and a file, for one sequence after another: the list of all events is the same only
/// where nobody else adds to it.
struct Repositories {
    mongo: Arc<MongoRepository>,
    file: Arc<RedbRepository>,
    sequences: u64,
    _folder: TempDir,
}

impl Repositories {
    async fn open(place: usize) -> Self {
        let uri = shared_mongo().await.uri(&format!("agreement{place}"));
        let mongo = Arc::new(MongoRepository::connect(&uri).await.unwrap());
        let folder = tempfile::tempdir().unwrap();
        let file = Arc::new(RedbRepository::open(folder.path().join("seats.redb")).unwrap());
        Self { mongo, file, sequences: 0, _folder: folder }
    }
}

impl Stores for Repositories {
    type Step = Step;

    const NAME: &'static str = "the repositories in memory, on MongoDB and in a file";
    const WORDS: &'static [(&'static str, &'static [&'static str])] = told::WORDS;

    fn steps(random: &SeededRandomness) -> Vec<Step> {
        steps::steps(random)
    }

    async fn take(&mut self, steps: &[Step]) -> Result<Vec<Said>, Stopped> {
        self.sequences += 1;
        let documents = Documents { number: self.sequences };
        let memory: Arc<dyn Repository> = Arc::new(MemoryRepository::new());
        let all = [memory, self.mongo.clone(), self.file.clone()];
        let mut all = all.map(|repository| Told::new(repository, documents));
        for taken in 0..=steps.len() {
            let replies = join_all(all.iter_mut().map(|told| async {
                match steps.get(taken) {
                    Some(step) => told.take(step).await,
                    None => told.look().await,
                }
            }));
            let replies: Result<Vec<_>, _> = replies.await.into_iter().collect();
            let replies = replies.map_err(|error| Stopped::Unanswered(format!("{error:?}")))?;
            if replies.iter().any(|reply| *reply != replies[0]) {
                let [memory, mongo, file] = &replies[..] else { unreachable!("three stores") };
                let replies = format!("memory:  {memory}\nMongoDB: {mongo}\nfile:    {file}");
                return Err(Stopped::Different { after: steps.len().min(taken + 1), replies });
            }
        }
        Ok(all.map(|told| told.said).into())
    }
}
