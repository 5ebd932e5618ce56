use crate::{
    authority::Authority,
    redis::{Redis, free_port},
};

/// A private Redis that is reached over TLS. Killed when it is dropped.
pub struct RedisTls {
    port: u16,
    _server: Redis,
}

impl RedisTls {
    /// Starts a server with the authority's certificate, which asks its clients for none.
    ///
    /// # Panics
    /// As of [`Redis::start`].
    pub async fn start(authority: &Authority) -> Self {
        let [certificate, key] =
            ["server.pem", "server.key"].map(|name| authority.file(name).display().to_string());
        loop {
            let port = free_port();
            let flags = [
                ["--tls-port", &port.to_string()],
                ["--tls-cert-file", &certificate],
                ["--tls-key-file", &key],
                ["--tls-ca-cert-file", &authority.certificate().display().to_string()],
                ["--tls-auth-clients", "no"],
            ];
            // Another test may be faster to take a port that was free.
            if let Some(server) = Redis::start_at(free_port(), flags.as_flattened()).await {
                return Self { port, _server: server };
            }
        }
    }

    /// `rediss://` and the address.
    pub fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port)
    }
}
