use std::{
    fmt::Display,
    net::TcpListener,
    process::{Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
};

use seat_layout::EventId;
use tokio::sync::OnceCell;

use crate::{process::program, redis::Redis};

/// How many of its nodes take writes; each has one replica.
const MASTERS: usize = 3;
/// The bus of a node is so far above its port.
const BUS: u16 = 10_000;

/// A private Redis Cluster: three masters with a replica each. Killed when it is dropped.
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

/// One cluster for all tests that break nothing of it.
pub async fn shared_cluster() -> &'static RedisCluster {
    static SHARED: OnceCell<RedisCluster> = OnceCell::const_new();
    SHARED.get_or_init(RedisCluster::start).await
}

impl RedisCluster {
    /// Starts the nodes on free ports, makes them a cluster, and waits until each says it is one.
    ///
    /// # Panics
    /// When there is no `redis-server` or `redis-cli`, or they make no cluster in time.
    pub async fn start() -> Self {
        let flags = [
            ["--cluster-enabled", "yes"],
            ["--cluster-node-timeout", "2000"],
            // A replica that has nothing yet never follows its master; by itself it begins after 5 s.
            ["--repl-diskless-sync-delay", "0"],
            // The slots that are left are served on.
            ["--cluster-require-full-coverage", "no"],
        ];
        let mut nodes: Vec<Redis> = Vec::new();
        while nodes.len() < 2 * MASTERS {
            nodes.extend(Redis::start_at(free_pair(), flags.as_flattened()).await);
        }
        let addresses: Vec<String> = nodes.iter().map(Redis::address).collect();
        let mut command = Command::new(program("SEAT_REDIS_CLI", "redis-cli"));
        command.args(["--cluster", "create"]).args(addresses);
        command.args(["--cluster-replicas", "1", "--cluster-yes"]);
        let output = command.stdin(Stdio::null()).output().expect("redis-cli can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        for node in &nodes {
            node.says("CLUSTER INFO", "cluster_state:ok").await;
        }
        // redis-cli makes masters of the first.
        for replica in &nodes[MASTERS..] {
            replica.says("INFO replication", "master_link_status:up").await;
        }
        Self { nodes }
    }

    /// `redis-cluster://` and the address of every node.
    pub fn url(&self) -> String {
        let [first, others @ ..] = self.nodes.as_slice() else { unreachable!("it has nodes") };
        let others: Vec<String> =
            others.iter().map(|node| format!("node={}", node.address())).collect();
        format!("redis-cluster://{}?{}", first.address(), others.join("&"))
    }

    /// The node that has the event's keys, which must be there.
    ///
    /// # Panics
    /// When none has.
    pub async fn master_of(&self, event: impl Display) -> &Redis {
        let command = format!("EXISTS seat_event:{{{event}}}");
        for node in &self.nodes {
            // The others say where the key is, its replica too.
            if node.ask(&command).await.as_deref() == Some(":1\r\n") {
                return node;
            }
        }
        panic!("one master has the event")
    }

    /// Starts every node again that was killed, and waits until it follows the one that took its
    /// place.
    ///
    /// # Panics
    /// When it does not in time.
    pub async fn start_again(&mut self) {
        for node in &mut self.nodes {
            if !node.runs() {
                node.start_again().await;
                node.says("INFO replication", "master_link_status:up").await;
            }
        }
    }

    /// Begins to move the slot of an event to another node, to which its keys can go from now on.
    pub async fn begin_move(&self, event: EventId) -> SlotMove<'_> {
        let from = self.master_of(event).await;
        let mut to = None;
        for node in &self.nodes {
            let info = node.ask("INFO replication").await.unwrap_or_default();
            if info.contains("role:master") && node.address() != from.address() {
                to = Some(node);
            }
        }
        let to = to.expect("there are several masters");
        let slot = from.ask(&format!("CLUSTER KEYSLOT {{{event}}}")).await.unwrap_or_default();
        let slot = slot.trim_matches([':', '\r', '\n']).to_owned();
        let (from_id, to_id) = (node_id(from).await, node_id(to).await);
        // In this order, so that nobody is sent to a node that does not expect it.
        for (node, what) in
            [(to, format!("IMPORTING {from_id}")), (from, format!("MIGRATING {to_id}"))]
        {
            let done = node.ask(&format!("CLUSTER SETSLOT {slot} {what}")).await;
            assert_eq!(done.as_deref(), Some("+OK\r\n"));
        }
        SlotMove { cluster: self, from, to, to_id, slot }
    }

    /// Takes away everything about this event.
    pub async fn forget(&self, event: EventId) {
        let script = format!(
            "for _, key in ipairs(redis.call('KEYS', '*{{{event}}}*')) do redis.call('DEL', key) end"
        );
        for node in &self.nodes {
            // A replica refuses it, and has it from its master.
            node.ask(&format!("EVAL \"{script}\" 0")).await;
        }
    }

    /// Has this event look as after a failover: loaded by another run of the server.
    pub async fn fail_over(&self, event: EventId) {
        let mut done = 0;
        for node in &self.nodes {
            let command = format!("HSET seat_event:{{{event}}} #run other");
            // The others say where the key is.
            done += usize::from(node.ask(&command).await.is_some_and(|r| r.starts_with(':')));
        }
        assert_eq!(done, 1, "one master has the event");
    }
}

/// A slot that is half on one node and half on another.
pub struct SlotMove<'c> {
    cluster: &'c RedisCluster,
    from: &'c Redis,
    to: &'c Redis,
    to_id: String,
    slot: String,
}

impl SlotMove<'_> {
    /// Moves one more key; whether there was one.
    pub async fn key(&self) -> bool {
        let command = format!("CLUSTER GETKEYSINSLOT {} 1", self.slot);
        let keys = self.from.ask(&command).await.unwrap_or_default();
        // `*1`, `$<length>`, and the key.
        let Some(key) = keys.lines().nth(2) else { return false };
        let (host, port) = self
            .to
            .address()
            .split_once(':')
            .map(|(h, p)| (h.to_owned(), p.to_owned()))
            .expect("an address");
        let moved = self.from.ask(&format!("MIGRATE {host} {port} {key} 0 1000")).await;
        // One that is gone by now, or was given back, is no failure.
        assert!(moved.as_deref().is_some_and(|reply| reply.starts_with('+')), "{moved:?}");
        true
    }

    /// Gives the slot to its new node. All keys must have been moved.
    pub async fn end(self) {
        for node in [self.to, self.from].into_iter().chain(&self.cluster.nodes) {
            let command = format!("CLUSTER SETSLOT {} NODE {}", self.slot, self.to_id);
            // A replica has it from its master.
            let _ = node.ask(&command).await;
        }
    }
}

async fn node_id(node: &Redis) -> String {
    let id = node.ask("CLUSTER MYID").await.unwrap_or_default();
    id.lines().nth(1).expect("every node has an id").to_owned()
}

/// A port that was free a moment ago, with that of its bus.
fn free_pair() -> u16 {
    // Below the ports that the system gives away; other test processes begin elsewhere.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + (std::process::id() % 1_000) as u16 * 10;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if free(port) && free(port + BUS) {
            return port;
        }
    }
}
