use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mongodb::Database;
use tokio::{runtime::Handle, sync::oneshot, time::timeout};

use crate::schema::{self, SchemaDifference};

/// Compares the database with what keeps the promise, again and again until it is dropped.
pub(crate) struct SchemaWatch {
    difference: Arc<Mutex<Option<SchemaDifference>>>,
    _until_dropped: oneshot::Sender<()>,
}

impl SchemaWatch {
    /// Begins with a database that was found to be right.
    pub(crate) fn start(runtime: &Handle, database: Database, every: Duration) -> Self {
        let difference = Arc::default();
        let (until_dropped, dropped) = oneshot::channel();
        runtime.spawn(watch(database, every, Arc::clone(&difference), dropped));
        Self { difference, _until_dropped: until_dropped }
    }

    /// What was different when it was last compared.
    pub(crate) fn check(&self) -> Result<(), SchemaDifference> {
        match &*self.difference.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(difference) => Err(difference.clone()),
            None => Ok(()),
        }
    }
}

async fn watch(
    database: Database,
    every: Duration,
    difference: Arc<Mutex<Option<SchemaDifference>>>,
    mut dropped: oneshot::Receiver<()>,
) {
    while timeout(every, &mut dropped).await.is_err() {
        let found = match schema::compare(&database).await {
            Ok(found) => found,
            // A server that is away says nothing about its indexes, and takes no insert either.
            Err(error) => {
                tracing::warn!(%error, "the database could not be compared with what it must be");
                continue;
            }
        };
        if let Err(error) = schema::date_abandoned(&database).await {
            tracing::warn!(%error, "abandoned attempts are kept for longer");
        }
        let mut known = difference.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*known, &found) {
            (_, Some(new)) if known.as_ref() != Some(new) => {
                tracing::error!(reason = %new, "nothing is sold: the database is not as it must be");
            }
            (Some(_), None) => tracing::info!("the database is as it must be; sales go on"),
            (None | Some(_), _) => {}
        }
        *known = found;
    }
}
