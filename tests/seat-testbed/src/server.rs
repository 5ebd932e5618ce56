use std::{fs, path::Path, process::ExitStatus, sync::Arc};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{
    addresses::Addresses,
    node::Node,
    seen::Seen,
    stores::{Stores, stores_of_this_program},
};

const SECRET: &str = "a secret that is long enough for everybody's taste";

/// What a test calls: one real server process on the embedded stores, with a data folder of its own,
/// or two beside each other on one Redis and one MongoDB. Killed when it is dropped.
///
/// Of two, every request goes to the one and the other in turn, and a read asks for the newest
/// version that this server, as a whole, has answered before.
pub struct Server {
    nodes: Vec<Node>,
    addresses: Arc<Addresses>,
    seen: Option<Arc<Seen>>,
    /// Of each process; of one on the embedded stores there are none.
    stores: Vec<Stores>,
    flags: Vec<String>,
    /// A command that becomes the server, if any.
    wrapper: Vec<String>,
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
    /// Starts a server on the stores of this test program, on free ports, and waits until it
    /// listens. The flags come before those that every test server has: no rate limit, holds of 0.2
    /// seconds and more, and answers that may take their time.
    ///
    /// # Panics
    /// With its log, when it ends or does not listen in time.
    pub async fn start(flags: &[&str]) -> Self {
        let stores = stores_of_this_program().await;
        Self::start_on(&stores.map_or(Vec::new(), |stores| vec![stores.clone(), stores]), flags)
            .await
    }

    /// Starts a process on each of these stores, which are the same but for the way to them.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_on(stores: &[Stores], flags: &[&str]) -> Self {
        Self::start_through(&[], stores, flags).await
    }

    /// Starts a process on each of these stores, or one on the embedded stores, through a command
    /// that becomes it, such as `env` with its arguments; `{node}` in them is the number of the
    /// process, from 0.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_through(wrapper: &[&str], stores: &[Stores], flags: &[&str]) -> Self {
        let mut server = Self {
            nodes: Vec::new(),
            addresses: Arc::default(),
            seen: (stores.len() > 1).then(Arc::default),
            stores: stores.to_vec(),
            flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
            wrapper: wrapper.iter().map(|&word| word.to_owned()).collect(),
            folder: TempDir::new().expect("a folder can be made"),
        };
        server.start_again().await;
        server
    }

    /// `http://` and the address; of two processes, of each in turn.
    pub fn url(&self) -> &str {
        self.addresses.next()
    }

    /// Its processes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The secret that signs its tokens.
    pub fn secret(&self) -> &str {
        SECRET
    }

    /// Where its files are.
    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// What it logged since it was started, one JSON object a line.
    pub fn log(&self) -> String {
        self.nodes.iter().map(Node::log).collect::<Vec<_>>().join("\n")
    }

    /// Kills it, as a crash would, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.ended().await;
    }

    /// Kills one of its processes, as a crash would, and goes on with the others. Clients that were
    /// made before still call it.
    ///
    /// # Panics
    /// With its log, when it does not end in time.
    pub async fn kill_one(&mut self) {
        let mut killed = self.nodes.remove(0);
        killed.signal(Signal::KILL);
        killed.ended().await;
        self.addresses = Arc::new(Addresses::new(self.nodes.iter().map(Node::url)));
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
        for node in &self.nodes {
            node.signal(signal);
        }
    }

    /// Waits until it has ended by itself or by a signal; of two processes, how the one ended that
    /// has failed.
    ///
    /// # Panics
    /// With its log, when it does not end in time.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut worst = ExitStatus::default();
        for node in &mut self.nodes {
            let status = node.ended().await;
            if worst.success() {
                worst = status;
            }
        }
        worst
    }

    /// Starts it again after it ended, with the same stores and flags, on new ports.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_again(&mut self) {
        self.nodes = (0..self.stores.len().max(1)).map(|at| self.start_node(at)).collect();
        for node in &mut self.nodes {
            node.listens().await;
        }
        self.addresses = Arc::new(Addresses::new(self.nodes.iter().map(Node::url)));
    }

    /// Sends a signal that ends one of its processes, and waits until that has ended. The others go
    /// on, and clients go on to call it.
    ///
    /// # Panics
    /// With its log, when it does not end in time.
    pub async fn end_one(&mut self, at: usize, signal: Signal) -> ExitStatus {
        self.nodes[at].signal(signal);
        self.nodes[at].ended().await
    }

    /// Starts one of its processes again after it ended, with the same stores and flags, on a new
    /// port.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_one(&mut self, at: usize) {
        let mut node = self.start_node(at);
        node.listens().await;
        self.nodes[at] = node;
        self.addresses = Arc::new(Addresses::new(self.nodes.iter().map(Node::url)));
    }

    /// Without waiting for it.
    fn start_node(&self, at: usize) -> Node {
        let folder = self.folder.path();
        let number = at.to_string();
        let wrapper: Vec<String> =
            self.wrapper.iter().map(|word| word.replace("{node}", &number)).collect();
        Node::start(&wrapper, &arguments(&self.flags, self.stores.get(at), folder), folder)
    }

    /// Starts it again after it ended, with the same stores and other flags, on new ports.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_again_with(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(|&flag| flag.to_owned()).collect();
        self.start_again().await;
    }

    pub(crate) fn addresses(&self) -> Arc<Addresses> {
        Arc::clone(&self.addresses)
    }

    /// What it has answered so far; none where one process shows whatever it has answered.
    pub(crate) fn seen(&self) -> Option<Arc<Seen>> {
        self.seen.clone()
    }
}

/// The test's flags and, where they say nothing, those of every test.
fn arguments(flags: &[String], stores: Option<&Stores>, folder: &Path) -> Vec<String> {
    let folder = folder.to_str().expect("temporary folders have plain names");
    let mut common = vec![
        ("--bind", "127.0.0.1:0"),
        ("--data-dir", folder),
        ("--jwt-secret", SECRET),
        ("--rate-per-user", "0"),
        ("--log-format", "json"),
        ("--hold-min-seconds", "0.2"),
        // Where two cores run all tests at once, slow is no fault.
        ("--answer-within-ms", "15000"),
    ];
    if let Some(stores) = stores {
        common.extend([
            ("--redis-url", stores.redis_url.as_str()),
            ("--mongodb-uri", &stores.mongodb_uri),
            ("--at-least-wait-ms", "15000"),
        ]);
    }
    let given = |name: &str| flags.iter().any(|flag| flag == name);
    let missing = common.iter().filter(|(name, _)| !given(name));
    let missing = missing.flat_map(|&(name, value)| [name.to_owned(), value.to_owned()]);
    flags.iter().cloned().chain(missing).collect()
}
