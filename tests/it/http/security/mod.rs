//! What an attacker would try over HTTP, as docs/SECURITY.md lists it; each test is named there.

mod answers;
mod bodies;
mod heads;
mod others;
mod text;
mod tokens;
