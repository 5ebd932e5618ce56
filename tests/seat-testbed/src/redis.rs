use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::process::{Process, program};

/// How long a server may take until it answers.
const STARTED_WITHIN: Duration = Duration::from_secs(10);
/// The configuration file, in the folder of the server.
const FILE: &str = "redis.conf";
const PAUSE: Duration = Duration::from_millis(5);

/// A private Redis with a folder of its own. Killed when it is dropped.
pub struct Redis {
    process: Process,
    port: u16,
    flags: Vec<String>,
    folder: TempDir,
}

impl Redis {
    /// Starts a server on a free port and waits until it answers. It saves nothing by itself.
    ///
    /// # Panics
    /// When there is no `redis-server`, or it does not answer in time.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server with further flags.
    ///
    /// # Panics
    /// As of [`start`](Self::start).
    pub async fn start_with(flags: &[&str]) -> Self {
        loop {
            // Another test may be faster to take a port that was free.
            if let Some(redis) = Self::start_at(free_port(), flags).await {
                return redis;
            }
        }
    }

    /// `None` when the port is taken.
    pub(crate) async fn start_at(port: u16, flags: &[&str]) -> Option<Self> {
        Self::start_by(port, flags, "").await
    }

    /// The same, with the lines of its configuration file, without which there is no sentinel.
    pub(crate) async fn start_by(port: u16, flags: &[&str], lines: &str) -> Option<Self> {
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let folder = TempDir::new().expect("a folder can be made");
        fs::write(folder.path().join(FILE), lines).expect("a file can be written there");
        let process = start(port, &flags, folder.path());
        let mut redis = Self { process, port, flags, folder };
        redis.answers().await.then_some(redis)
    }

    /// The address, as `host:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `redis://` and the address.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Sends a signal to the server.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Forgets everything.
    pub async fn forget(&self) {
        assert_eq!(self.ask("FLUSHALL").await.as_deref(), Some("+OK\r\n"));
    }

    /// Saves, kills the server, and starts it again with what it had.
    pub async fn restart(&mut self) {
        assert_eq!(self.ask("SAVE").await.as_deref(), Some("+OK\r\n"));
        self.kill();
        self.start_again().await;
    }

    /// Kills the server, with all that it did not save.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts a server again that was killed, on the same port and with what it had saved.
    pub async fn start_again(&mut self) {
        self.process = start(self.port, &self.flags, self.folder.path());
        assert!(self.answers().await, "the port of the server was taken meanwhile");
    }

    /// Whether it was not killed.
    pub(crate) fn runs(&mut self) -> bool {
        self.process.child.try_wait().expect("it is our child").is_none()
    }

    /// Whether this server has its port; waits until that is known.
    async fn answers(&mut self) -> bool {
        let own = format!("process_id:{}\r", self.process.child.id());
        let answered = async {
            loop {
                if self.process.child.try_wait().expect("it is our child").is_some() {
                    return false;
                }
                // While it still reads its file it answers the first, and refuses the second.
                let is_own = self
                    .ask("INFO server")
                    .await
                    .is_some_and(|info| info.contains(&own) || info.starts_with("-NOAUTH"));
                let is_ready = self.ask("PING").await.is_some_and(|reply| {
                    reply.starts_with("+PONG") || reply.starts_with("-NOAUTH")
                });
                if is_own && is_ready {
                    return true;
                }
                sleep(PAUSE).await;
            }
        };
        timeout(STARTED_WITHIN, answered).await.expect("Redis should answer by now")
    }

    /// What a line for a shell prints, in which `redis-cli` asks this server.
    ///
    /// # Panics
    /// When it fails.
    pub fn shell(&self, line: &str) -> String {
        let redis_cli = program("SEAT_REDIS_CLI", "redis-cli");
        let line =
            format!("redis-cli() {{ '{}' -p {} \"$@\"; }}\n{line}", redis_cli.display(), self.port);
        let output = Command::new("bash").args(["-euo", "pipefail", "-c", &line]).output();
        let output = output.expect("bash can be started");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {complaint}");
        String::from_utf8(output.stdout).expect("it prints text")
    }

    /// Waits until the reply to a command has this in it.
    pub(crate) async fn says(&self, command: &str, what: &str) {
        let said = async {
            while !self.ask(command).await.is_some_and(|reply| reply.contains(what)) {
                sleep(PAUSE).await;
            }
        };
        let said = timeout(STARTED_WITHIN, said).await;
        assert!(said.is_ok(), "{} does not say {what} in time", self.address());
    }

    /// The beginning of the reply to a command, as it was sent; `None` where there is none.
    pub async fn ask(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        stream.write_all(format!("{command}\r\n").as_bytes()).await.ok()?;
        let mut reply = [0; 4_096];
        let length = stream.read(&mut reply).await.ok()?;
        String::from_utf8(reply[..length].to_vec()).ok()
    }
}

fn start(port: u16, flags: &[String], folder: &Path) -> Process {
    let port = port.to_string();
    let own = [FILE, "--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    let arguments: Vec<String> =
        own.iter().map(|&argument| argument.to_owned()).chain(flags.iter().cloned()).collect();
    Process::start(&program("SEAT_REDIS_SERVER", "redis-server"), &arguments, folder)
}

/// A port that was free a moment ago. It lies below those that the system gives to connections, as
/// does a cluster node's second port, 10,000 above it; so nobody takes it while a server restarts.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) + std::process::id() * 131;
        let port = u16::try_from(11_000 + step % 10_000).expect("it is below 21,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
