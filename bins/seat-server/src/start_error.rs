use std::{io, net::SocketAddr, path::PathBuf};

use thiserror::Error;

/// Why the server does not start; each says what to change.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    #[error(
        "JWT_SECRET is not set: set it to the secret that signs your tokens (16 characters or \
         more), or try the server with --demo"
    )]
    NoSecret,
    #[error("JWT_SECRET has {length} characters: use 16 or more, else tokens can be forged")]
    ShortSecret { length: usize },
    #[error(
        "{set} is set and {missing} is not: set both to run on Redis and MongoDB, or neither to \
         run on the embedded stores in SEAT_DATA_DIR"
    )]
    OneStore { set: &'static str, missing: &'static str },
    #[error(
        "SEAT_CORS_ORIGINS has '{0}': an origin is * or a scheme and a host without a path, such \
         as https://tickets.example"
    )]
    CorsOrigin(String),
    #[error("SEAT_TRUSTED_PROXIES has '{0}', which is no IP address")]
    TrustedProxy(String),
    #[error("{0}")]
    Limits(&'static str),
    #[error(
        "the data directory {path} can't be used; choose another with SEAT_DATA_DIR or --data-dir"
    )]
    DataDirectory { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Repository(#[from] seat_redb::OpenError),
    #[error("REDIS_URL can't be used")]
    Redis(#[from] seat_redis::ConnectError),
    #[error("MONGODB_URI can't be used")]
    Mongo(#[from] seat_mongo::ConnectError),
    #[error("the saved holds in {path} can't be read; move the file away to start")]
    SavedHolds { path: PathBuf, source: io::Error },
    #[error("can't listen on {address}; choose another with SEAT_BIND or --bind")]
    Bind { address: SocketAddr, source: io::Error },
    #[error("the runtime can't start: {0}")]
    Runtime(io::Error),
    #[error("the server ended: {0}")]
    Serve(io::Error),
    #[error("the demo can't be set up: {0}")]
    Demo(String),
    #[error("{0}")]
    NotReady(String),
    #[error("there is no collection seatStates without MongoDB: set REDIS_URL and MONGODB_URI")]
    NoSeatStates,
    #[error("seatStates is not complete, run this again: {0}")]
    Rebuild(String),
}
