use std::{fmt::Display, time::Duration};

use fred::{
    error::Error,
    interfaces::LuaInterface,
    types::{Key, Value},
};
use seat_booking::ports::{BackendError, LockError};

use crate::{
    connect::Hashes,
    link::{self, Link},
    reply::Reply,
    script::Script,
};

/// How long is waited while a slot moves to another node, or has moved: about as long as the keys of
/// one event take. It ends well within the time-out of a command.
const MOVING: [Duration; 6] = [
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(40),
    Duration::from_millis(80),
    Duration::from_millis(160),
];

/// A script with its keys and arguments.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    script: Script,
    keys: Vec<Key>,
    arguments: Vec<Value>,
}

impl Call {
    pub(crate) fn new<const N: usize>(script: Script, keys: [String; N]) -> Self {
        Self { script, keys: keys.into_iter().map(Key::from).collect(), arguments: Vec::new() }
    }

    pub(crate) fn key(&mut self, key: String) {
        self.keys.push(key.into());
    }

    pub(crate) fn argument(&mut self, argument: &dyn Display) {
        self.arguments.push(argument.to_string().into());
    }

    pub(crate) fn ms(&mut self, duration: Duration) {
        self.argument(&duration.as_millis());
    }

    /// Sends it, and again as it is while its slot is moving, or has moved.
    pub(crate) async fn send(self, link: &Link, hashes: &Hashes) -> Result<Reply, LockError> {
        let mut pauses = MOVING.into_iter();
        loop {
            match (self.once(link, hashes).await, pauses.next()) {
                (Err(error), Some(pause)) if is_elsewhere(&error) => {
                    link.moved(error.details());
                    tokio::time::sleep(pause).await;
                }
                (Err(error), _) => {
                    let error = BackendError::new("redis", self.script.operation(), error);
                    return Err(LockError::Unknown(error));
                }
                (Ok(value), _) => return Reply::read(self.script, value),
            }
        }
    }

    /// By its hash; by its text where the server does not know it, as after a restart or on
    /// another node of a cluster, which then knows it.
    async fn once(&self, link: &Link, hashes: &Hashes) -> Result<Value, Error> {
        // All its keys are of one event, and so in one slot.
        let client = self.keys.first().and_then(|key| link.of(key)).ok_or_else(link::no_node)?;
        let (keys, arguments) = (self.keys.clone(), self.arguments.clone());
        match client.evalsha(hashes.of(self.script), keys, arguments).await {
            Err(error) if error.details().starts_with("NOSCRIPT") => {
                let (keys, arguments) = (self.keys.clone(), self.arguments.clone());
                client.eval(self.script.source(), keys, arguments).await
            }
            reply => reply,
        }
    }
}

/// Whether nothing was done, because the keys are on another node or just on their way to it.
fn is_elsewhere(error: &Error) -> bool {
    ["MOVED ", "ASK ", "TRYAGAIN "].iter().any(|word| error.details().starts_with(word))
}
