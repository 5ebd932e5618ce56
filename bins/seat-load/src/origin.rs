use std::{fmt, net::IpAddr, str::FromStr};

use thiserror::Error;

/// The server's address: `http://host:port`.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    authority: String,
    host: String,
    port: u16,
}

#[derive(Debug, Error)]
#[error("must be http://HOST or http://HOST:PORT, without a path")]
pub(crate) struct OriginError;

impl Origin {
    /// Host and port as the URL has them.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// Whether the server runs on this machine, as far as the name tells.
    pub(crate) fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let rest = text.strip_prefix("http://").ok_or(OriginError)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        // An IPv6 address has colons itself, and stands in brackets for that.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| OriginError)?)
            }
            Some(_) | None => (authority, 80),
        };
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match inner {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
            }
        };
        if !is_host {
            return Err(OriginError);
        }
        Ok(Self { authority: authority.to_owned(), host: inner.unwrap_or(host).to_owned(), port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_plain_http_address() {
        let parsed = |text: &str| {
            let origin: Origin = text.parse().unwrap();
            (origin.host.clone(), origin.port, origin.is_loopback(), origin.to_string())
        };
        assert_eq!(
            parsed("http://[::1]:3000/"),
            ("::1".to_owned(), 3000, true, "http://[::1]:3000".to_owned())
        );
        assert_eq!(parsed("http://[::1]").1, 80);
        assert_eq!(parsed("http://127.0.0.1:3000").0, "127.0.0.1");
        assert_eq!(
            parsed("http://seats"),
            ("seats".to_owned(), 80, false, "http://seats".to_owned())
        );
        for text in [
            "",
            "http://",
            "seats:3000",
            "https://seats",
            "http://seats/api",
            "http://u@seats",
            "http://seats:x",
            "http://::1",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
