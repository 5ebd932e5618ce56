use seat_layout::{EventId, LayoutId};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use crate::{
    client::{Client, ClientError},
    tokens::Token,
    wire::Head,
};

/// A connection with the rights of an administrator, for everything that is not the sale itself.
pub(crate) struct Admin {
    client: Client,
    token: Token,
}

impl Admin {
    pub(crate) fn new(client: Client, token: Token) -> Self {
        Self { client, token }
    }

    /// The JSON that is found at the path.
    ///
    /// # Errors
    /// Every [`ClientError`].
    pub(crate) async fn read<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, ClientError> {
        let message = Head::get(self.client.origin(), path, Some(&self.token)).bare();
        self.client.json(&message).await
    }

    /// Makes a layout out of the document. A lost answer may leave one that nobody uses.
    ///
    /// # Errors
    /// Every [`ClientError`].
    pub(crate) async fn create_layout(&mut self, document: &[u8]) -> Result<LayoutId, ClientError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Created {
            layout_id: LayoutId,
        }
        Ok(self.create::<Created>("/seat-booking/layouts", document).await?.layout_id)
    }

    /// Makes an event on the layout. A lost answer may leave one that nobody uses.
    ///
    /// # Errors
    /// Every [`ClientError`].
    pub(crate) async fn create_event(
        &mut self,
        layout: LayoutId,
        name: &str,
    ) -> Result<EventId, ClientError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Created {
            event_id: EventId,
        }
        let document = json!({ "layoutId": layout, "name": name }).to_string();
        Ok(self.create::<Created>("/seat-booking/events", document.as_bytes()).await?.event_id)
    }

    async fn create<T: DeserializeOwned>(
        &mut self,
        path: &str,
        document: &[u8],
    ) -> Result<T, ClientError> {
        let head = Head::post(self.client.origin(), path, Some(&self.token));
        self.client.json(&head.with_body(document)).await
    }
}
