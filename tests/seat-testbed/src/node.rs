use std::{
    env, fs,
    path::Path,
    process::ExitStatus,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::Value;
use tokio::time::sleep;

use crate::process::{Process, executable};

/// How long a server may take until it listens.
const STARTED_WITHIN: Duration = Duration::from_secs(20);
/// How long a server may take to stop: it drains for 15 seconds at the most.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);

/// One process of a server. Killed when it is dropped.
pub struct Node {
    process: Process,
    url: String,
}

impl Node {
    /// Starts it, without waiting for it: through the command `wrapper`, which becomes the server,
    /// where that says something.
    pub(crate) fn start(wrapper: &[String], arguments: &[String], folder: &Path) -> Self {
        let server = executable("seat-server", "SEAT_SERVER");
        let process = match wrapper {
            [] => Process::start(&server, arguments, folder),
            [program, first @ ..] => {
                let server = server.to_str().expect("our programs have plain names").to_owned();
                let arguments: Vec<String> = first
                    .iter()
                    .cloned()
                    .chain([server])
                    .chain(arguments.iter().cloned())
                    .collect();
                Process::start(Path::new(program), &arguments, folder)
            }
        };
        Self { process, url: String::new() }
    }

    /// Starts a program that logs its address as the server does, and waits until it listens.
    ///
    /// # Panics
    /// With its log, when it ends or does not listen in time.
    pub async fn of_program(program: &Path, arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        let process = Process::start(program, &arguments, &env::temp_dir());
        let mut node = Self { process, url: String::new() };
        node.listens().await;
        node
    }

    /// Whether all of it stands still, as after SIGSTOP.
    pub fn is_stopped(&self) -> bool {
        let path = format!("/proc/{}/stat", self.process.child.id());
        let status = fs::read_to_string(path).unwrap_or_default();
        // After the name in brackets comes the state.
        status.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    }

    /// Waits until it listens.
    ///
    /// # Panics
    /// With its log, when it ends or does not listen in time.
    pub(crate) async fn listens(&mut self) {
        let start = Instant::now();
        loop {
            if let Some(address) = self.process.log().iter().find_map(|line| address(line)) {
                self.url = format!("http://{address}");
                return;
            }
            let ended = self.process.child.try_wait().expect("a child can be waited for");
            if ended.is_some() || start.elapsed() > STARTED_WITHIN {
                panic!("the server does not listen ({ended:?}):\n{}", self.log());
            }
            sleep(PAUSE).await;
        }
    }

    /// `http://` and the address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it logged since it was started, one JSON object a line.
    pub fn log(&self) -> String {
        self.process.log().join("\n")
    }

    /// Has every write fail that ends beyond so many bytes of a file, as on a disk that is full;
    /// without a number, of a disk that has room again.
    ///
    /// # Panics
    /// When the system does not allow it.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let pid = i32::try_from(self.process.child.id()).ok().and_then(Pid::from_raw);
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(pid, Resource::Fsize, limit).expect("it is our child");
    }

    /// Sends a signal while it runs.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits until it has ended by itself or by a signal.
    ///
    /// # Panics
    /// With its log, when it does not end in time.
    pub async fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.process.child.try_wait().expect("a child can be waited for")
            {
                return status;
            }
            assert!(start.elapsed() < STOPPED_WITHIN, "it does not end:\n{}", self.log());
            sleep(PAUSE).await;
        }
    }
}

/// The address in the log line that says so.
fn address(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields")?;
    (fields["message"] == "listening").then(|| fields["address"].as_str().map(str::to_owned))?
}
