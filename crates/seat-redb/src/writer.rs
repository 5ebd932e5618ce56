use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use seat_booking::ports::{BackendError, RepositoryError};
use tokio::sync::{mpsc, oneshot};

use crate::{
    store::Store,
    write::{Outcome, Write},
};

/// How many writes go into one commit at the most. The cost of a commit is shared by its group,
/// and a longer wait for it by everyone in it.
const GROUP_MAX: usize = 512;

/// How many writes wait at the most; whoever comes then waits to be let in.
const QUEUE_MAX: usize = 4096;

/// The one thread that writes. While it commits one group, the next one gathers.
pub(crate) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Request>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Request {
    write: Write,
    answer: oneshot::Sender<Result<Outcome, RepositoryError>>,
}

impl Writer {
    pub(crate) fn start(store: Arc<Store>) -> io::Result<Self> {
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        let thread = thread::Builder::new()
            .name("seat-redb writer".to_owned())
            .spawn(move || write_groups(&store, requests))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Returns when the write is durable or refused. Once it was sent, it is done or not whether
    /// anyone still waits for it.
    pub(crate) async fn write(&self, write: Write) -> Result<Outcome, RepositoryError> {
        let operation = write.operation();
        let (answer, outcome) = oneshot::channel();
        let queue = self.queue().ok_or_else(|| stopped(operation))?;
        queue.send(Request { write, answer }).await.map_err(|_| stopped(operation))?;
        // Only a panic of the thread drops an answer, and nobody knows how far it had come.
        let unknown = || BackendError::new("redb", operation, "the writer thread has died");
        outcome.await.unwrap_or_else(|_| Err(RepositoryError::Unknown(unknown())))
    }

    /// Whether there is a thread that takes writes.
    pub(crate) fn check(&self) -> Result<(), RepositoryError> {
        match self.queue() {
            Some(queue) if !queue.is_closed() => Ok(()),
            Some(_) | None => Err(stopped("write")),
        }
    }

    /// Takes no more writes, and returns when those that were taken are answered.
    pub(crate) fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the thread has been printed, and its callers were told.
            let _ = thread.join();
        }
    }

    fn queue(&self) -> Option<mpsc::Sender<Request>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// Runs until the queue is closed and empty.
fn write_groups(store: &Store, mut requests: mpsc::Receiver<Request>) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    while requests.blocking_recv_many(&mut group, GROUP_MAX) > 0 {
        let (writes, answers): (Vec<_>, Vec<_>) =
            group.drain(..).map(|request| (request.write, request.answer)).unzip();
        let outcomes = match store.write(&writes) {
            Ok(outcomes) => outcomes,
            Err(error) => vec![Err(error); writes.len()],
        };
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Whoever asked may have gone; what was done is done.
            let _ = answer.send(outcome);
        }
    }
}

fn stopped(operation: &'static str) -> RepositoryError {
    let error = BackendError::new("redb", operation, "the repository takes no more writes");
    RepositoryError::Unavailable(error)
}
