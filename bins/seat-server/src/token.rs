use std::time::Duration;

use seat_booking::ports::{Clock, SystemClock};
use seat_http::{Role, sign_token};

use crate::{
    flags::{Flags, RoleFlag, TokenRequest},
    start_error::StartError,
};

/// Prints a token.
pub(crate) fn print(flags: &Flags, request: &TokenRequest) -> Result<(), StartError> {
    let role = match request.role {
        RoleFlag::User => Role::User,
        RoleFlag::Admin => Role::Admin,
    };
    let expires_at = SystemClock.now().after(Duration::from_secs(u64::from(request.hours) * 3_600));
    println!("{}", sign_token(flags.secret()?, &request.sub, role, expires_at));
    Ok(())
}
