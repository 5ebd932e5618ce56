use std::{
    fs,
    path::Path,
    process::ExitStatus,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{sync::OnceCell, time::sleep};

use crate::process::{Process, executable};

const SECRET: &str = "a secret that is long enough for everybody's taste";

/// How long a server may take until it listens.
const STARTED_WITHIN: Duration = Duration::from_secs(20);
/// How long a server may take to stop: it drains for 15 seconds at the most.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(5);

/// A real server process with a data folder of its own. Killed when it is dropped.
pub struct Server {
    process: Process,
    url: String,
    arguments: Vec<String>,
    folder: TempDir,
}

/// One server for all tests that need no flags of their own. Holds may be as short as 0.2 s.
pub async fn shared() -> &'static Server {
    static SHARED: OnceCell<Server> = OnceCell::const_new();
    SHARED
        .get_or_init(async || {
            let server = Server::start(&[]).await;
            // Nobody drops what is static. The server has its file open and needs no name of it.
            fs::remove_dir_all(server.data_dir()).expect("the folder can be removed");
            server
        })
        .await
}

impl Server {
    /// Starts a server on a free port and waits until it listens. The flags come before those that
    /// every test server has: no rate limit, holds of 0.2 seconds and more, and answers that may take
    /// their time.
    ///
    /// # Panics
    /// With its log, when it ends or does not listen in time.
    pub async fn start(flags: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder can be made");
        let arguments = arguments(flags, folder.path());
        let process = start(&arguments, folder.path());
        let mut server = Self { process, url: String::new(), arguments, folder };
        server.listens().await;
        server
    }

    /// `http://` and the address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The secret that signs its tokens.
    pub fn secret(&self) -> &str {
        SECRET
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.process.child.id()
    }

    /// Where its files are.
    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// What it logged since it was started, one JSON object a line.
    pub fn log(&self) -> String {
        self.process.log().join("\n")
    }

    /// Kills it, as a crash would, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.ended().await;
    }

    /// Asks it to stop and waits until it has.
    ///
    /// # Panics
    /// With its log, when it does not end in time.
    pub async fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// Sends a signal to a running server.
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

    /// Starts it again after it ended, with the same folder and flags, on a new port.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_again(&mut self) {
        self.process = start(&self.arguments, self.folder.path());
        self.listens().await;
    }

    /// Starts it again after it ended, with the same folder and other flags, on a new port.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_again_with(&mut self, flags: &[&str]) {
        self.arguments = arguments(flags, self.folder.path());
        self.start_again().await;
    }

    async fn listens(&mut self) {
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
}

fn start(arguments: &[String], folder: &Path) -> Process {
    Process::start(&executable("seat-server", "SEAT_SERVER"), arguments, folder)
}

/// The test's flags and, where they say nothing, those of every test.
fn arguments(flags: &[&str], folder: &Path) -> Vec<String> {
    let folder = folder.to_str().expect("temporary folders have plain names");
    let common = [
        ("--bind", "127.0.0.1:0"),
        ("--data-dir", folder),
        ("--jwt-secret", SECRET),
        ("--rate-per-user", "0"),
        ("--log-format", "json"),
        ("--hold-min-seconds", "0.2"),
        // Where two cores run all tests at once, slow is no fault.
        ("--answer-within-ms", "15000"),
    ];
    let missing = common.iter().filter(|(name, _)| !flags.contains(name));
    let missing = missing.flat_map(|&(name, value)| [name, value]);
    flags.iter().copied().chain(missing).map(str::to_owned).collect()
}

/// The address in the log line that says so.
fn address(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields")?;
    (fields["message"] == "listening").then(|| fields["address"].as_str().map(str::to_owned))?
}
