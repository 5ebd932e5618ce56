//! A request to the whole app, in one process and over the stores in memory: the first byte chooses
//! the route, the others are its body or its query. No answer may blame us.
#![no_main]

use std::{sync::Arc, time::Duration};

use actix_web::{
    dev::Service,
    http::{Method, Uri, header},
    rt::{System, SystemRunner},
    test::{TestRequest, init_service},
};
use libfuzzer_sys::fuzz_target;
use seat_booking::{
    BookingService, Confirm, Contact, MemoryLockStore, MemoryRepository, NewEvent, Ports, Settings,
    Timing,
    ports::{SystemClock, SystemRandomness},
};
use seat_http::{Options, Role, State, Tasks, sign_token};
use seat_layout::{Layout, SeatSet};
use seat_state::Timestamp;

/// Each route; `E` is an event, `B` a booking.
const ROUTES: [(Method, &str); 20] = [
    (Method::POST, "layouts"),
    (Method::POST, "events"),
    (Method::POST, "events/E/block"),
    (Method::POST, "events/E/unblock"),
    (Method::POST, "hold-seats"),
    (Method::POST, "hold-table"),
    (Method::POST, "extend"),
    (Method::POST, "confirm"),
    (Method::POST, "bookings/B/cancel"),
    (Method::POST, "bookings/B/payment"),
    (Method::POST, "demo/token"),
    (Method::DELETE, "release-seats/E"),
    (Method::GET, "my-holds/E"),
    (Method::GET, "my-bookings"),
    (Method::GET, "events"),
    (Method::GET, "layout/E"),
    (Method::GET, "states/E"),
    (Method::GET, "stats/E"),
    (Method::GET, "availability/E"),
    (Method::GET, "changes/E"),
];

/// The status that the app answers this request with.
type Ask = Box<dyn Fn(TestRequest) -> u16>;

struct App {
    ask: Ask,
    event: String,
    booking: String,
    token: String,
}

thread_local! {
    // Never dropped: actix wants more of its thread then than there is left of it.
    static APP: &'static App = Box::leak(Box::new(App::start()));
}

fuzz_target!(|bytes: &[u8]| {
    let Some((route, rest)) = bytes.split_first() else { return };
    let (method, path) = &ROUTES[usize::from(*route) % ROUTES.len()];
    APP.with(|app| {
        let path = path.replace('E', &app.event).replace('B', &app.booking);
        let path = format!("/seat-booking/{path}");
        let request = TestRequest::default()
            .method(method.clone())
            .insert_header((header::AUTHORIZATION, format!("Bearer {}", app.token)));
        let request = if *method == Method::POST {
            let json = (header::CONTENT_TYPE, "application/json");
            request.uri(&path).insert_header(json).set_payload(app.named(rest))
        } else {
            let query = std::str::from_utf8(rest).ok();
            let uri = query.map(|query| format!("{path}?{query}"));
            let Some(uri) = uri.filter(|uri| uri.parse::<Uri>().is_ok()) else { return };
            request.uri(&uri)
        };
        let status = (app.ask)(request);
        assert!(status < 500, "{method} {path}: {status}");
    });
});

impl App {
    /// The body, where it names the event of the seeds, with that of this run.
    fn named(&self, body: &[u8]) -> Vec<u8> {
        match std::str::from_utf8(body) {
            Ok(text) => text.replace("64f123456789abcd12345678", &self.event).into_bytes(),
            Err(_) => body.to_vec(),
        }
    }

    fn start() -> Self {
        let runner = System::new();
        let ports = Ports {
            locks: Arc::new(MemoryLockStore::new()),
            repository: Arc::new(MemoryRepository::new()),
            projection: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandomness),
        };
        // An answer that is late is 503, and so is a version that never comes; neither is meant.
        let timing = Timing {
            answer_within: Duration::from_secs(60),
            at_least_wait: Duration::ZERO,
            ..Timing::default()
        };
        let service = BookingService::with_ports(ports, Settings { timing, ..Settings::default() });
        let user = "ada".parse().expect("a user");
        let (event, booking) = runner.block_on(async {
            let layout = Layout::grid(8, 10).expect("a grid");
            let layout = service.create_layout(layout).await.expect("a layout");
            let event = service.create_event(NewEvent::of(layout)).await.expect("an event");
            let seats = SeatSet::parse("A-1").expect("a seat");
            let minutes = Duration::from_secs(600);
            let hold = service.hold(&event, &user, &seats, minutes).await.expect("a hold");
            let confirm = Confirm { contact: contact(), ..Confirm::seats(hold.seats()) };
            let confirmed = service.confirm(&event, &user, confirm).await.expect("a booking");
            (event.to_string(), confirmed.booking.id.to_string())
        });
        let mut options = Options::new("fuzz".into());
        options.demo = true;
        let token =
            sign_token(&options.jwt_secret, &user, Role::Admin, Timestamp::from_ms(1 << 42));
        let state = State::new(service, Tasks::own().expect("threads"), options);
        let ask = ask(runner, state);
        Self { ask, event, booking, token }
    }
}

fn ask(runner: SystemRunner, state: State) -> Ask {
    let app = runner.block_on(init_service(seat_http::app(&state)));
    Box::new(move |request| {
        let answer = runner.block_on(app.call(request.to_request()));
        answer
            .map_or_else(|error| error.error_response().status(), |answer| answer.status())
            .as_u16()
    })
}

fn contact() -> Contact {
    Contact { name: "Ada".to_owned(), email: "ada@example.org".to_owned(), phone: None }
}
