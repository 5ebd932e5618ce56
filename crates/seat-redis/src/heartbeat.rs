use std::time::Duration;

use fred::{
    clients::Client,
    error::ErrorKind,
    interfaces::ClientLike,
    types::{
        ClientState, Value,
        config::{Options, Server},
    },
};
use futures_util::future::join_all;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::link::Link;

/// How often each connection is asked whether it is there.
const ASKED_EVERY: Duration = Duration::from_millis(500);

/// How long it may take to answer. Longer than the time-out of a command, so that what timed out is
/// not sent again when the connection is made anew.
pub(crate) const SILENT_MAX: Duration = Duration::from_millis(1_500);

/// Gives up connections that stand and answer nothing, and keeps up with where the keys are, until
/// what it returns is dropped.
///
/// The library's own check counts from the last write, so under steady traffic it never comes to
/// its end; and without traffic nothing is looked for.
pub(crate) fn start(links: &[Link]) -> JoinSet<()> {
    links.iter().map(|link| watch(link.clone())).collect()
}

async fn watch(link: Link) {
    // Neither waits for the other, and neither ends.
    let ask = async {
        loop {
            sleep(ASKED_EVERY).await;
            join_all(link.clients().into_iter().map(give_up_if_silent)).await;
        }
    };
    let follow = async {
        loop {
            sleep(ASKED_EVERY).await;
            link.refresh().await;
        }
    };
    tokio::select! {
        () = ask => {}
        () = follow => {}
    }
}

async fn give_up_if_silent(client: Client) {
    // While it connects there is nothing to be asked.
    if client.state() != ClientState::Connected {
        return;
    }
    for server in client.active_connections() {
        if is_silent(&client, &server).await {
            tracing::warn!(%server, "the connection to Redis answers nothing and is given up");
            // The others are not kept waiting until it is made again.
            let _ = timeout(SILENT_MAX, client.force_reconnection()).await;
            return;
        }
    }
}

async fn is_silent(client: &Client, server: &Server) -> bool {
    let options = Options {
        timeout: Some(SILENT_MAX),
        cluster_node: client.is_clustered().then(|| server.clone()),
        ..Options::default()
    };
    // A connection with subscriptions answers in a form of its own.
    let pong = client.with_options(&options).ping::<Value>(None).await;
    pong.is_err_and(|error| *error.kind() == ErrorKind::Timeout)
}
