use reqwest::header::HeaderMap;
use serde_json::Value;

/// What the server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, as they came.
    pub headers: HeaderMap,
    /// The body as it came, not decompressed.
    pub bytes: Vec<u8>,
    /// The body as JSON; null when it is empty or something else.
    pub body: Value,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> reqwest::Result<Self> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.bytes().await?.to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Self { status, headers, bytes, body })
    }

    /// The answer again.
    ///
    /// # Panics
    /// With the body, when the status is another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status, status, "answered {}: {text}", self.status);
        self
    }

    /// The code of a problem.
    ///
    /// # Panics
    /// When the body is no problem.
    #[track_caller]
    pub fn code(&self) -> &str {
        self.text("code")
    }

    /// A field of the body.
    ///
    /// # Panics
    /// When the body does not have it.
    #[track_caller]
    pub fn field(&self, name: &str) -> &Value {
        let field = self.body.get(name);
        field.unwrap_or_else(|| panic!("no field {name} in {}: {}", self.status, self.body))
    }

    /// A field of the body that is a text.
    ///
    /// # Panics
    /// When the body does not have it.
    #[track_caller]
    pub fn text(&self, name: &str) -> &str {
        let field = self.field(name);
        field.as_str().unwrap_or_else(|| panic!("{name} is no text in {}", self.body))
    }

    /// A header, when it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
