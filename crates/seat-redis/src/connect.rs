use std::{sync::Arc, time::Duration};

use fred::{
    clients::Client,
    error::{Error, ErrorKind},
    interfaces::{ClientLike, EventInterface, LuaInterface},
    socket2::TcpKeepalive,
    types::{
        InfoKind,
        config::{
            ClusterDiscoveryPolicy, Config, ConnectionConfig, PerformanceConfig, ReconnectError,
            ReconnectPolicy, ServerConfig, TcpConfig,
        },
    },
};
use seat_booking::ports::BackendError;
use thiserror::Error;
use tokio::sync::Notify;

use crate::{
    cluster::Cluster,
    hints,
    link::{self, Link},
    script::Script,
};

/// How long a command may take. What becomes of it later is unknown to its caller.
const COMMAND_TIMEOUT: Duration = Duration::from_millis(800);

/// The oldest Redis that knows every command of the scripts.
const MAJOR_VERSION: u32 = 7;

const SCHEMES: [&str; 6] =
    ["redis", "rediss", "redis-cluster", "rediss-cluster", "redis-sentinel", "rediss-sentinel"];

/// Why a store could not be opened.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The URL is none of Redis.
    #[error("the URL of Redis must be like redis://host:6379, rediss://… or redis-cluster://…")]
    Url(#[source] BackendError),
    /// Nothing answers there in time.
    #[error("no Redis answers at {servers}")]
    Unreachable {
        /// Where it was looked for, as `host:port`.
        servers: String,
        /// What the client said.
        source: BackendError,
    },
    /// The server's certificate is by nobody whom this system trusts, or for another name.
    #[error(
        "the certificate of Redis at {servers} is not trusted; SSL_CERT_FILE may name the file of \
         its authority"
    )]
    Untrusted {
        /// Where, as `host:port`.
        servers: String,
        /// What the client said.
        source: BackendError,
    },
    /// The user or the password is wrong, or may not do what is needed.
    #[error("Redis at {servers} refuses the user or the password of its URL")]
    Refused {
        /// Where, as `host:port`.
        servers: String,
        /// What the server said.
        source: BackendError,
    },
    /// The server lacks commands that the scripts use.
    #[error("Redis {found} is too old: 7.0 or later is needed")]
    TooOld {
        /// Its version.
        found: String,
    },
    /// The server may drop a hold or a mark when memory is short.
    #[error("Redis may evict holds: set maxmemory-policy to noeviction, it is {policy}")]
    Evicts {
        /// The present setting.
        policy: String,
    },
    /// A script does not compile there.
    #[error("Redis does not take lua/{name}.lua")]
    Script {
        /// The name of its file, without the ending.
        name: &'static str,
        /// What the server said.
        source: BackendError,
    },
}

/// Connections that do not wait for each other: while a client looks for its server again, it
/// serves nothing else.
pub(crate) struct Links {
    pub(crate) requests: Link,
    pub(crate) rounds: Link,
    pub(crate) feed: Link,
    /// Of which nothing is asked.
    pub(crate) hints: Client,
    /// Notified of every connection that is made.
    pub(crate) connected: Arc<Notify>,
}

impl Links {
    /// Those without which nothing can be sold or shown.
    pub(crate) fn needed(&self) -> [&Link; 3] {
        [&self.requests, &self.rounds, &self.feed]
    }

    pub(crate) fn all(&self) -> [Link; 4] {
        let [requests, rounds, feed] = self.needed().map(Link::clone);
        [requests, rounds, feed, Link::One(self.hints.clone())]
    }
}

/// What Redis calls each script.
pub(crate) struct Hashes(Vec<String>);

impl Hashes {
    pub(crate) fn of(&self, script: Script) -> &str {
        &self.0[script as usize]
    }
}

pub(crate) async fn connect(url: &str) -> Result<(Links, Hashes), ConnectError> {
    let config = config(url)?;
    let servers: Vec<String> = config.server.hosts().iter().map(ToString::to_string).collect();
    let servers = servers.join(", ");
    let away = |error: Error| {
        let servers = servers.clone();
        let refused = *error.kind() == ErrorKind::Auth;
        // The library has no other word for it, and calls it a failure to read.
        let untrusted = error.details().contains("InvalidCertificate");
        let source = backend(error);
        match (refused, untrusted) {
            (true, _) => ConnectError::Refused { servers, source },
            (false, true) => ConnectError::Untrusted { servers, source },
            (false, false) => ConnectError::Unreachable { servers, source },
        }
    };
    let connected = Arc::new(Notify::new());
    let links = Links {
        requests: link(&config, &connected).await.map_err(away)?,
        rounds: link(&config, &connected).await.map_err(away)?,
        feed: link(&config, &connected).await.map_err(away)?,
        hints: client_with(config, hints::WAITING_MAX),
        connected,
    };
    hints::notify(&links.connected, &links.hints);
    links.hints.init().await.map_err(away)?;
    let clients = links.requests.clients();
    for client in &clients {
        let info: String = client.info(None::<InfoKind>).await.map_err(away)?;
        check(&info)?;
    }
    let client = clients.first().ok_or_else(|| away(link::no_node()))?;
    let hashes = load_scripts(client).await?;
    // Where this one is lost, the others are too.
    links.hints.on_error(|(error, server)| async move {
        tracing::warn!(%error, server = server.map(|s| s.to_string()), "the connection to Redis");
        Ok(())
    });
    Ok((links, hashes))
}

