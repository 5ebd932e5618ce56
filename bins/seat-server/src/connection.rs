use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// A connection that ends when nothing could be sent on it for so long.
///
/// actix bounds the time of a connection's first head and that between two requests, but neither
/// that of a later head nor that of a chunked body which no handler reads to its end: a client
/// that sends a byte now and then would keep its connection for ever. One that wants something is
/// sent an answer, or a comment of its event stream, long before; and who takes no answer is as
/// one who asks nothing.
pub(crate) struct Connection<S> {
    stream: S,
    silent_max: Duration,
    sent_at: Instant,
    /// Set to the moment that was right when it rang last, so that sending need not set it.
    alarm: Pin<Box<Sleep>>,
}

impl<S> Connection<S> {
    /// This stream, for as long as something is sent on it every `silent_max`.
    pub(crate) fn new(stream: S, silent_max: Duration) -> Self {
        Self { stream, silent_max, sent_at: now(), alarm: Box::pin(sleep(silent_max)) }
    }

    /// Fails when nothing was sent for too long, and wakes the task when that is so.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.alarm.as_mut().poll(context));
            let until = self.sent_at + self.silent_max;
            if until <= now() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.alarm.as_mut().reset(until);
        }
    }

    /// What came of sending; where the client takes nothing, whether it may go on so.
    fn sent(
        &mut self,
        outcome: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Pending => self.poll_silence(context).map(Err),
            Poll::Ready(outcome) => {
                self.sent_at = now();
                Poll::Ready(outcome)
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.poll_silence(context).map(Err),
            read => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.sent(outcome, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.sent(outcome, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[allow(clippy::disallowed_methods, reason = "it ends connections and decides nothing else")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::advance,
    };

    use super::*;

    const SILENT_MAX: Duration = Duration::from_secs(90);

    /// A connection that takes 4 bytes before somebody reads them, and its other end.
    fn connection() -> (Connection<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(4);
        (Connection::new(ours, SILENT_MAX), theirs)
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_a_byte_now_and_then_is_left_in_the_end() {
        let (mut ours, mut theirs) = connection();
        let began = now();
        let dribble = async {
            loop {
                sleep(Duration::from_secs(1)).await;
                theirs.write_all(b"x").await.expect("it is read");
            }
        };
        let read = async {
            loop {
                if let Err(error) = ours.read_u8().await {
                    break error;
                }
            }
        };
        let error = tokio::select! {
            error = read => error,
            () = dribble => unreachable!("it goes on for ever"),
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() - SILENT_MAX < Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_is_sent_something_in_time_stays() {
        let (mut ours, mut theirs) = connection();
        for _ in 0..10 {
            // Somebody waits for the next request meanwhile.
            let wait = tokio::time::timeout(Duration::from_secs(60), ours.read_u8());
            assert!(wait.await.is_err(), "it was left");
            ours.write_all(b"x").await.expect("it is taken");
            assert_eq!(theirs.read_u8().await.expect("it was sent"), b'x');
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_left_in_the_end() {
        let (mut ours, _theirs) = connection();
        ours.write_all(b"1234").await.expect("there is room");
        advance(Duration::from_secs(60)).await;
        let began = now();
        let error = ours.write_all(b"5").await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() - Duration::from_secs(30) < Duration::from_secs(1));
    }
}
