use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, value_parser};
use seat_layout::SEATS_MAX;

use crate::origin::Origin;

/// Load generator and auditor for a seat-booking server.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sells fresh events out with many users at once, then audits every booking.
    Storm(StormOptions),
}

#[derive(Debug, Args)]
pub(crate) struct StormOptions {
    /// Where the server listens; of several that share their stores, separated by commas, the users
    /// take one each in turn.
    #[arg(long = "url", default_value = "http://127.0.0.1:3000", value_delimiter = ',')]
    pub(crate) urls: Vec<Origin>,

    /// Seats of an event.
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=SEATS_MAX as i64))]
    pub(crate) seats: u32,

    /// Users, each with a connection of its own.
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=50_000))]
    pub(crate) users: u32,

    /// Seats that a user orders at once; fewer when no more are left.
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(1..=50))]
    pub(crate) per_order: u32,

    /// Events, sold out one after the other by the same users.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=1_000))]
    pub(crate) events: u32,

    /// The server's JWT secret; without it the tokens come from a server in demo mode.
    #[arg(long, env = "JWT_SECRET", hide_env_values = true)]
    pub(crate) secret: Option<String>,

    /// How long a hold is asked for; fractions are allowed.
    #[arg(long, default_value_t = 5.0, value_parser = minutes)]
    pub(crate) hold_minutes: f64,

    /// When to give up, counted from the first sale's start: `120s` or `2m`.
    #[arg(long, default_value = "120s", value_parser = duration)]
    pub(crate) time_limit: Duration,

    /// Where to write the report's figures as JSON.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,

    /// Where to write what the users saw, as a history for `check-history`; the audit then also
    /// reads every booking again, and checks the history.
    #[arg(long)]
    pub(crate) history: Option<PathBuf>,

    /// The server's processes, whose CPU is then measured; found by themselves on this machine.
    #[arg(long = "server-pid", value_delimiter = ',')]
    pub(crate) server_pids: Vec<u32>,

    /// What the users' choices of seats are derived from.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if minutes.is_finite() && minutes > 0.0 => Ok(minutes),
        Ok(_) | Err(_) => Err("must be a number of minutes above 0".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit_s) = match text.strip_suffix('m') {
        Some(number) => (number, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    match number.parse::<u32>() {
        Ok(number @ 1..) => Ok(Duration::from_secs(u64::from(number) * unit_s)),
        Ok(0) | Err(_) => Err("must be a whole number above 0 with `s` or `m`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn a_time_limit_is_in_seconds_or_minutes() {
        assert_eq!(duration("120s"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("7"), Ok(Duration::from_secs(7)));
        for text in ["", "0s", "-1s", "1h", "1.5m"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
