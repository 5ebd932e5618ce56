use std::time::Duration;

use mongodb::{
    Client, Database,
    bson::{Bson, Document, doc},
};
use rustix::process::Signal;
use tokio::{
    sync::OnceCell,
    time::{sleep, timeout},
};

use crate::{mongod::Mongod, proxy::Proxy};

/// The name of a replica set.
const SET: &str = "rs";
/// How long a set may take until it has a primary, and the others follow it.
const STANDS_WITHIN: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(20);

/// A private MongoDB: a replica set, or a single server that is none. Killed when it is dropped.
pub struct Mongo {
    members: Vec<Mongod>,
    /// One in front of each member; none where they are reached directly.
    networks: Vec<Proxy>,
    is_set: bool,
}

/// One replica set for all tests that break nothing of it.
pub async fn shared_mongo() -> &'static Mongo {
    static SHARED: OnceCell<Mongo> = OnceCell::const_new();
    SHARED.get_or_init(Mongo::start).await
}

impl Mongo {
    /// Starts a replica set of one and waits until it takes writes.
    ///
    /// # Panics
    /// When there is no `mongod`, or it takes no writes in time.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a replica set of one with further flags.
    ///
    /// # Panics
    /// As of [`start`](Self::start).
    pub async fn start_with(flags: &[&str]) -> Self {
        Self::start_members(1, flags, false).await
    }

    /// Starts a replica set of three, which elects another primary within a few seconds of the
    /// first one's end, and waits until all of it stands.
    ///
    /// # Panics
    /// As of [`start`](Self::start).
    pub async fn start_set() -> Self {
        Self::start_members(3, &[], false).await
    }

    /// Starts a replica set of three whose members are reached, by clients and by each other,
    /// through one network each, which can be made to fail. What this does to a member by itself
    /// goes past them.
    ///
    /// # Panics
    /// As of [`start`](Self::start).
    pub async fn start_set_on_networks() -> Self {
        Self::start_members(3, &[], true).await
    }

    /// Starts a server that is no replica set.
    ///
    /// # Panics
    /// As of [`start`](Self::start).
    pub async fn standalone() -> Self {
        Self { members: vec![Mongod::start(&[]).await], networks: Vec::new(), is_set: false }
    }

    async fn start_members(count: usize, flags: &[&str], on_networks: bool) -> Self {
        let flags = [&["--replSet", SET], flags].concat();
        let mut members = Vec::new();
        while members.len() < count {
            members.push(Mongod::start(&flags).await);
        }
        let mut networks = Vec::new();
        if on_networks {
            for member in &members {
                networks.push(Proxy::start(member.address()).await);
            }
        }
        let mut mongo = Self { members, networks, is_set: true };
        let members = mongo.addresses().into_iter().zip(0..);
        let config = doc! {
            "_id": SET,
            "members": members
                .map(|(address, id)| doc! { "_id": id, "host": address })
                .collect::<Vec<_>>(),
            // A primary that is gone is missed after 2 seconds instead of 10.
            "settings": { "electionTimeoutMillis": 2_000, "heartbeatIntervalMillis": 500 },
        };
        let initiated = mongo.members[0].command(doc! { "replSetInitiate": config }).await;
        initiated.expect("an empty server can begin a set");
        mongo.stands().await;
        mongo
    }

    /// `mongodb://` with the addresses of all members, and the database.
    pub fn uri(&self, database: &str) -> String {
        let addresses = self.addresses();
        let set = if self.is_set { format!("?replicaSet={SET}") } else { String::new() };
        format!("mongodb://{}/{database}{set}", addresses.join(","))
    }

    /// The network in front of each member, where it was started on some.
    pub fn networks(&self) -> &[Proxy] {
        &self.networks
    }

    /// Where clients and members reach each member, as `host:port`.
    fn addresses(&self) -> Vec<String> {
        match self.networks.as_slice() {
            [] => self.members.iter().map(Mongod::address).collect(),
            networks => networks.iter().map(Proxy::address).collect(),
        }
    }

    /// A database, by a client of its own: a test looks at it as an operator does.
    ///
    /// # Panics
    /// Never: it does not wait for the servers.
    pub async fn database(&self, name: &str) -> Database {
        let client = Client::with_uri_str(self.uri(name)).await;
        client.expect("the address is a good one").database(name)
    }

