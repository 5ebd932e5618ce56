use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use seat_booking::{Limits, Settings, Timing};
use seat_layout::{EventId, UserId};
use secrecy::{ExposeSecret, SecretString};

use crate::start_error::StartError;

/// How short a secret may be: RFC 7518, section 3.2, asks for as many bits as the hash has; this
/// is the length below which a secret is a word.
const SECRET_CHARACTERS_MIN: usize = 16;

/// Sells the seats of events over HTTP.
#[derive(Debug, Parser)]
#[command(name = "seat-server", version, subcommand_negates_reqs = true)]
pub(crate) struct Flags {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Read the settings, reach the stores, say what was found, and end
    #[arg(long)]
    pub(crate) check: bool,

    /// Make a venue and an event, and give guest tokens to anyone who asks
    #[arg(long)]
    pub(crate) demo: bool,

    /// The secret that signs tokens (HS256)
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, global = true)]
    pub(crate) jwt_secret: Option<SecretString>,

    /// Redis, for locks: redis://, redis-cluster:// or redis-sentinel://, with rediss for TLS
    #[arg(long, env = "REDIS_URL", hide_env_values = true, global = true)]
    pub(crate) redis_url: Option<String>,

    /// MongoDB, for layouts and bookings
    #[arg(long, env = "MONGODB_URI", hide_env_values = true, global = true)]
    pub(crate) mongodb_uri: Option<String>,

    /// Where to listen
    #[arg(long, env = "SEAT_BIND", default_value = "127.0.0.1:3000")]
    pub(crate) bind: SocketAddr,

    /// Where the embedded stores keep their files
    #[arg(long, env = "SEAT_DATA_DIR", default_value = "./data")]
    pub(crate) data_dir: PathBuf,

    /// Origins of web pages that may call, or *
    #[arg(long, env = "SEAT_CORS_ORIGINS", value_delimiter = ',')]
    cors_origins: Vec<String>,

    /// Addresses whose X-Forwarded-For is believed
    #[arg(long, env = "SEAT_TRUSTED_PROXIES", value_delimiter = ',')]
    trusted_proxies: Vec<String>,

    /// Requests a second of one user, twice that as a burst; 0 is off
    #[arg(long, env = "SEAT_RATE_PER_USER", default_value_t = 50)]
    pub(crate) rate_per_user: u32,

    /// Requests a second from one address, twice that as a burst; 0 is off
    #[arg(long, env = "SEAT_RATE_PER_ADDRESS", default_value_t = 0)]
    pub(crate) rate_per_address: u32,

    /// How long a connection is kept on which nothing could be sent
    #[arg(long, env = "SEAT_SILENT_SECONDS", default_value = "90", value_parser = seconds)]
    pub(crate) silent_seconds: Duration,

    /// How logs are written to standard error
    #[arg(long, env = "SEAT_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,

    #[command(flatten)]
    pub(crate) limits: LimitFlags,

    #[command(flatten)]
    pub(crate) timing: TimingFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a token, for whoever has the secret
    Token(TokenRequest),
    /// Write the reports' collection seatStates anew, from Redis and the bookings
    RebuildSeatStates(RebuildRequest),
}

#[derive(Debug, Args)]
pub(crate) struct TokenRequest {
    /// Whose token
    #[arg(long)]
    pub(crate) sub: UserId,
    /// What it may do
    #[arg(long, default_value = "user")]
    pub(crate) role: RoleFlag,
    /// How long it is valid, in hours
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=8_760))]
    pub(crate) hours: u32,
}

