//! Bytes on a connection of their own, for what no client library would send.

use std::time::Duration;

use seat_testbed::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A connection of its own to a server.
pub(crate) async fn connect(server: &Server) -> TcpStream {
    let address = server.url().strip_prefix("http://").expect("it is HTTP");
    TcpStream::connect(address).await.expect("the server listens")
}

/// What the server says until it hangs up.
///
/// # Panics
/// When it does not hang up in time.
pub(crate) async fn until_closed(stream: &mut TcpStream, within: Duration) -> String {
    let mut said = Vec::new();
    // A connection that is reset is closed, too.
    let read = timeout(within, stream.read_to_end(&mut said)).await;
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(read.is_ok(), "not closed within {within:?}, but said: {said}");
    said
}

/// What the server answers to these bytes, on a connection of which it is told that it is the last
/// request; nothing when it only hangs up.
pub(crate) async fn answer_to(server: &Server, request: &[u8], within: Duration) -> String {
    let mut stream = connect(server).await;
    // It may hang up before it has read everything.
    let _ = stream.write_all(request).await;
    let _ = stream.shutdown().await;
    until_closed(&mut stream, within).await
}
