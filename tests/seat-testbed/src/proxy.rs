use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

/// How a connection through a [`Proxy`] behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It forwards all.
    Open,
    /// It forwards requests at once, and replies after so long.
    LateReplies(Duration),
    /// It forwards requests and swallows replies; neither side learns of it.
    NoReplies,
    /// It swallows requests; neither side learns of it.
    NoRequests,
    /// It forwards requests, and is cut when the first reply comes, which is lost.
    CutAtReply,
    /// It is cut.
    Cut,
}

/// A network between a client and one server, which can be made to fail. Ends when it is dropped,
/// with all its connections.
pub struct Proxy {
    address: SocketAddr,
    connections: Connections,
    /// That of connections that are made from now on.
    later: watch::Sender<Way>,
    accepting: JoinHandle<()>,
}

/// The ways of all connections that there ever were.
type Connections = Arc<Mutex<Vec<watch::Sender<Way>>>>;

impl Proxy {
    /// Listens on a free port and forwards to the server, `host:port`.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn start(server: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let connections = Connections::default();
        let later = watch::Sender::new(Way::Open);
        let ways = later.subscribe();
        let accepting = tokio::spawn(accept(listener, server, connections.clone(), ways));
        Self { address, connections, later, accepting }
    }

    /// The address, as `host:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Sets the way of all connections that are made later, until it is set again.
    pub fn set_later(&self, way: Way) {
        self.later.send_replace(way);
    }

    /// Sets the way of all connections that there are, and of no later one. One that has swallowed
    /// something can only be cut, as no network takes bytes out of the middle of a stream.
    pub fn set(&self, way: Way) {
        for connection in self.all().iter() {
            connection.send_replace(way);
        }
    }

    /// How many connections there ever were.
    pub fn connections(&self) -> usize {
        self.all().len()
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<watch::Sender<Way>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.set(Way::Cut);
    }
}

async fn accept(
    listener: TcpListener,
    server: String,
    connections: Connections,
    later: watch::Receiver<Way>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let way = {
            // Under the lock, so that whoever sets the way of all has this one too.
            let mut all = connections.lock().unwrap_or_else(PoisonError::into_inner);
            let (sender, way) = watch::channel(*later.borrow());
            all.push(sender);
            way
        };
        let server = server.clone();
        tokio::spawn(async move {
            // A server that is away is as one that hangs up.
            let Ok(server) = TcpStream::connect(server).await else { return };
            for stream in [&client, &server] {
                let _ = stream.set_nodelay(true);
            }
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let mut cut = way.clone();
            // Whichever ends first ends the others.
            tokio::select! {
                _ = requests(from_client, to_server, way.clone()) => {}
                _ = replies(from_server, to_client, way) => {}
                _ = cut.wait_for(|way| *way == Way::Cut) => {}
            }
        });
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    way: watch::Receiver<Way>,
) -> io::Result<()> {
    let mut buffer = [0; 16_384];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let now = *way.borrow();
        match now {
            Way::NoRequests => {}
            Way::Open | Way::LateReplies(_) | Way::NoReplies | Way::CutAtReply | Way::Cut => {
                to.write_all(&buffer[..length]).await?;
            }
        }
    }
}

async fn replies(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    way: watch::Receiver<Way>,
) -> io::Result<()> {
    let mut buffer = [0; 16_384];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let now = *way.borrow();
        match now {
            Way::NoReplies => continue,
            Way::CutAtReply | Way::Cut => return Ok(()),
            Way::LateReplies(late) => sleep(late).await,
            Way::Open | Way::NoRequests => {}
        }
        to.write_all(&buffer[..length]).await?;
    }
}
