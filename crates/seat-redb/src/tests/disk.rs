use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use redb::StorageBackend;

/// A disk that remembers everything that was asked of it, so that it can be shown as a power cut at
/// any moment would have left it. (A killed process leaves more: the operating system's memory.)
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    content: Vec<u8>,
    steps: Vec<Step>,
    sync: Sync,
}

/// What a sync does.
#[derive(Debug, Clone, Copy, Default)]
enum Sync {
    #[default]
    Works,
    Fails,
    Panics,
}

#[derive(Debug)]
enum Step {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
    Sync,
}

impl Disk {
    /// A disk with this on it.
    pub(super) fn with(content: Vec<u8>) -> Self {
        let state = State { content, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// What is on it now.
    pub(super) fn content(&self) -> Vec<u8> {
        self.state().content.clone()
    }

    /// How much was asked of it so far.
    pub(super) fn steps(&self) -> usize {
        self.state().steps.len()
    }

    /// From now on nothing reaches the disk any more.
    pub(super) fn fail_syncs(&self) {
        self.state().sync = Sync::Fails;
    }

    /// Whoever syncs next dies of it.
    pub(super) fn panic_on_sync(&self) {
        self.state().sync = Sync::Panics;
    }

    /// The disk after a power cut at that step: everything before the last sync, and of the steps
    /// after it those that it `kept`, in whatever order it had chosen to write them.
    pub(super) fn after_power_cut(&self, step: usize, kept: impl Fn(usize) -> bool) -> Self {
        let state = self.state();
        let happened = &state.steps[..step];
        let synced = happened.iter().rposition(|step| matches!(step, Step::Sync)).unwrap_or(0);
        let mut content = Vec::new();
        for (number, step) in happened.iter().enumerate() {
            if number < synced || kept(number) {
                step.apply(&mut content);
            }
        }
        Self::with(content)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn take(&self, step: Step) {
        let mut state = self.state();
        step.apply(&mut state.content);
        state.steps.push(step);
    }
}

impl Step {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                let end = at + bytes.len();
                content.resize(content.len().max(end), 0);
                content[*at..end].copy_from_slice(bytes);
            }
            Self::Length(length) => content.resize(*length, 0),
            Self::Sync => {}
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().content.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let at = offset as usize;
        let bytes = state.content.get(at..at + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.take(Step::Length(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let sync = self.state().sync;
        match sync {
            Sync::Works => self.take(Step::Sync),
            Sync::Fails => return Err(io::Error::other("the disk was pulled out")),
            Sync::Panics => {
                self.fail_syncs();
                panic!("the disk was pulled out");
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.take(Step::Write { at: offset as usize, bytes: data.to_owned() });
        Ok(())
    }
}
