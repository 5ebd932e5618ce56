//! HTTP/1.1 as far as this program needs it: one request at a time on a kept connection, answers
//! with a `Content-Length`.
//!
//! Over hyper's client a storm took twice the user time. The load generator runs on the server's
//! machine, so what it saves is the server's to use.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{origin::Origin, tokens::Token};

/// The request line and the headers that many requests share; with a token in it, it is not printed.
#[derive(Clone)]
pub(crate) struct Head(String);

/// A whole request, ready to be sent, also more than once.
pub(crate) struct Message(Vec<u8>);

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The server asks for the same request again after this time: a 429 or a 503.
    pub(crate) again_after: Option<Duration>,
    pub(crate) body: Bytes,
}

/// An open connection; after an error it is of no use.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    received: BytesMut,
    is_last: bool,
}

/// The server may have carried the request out.
#[derive(Debug, Error)]
pub(crate) enum WireError {
    #[error("the connection failed")]
    Connection(#[from] io::Error),
    #[error("the answer is not HTTP")]
    Answer(#[from] httparse::Error),
    #[error("the answer has no Content-Length, or one above {BODY_MAX_BYTES}")]
    Length,
}

/// The pause when a 429 or 503 names none in whole seconds.
const PAUSE_DEFAULT: Duration = Duration::from_secs(1);

/// The least pause, so that a `Retry-After: 0` makes no busy loop.
const PAUSE_MIN: Duration = Duration::from_millis(50);

const HEADERS_MAX: usize = 64;

/// Where an answer of usual size fits in one read.
const READ_AHEAD_BYTES: usize = 4 * 1024;

/// The states of the largest layout are 200 kB.
const BODY_MAX_BYTES: usize = 1024 * 1024;

pub(crate) fn asks_again(status: u16) -> bool {
    matches!(status, 429 | 503)
}

impl Head {
    pub(crate) fn get(origin: &Origin, path: &str, token: Option<&Token>) -> Self {
        Self::new("GET", origin, path, token)
    }

    /// The head of requests with a JSON body.
    pub(crate) fn post(origin: &Origin, path: &str, token: Option<&Token>) -> Self {
        let Self(head) = Self::new("POST", origin, path, token);
        Self(head + "Content-Type: application/json\r\n")
    }

    fn new(method: &str, origin: &Origin, path: &str, token: Option<&Token>) -> Self {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", origin.authority());
        if let Some(token) = token {
            head += &format!("Authorization: Bearer {}\r\n", token.as_str());
        }
        Self(head)
    }

    /// The request of this head with no body.
    pub(crate) fn bare(&self) -> Message {
        Message(format!("{}\r\n", self.0).into_bytes())
    }

    /// This head with one header more.
    pub(crate) fn with_header(&self, name: &str, value: &str) -> Self {
        Self(format!("{}{name}: {value}\r\n", self.0))
    }

    /// The request of this head and this body.
    pub(crate) fn with_body(&self, body: &[u8]) -> Message {
        let head = format!("{}Content-Length: {}\r\n\r\n", self.0, body.len());
        Message([head.as_bytes(), body].concat())
    }
}

impl Message {
    /// Method and path.
    pub(crate) fn name(&self) -> String {
        let line = self.0.split(|&byte| byte == b'\r').next().unwrap_or_default();
        String::from_utf8_lossy(line).trim_end_matches(" HTTP/1.1").to_owned()
    }
}

impl Connection {
    pub(crate) async fn open(origin: &Origin) -> io::Result<Self> {
        let stream = TcpStream::connect(origin.address()).await?;
        stream.set_nodelay(true)?;
        let received = BytesMut::with_capacity(READ_AHEAD_BYTES);
        Ok(Self { stream, received, is_last: false })
    }

    /// Whether another request may be sent: the server has not closed it, as far as one can know.
    pub(crate) fn is_usable(&self) -> bool {
        // Nothing is to be read between two requests but the end of the stream.
        let read = self.stream.try_read(&mut [0]);
        !self.is_last && read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Sends the request and reads the answer, whatever its status.
    pub(crate) async fn exchange(&mut self, message: &Message) -> Result<Answer, WireError> {
        self.stream.write_all(&message.0).await?;
        let (head, body_start) = loop {
            self.receive(READ_AHEAD_BYTES).await?;
            if let Some(head) = AnswerHead::parse(&self.received)? {
                break head;
            }
        };
        let end = body_start + head.body_length;
        while self.received.len() < end {
            self.receive(end - self.received.len()).await?;
        }
        let body = self.received.split_to(end).freeze().slice(body_start..);
        self.is_last = head.is_last;
        Ok(Answer { status: head.status, again_after: head.again_after, body })
    }

    /// Waits for more of the answer; there is room for at least so many bytes.
    async fn receive(&mut self, room_bytes: usize) -> Result<(), WireError> {
        self.received.reserve(room_bytes);
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            _ => Ok(()),
        }
    }
}

/// What of an answer's head is of use here.
#[derive(Debug, PartialEq, Eq)]
struct AnswerHead {
    status: u16,
    again_after: Option<Duration>,
    body_length: usize,
    /// The server closes the connection after it.
    is_last: bool,
}

impl AnswerHead {
    /// The head and its own length, once all of it is there.
    fn parse(received: &[u8]) -> Result<Option<(Self, usize)>, WireError> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut answer = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = answer.parse(received)? else { return Ok(None) };
        let status = answer.code.ok_or(WireError::Length)?;
        let value = |name: &str| {
            let header =
                answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            header.and_then(|header| str::from_utf8(header.value).ok())
        };
        let head = Self {
            status,
            again_after: asks_again(status).then(|| pause(value("retry-after"))),
            body_length: value("content-length")
                .and_then(|length| length.parse().ok())
                .filter(|length| *length <= BODY_MAX_BYTES)
                .ok_or(WireError::Length)?,
            is_last: value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")),
        };
        Ok(Some((head, length)))
    }
}

fn pause(retry_after: Option<&str>) -> Duration {
    retry_after
        .and_then(|value| value.parse().ok())
        .map_or(PAUSE_DEFAULT, Duration::from_secs)
        .max(PAUSE_MIN)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_pause_is_what_the_server_asks_for_within_reason() {
        assert_eq!(pause(Some("2")), Duration::from_secs(2));
        assert_eq!(pause(Some("0")), PAUSE_MIN);
        assert_eq!(pause(Some("Wed, 21 Oct 2026 07:28:00 GMT")), PAUSE_DEFAULT);
        assert_eq!(pause(None), PAUSE_DEFAULT);
    }

    #[test]
    fn a_request_has_its_headers_and_the_length_of_its_body() {
        let origin = "http://seats:3000".parse().unwrap();
        let message = Head::post(&origin, "/confirm", None)
            .with_header("Idempotency-Key", "k-1")
            .with_body(b"{}");
        assert_eq!(
            String::from_utf8_lossy(&message.0),
            "POST /confirm HTTP/1.1\r\nHost: seats:3000\r\nContent-Type: application/json\r\n\
             Idempotency-Key: k-1\r\nContent-Length: 2\r\n\r\n{}"
        );
        assert_eq!(message.name(), "POST /confirm");
        assert_eq!(Head::get(&origin, "/states", None).bare().name(), "GET /states");
    }

    #[test]
    fn an_answer_without_a_length_is_refused() {
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert!(matches!(AnswerHead::parse(chunked), Err(WireError::Length)));
        assert!(matches!(AnswerHead::parse(b"SMTP"), Err(WireError::Answer(_))));
        assert!(matches!(AnswerHead::parse(b"HTTP/1.1 200 OK\r\ncont"), Ok(None)));
    }

    #[tokio::test]
    async fn answers_in_pieces_are_put_together_and_a_closed_connection_is_noticed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let mut connection = Connection::open(&origin).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let serving = tokio::spawn(async move {
            for piece in
                ["HTTP/1.1 503 Busy\r\nretry-af", "ter: 3\r\ncontent-length: 4\r\n\r\nab", "cd"]
            {
                server.write_all(piece.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
            server
        });
        let message = Head::get(&origin, "/states", None).bare();
        let answer = connection.exchange(&message).await.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (503, &b"abcd"[..]));
        assert_eq!(answer.again_after, Some(Duration::from_secs(3)));

        assert!(connection.is_usable());
        drop(serving.await.unwrap());
        connection.stream.readable().await.unwrap();
        assert!(!connection.is_usable());
    }
}
