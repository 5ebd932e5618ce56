use std::time::Duration;

use mongodb::{
    Client, Database,
    bson::{Document, doc},
    error::{Error, ErrorKind},
    options::{ClientOptions, ReadPreference, SelectionCriteria},
};
use seat_booking::ports::BackendError;
use thiserror::Error;

use crate::{
    fault::{backend, command_code},
    schema::{self, SchemaDifference},
};

/// The oldest MongoDB that is supported.
const MAJOR_VERSION: i64 = 6;

/// Why a repository could not be opened.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The URI is none of MongoDB.
    #[error("the URI of MongoDB must be like mongodb://host:27017/database: {reason}")]
    Uri {
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing that takes writes answers there in time.
    #[error(
        "no MongoDB that takes writes answers at {servers}; a replica set must be initiated \
         (rs.initiate()) and named in the URI"
    )]
    Unreachable {
        /// Where it was looked for.
        servers: String,
        /// What the driver said.
        source: BackendError,
    },
    /// The user or the password is wrong, or may not do what is needed.
    #[error("MongoDB at {servers} refuses the user or the password of its URI")]
    Refused {
        /// Where.
        servers: String,
        /// What the server said.
        source: BackendError,
    },
    /// The server is older than what was tried.
    #[error("MongoDB {found} is too old: 6.0 or later is needed")]
    TooOld {
        /// Its version.
        found: String,
    },
    /// The collections or indexes can't be made.
    #[error("the collections and indexes of {database} can't be made")]
    Create {
        /// The database.
        database: String,
        /// What the server said.
        source: BackendError,
    },
    /// The database is not as it must be, and was left as it is.
    #[error("MongoDB's database {database} is not as it must be")]
    Differs {
        /// The database.
        database: String,
        /// The first difference.
        source: SchemaDifference,
    },
}

/// The database to use when the URI names none.
const DATABASE: &str = "seat_booking";

/// Connects, and makes sure that the database is as it must be.
pub(crate) async fn connect(uri: &str) -> Result<Database, ConnectError> {
    let options = options(uri).await?;
    let servers: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
    let servers = servers.join(", ");
    let name = options.default_database.clone().unwrap_or_else(|| DATABASE.to_owned());
    let client = Client::with_options(options).map_err(|error| bad_uri(&error))?;
    let database = client.database(&name);
    check_server(&database).await.map_err(|error| away(servers, error))??;
    let failed =
        |error| ConnectError::Create { database: name.clone(), source: backend("connect", error) };
    schema::create(&database).await.map_err(failed)?;
    match schema::compare(&database).await.map_err(failed)? {
        Some(source) => Err(ConnectError::Differs { database: name, source }),
        None => Ok(database),
    }
}

/// The URI's settings, and where it has none, those with which a server that is gone is noticed
/// within about three seconds; the driver's own would wait for half a minute.
async fn options(uri: &str) -> Result<ClientOptions, ConnectError> {
    let mut options = ClientOptions::parse(uri).await.map_err(|error| bad_uri(&error))?;
    options.app_name.get_or_insert_with(|| "seat-booking".to_owned());
    options.connect_timeout.get_or_insert(Duration::from_secs(2));
    options.heartbeat_freq.get_or_insert(Duration::from_secs(1));
    options.server_selection_timeout.get_or_insert(Duration::from_secs(3));
    options.max_pool_size.get_or_insert(64);
    options.min_pool_size.get_or_insert(8);
    // What decides is read where it is written.
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    Ok(options)
}

/// Without the URI, which may have a password in it.
fn bad_uri(error: &Error) -> ConnectError {
    let reason = if let ErrorKind::InvalidArgument { message, .. } = &*error.kind {
        message.clone()
    } else {
        error.to_string()
    };
    ConnectError::Uri { reason }
}

fn away(servers: String, error: Error) -> ConnectError {
    /// The server's code for a user without the right.
    const UNAUTHORIZED: i32 = 13;
    let refused = matches!(*error.kind, ErrorKind::Authentication { .. })
        || command_code(&error) == Some(UNAUTHORIZED);
    let source = backend("connect", error);
    match refused {
        true => ConnectError::Refused { servers, source },
        false => ConnectError::Unreachable { servers, source },
    }
}

async fn check_server(database: &Database) -> Result<Result<(), ConnectError>, Error> {
    let build = database.run_command(doc! { "buildInfo": 1 }).await?;
    let hello = database.run_command(doc! { "hello": 1 }).await?;
    if let Err(error) = check_version(&build) {
        return Ok(Err(error));
    }
    if is_alone(&hello) {
        tracing::warn!(
            "MongoDB runs alone: when it fails, nothing takes its place. Make it a replica set: \
             start mongod with --replSet, call rs.initiate(), and name the set in the URI"
        );
    }
    Ok(Ok(()))
}

fn check_version(build: &Document) -> Result<(), ConnectError> {
    let found = build.get_str("version").unwrap_or_default().to_owned();
    let major = found.split('.').next().and_then(|major| major.parse::<i64>().ok());
    match major {
        Some(major) if major >= MAJOR_VERSION => Ok(()),
        Some(_) | None => Err(ConnectError::TooOld { found }),
    }
}

/// Whether it is neither a member of a replica set nor a router of a sharded cluster.
fn is_alone(hello: &Document) -> bool {
    !hello.contains_key("setName")
        && !hello.get_str("msg").is_ok_and(|message| message == "isdbgrid")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_uri_is_read_or_refused_without_its_password(
            rest in "[a-zA-Z0-9:/@?=&%,.\\[\\]#é-]{0,24}",
        ) {
            let uri = format!("mongodb://u:p4ssw0rd@{rest}");
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            if let Err(error) = runtime.block_on(options(&uri)) {
                prop_assert!(!format!("{error:?} {error}").contains("p4ssw0rd"), "{uri}: {error:?}");
            }
        }
    }

    #[test]
    fn a_server_that_is_too_old_is_refused_by_its_version() {
        let build = |version: &str| doc! { "version": version };
        for old in ["5.0.31", "4.4.2", ""] {
            let error = check_version(&build(old)).unwrap_err().to_string();
            assert!(error.contains(old) && error.contains("6.0"), "{error}");
        }
        for good in ["6.0.5", "7.0.14", "8.2.1"] {
            assert!(check_version(&build(good)).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_server_of_a_set_and_a_router_are_not_alone() {
        assert!(is_alone(&doc! { "isWritablePrimary": true }));
        assert!(!is_alone(&doc! { "setName": "rs" }));
        assert!(!is_alone(&doc! { "msg": "isdbgrid" }));
    }
}
