use std::time::Duration;

use jsonwebtoken::{EncodingKey, Header};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    client::{Client, ClientError},
    clock,
    wire::Head,
};

/// A JWT, of characters that fit into a header; it is not printed.
pub(crate) struct Token(String);

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    User,
    Admin,
}

/// Where tokens come from.
pub(crate) enum Tokens {
    /// Signed here with the server's secret.
    Signed(EncodingKey),
    /// Asked of a server in demo mode.
    Demo,
}

#[derive(Debug, Error)]
pub(crate) enum TokenError {
    #[error("the server gave no demo token; give its JWT secret with --secret or JWT_SECRET")]
    Demo(#[source] ClientError),
    #[error("a token could not be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
    #[error("the server's token does not fit into a header")]
    Unprintable,
}

/// Longer than any run.
const VALID: Duration = Duration::from_secs(24 * 60 * 60);

impl Tokens {
    pub(crate) fn new(secret: Option<&str>) -> Self {
        secret
            .map_or(Self::Demo, |secret| Self::Signed(EncodingKey::from_secret(secret.as_bytes())))
    }

    /// A token for this subject; a server in demo mode chooses the subject itself.
    pub(crate) async fn token(
        &self,
        client: &mut Client,
        sub: &str,
        role: Role,
    ) -> Result<Token, TokenError> {
        let token = match self {
            Self::Signed(key) => sign(key, sub, role)?,
            Self::Demo => ask(client, role).await.map_err(TokenError::Demo)?,
        };
        if token.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Token(token))
        } else {
            Err(TokenError::Unprintable)
        }
    }
}

impl Token {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn sign(key: &EncodingKey, sub: &str, role: Role) -> Result<String, TokenError> {
    #[derive(Serialize)]
    struct Claims<'a> {
        sub: &'a str,
        exp: u64,
        role: Role,
    }
    let exp = (clock::since_unix_epoch() + VALID).as_secs();
    // The default header is HS256.
    jsonwebtoken::encode(&Header::default(), &Claims { sub, exp, role }, key)
        .map_err(TokenError::Sign)
}

async fn ask(client: &mut Client, role: Role) -> Result<String, ClientError> {
    #[derive(Deserialize)]
    struct Given {
        token: String,
    }
    let wanted = serde_json::json!({ "role": role }).to_string();
    let head = Head::post(client.origin(), "/seat-booking/demo/token", None);
    Ok(client.json::<Given>(&head.with_body(wanted.as_bytes())).await?.token)
}
