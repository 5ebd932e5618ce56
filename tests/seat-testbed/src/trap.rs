use std::{
    process,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use clap::ValueEnum;
use rustix::process::{Signal, getpid, kill_process};
use seat_booking::ports::BackendError;

use crate::Point;

/// What a process does to itself when it reaches its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Failure {
    /// It is gone at once, as after SIGKILL.
    Abort,
    /// Every thread of it stands still, as after SIGSTOP, until somebody continues it.
    Stop,
    /// The store does not say whether it was done.
    Error,
}

/// Lets its own process fail once, the so manieth time that it comes to a point.
#[derive(Debug)]
pub struct Trap {
    armed: Option<(&'static Point, Failure)>,
    /// How often the point is passed before that.
    passes: AtomicUsize,
}

impl Trap {
    /// Fails at this point after it was passed so many times.
    pub fn new(point: &'static Point, failure: Failure, passes: usize) -> Self {
        Self { armed: Some((point, failure)), passes: AtomicUsize::new(passes) }
    }

    /// Never fails.
    pub fn none() -> Self {
        Self { armed: None, passes: AtomicUsize::new(0) }
    }

    /// Comes to the point of this name. The log then says `point reached`.
    ///
    /// # Errors
    /// When that is how it fails.
    #[allow(clippy::print_stderr, reason = "whoever started the process reads it there")]
    pub(crate) fn at(&self, name: &'static str) -> Result<(), BackendError> {
        let Some((_, failure)) = self.armed.filter(|(point, _)| point.name == name) else {
            return Ok(());
        };
        // Below zero it wraps around: far more passes than any test makes.
        if self.passes.fetch_sub(1, Ordering::SeqCst) != 0 {
            return Ok(());
        }
        eprintln!(r#"{{"fields":{{"message":"point reached","point":"{name}"}}}}"#);
        match failure {
            Failure::Abort => process::abort(),
            Failure::Stop => {
                kill_process(getpid(), Signal::STOP).expect("a process may stop itself");
                // Another thread may be the first to take the signal, and this one must not go on
                // meanwhile.
                thread::sleep(Duration::from_millis(500));
                Ok(())
            }
            Failure::Error => Err(BackendError::new("the trap", name, "it was told to fail")),
        }
    }
}
