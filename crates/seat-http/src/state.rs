use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_web::{HttpRequest, web};
use bytes::Bytes;
use seat_booking::{BookingError, BookingService, EventView, ports::SystemRandomness};
use seat_layout::{EventId, UserId};
use seat_state::Version;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    Options, Tasks, answers::Answers, auth::Tokens, limiter::Limiter, openapi, problem::Problem,
    request_id::RequestIds, telemetry,
};

/// What all workers of a server share. Made once, before the server starts; clones are the same
/// state.
#[derive(Clone)]
pub struct State(Arc<Shared>);

struct Shared {
    service: BookingService,
    tasks: Tasks,
    options: Options,
    tokens: Tokens,
    users: Option<Limiter<UserId>>,
    addresses: Option<Limiter<IpAddr>>,
    request_ids: RequestIds,
    answers: Answers,
    openapi: Bytes,
    shutdown: CancellationToken,
}

impl State {
    /// The state of a server. Installs the recorder of `/metrics`, unless the process has one.
    pub fn new(service: BookingService, tasks: Tasks, options: Options) -> Self {
        telemetry::install();
        Self(Arc::new(Shared {
            tokens: Tokens::new(&options.jwt_secret),
            users: Limiter::per_second(options.rate_per_user),
            addresses: Limiter::per_second(options.rate_per_address),
            request_ids: RequestIds::new(&SystemRandomness),
            answers: Answers::default(),
            openapi: openapi::document(options.demo),
            shutdown: CancellationToken::new(),
            service,
            tasks,
            options,
        }))
    }

    /// The service that the routes call.
    pub fn service(&self) -> &BookingService {
        &self.0.service
    }

    /// Where state changes run.
    pub fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// The server is about to stop: from now on `/readyz` says no, and open event streams end, which
    /// would otherwise hold up a graceful stop. May be repeated.
    pub fn drain_begins(&self) {
        self.0.shutdown.cancel();
    }

    /// Cancelled when [`drain_begins`](Self::drain_begins) is called.
    pub fn shutdown_token(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    /// The state that the routes were mounted with.
    pub(crate) fn of(request: &HttpRequest) -> &Self {
        request.app_data::<web::Data<Self>>().expect("whoever mounts the routes adds their state")
    }

    /// Runs what asks a store as a task of its own, which goes on when the caller goes away, and
    /// waits for it as long as an answer may take.
    ///
    /// # Errors
    /// The change's own; [`Code::Unavailable`](crate::problem::Code) when it takes longer, and
    /// goes on; [`Code::Internal`](crate::problem::Code) when it panics.
    pub(crate) async fn run<T, F>(&self, change: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, BookingError>> + Send + 'static,
    {
        self.run_within(self.service().settings().timing.answer_within, change).await
    }

    /// As [`run`](Self::run), with a wait of its own.
    pub(crate) async fn run_within<T, F>(
        &self,
        answer_within: Duration,
        change: F,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, BookingError>> + Send + 'static,
    {
        let task = self.tasks().spawn(change.in_current_span());
        match tokio::time::timeout(answer_within, task).await {
            Ok(Ok(outcome)) => outcome.map_err(Problem::from),
            Ok(Err(error)) if error.is_panic() => Err(Problem::internal("a task panicked")),
            // The runtime has ended.
            Ok(Err(error)) => Err(Problem::unavailable().caused_by(Arc::new(error))),
            Err(elapsed) => Err(Problem::unavailable().caused_by(Arc::new(elapsed))),
        }
    }

    /// The event as it is to be shown. Where a store has to be asked, that is a task too: it may load
    /// the event, and a reader that goes away must not cut that in the middle.
    ///
    /// # Errors
    /// As of [`run`](Self::run).
    pub(crate) async fn view(
        &self,
        event: EventId,
        at_least: Option<Version>,
    ) -> Result<Arc<EventView>, Problem> {
        if let Some(view) = self.service().fresh_view(&event, at_least) {
            return Ok(view);
        }
        let service = self.service().clone();
        self.run(async move { service.view(&event, at_least).await }).await
    }

    /// Counts a request of this user.
    ///
    /// # Errors
    /// [`Code::RateLimited`](crate::problem::Code).
    pub(crate) fn check_user(&self, user: &UserId) -> Result<(), Problem> {
        match &self.0.users {
            Some(users) => users.check(user).map_err(Problem::rate_limited),
            None => Ok(()),
        }
    }

    /// Counts a request from the address that `address` finds out.
    ///
    /// # Errors
    /// [`Code::RateLimited`](crate::problem::Code).
    pub(crate) fn check_address(
        &self,
        address: impl FnOnce(&[IpAddr]) -> IpAddr,
    ) -> Result<(), Problem> {
        match &self.0.addresses {
            Some(addresses) => addresses
                .check(&address(&self.0.options.trusted_proxies))
                .map_err(Problem::rate_limited),
            None => Ok(()),
        }
    }

    /// The answers that many readers share.
    pub(crate) fn answers(&self) -> &Answers {
        &self.0.answers
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(crate) fn request_ids(&self) -> &RequestIds {
        &self.0.request_ids
    }

    pub(crate) fn openapi(&self) -> Bytes {
        self.0.openapi.clone()
    }

    pub(crate) fn demo(&self) -> bool {
        self.0.options.demo
    }

    pub(crate) fn cors_origins(&self) -> &[String] {
        &self.0.options.cors_origins
    }

    pub(crate) fn body_max(&self) -> usize {
        self.0.options.body_max
    }

    pub(crate) fn layout_body_max(&self) -> usize {
        self.0.options.layout_body_max
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use seat_booking::{
        MemoryLockStore, MemoryRepository, Ports, Settings, Timing,
        ports::{SystemClock, SystemRandomness},
    };
    use std::time::Duration;

    use super::*;
    use crate::problem::Code;

    /// A state over the stores in memory.
    pub(crate) fn state() -> State {
        state_with(Options::new("s3cret".into()))
    }

    /// The same with other options.
    pub(crate) fn state_with(options: Options) -> State {
        let service = BookingService::new(MemoryLockStore::new(), MemoryRepository::new());
        State::new(service, Tasks::own().expect("threads"), options)
    }

    #[actix_web::test]
    async fn a_change_that_takes_too_long_is_unavailable_and_goes_on() {
        let ports = Ports {
            locks: Arc::new(MemoryLockStore::new()),
            repository: Arc::new(MemoryRepository::new()),
            projection: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandomness),
        };
        let timing = Timing { answer_within: Duration::from_millis(1), ..Timing::default() };
        let service = BookingService::with_ports(ports, Settings { timing, ..Settings::default() });
        let tasks = Tasks::own().expect("threads");
        let state = State::new(service, tasks, Options::new("s3cret".into()));
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let (done, finished) = tokio::sync::oneshot::channel();
        let change = async move {
            wait.await.expect("the test says go");
            done.send(()).expect("the test waits");
            Ok(())
        };
        assert_eq!(state.run(change).await.unwrap_err().code(), Code::Unavailable);
        go.send(()).expect("the change waits");
        finished.await.expect("the change goes on");
    }

    #[actix_web::test]
    async fn a_change_that_panics_is_an_internal_error() {
        let state = state();
        let change = async { panic!("planted") };
        let outcome: Result<(), Problem> = state.run(change).await;
        assert_eq!(outcome.unwrap_err().code(), Code::Internal);
    }
}
