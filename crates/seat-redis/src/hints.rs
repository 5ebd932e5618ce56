use std::{collections::HashSet, future::pending, sync::Arc, time::Duration};

use fred::{
    clients::Client,
    error::Error,
    interfaces::{ClientLike, EventInterface, PubsubInterface},
    types::{Message, Value},
};
use seat_layout::EventId;
use tokio::{
    sync::{
        Mutex, Notify,
        broadcast::{Receiver, error::RecvError},
    },
    time::sleep,
};

use crate::keys::Keys;

/// How many messages wait for a reader that is busy. Where there are more, everything counts as
/// changed.
pub(crate) const WAITING_MAX: usize = 4_096;

/// How soon a subscription that failed is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Hears the channels of the events that are followed, on a connection of its own: on a shared
/// one, a server that refuses a subscription would answer what the library does not wait for, and
/// every later reply would be taken for the one before.
pub(crate) struct Hints {
    client: Client,
    /// Some connection was made anew, this one or another.
    connected: Arc<Notify>,
    ear: Mutex<Ear>,
}

struct Ear {
    messages: Receiver<Message>,
    /// The events whose channels are subscribed to.
    heard: HashSet<EventId>,
    /// A failure is logged once.
    is_deaf: bool,
}

impl Hints {
    /// `client` is used for nothing else.
    pub(crate) fn new(client: Client, connected: Arc<Notify>) -> Self {
        let messages = client.message_rx();
        let ear = Mutex::new(Ear { messages, heard: HashSet::new(), is_deaf: false });
        Self { client, connected, ear }
    }

    pub(crate) async fn next(&self, following: Vec<EventId>) -> Vec<EventId> {
        let ear = &mut *self.ear.lock().await;
        loop {
            let fresh = self.subscribe(ear, &following).await;
            let fresh = ear.noted(fresh);
            if !fresh.is_empty() {
                return fresh;
            }
            let hinted = tokio::select! {
                message = ear.messages.recv() => match message {
                    Ok(message) => ear.events_of(&message),
                    Err(RecvError::Lagged(_)) => following.clone(),
                    // The store was closed.
                    Err(RecvError::Closed) => pending().await,
                },
                () = self.connected.notified() => {
                    // The new connection has no subscriptions.
                    ear.heard.clear();
                    following.clone()
                }
                () = sleep(AGAIN_AFTER), if ear.is_deaf => Vec::new(),
            };
            if !hinted.is_empty() {
                return hinted;
            }
        }
    }

    /// Subscribes to what is followed and not heard yet. Its changes before that were missed, so
    /// these events are the first to be hinted at.
    async fn subscribe(&self, ear: &mut Ear, following: &[EventId]) -> Result<Vec<EventId>, Error> {
        let fresh: Vec<EventId> =
            following.iter().filter(|&event| !ear.heard.contains(event)).copied().collect();
        if ear.heard.len() + fresh.len() > following.len() {
            let followed: HashSet<EventId> = following.iter().copied().collect();
            let left: Vec<EventId> = ear.heard.difference(&followed).copied().collect();
            self.client.unsubscribe(channels(&left)).await?;
            ear.heard.retain(|event| followed.contains(event));
        }
        if !fresh.is_empty() {
            self.client.subscribe(channels(&fresh)).await?;
            // The library does not wait until that is done, but it does for this, which comes
            // after it.
            self.client.ping::<Value>(None).await?;
            ear.heard.extend(&fresh);
        }
        Ok(fresh)
    }
}

impl Ear {
    fn noted(&mut self, fresh: Result<Vec<EventId>, Error>) -> Vec<EventId> {
        match fresh {
            Ok(fresh) => {
                self.is_deaf = false;
                fresh
            }
            Err(error) => {
                if !self.is_deaf {
                    tracing::warn!(%error, "changes by other servers are only polled for");
                }
                self.is_deaf = true;
                Vec::new()
            }
        }
    }

    /// The events of this message and of those that wait behind it.
    fn events_of(&mut self, message: &Message) -> Vec<EventId> {
        let mut events: HashSet<EventId> = Keys::of_channel(&message.channel).into_iter().collect();
        while let Ok(message) = self.messages.try_recv() {
            events.extend(Keys::of_channel(&message.channel));
        }
        // One may still be heard of that is followed no longer.
        events.retain(|event| self.heard.contains(event));
        events.into_iter().collect()
    }
}

/// Has every connection that this client makes hint at everything: what was a master may have
/// become another server meanwhile.
pub(crate) fn notify(connected: &Arc<Notify>, client: &Client) {
    let (made, moved) = (Arc::clone(connected), Arc::clone(connected));
    client.on_reconnect(move |_| {
        made.notify_one();
        async { Ok(()) }
    });
    client.on_cluster_change(move |_| {
        moved.notify_one();
        async { Ok(()) }
    });
}

fn channels(events: &[EventId]) -> Vec<String> {
    events.iter().map(|&event| Keys(event).changes()).collect()
}
