//! The world of one seed: one time, one order in which things happen, and tasks that are polled
//! when something has happened to them. Nothing here sleeps, and no thread is started.

use std::{
    cmp::{self, Reverse},
    collections::{BinaryHeap, VecDeque},
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use seat_booking::contract::SeededRandomness;
use seat_state::Timestamp;

use crate::report::Counts;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
type Happening = Box<dyn FnOnce() + Send>;

/// Which node a task runs on; `None` of whoever is outside, such as a client.
pub(crate) type NodeId = Option<usize>;

/// Cloning shares it.
#[derive(Clone)]
pub(crate) struct World {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    ready: Arc<Mutex<VecDeque<usize>>>,
    random: SeededRandomness,
}

struct State {
    now_us: u64,
    store_ahead_ms: i64,
    next: u64,
    agenda: BinaryHeap<Reverse<Appointment>>,
    tasks: Vec<TaskSlot>,
    free: Vec<usize>,
    counts: Counts,
    trace: Option<Vec<String>>,
    broken: Option<Violation>,
}

struct TaskSlot {
    node: NodeId,
    task: Option<Task>,
    waker: Waker,
}

struct Appointment {
    due_us: u64,
    order: u64,
    happening: Happening,
}

/// An invariant that was broken, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Which, such as `I1`.
    pub(crate) invariant: &'static str,
    /// What is so and must not be.
    pub(crate) what: String,
}

impl World {
    /// When it begins: 2026-01-01T00:00:00Z.
    pub(crate) const START: Timestamp = Timestamp::from_ms(1_767_225_600_000);

