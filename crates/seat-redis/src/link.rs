use std::sync::Arc;

use fred::{
    clients::Client,
    error::{Error, ErrorKind},
    interfaces::ClientLike,
    types::{Key, Value},
};
use futures_util::future::select_ok;

use crate::cluster::Cluster;

/// Where the keys of an event are: on one server, or on a node of a cluster.
#[derive(Clone)]
pub(crate) enum Link {
    One(Client),
    Cluster(Arc<Cluster>),
}

impl Link {
    /// Whom to ask about this key; `None` while no node of a cluster is known.
    pub(crate) fn of(&self, key: &Key) -> Option<Client> {
        match self {
            Self::One(client) => Some(client.clone()),
            Self::Cluster(cluster) => cluster.of(key.as_bytes()),
        }
    }

    pub(crate) fn clients(&self) -> Vec<Client> {
        match self {
            Self::One(client) => vec![client.clone()],
            Self::Cluster(cluster) => cluster.clients(),
        }
    }

    /// Notes where a server says that a key is.
    pub(crate) fn moved(&self, said: &str) {
        match self {
            Self::One(_) => {}
            Self::Cluster(cluster) => cluster.moved(said),
        }
    }

    /// Reads anew where the keys are.
    pub(crate) async fn refresh(&self) {
        match self {
            Self::One(_) => {}
            Self::Cluster(cluster) => cluster.refresh().await,
        }
    }

    /// Whether it can be reached, or some node of it.
    pub(crate) async fn ping(&self) -> Result<(), Error> {
        let clients = self.clients();
        if clients.is_empty() {
            return Err(no_node());
        }
        let pings = clients.iter().map(|client| Box::pin(client.ping::<Value>(None)));
        select_ok(pings).await.map(drop)
    }
}

/// Why nobody was asked.
pub(crate) fn no_node() -> Error {
    Error::new(ErrorKind::Cluster, "no node of the cluster is known")
}