#[derive(Debug, Args)]
pub(crate) struct RebuildRequest {
    /// Of this event alone
    #[arg(long)]
    pub(crate) event: Option<EventId>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleFlag {
    User,
    Admin,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitFlags {
    /// How long a hold lasts when the request does not say
    #[arg(long, env = "SEAT_HOLD_DEFAULT_SECONDS", default_value = "600", value_parser = seconds)]
    hold_default_seconds: Duration,
    /// The shortest hold
    #[arg(long, env = "SEAT_HOLD_MIN_SECONDS", default_value = "60", value_parser = seconds)]
    hold_min_seconds: Duration,
    /// The longest hold, extensions included
    #[arg(long, env = "SEAT_HOLD_MAX_SECONDS", default_value = "7200", value_parser = seconds)]
    hold_max_seconds: Duration,
    /// Seats that one request may hold or confirm, 1 to 50
    #[arg(long, env = "SEAT_SEATS_PER_HOLD_MAX", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..=50))]
    seats_per_hold_max: u32,
    /// Seats of one event that one user may hold at once
    #[arg(long, env = "SEAT_SEATS_PER_USER_MAX", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    seats_per_user_max: u32,
}

/// One flag for each interval of the protocol, in milliseconds. The defaults are what the
/// documentation promises; tests shorten them.
macro_rules! timing_flags {
    ($($(#[doc = $doc:literal])* $field:ident $flag:literal),* $(,)?) => {
        #[derive(Debug, Args)]
        #[command(next_help_heading = "Timing, in milliseconds")]
        pub(crate) struct TimingFlags {
            $($(#[doc = $doc])* #[arg(long = $flag, value_name = "MS", value_parser = milliseconds)]
            $field: Option<Duration>,)*
        }

        impl TimingFlags {
            fn timing(&self) -> Timing {
                let default = Timing::default();
                Timing { $($field: self.$field.unwrap_or(default.$field),)* }
            }
        }
    };
}

timing_flags! {
    /// How long a request waits while its event is being loaded
    load_wait "load-wait-ms",
    /// How long a loader may be silent before another takes over
    load_lease "load-lease-ms",
    /// How long a confirm tries to learn the outcome of its insert
    confirm_budget "confirm-budget-ms",
    /// How long a look is repeated
    look_budget "look-budget-ms",
    /// The first pause before a store is asked again
    retry_pause "retry-pause-ms",
    /// The age from which a transfer is settled by any node
    reconcile_age "reconcile-age-ms",
    /// How long after a load the event is audited
    verify_after "verify-after-ms",
    /// How long a difference must last before an audit settles it
    audit_confirm "audit-confirm-ms",
    /// How often followed events are swept
    sweep_every "sweep-every-ms",
    /// How often followed events are reconciled
    reconcile_every "reconcile-every-ms",
    /// How often every event is swept, reconciled, audited and projected
    round_every "round-every-ms",
    /// How often MongoDB's indexes and validator are compared with what they must be
    schema_check_every "schema-check-every-ms",
    /// How often what this server changed is written to the reports' collection seatStates
    project_every "project-every-ms",
    /// How long a writer of seatStates may be silent before another takes over
    project_lease "project-lease-ms",
    /// How often a live view is brought up to date without a hint
    poll_every "poll-every-ms",
    /// How long a read waits for a version of another node
    at_least_wait "at-least-wait-ms",
    /// How long a view stays without a reader
    view_idle "view-idle-ms",
    /// How long a handler waits for the task that does the work
    answer_within "answer-within-ms",
    /// How long a stop waits for such tasks
    drain_within "drain-within-ms",
}

impl Flags {
    /// The protocol's settings.
    pub(crate) fn settings(&self) -> Result<Settings, StartError> {
        let limits = &self.limits;
        if limits.hold_min_seconds > limits.hold_max_seconds {
            return Err(StartError::Limits(
                "SEAT_HOLD_MIN_SECONDS is greater than SEAT_HOLD_MAX_SECONDS",
            ));
        }
        let allowed = limits.hold_min_seconds..=limits.hold_max_seconds;
        if !allowed.contains(&limits.hold_default_seconds) {
            return Err(StartError::Limits(
                "SEAT_HOLD_DEFAULT_SECONDS is not between SEAT_HOLD_MIN_SECONDS and \
                 SEAT_HOLD_MAX_SECONDS",
            ));
        }
        let limits = Limits {
            hold_default: limits.hold_default_seconds,
            hold_min: limits.hold_min_seconds,
            hold_max: limits.hold_max_seconds,
            seats_per_hold_max: limits.seats_per_hold_max,
            seats_per_user_max: limits.seats_per_user_max,
        };
        Ok(Settings { timing: self.timing.timing(), limits, ..Settings::default() })
    }

    /// The secret, which must be there and no word.
    pub(crate) fn secret(&self) -> Result<&SecretString, StartError> {
        let secret = self.jwt_secret.as_ref().ok_or(StartError::NoSecret)?;
        let length = secret.expose_secret().chars().count();
        match length {
            0 => Err(StartError::NoSecret),
            1..SECRET_CHARACTERS_MIN => Err(StartError::ShortSecret { length }),
            _ => Ok(secret),
        }
    }

    /// The origins of web pages that may call.
    pub(crate) fn cors_origins(&self) -> Result<Vec<String>, StartError> {
        given(&self.cors_origins)
            .map(|origin| {
                let (scheme, host) = origin.split_once("://").unwrap_or_default();
                let host_fits = !host.is_empty()
                    && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b));
                if origin == "*" || (["http", "https"].contains(&scheme) && host_fits) {
                    Ok(origin.to_owned())
                } else {
                    Err(StartError::CorsOrigin(origin.to_owned()))
                }
            })
            .collect()
    }

    /// The addresses whose `X-Forwarded-For` is believed.
    pub(crate) fn trusted_proxies(&self) -> Result<Vec<IpAddr>, StartError> {
        given(&self.trusted_proxies)
            .map(|proxy| proxy.parse().map_err(|_| StartError::TrustedProxy(proxy.to_owned())))
            .collect()
    }

    /// Where Redis and MongoDB are; `None` means the embedded stores.
    pub(crate) fn store_urls(&self) -> Result<Option<StoreUrls<'_>>, StartError> {
        // A variable that is set to nothing, as a compose file does it, is not set.
        let [redis, mongodb] = [&self.redis_url, &self.mongodb_uri]
            .map(|url| url.as_deref().filter(|url| !url.is_empty()));
        match (redis, mongodb) {
            (None, None) => Ok(None),
            (Some(redis), Some(mongodb)) => Ok(Some(StoreUrls { redis, mongodb })),
            (Some(_), None) => {
                Err(StartError::OneStore { set: "REDIS_URL", missing: "MONGODB_URI" })
            }
            (None, Some(_)) => {
                Err(StartError::OneStore { set: "MONGODB_URI", missing: "REDIS_URL" })
            }
        }
    }
}

/// Where the stores are that other servers use too.
pub(crate) struct StoreUrls<'a> {
    pub(crate) redis: &'a str,
    pub(crate) mongodb: &'a str,
}

/// The parts of a list that say something.
fn given(list: &[String]) -> impl Iterator<Item = &str> {
    list.iter().map(|part| part.trim()).filter(|part| !part.is_empty())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds".to_owned())?;
    if (0.05..=86_400.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("must be from 0.05 to 86400 seconds".to_owned())
    }
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(ms @ 1..=86_400_000) => Ok(Duration::from_millis(ms)),
        Ok(_) | Err(_) => Err("must be from 1 to 86400000 milliseconds".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn flags(arguments: &[&str]) -> Flags {
        Flags::try_parse_from([&["seat-server"], arguments].concat()).unwrap()
    }

    proptest! {
        #[test]
        fn a_text_is_a_duration_within_its_bounds_or_refused(
            text in prop_oneof!["-?[0-9]{0,9}(\\.[0-9]{0,4})?(e-?[0-9]{1,3})?", "NaN|-?inf", ".{0,9}"],
        ) {
            if let Ok(duration) = seconds(&text) {
                let asked: f64 = text.parse().unwrap();
                prop_assert!((0.05..=86_400.0).contains(&asked));
                prop_assert!((duration.as_secs_f64() - asked).abs() < 1e-6);
            }
            if let Ok(duration) = milliseconds(&text) {
                prop_assert_eq!(text.parse(), Ok(duration.as_millis()));
                prop_assert!((1..=86_400_000).contains(&duration.as_millis()));
            }
        }

        #[test]
        fn a_list_of_origins_or_proxies_is_taken_or_refused_by_its_name(
            text in prop_oneof!["(https?://)?[a-z0-9.:\\[\\]*/ -]{0,12}", "[ -~é]{0,12}"],
        ) {
            let text = text.trim_start_matches('-');
            let flags = flags(&["--cors-origins", text, "--trusted-proxies", text]);
            match flags.cors_origins() {
                Ok(origins) => {
                    let asked: Vec<_> = text.split(',').map(str::trim).collect();
                    prop_assert!(origins.iter().all(|origin| asked.contains(&origin.as_str())));
                }
                Err(error) => prop_assert!(error.to_string().contains("SEAT_CORS_ORIGINS")),
            }
            if let Err(error) = flags.trusted_proxies() {
                prop_assert!(error.to_string().contains("SEAT_TRUSTED_PROXIES"));
            }
        }
    }

    #[test]
    fn without_flags_the_timing_is_the_documented_one() {
        assert_eq!(flags(&[]).settings().unwrap().timing, Timing::default());
        let short = flags(&["--reconcile-age-ms", "500"]).settings().unwrap().timing;
        assert_eq!(short.reconcile_age, Duration::from_millis(500));
    }

    #[test]
    fn one_store_alone_is_refused_by_name() {
        let error = flags(&["--redis-url", "redis://h"]).store_urls().err().unwrap().to_string();
        assert!(error.starts_with("REDIS_URL is set and MONGODB_URI is not"), "{error}");
        let error = flags(&["--mongodb-uri", "mongodb://h"]).store_urls().err().unwrap();
        assert!(error.to_string().starts_with("MONGODB_URI is set and REDIS_URL is not"));
    }

    #[test]
    fn a_setting_of_nothing_is_not_set() {
        let flags = flags(&["--redis-url", "", "--mongodb-uri", "", "--cors-origins", ""]);
        assert!(flags.store_urls().unwrap().is_none());
        assert!(flags.cors_origins().unwrap().is_empty());
    }

    #[test]
    fn an_origin_or_proxy_that_is_none_is_named() {
        let good = flags(&["--cors-origins", "https://a.example, http://localhost:5173"]);
        let origins = good.cors_origins().unwrap();
        assert_eq!(origins, ["https://a.example", "http://localhost:5173"]);
        for bad in ["a b", "https://a.example/", "a.example"] {
            let error = flags(&["--cors-origins", bad]).cors_origins().unwrap_err().to_string();
            assert!(error.contains("SEAT_CORS_ORIGINS") && error.contains(bad), "{error}");
        }
        let error = flags(&["--trusted-proxies", "10.0.0"]).trusted_proxies().unwrap_err();
        assert!(error.to_string().contains("SEAT_TRUSTED_PROXIES"));
    }

    #[test]
    fn a_missing_or_short_secret_is_refused() {
        assert!(
            matches!(flags(&[]).secret(), Err(StartError::NoSecret))
                || std::env::var_os("JWT_SECRET").is_some()
        );
        assert!(matches!(
            flags(&["--jwt-secret", "hunter2"]).secret(),
            Err(StartError::ShortSecret { length: 7 })
        ));
    }

    #[test]
    fn limits_that_contradict_each_other_are_refused() {
        assert!(
            flags(&["--hold-min-seconds", "100", "--hold-max-seconds", "50"]).settings().is_err()
        );
        assert!(flags(&["--hold-default-seconds", "10"]).settings().is_err());
    }
}