    pub(crate) fn new(seed: u64, traced: bool) -> Self {
        let state = State {
            now_us: 0,
            store_ahead_ms: 0,
            next: 0,
            agenda: BinaryHeap::new(),
            tasks: Vec::new(),
            free: Vec::new(),
            counts: Counts::default(),
            trace: traced.then(Vec::new),
            broken: None,
        };
        let inner = Inner {
            state: Mutex::new(state),
            ready: Arc::default(),
            random: SeededRandomness::new(seed),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Microseconds since the beginning.
    pub(crate) fn now_us(&self) -> u64 {
        self.state().now_us
    }

    /// The time as an exact clock shows it.
    pub(crate) fn now(&self) -> Timestamp {
        Self::START.after(Duration::from_micros(self.now_us()))
    }

    /// The time as the lock store's clock shows it, which judges expiry.
    pub(crate) fn store_now(&self) -> Timestamp {
        Timestamp::from_ms(self.now().ms() + self.state().store_ahead_ms)
    }

    /// Another machine is the lock store, whose clock is ahead of the exact one by so much.
    pub(crate) fn change_store_clock(&self, ahead_ms: i64) {
        self.state().store_ahead_ms = ahead_ms;
    }

    /// When the lock store's clock shows this, in microseconds since the beginning.
    pub(crate) fn at_us(&self, time: Timestamp) -> u64 {
        let ms = time.ms() - Self::START.ms() - self.state().store_ahead_ms;
        u64::try_from(ms).unwrap_or_default() * 1_000
    }

    /// The next random number below `bound`. There is one run of numbers for the whole world, so a
    /// seed is one history.
    pub(crate) fn pick(&self, bound: u64) -> u64 {
        self.inner.random.number() % bound.max(1)
    }

    /// Whether something happens that does so often in a thousand times.
    pub(crate) fn happens(&self, per_thousand: u64) -> bool {
        self.pick(1_000) < per_thousand
    }

    /// Between `low` and `high`, each order of magnitude as likely as the others.
    pub(crate) fn between_us(&self, low: u64, high: u64) -> u64 {
        let bits = u64::from((high / low.max(1)).max(1).ilog2()) + 1;
        let scale = low.max(1) << self.pick(bits);
        (scale + self.pick(scale)).min(high)
    }

    /// Lets something happen after a while.
    pub(crate) fn after_us(&self, delay_us: u64, happening: impl FnOnce() + Send + 'static) {
        let mut state = self.state();
        let (due_us, order) = (state.now_us + delay_us, state.next);
        state.next += 1;
        state.agenda.push(Reverse(Appointment { due_us, order, happening: Box::new(happening) }));
    }

    /// Waits for a while.
    pub(crate) async fn wait_us(&self, delay_us: u64) {
        let slot = Slot::default();
        let over = slot.clone();
        self.after_us(delay_us, move || over.fill(()));
        slot.await;
    }

    /// Starts a task on a node; it ends with the node's crash.
    pub(crate) fn spawn(&self, node: NodeId, task: impl Future<Output = ()> + Send + 'static) {
        let mut state = self.state();
        let id = state.free.pop().unwrap_or(state.tasks.len());
        let waker = Waker::from(Arc::new(TaskWaker { id, ready: Arc::clone(&self.inner.ready) }));
        let slot = TaskSlot { node, task: Some(Box::pin(task)), waker };
        if id == state.tasks.len() {
            state.tasks.push(slot);
        } else {
            state.tasks[id] = slot;
        }
        drop(state);
        lock(&self.inner.ready).push_back(id);
    }

    /// Ends every task of a node, wherever it is.
    pub(crate) fn end_tasks_of(&self, node: usize) {
        let mut ended = Vec::new();
        let mut state = self.state();
        for id in 0..state.tasks.len() {
            if state.tasks[id].node == Some(node) {
                ended.extend(state.tasks[id].task.take().map(|task| (id, task)));
                state.tasks[id].node = None;
            }
        }
        // What a task has is dropped outside: it may wake others.
        drop(state);
        let ids: Vec<usize> = ended.iter().map(|(id, _)| *id).collect();
        drop(ended);
        self.state().free.extend(ids);
    }

    /// Goes on until nothing is to be done, `until` says so, or an invariant is broken.
    pub(crate) fn run(&self, until: impl Fn() -> bool) {
        while self.violation().is_none() && !until() {
            let ready = lock(&self.inner.ready).pop_front();
            if let Some(id) = ready {
                self.poll(id);
                continue;
            }
            let mut state = self.state();
            let Some(Reverse(next)) = state.agenda.pop() else { return };
            state.now_us = next.due_us;
            drop(state);
            (next.happening)();
        }
    }

    /// Goes on for so long, or until `until` says so; whether it did.
    pub(crate) fn run_for(&self, us: u64, until: impl Fn() -> bool) -> bool {
        let over = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&over);
        self.after_us(us, move || end.store(true, Ordering::Relaxed));
        self.run(|| over.load(Ordering::Relaxed) || until());
        until()
    }

    fn poll(&self, id: usize) {
        let mut state = self.state();
        // It may have ended since it was woken.
        let Some(mut task) = state.tasks[id].task.take() else { return };
        let waker = state.tasks[id].waker.clone();
        drop(state);
        let poll = task.as_mut().poll(&mut Context::from_waker(&waker));
        if poll.is_pending() {
            self.state().tasks[id].task = Some(task);
        } else {
            drop(task);
            self.state().free.push(id);
        }
    }

    /// Counts something for the report.
    pub(crate) fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.state().counts);
    }

    /// How many calls have arrived at a store.
    pub(crate) fn steps(&self) -> u64 {
        self.state().counts.steps
    }

    pub(crate) fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    /// Notes a line of the history, where somebody wants to read it.
    pub(crate) fn trace(&self, line: impl FnOnce() -> String) {
        let mut state = self.state();
        let at_ms = state.now_us as f64 / 1_000.0;
        if let Some(trace) = &mut state.trace {
            trace.push(format!("{at_ms:>11.3} ms  {}", line()));
        }
    }

    pub(crate) fn take_trace(&self) -> Vec<String> {
        self.state().trace.take().unwrap_or_default()
    }

    /// Notes the first invariant that is broken; the run ends there.
    pub(crate) fn broke(&self, invariant: &'static str, what: impl FnOnce() -> String) {
        if self.state().broken.is_some() {
            return;
        }
        let what = what();
        self.state().broken = Some(Violation { invariant, what });
    }

    pub(crate) fn violation(&self) -> Option<Violation> {
        self.state().broken.clone()
    }

    /// Lets go of everything that refers to the world, so that its memory is given back.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        let (tasks, agenda) = (std::mem::take(&mut state.tasks), std::mem::take(&mut state.agenda));
        drop(state);
        drop((tasks, agenda));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.inner.state)
    }
}

/// One thread runs a world, so a mutex is only there because the ports are `Sync`.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PartialEq for Appointment {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Appointment {}

impl PartialOrd for Appointment {
    fn partial_cmp(&self, other: &Self) -> Option<cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Appointment {
    fn cmp(&self, other: &Self) -> cmp::Ordering {
        (self.due_us, self.order).cmp(&(other.due_us, other.order))
    }
}

struct TaskWaker {
    id: usize,
    ready: Arc<Mutex<VecDeque<usize>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut ready = lock(&self.ready);
        if !ready.contains(&self.id) {
            ready.push_back(self.id);
        }
    }
}

/// Something that somebody waits for. The first who fills it counts; cloning shares it.
pub(crate) struct Slot<T>(Arc<Mutex<Filling<T>>>);

struct Filling<T> {
    value: Option<T>,
    /// Whether there was a value, also when it is taken by now.
    filled: bool,
    waiter: Option<Waker>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Filling { value: None, filled: false, waiter: None })))
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Slot<T> {
    pub(crate) fn fill(&self, value: T) {
        let mut filling = lock(&self.0);
        if filling.filled {
            return;
        }
        filling.value = Some(value);
        filling.filled = true;
        let waiter = filling.waiter.take();
        drop(filling);
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

impl<T> Future for Slot<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut filling = lock(&self.0);
        match filling.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                filling.waiter = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
