use std::{convert::Infallible, pin::pin, time::Duration};

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures_util::{
    FutureExt, Stream, StreamExt,
    future::{Either, select},
    stream,
};
use seat_booking::{Watch, WatchMessage};
use seat_layout::EventId;
use seat_state::Version;
use serde::Deserialize;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;

use crate::{
    extract::{PathId, Query},
    problem::{CommonProblems, Problem},
    state::State,
    wire::{
        changes::{KEEP_ALIVE, OPENING, change, resync},
        schema,
    },
};

const LAST_EVENT_ID: &str = "Last-Event-ID";

/// How often a comment shows that the stream still stands; clients may rely on 15 seconds.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);

/// How many messages go out in one write when they come faster than the client reads.
const MESSAGES_PER_WRITE_MAX: usize = 64;

pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config.service(web::resource("/seat-booking/changes/{eventId}").route(web::get().to(changes)));
}

/// Where to begin.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangesQuery {
    /// The version after which to begin: that of the states which the client has.
    #[param(value_type = Option<String>, pattern = "^[0-9]{1,16}-[0-9]{1,19}$")]
    since: Option<Version>,
}

/// What happens to the seats of an event, as Server-Sent Events.
///
/// Each atomic change is one `event: change`: its `id` is the version, its `data` is
/// `{"version","seats":[{"id","status","holdExpiresAt"?}]}`. They come in order, without gaps.
/// `event: resync`, with `{"version"}`, tells the client to read the states anew; the stream goes
/// on from there. A comment comes at least every 15 seconds.
#[utoipa::path(
    get,
    path = "/seat-booking/changes/{eventId}",
    operation_id = "changes",
    tag = "live",
    params(
        ("eventId" = inline(schema::EventId), Path, description = "The event"),
        ChangesQuery,
        ("Last-Event-ID" = Option<String>, Header, nullable = false,
            pattern = "^[0-9]{1,16}-[0-9]{1,19}$",
            description = "The last `id` that the client got; comes before `since`"),
    ),
    responses(
        (status = 200, description = "The changes, without end", body = String,
            content_type = "text/event-stream"),
        CommonProblems
    ),
)]
pub(crate) async fn changes(
    state: web::Data<State>,
    request: HttpRequest,
    PathId(event): PathId<EventId>,
    Query(query): Query<ChangesQuery>,
) -> Result<HttpResponse, Problem> {
    let since = last_event_id(&request)?.or(query.since);
    let service = state.service().clone();
    let watch = state.run(async move { service.watch(&event, since).await }).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("Content-Type", "text/event-stream"))
        // A compressor would keep changes back until it has enough of them, and so would a proxy.
        .insert_header(("Content-Encoding", "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .insert_header(("Cache-Control", "no-cache"))
        .streaming(body(watch, state.shutdown_token().clone())))
}

fn last_event_id(request: &HttpRequest) -> Result<Option<Version>, Problem> {
    let Some(value) = request.headers().get(LAST_EVENT_ID) else { return Ok(None) };
    match value.to_str().unwrap_or_default().parse() {
        Ok(version) => Ok(Some(version)),
        Err(error) => Err(Problem::invalid(LAST_EVENT_ID, error.to_string())),
    }
}

/// The body of a stream. It ends when the server stops, so that open streams don't hold it up.
///
/// It keeps nothing for a slow client: the next message is taken when the last ones are written,
/// and who falls too far behind is told to resync.
fn body(
    watch: Watch,
    shutdown: CancellationToken,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let opening = stream::iter([Ok(Bytes::from_static(OPENING))]);
    let rest = stream::unfold((Watched::new(watch), shutdown), |(mut watched, shutdown)| async {
        let chunk = shutdown.run_until_cancelled(watched.next_chunk()).await??;
        Some((Ok(chunk), (watched, shutdown)))
    });
    opening.chain(rest)
}

/// A watch and the beat of its comments.
struct Watched {
    watch: Watch,
    beat: Interval,
}

impl Watched {
    fn new(watch: Watch) -> Self {
        let mut beat = interval(KEEP_ALIVE_EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick would come at once, right behind the opening comment.
        beat.reset();
        Self { watch, beat }
    }

    /// What is written next: a comment, or the messages that are there, once there is one.
    async fn next_chunk(&mut self) -> Option<Bytes> {
        let message = match select(pin!(self.beat.tick()), pin!(self.watch.next())).await {
            Either::Left(_) => return Some(Bytes::from_static(KEEP_ALIVE)),
            Either::Right((message, _)) => message?,
        };
        let first = wire(message);
        let Some(second) = self.ready() else { return Some(first) };
        let mut chunk = BytesMut::from(first);
        chunk.extend_from_slice(&second);
        for _ in 2..MESSAGES_PER_WRITE_MAX {
            let Some(message) = self.ready() else { break };
            chunk.extend_from_slice(&message);
        }
        Some(chunk.freeze())
    }

    /// The next message, if it is there already.
    fn ready(&mut self) -> Option<Bytes> {
        self.watch.next().now_or_never().flatten().map(wire)
    }
}

fn wire(message: WatchMessage) -> Bytes {
    match message {
        WatchMessage::Change(announcement) => change(&announcement),
        WatchMessage::Resync(version) => resync(version),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn since(value: &'static str) -> Result<Option<Version>, Problem> {
        let request = TestRequest::default().insert_header((LAST_EVENT_ID, value));
        last_event_id(&request.to_http_request())
    }

    #[test]
    fn a_client_that_comes_back_says_what_it_got_last() {
        assert_eq!(since("7-3").unwrap(), Some(Version { epoch: 7, seq: 3 }));
        assert_eq!(last_event_id(&TestRequest::default().to_http_request()).unwrap(), None);
    }

    #[test]
    fn a_malformed_last_event_id_is_refused_by_its_name() {
        for value in ["", "7", "7-x", "-7-3"] {
            let problem = since(value).unwrap_err().document("r-1");
            assert_eq!(problem.errors.unwrap()[0].field, LAST_EVENT_ID, "{value}");
        }
    }
}