    /// The address of the member that takes writes, as `host:port`; none while they elect one.
    pub async fn primary(&mut self) -> Option<String> {
        let at = self.primary_at().await?;
        Some(self.members[at].address())
    }

    /// Kills the member that takes writes, as a crash would; its address.
    ///
    /// # Panics
    /// When there is none.
    pub async fn kill_primary(&mut self) -> String {
        let at = self.primary_at().await.expect("a member takes writes");
        self.members[at].process.kill();
        self.members[at].address()
    }

    /// Stops the member that takes writes, which keeps its connections and answers nothing; until
    /// [`signal`](Self::signal) has it go on.
    ///
    /// # Panics
    /// When there is none.
    pub async fn hang_primary(&mut self) {
        let at = self.primary_at().await.expect("a member takes writes");
        self.members[at].process.signal(Signal::STOP);
    }

    /// Starts every member again that was killed, on its port and with what it had, and waits until
    /// all of the set stands.
    ///
    /// # Panics
    /// When it does not in time.
    pub async fn start_again(&mut self) {
        if self.is_set {
            return self.stands().await;
        }
        for member in &mut self.members {
            if !member.runs() {
                member.start_again().await;
            }
        }
    }

    /// Kills a server that is alone, and starts it again with what it had.
    ///
    /// # Panics
    /// As of [`start_again`](Self::start_again).
    pub async fn restart(&mut self) {
        self.kill_primary().await;
        self.start_again().await;
    }

    /// Has the primary leave its place to another member.
    ///
    /// # Panics
    /// When there is no primary, or none that could follow it.
    pub async fn step_down(&mut self) {
        let at = self.primary_at().await.expect("a member takes writes");
        let command = doc! { "replSetStepDown": 20, "secondaryCatchUpPeriodSecs": 10 };
        self.members[at].command(command).await.expect("another member can follow it");
    }

    /// Sends a signal to every member that runs.
    pub fn signal(&mut self, signal: Signal) {
        for member in &mut self.members {
            if member.runs() {
                member.process.signal(signal);
            }
        }
    }

    /// Where the member is that takes writes. After a failover an old one may still think that it
    /// does, so the newest word counts.
    async fn primary_at(&mut self) -> Option<usize> {
        let mut primaries = Vec::new();
        for (at, member) in self.members.iter_mut().enumerate() {
            if member.runs() {
                let hello = member.command(doc! { "hello": 1 }).await.unwrap_or_default();
                if hello.get_bool("isWritablePrimary").unwrap_or(false) {
                    // A server that is no set was never elected.
                    primaries.push((hello.get_object_id("electionId").ok(), at));
                }
            }
        }
        primaries.into_iter().max().map(|(_, at)| at)
    }

    /// Waits until one member takes writes and all others follow it. One that was away for a while
    /// may say that it is a secondary and then find that it has to undo something first, so each
    /// must have something of the newest term. One that gives itself up meanwhile is started again,
    /// as whoever keeps a server would.
    async fn stands(&mut self) {
        let mut seen = String::new();
        let stands = async {
            loop {
                for member in &mut self.members {
                    if !member.runs() {
                        member.start_again().await;
                    }
                }
                let status = self.members[0].command(doc! { "replSetGetStatus": 1 }).await;
                if status.as_ref().is_ok_and(|status| self.all_follow(status)) {
                    break;
                }
                seen = format!("{status:?}");
                sleep(PAUSE).await;
            }
        };
        let stood = timeout(STANDS_WITHIN, stands).await;
        assert!(stood.is_ok(), "no primary that all follow within {STANDS_WITHIN:?}: {seen}");
    }

    fn all_follow(&self, status: &Document) -> bool {
        let members = status.get_array("members").map(Vec::as_slice).unwrap_or_default();
        let members: Vec<&Document> = members.iter().filter_map(Bson::as_document).collect();
        let count = |state| {
            members
                .iter()
                .filter(|member| member.get_str("stateStr").is_ok_and(|have| have == state))
                .count()
        };
        let term = status.get_i64("term").ok();
        let is_of_term = |member: &&Document| {
            let written = member.get_document("optime").and_then(|optime| optime.get_i64("t"));
            written.is_ok() && written.ok() == term
        };
        count("PRIMARY") == 1
            && count("SECONDARY") + 1 == self.members.len()
            && members.iter().all(is_of_term)
    }
}
