//! Who asks: bearer tokens, signed with HS256.

mod extract;
mod tokens;

use seat_booking::Actor;
use seat_layout::UserId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use tokens::Tokens;
pub use tokens::sign_token;

/// What the holder of a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Holds and books for itself.
    #[default]
    User,
    /// Makes events, records payments, and sees every booking and the revenue.
    Admin,
}

/// Whoever sent a valid token. As an argument of a handler it answers 401 to everyone else, and
/// 429 to a user who asks too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) user: UserId,
    pub(crate) role: Role,
}

impl Caller {
    /// In whose name bookings are read and cancelled.
    pub(crate) fn actor(&self) -> Actor {
        match self.role {
            Role::User => Actor::User(self.user.clone()),
            Role::Admin => Actor::Admin,
        }
    }
}

/// A caller whose role is `admin`. As an argument of a handler it answers 403 to other callers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admin;
