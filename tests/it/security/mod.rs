//! What an attacker would try on a server of their own settings, as docs/SECURITY.md lists it.

#![allow(clippy::disallowed_methods, reason = "bounds in real time are what is tested")]

mod hoard;
mod page;
mod rates;
mod secrets;
mod slow;
mod start;
