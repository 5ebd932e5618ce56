use std::collections::HashMap;

use mongodb::{
    Collection,
    bson::RawDocumentBuf,
    error::{Error, ErrorKind, IndexedWriteError},
};
use seat_booking::ports::{InsertReply, RepositoryError};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

use crate::fault::{DUPLICATE_KEY, backend, nothing_done, write_failed};

const OPERATION: &str = "insert";
const ENDED: &str = "the task that inserts has ended";

/// How many documents go together at the most. From about fifty on, a document costs the server a
/// tenth of what it costs alone; more than this makes the first of them wait.
const TOGETHER_MAX: usize = 200;

/// How many inserts wait at the most; whoever comes then waits to be let in.
const QUEUE_MAX: usize = 4_096;

/// Inserts what arrives: while one command is in flight, the next one gathers.
pub(crate) struct Inserts {
    queue: mpsc::Sender<Request>,
}

struct Request {
    document: RawDocumentBuf,
    answer: oneshot::Sender<Outcome>,
}

type Outcome = Result<InsertReply, RepositoryError>;

impl Inserts {
    /// Starts the task that inserts; it ends when this is dropped and all are answered.
    pub(crate) fn start(runtime: &Handle, collection: Collection<RawDocumentBuf>) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        runtime.spawn(insert_groups(collection, requests));
        Self { queue }
    }

    /// Whether there is a task that inserts.
    pub(crate) fn check(&self) -> Result<(), RepositoryError> {
        match self.queue.is_closed() {
            true => Err(nothing_done(OPERATION, ENDED)),
            false => Ok(()),
        }
    }

    /// Returns when the server has said what became of this document. Once it was sent, it is
    /// inserted or not whether anyone still waits for it.
    pub(crate) async fn insert(&self, document: RawDocumentBuf) -> Outcome {
        let (answer, outcome) = oneshot::channel();
        let request = Request { document, answer };
        self.queue.send(request).await.map_err(|_| nothing_done(OPERATION, ENDED))?;
        // Only a panic of the task drops an answer, and nobody knows how far it had come.
        let unknown = || RepositoryError::Unknown(backend(OPERATION, ENDED));
        outcome.await.unwrap_or_else(|_| Err(unknown()))
    }
}

/// Runs until the queue is closed and empty.
async fn insert_groups(
    collection: Collection<RawDocumentBuf>,
    mut requests: mpsc::Receiver<Request>,
) {
    let mut group = Vec::with_capacity(TOGETHER_MAX);
    while requests.recv_many(&mut group, TOGETHER_MAX).await > 0 {
        let (documents, answers): (Vec<_>, Vec<_>) =
            group.drain(..).map(|request| (request.document, request.answer)).unzip();
        // Without an order, so that one that is refused does not keep the others back.
        let inserted = collection.insert_many(documents).ordered(false).await;
        let outcomes = outcomes(answers.len(), inserted.map(drop));
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Whoever asked may have gone; what was done is done.
            let _ = answer.send(outcome);
        }
    }
}

/// What became of each document of a group.
fn outcomes(count: usize, inserted: Result<(), Error>) -> Vec<Outcome> {
    let error = match inserted {
        Ok(()) => return vec![Ok(InsertReply::Inserted); count],
        Err(error) => error,
    };
    let ErrorKind::InsertMany(failure) = &*error.kind else {
        return vec![Err(write_failed(OPERATION, error)); count];
    };
    let refused = failure.write_errors.iter().flatten();
    let refused: HashMap<usize, &IndexedWriteError> =
        refused.map(|error| (error.index, error)).collect();
    let of_all = match &failure.write_concern_error {
        None => Ok(InsertReply::Inserted),
        // Written where it was sent to, and perhaps nowhere else.
        Some(_) => Err(RepositoryError::Unknown(backend(OPERATION, error.clone()))),
    };
    (0..count)
        .map(|index| match refused.get(&index) {
            Some(error) => reply_to(error),
            None => of_all.clone(),
        })
        .collect()
}

fn reply_to(error: &IndexedWriteError) -> Outcome {
    /// What the server calls a document that its validator refuses.
    const INVALID: i32 = 121;
    let text = || format!("{} ({})", error.message, error.code);
    match error.code {
        DUPLICATE_KEY => Ok(InsertReply::Duplicate),
        INVALID => Err(nothing_done(OPERATION, text())),
        _ => Err(RepositoryError::Unknown(backend(OPERATION, text()))),
    }
}
