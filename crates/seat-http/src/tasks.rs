use std::{io, num::NonZero, ops::RangeInclusive, sync::Arc, time::Duration};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// At least two, so that one change that computes does not stop the others; a few more where there
/// are cores for them. The requests themselves are parsed and answered on actix' own threads.
const THREADS: RangeInclusive<usize> = 2..=8;

/// Where state changes and background rounds run, so that they outlive the connection that asked
/// for them and the HTTP server itself.
///
/// actix drops a handler when its connection breaks, and its workers' tasks die with them; a
/// change of a seat may not end half-way. Clones share the runtime and the count of its tasks.
#[derive(Debug, Clone)]
pub struct Tasks {
    handle: Handle,
    tracker: TaskTracker,
    stopping: CancellationToken,
    /// Keeps a runtime of our own alive.
    _runtime: Option<Arc<OwnRuntime>>,
}

impl Tasks {
    /// Starts a runtime of its own, with threads named `seat-tasks`. It ends with the last clone.
    ///
    /// # Errors
    /// When the operating system gives no threads.
    pub fn own() -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let runtime = Builder::new_multi_thread()
            .worker_threads(cores.clamp(*THREADS.start(), *THREADS.end()))
            .thread_name("seat-tasks")
            .enable_all()
            .build()?;
        let tasks = Self::on(runtime.handle().clone());
        Ok(Self { _runtime: Some(Arc::new(OwnRuntime(Some(runtime)))), ..tasks })
    }

    /// Uses a runtime that somebody else owns: it must have several threads, and outlive
    /// [`drain`](Self::drain).
    pub fn on(handle: Handle) -> Self {
        Self {
            handle,
            tracker: TaskTracker::new(),
            stopping: CancellationToken::new(),
            _runtime: None,
        }
    }

    /// The runtime: the stores' clients are made on it, since they live and die with theirs.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Starts a task. Dropping the answer lets go of the task and does not end it.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.tracker.spawn_on(future, &self.handle)
    }

    /// Ends the background rounds and waits so long for every task: `true` when all have ended.
    /// May be repeated; to be called when no requests come any more.
    pub async fn drain(&self, within: Duration) -> bool {
        self.stopping.cancel();
        self.tracker.close();
        tokio::time::timeout(within, self.tracker.wait()).await.is_ok()
    }

    /// Cancelled when the rounds have to end.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }
}

/// A runtime that may be dropped anywhere: tokio panics when one is dropped inside another, as the
/// state of an actix app is.
#[derive(Debug)]
struct OwnRuntime(Option<Runtime>);

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[actix_web::test]
    async fn a_task_goes_on_when_nobody_waits_for_it() {
        let tasks = Tasks::own().unwrap();
        let (go, wait) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        drop(tasks.spawn(async move {
            wait.await.unwrap();
            done.send(()).unwrap();
        }));
        go.send(()).unwrap();
        finished.await.unwrap();
        assert!(tasks.drain(Duration::from_secs(10)).await);
    }

    #[actix_web::test]
    async fn a_drain_waits_no_longer_than_it_may() {
        let tasks = Tasks::own().unwrap();
        let (go, wait) = oneshot::channel::<()>();
        let task = tasks.spawn(async { wait.await.unwrap() });
        assert!(!tasks.drain(Duration::from_millis(1)).await);
        go.send(()).unwrap();
        task.await.unwrap();
        assert!(tasks.drain(Duration::from_secs(10)).await);
    }
}
