use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use actix_http::{HttpService, Protocol, error::DispatchError};
use actix_server::GracefulShutdownSignal;
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config,
};
use actix_web::{dev::AppConfig, rt::net::TcpStream};
use seat_http::State;
use tokio::net::TcpSocket;

use crate::connection::Connection;

/// How long a client may take to send the head of its first request; slower ones are cut off.
const REQUEST_HEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client whose body was not read to its end may take to hear of it.
const DISCONNECT_WITHIN: Duration = Duration::from_secs(1);
/// How many connections wait to be accepted when a thousand come in the same second.
const BACKLOG: u32 = 4_096;

/// A socket that takes connections at this address.
///
/// # Errors
/// When somebody else has the address, or this system does not.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A server that starts again need not wait until its last connections are forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Serves HTTP/1.1 on each connection: what `actix_web::HttpServer` does, on a [`Connection`] that
/// nobody can keep for nothing.
pub(crate) fn http(
    state: &State,
    address: SocketAddr,
    silent_max: Duration,
    stopping: GracefulShutdownSignal,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()>
+ use<> {
    let app = seat_http::app(state).into_factory().map_err(|error| error.error_response());
    let http = HttpService::build()
        // Left out of actix' documentation, and needed: an idle connection would hold up a stop.
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(REQUEST_HEAD_WITHIN)
        .client_disconnect_timeout(DISCONNECT_WITHIN)
        .local_addr(address)
        .finish(map_config(app, |()| AppConfig::default()));
    fn_service(move |stream: TcpStream| async move {
        let peer = stream.peer_addr().ok();
        Ok((Connection::new(stream, silent_max), Protocol::Http1, peer))
    })
    .and_then(http)
}