async fn link(config: &Config, connected: &Arc<Notify>) -> Result<Link, Error> {
    if config.server.is_clustered() {
        let cluster = Cluster::connect(config.clone(), Arc::clone(connected)).await?;
        return Ok(Link::Cluster(Arc::new(cluster)));
    }
    let client = client(config.clone());
    hints::notify(connected, &client);
    client.init().await?;
    Ok(Link::One(client))
}

/// The library takes any scheme for `redis`.
fn config(url: &str) -> Result<Config, ConnectError> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    if scheme.is_none_or(|scheme| !SCHEMES.contains(&scheme)) {
        let error = BackendError::new("redis", "connect", "another scheme");
        return Err(ConnectError::Url(error));
    }
    let mut config = Config::from_url(url).map_err(|error| ConnectError::Url(backend(error)))?;
    if let ServerConfig::Clustered { policy, .. } = &mut config.server {
        // Nodes that the URL does not name are asked too: those that it names may be gone.
        *policy = ClusterDiscoveryPolicy::UseCache;
    }
    Ok(config)
}

pub(crate) fn client(config: Config) -> Client {
    client_with(config, PerformanceConfig::default().broadcast_channel_capacity)
}

/// The library's own settings wait for ever: for a reply, for a server that is gone, for a place
/// in the queue.
fn client_with(config: Config, messages_max: usize) -> Client {
    let performance = PerformanceConfig {
        // Below the time after which a silent connection is given up: a command that timed out is
        // then left out when the others are sent again.
        default_command_timeout: COMMAND_TIMEOUT,
        broadcast_channel_capacity: messages_max,
        ..PerformanceConfig::default()
    };
    let policy = ReconnectPolicy::new_exponential(0, 50, 1_000, 2);
    Client::new(config, Some(performance), Some(connection_config()), Some(policy))
}

fn connection_config() -> ConnectionConfig {
    ConnectionConfig {
        connection_timeout: Duration::from_secs(1),
        internal_command_timeout: Duration::from_secs(1),
        max_command_attempts: 1,
        max_command_buffer_len: 10_000,
        tcp: TcpConfig {
            nodelay: Some(true),
            keepalive: Some(
                TcpKeepalive::new()
                    .with_time(Duration::from_secs(10))
                    .with_interval(Duration::from_secs(5)),
            ),
            user_timeout: Some(Duration::from_secs(2)),
            ..TcpConfig::default()
        },
        reconnect_errors: vec![
            ReconnectError::ClusterDown,
            ReconnectError::Loading,
            ReconnectError::MasterDown,
            ReconnectError::ReadOnly,
        ],
        ..ConnectionConfig::default()
    }
}

fn check(info: &str) -> Result<(), ConnectError> {
    let of = |name: &str| {
        info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default()
    };
    let version = of("redis_version");
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < MAJOR_VERSION) {
        return Err(ConnectError::TooOld { found: version.to_owned() });
    }
    let policy = of("maxmemory_policy");
    if policy != "noeviction" {
        return Err(ConnectError::Evicts { policy: policy.to_owned() });
    }
    Ok(())
}

/// Has every script compiled once, by whichever server. The others take its text when they are
/// first asked for it.
async fn load_scripts(client: &Client) -> Result<Hashes, ConnectError> {
    let mut hashes = Vec::with_capacity(Script::ALL.len());
    for script in Script::ALL {
        let hash = client.script_load(script.source()).await;
        hashes.push(hash.map_err(|error| ConnectError::Script {
            name: script.name(),
            source: backend(error),
        })?);
    }
    Ok(Hashes(hashes))
}

fn backend(error: Error) -> BackendError {
    BackendError::new("redis", "connect", error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::heartbeat::SILENT_MAX;

    proptest! {
        #[test]
        fn a_url_is_a_configuration_or_refused_without_its_password(
            scheme in proptest::sample::select(&SCHEMES[..]),
            rest in "[a-z0-9:/@?=&%,.\\[\\]#é-]{0,24}",
        ) {
            let url = format!("{scheme}://u:p4ssw0rd@{rest}");
            if let Err(error) = config(&url) {
                prop_assert!(!format!("{error:?} {error}").contains("p4ssw0rd"), "{url}: {error:?}");
            }
            prop_assert!(config(&rest).is_err());
        }
    }

    #[test]
    fn a_server_that_may_evict_is_refused_by_the_name_of_the_setting() {
        let info = "redis_version:7.0.15\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n";
        let text = check(info).unwrap_err().to_string();
        assert!(text.contains("maxmemory-policy") && text.contains("allkeys-lru"), "{text}");
        assert!(check(&info.replace("allkeys-lru", "noeviction")).is_ok());
    }

    #[test]
    fn a_server_that_lacks_commands_is_refused_by_its_version() {
        let info = "redis_version:6.2.14\r\nmaxmemory_policy:noeviction\r\n";
        assert!(matches!(check(info), Err(ConnectError::TooOld { found }) if found == "6.2.14"));
        assert!(matches!(check(""), Err(ConnectError::TooOld { .. })));
        assert!(check(&info.replace("6.2.14", "8.4.0")).is_ok());
    }

    #[test]
    fn a_command_is_given_up_before_its_connection() {
        assert!(COMMAND_TIMEOUT < SILENT_MAX);
    }
}
