use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use fred::{
    clients::Client,
    error::{Error, ErrorKind},
    interfaces::{ClientLike, ClusterInterface},
    types::{
        ClientState, Value,
        cluster::ClusterRouting,
        config::{Config, Server, ServerConfig},
    },
    util::redis_keyslot,
};
use tokio::sync::Notify;

use crate::{connect, hints, link};

/// The nodes of a cluster that take writes, each with a client of its own.
///
/// The library's client for a cluster serves no slot while it looks for one of its nodes, and where
/// a slot moves it may take the reply to one command for that to another, and end for good.
pub(crate) struct Cluster {
    config: Config,
    /// The nodes that the URL names.
    seeds: Vec<Server>,
    connected: Arc<Notify>,
    state: RwLock<State>,
}

struct State {
    slots: ClusterRouting,
    /// What was said of single slots since all of them were read.
    moved: HashMap<u16, Server>,
    clients: HashMap<Server, Client>,
}

impl Cluster {
    /// Asks the named nodes in turn which others there are.
    pub(crate) async fn connect(config: Config, connected: Arc<Notify>) -> Result<Self, Error> {
        let seeds = config.server.hosts();
        let state =
            State { slots: ClusterRouting::new(), moved: HashMap::new(), clients: HashMap::new() };
        let cluster = Self { config, seeds, connected, state: RwLock::new(state) };
        let mut failure = link::no_node();
        for seed in &cluster.seeds {
            let client = connect::client(Config { fail_fast: true, ..cluster.config_of(seed) });
            let slots = match client.init().await {
                Ok(_) => slots_by(&client, seed).await,
                Err(error) => Err(error),
            };
            // It never connected, or is needed no longer.
            let _ = client.quit().await;
            match slots {
                Ok(slots) => {
                    cluster.apply(slots);
                    return Ok(cluster);
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// The client of the node that has this key.
    pub(crate) fn of(&self, key: &[u8]) -> Option<Client> {
        let state = self.read();
        let slot = redis_keyslot(key);
        let server = state.moved.get(&slot).or_else(|| state.slots.get_server(slot));
        // A slot that nobody has is as well asked for anywhere: the answer says so.
        let client = server.and_then(|server| state.clients.get(server));
        client.or_else(|| state.clients.values().next()).cloned()
    }

    pub(crate) fn clients(&self) -> Vec<Client> {
        self.read().clients.values().cloned().collect()
    }

    /// Notes what a node has said: `MOVED 12182 127.0.0.1:7002`.
    pub(crate) fn moved(&self, said: &str) {
        let mut words = said.split(' ');
        let (Some("MOVED"), Some(slot), Some(server)) = (words.next(), words.next(), words.next())
        else {
            return;
        };
        let (Ok(slot), Ok(server)) = (slot.parse(), Server::try_from(server)) else { return };
        let mut state = self.write();
        self.add(&mut state, &server);
        state.moved.insert(slot, server);
        // To its events the new node is another run.
        self.connected.notify_one();
    }

    /// Reads anew which node has which slot.
    pub(crate) async fn refresh(&self) {
        let clients = self.read().clients.clone();
        for (server, client) in clients {
            if client.state() != ClientState::Connected {
                continue;
            }
            if let Ok(slots) = slots_by(&client, &server).await {
                return self.apply(slots);
            }
        }
        // Nobody who is known says anything; the next time these are asked too.
        let mut state = self.write();
        for seed in &self.seeds {
            self.add(&mut state, seed);
        }
    }

    fn apply(&self, slots: ClusterRouting) {
        let masters: HashSet<Server> = slots.unique_primary_nodes().into_iter().collect();
        let mut state = self.write();
        for master in &masters {
            self.add(&mut state, master);
        }
        let left = state.clients.extract_if(|server, _| !masters.contains(server));
        for (_, client) in left {
            tokio::spawn(async move { client.quit().await });
        }
        state.slots = slots;
        state.moved.clear();
    }

    fn add(&self, state: &mut State, server: &Server) {
        if !state.clients.contains_key(server) {
            let client = connect::client(self.config_of(server));
            hints::notify(&self.connected, &client);
            // It goes on until it is told to quit.
            drop(client.connect());
            state.clients.insert(server.clone(), client);
        }
    }

    fn config_of(&self, server: &Server) -> Config {
        let server = ServerConfig::Centralized { server: server.clone() };
        Config { server, fail_fast: false, ..self.config.clone() }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which node has which slot, by one that sees the cluster whole: one that is cut off from the
/// others goes on saying what it was.
async fn slots_by(client: &Client, server: &Server) -> Result<ClusterRouting, Error> {
    let info: String = client.cluster_info().await?;
    if !info.contains("cluster_state:ok") {
        return Err(Error::new(ErrorKind::Cluster, "the state of the cluster is not ok"));
    }
    let slots: Value = client.cluster_slots().await?;
    ClusterRouting::from_cluster_slots(slots, server.host.clone())
}
