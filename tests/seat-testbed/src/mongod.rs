use std::{env, fs, path::Path, sync::Once, time::Duration};

use mongodb::{
    Client,
    bson::{Document, doc},
    options::ClientOptions,
};
use rustix::process::{Pid, test_kill_process};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    process::{Process, program},
    redis::free_port,
};

/// How long a server may take until it answers, with a crash to recover from.
const STARTED_WITHIN: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(10);
const LOG: &str = "mongod.log";

/// One `mongod` with a folder of its own. Killed when it is dropped.
pub(crate) struct Mongod {
    pub(crate) process: Process,
    port: u16,
    flags: Vec<String>,
    folder: TempDir,
}

impl Mongod {
    /// Starts a server on a free port and waits until it answers.
    pub(crate) async fn start(flags: &[&str]) -> Self {
        loop {
            let port = free_port();
            let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
            let folder = new_folder();
            let process = start(port, &flags, folder.path());
            let mut mongod = Self { process, port, flags, folder };
            // Another test may be faster to take a port that was free.
            if mongod.answers().await {
                return mongod;
            }
        }
    }

    /// `host:port`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Whether it was not killed.
    pub(crate) fn runs(&mut self) -> bool {
        self.process.child.try_wait().expect("it is our child").is_none()
    }

    /// Starts it again after it was killed, on the same port and with what it had.
    pub(crate) async fn start_again(&mut self) {
        self.process = start(self.port, &self.flags, self.folder.path());
        assert!(self.answers().await, "{} does not start: {}", self.address(), self.log());
    }

    /// What this member, and not its set, answers to a command.
    pub(crate) async fn command(&self, command: Document) -> mongodb::error::Result<Document> {
        // The tasks of a client end with the runtime of the test that made it, so none is kept.
        let mut options = ClientOptions::parse(format!("mongodb://{}", self.address())).await?;
        options.direct_connection = Some(true);
        options.server_selection_timeout = Some(Duration::from_secs(5));
        let client = Client::with_options(options)?;
        let reply = client.database("admin").run_command(command).await;
        client.shutdown().immediate(true).await;
        reply
    }

    /// Whether this server has its port; waits until that is known.
    async fn answers(&mut self) -> bool {
        let own = i64::from(self.process.child.id());
        let answered = async {
            while self.runs() {
                // The driver would wait half a second before it tries again.
                if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                    let status = self.command(doc! { "serverStatus": 1 }).await;
                    if status.is_ok_and(|status| status.get_i64("pid").is_ok_and(|pid| pid == own))
                    {
                        return true;
                    }
                }
                sleep(PAUSE).await;
            }
            false
        };
        let answered = timeout(STARTED_WITHIN, answered).await;
        answered.unwrap_or_else(|_| panic!("no answer of {}: {}", self.address(), self.log()))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }
}

/// A folder for the data, which takes 300 MB. Nobody drops what is static: what the processes of
/// earlier tests have left is removed by the next.
fn new_folder() -> TempDir {
    const PREFIX: &str = "seat-tests-mongod-";
    static REMOVE_OLD: Once = Once::new();
    REMOVE_OLD.call_once(|| {
        for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
            let owner = owner.and_then(|pid| Pid::from_raw(pid.parse().ok()?));
            if owner.is_some_and(|pid| test_kill_process(pid).is_err()) {
                // Another test process may be at it, too.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    });
    let prefix = format!("{PREFIX}{}-", std::process::id());
    TempDir::with_prefix(prefix).expect("a folder can be made")
}

fn start(port: u16, flags: &[String], folder: &Path) -> Process {
    let port = port.to_string();
    let own = [
        ["--port", &port],
        ["--bind_ip", "127.0.0.1"],
        ["--dbpath", "."],
        ["--logpath", LOG],
        // By itself it takes half of the memory, and each of a test's servers would.
        ["--wiredTigerCacheSizeGB", "0.25"],
        ["--oplogSize", "64"],
        ["--setParameter", "diagnosticDataCollectionEnabled=false"],
        // Until a secondary has given up a primary that hangs, it helps no other to a majority.
        ["--setParameter", "oplogNetworkTimeoutBufferSeconds=1"],
    ];
    let own = own.iter().flatten().map(|&argument| argument.to_owned());
    let arguments: Vec<String> =
        own.chain(["--nounixsocket".to_owned()]).chain(flags.iter().cloned()).collect();
    Process::start(&program("SEAT_MONGOD", "mongod"), &arguments, folder)
}
