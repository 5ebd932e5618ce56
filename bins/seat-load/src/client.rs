use std::{io, sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::time;

use crate::{
    origin::Origin,
    wire::{Answer, Connection, Message, WireError, asks_again},
};

/// One keep-alive connection, opened when it is needed and again after it was closed.
pub(crate) struct Client {
    origin: Arc<Origin>,
    /// Absent while a request is under way: one that is given up takes its connection with it.
    connection: Option<Connection>,
}

#[derive(Debug, Error)]
pub(crate) enum ClientError {
    #[error("cannot connect to {origin}")]
    Connect { origin: String, source: io::Error },
    #[error("{request} at {origin} was not answered")]
    Unanswered { request: String, origin: String, source: WireError },
    #[error("{request} at {origin} was not answered within {} s", ANSWER_WITHIN.as_secs())]
    Silent { request: String, origin: String },
    #[error("{request} at {origin} was answered {status}: {body}")]
    Refused { request: String, origin: String, status: u16, body: String },
    #[error("{request} at {origin} was answered in another form than expected")]
    Form { request: String, origin: String, source: serde_json::Error },
}

/// How often [`Client::json`] sends a request before it gives up.
const ATTEMPTS_MAX: u32 = 10;

/// How long [`Client::json`] waits for an answer; making a layout of 200,000 seats takes a while.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

impl Client {
    pub(crate) fn new(origin: Arc<Origin>) -> Self {
        Self { origin, connection: None }
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Opens the connection, so that the first request need not.
    ///
    /// # Errors
    /// [`ClientError::Connect`].
    pub(crate) async fn connect(&mut self) -> Result<(), ClientError> {
        self.connection = Some(self.take_connection().await?);
        Ok(())
    }

    /// Sends the request once and reads the answer, whatever its status; waits without a limit.
    ///
    /// # Errors
    /// [`ClientError::Connect`], and [`ClientError::Unanswered`], after which the server may have
    /// carried the request out.
    pub(crate) async fn send(&mut self, message: &Message) -> Result<Answer, ClientError> {
        let mut connection = self.take_connection().await?;
        match connection.exchange(message).await {
            Ok(answer) => {
                self.connection = Some(connection);
                Ok(answer)
            }
            Err(source) => Err(ClientError::Unanswered {
                request: message.name(),
                origin: self.origin.to_string(),
                source,
            }),
        }
    }

    /// Sends the request until it is answered with success, and reads the answer's JSON.
    ///
    /// After a broken connection, a 429 and a 503 it is sent again, ten times in all; so it has to
    /// be one that may be carried out twice.
    ///
    /// # Errors
    /// Every [`ClientError`].
    pub(crate) async fn json<T: DeserializeOwned>(
        &mut self,
        message: &Message,
    ) -> Result<T, ClientError> {
        for _ in 1..ATTEMPTS_MAX {
            match self.send_in_time(message).await {
                Ok(Answer { again_after: Some(pause), .. }) => time::sleep(pause).await,
                Ok(answer) => return self.read(message, &answer),
                Err(ClientError::Unanswered { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let answer = self.send_in_time(message).await?;
        self.read(message, &answer)
    }

    async fn send_in_time(&mut self, message: &Message) -> Result<Answer, ClientError> {
        match time::timeout(ANSWER_WITHIN, self.send(message)).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(ClientError::Silent {
                request: message.name(),
                origin: self.origin.to_string(),
            }),
        }
    }

    fn read<T: DeserializeOwned>(
        &self,
        message: &Message,
        answer: &Answer,
    ) -> Result<T, ClientError> {
        let (request, origin) = (message.name(), self.origin.to_string());
        let status = answer.status;
        if !(200..300).contains(&status) {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(ClientError::Refused { request, origin, status, body });
        }
        serde_json::from_slice(&answer.body).map_err(|source| ClientError::Form {
            request,
            origin,
            source,
        })
    }

    /// The open connection, or a new one.
    async fn take_connection(&mut self) -> Result<Connection, ClientError> {
        match self.connection.take().filter(Connection::is_usable) {
            Some(connection) => Ok(connection),
            None => Connection::open(&self.origin)
                .await
                .map_err(|source| ClientError::Connect { origin: self.origin.to_string(), source }),
        }
    }
}

impl ClientError {
    /// Whether the same request may be answered later, by a server that is back or less busy.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Unanswered { .. } | Self::Silent { .. } => true,
            Self::Refused { status, .. } => asks_again(*status),
            Self::Form { .. } => false,
        }
    }
}
