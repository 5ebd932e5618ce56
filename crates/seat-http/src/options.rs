use std::net::IpAddr;

use secrecy::SecretString;

/// What the routes need to know beside the service.
///
/// ```
/// let mut options = seat_http::Options::new("at least 32 random characters".into());
/// options.rate_per_user = 50;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The secret with which tokens are signed, HS256.
    pub jwt_secret: SecretString,
    /// Whether anyone may have a guest token, an admin's too. Never where real seats are sold.
    pub demo: bool,
    /// The origins whose pages may read answers, such as `https://tickets.example`; `*` is all.
    /// None by default.
    pub cors_origins: Vec<String>,
    /// The proxies whose `X-Forwarded-For` is believed. None by default.
    pub trusted_proxies: Vec<IpAddr>,
    /// How many requests a second one user may make, twice that as a burst; 0, the default, is
    /// any number.
    pub rate_per_user: u32,
    /// How many requests a second may come from one address, twice that as a burst; 0, the
    /// default, is any number. An IPv6 network of 64 bits counts as one address.
    pub rate_per_address: u32,
    /// How many bytes a body may have: 64 KB by default.
    pub body_max: usize,
    /// How many bytes a layout may have: 64 MB by default.
    pub layout_body_max: usize,
}

impl Options {
    /// The defaults with this secret.
    pub fn new(jwt_secret: SecretString) -> Self {
        Self {
            jwt_secret,
            demo: false,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            rate_per_user: 0,
            rate_per_address: 0,
            body_max: 64 * 1024,
            layout_body_max: 64 * 1024 * 1024,
        }
    }
}
