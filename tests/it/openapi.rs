//! The OpenAPI document: it lists what there is, and the server does what it says.

use std::{
    collections::BTreeSet, env, fs, ops::RangeInclusive, path::Path, process::Output,
    time::Duration,
};

use seat_testbed::{Client, Server, new_event, new_layout, shared, small_layout};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

const OPERATIONS: &[&str] = &[
    "GET /livez",
    "GET /metrics",
    "GET /readyz",
    "GET /seat-booking/availability/{eventId}",
    "GET /seat-booking/bookings/{bookingId}",
    "POST /seat-booking/bookings/{bookingId}/cancel",
    "POST /seat-booking/bookings/{bookingId}/payment",
    "GET /seat-booking/changes/{eventId}",
    "POST /seat-booking/confirm",
    "GET /seat-booking/events",
    "POST /seat-booking/events",
    "GET /seat-booking/events/{eventId}",
    "POST /seat-booking/events/{eventId}/block",
    "POST /seat-booking/events/{eventId}/unblock",
    "POST /seat-booking/extend",
    "POST /seat-booking/hold-seats",
    "POST /seat-booking/hold-table",
    "GET /seat-booking/layout/{eventId}",
    "POST /seat-booking/layouts",
    "GET /seat-booking/layouts/{layoutId}",
    "GET /seat-booking/my-bookings",
    "GET /seat-booking/my-holds/{eventId}",
    "DELETE /seat-booking/release-seats/{eventId}",
    "GET /seat-booking/states/{eventId}",
    "GET /seat-booking/stats/{eventId}",
];

/// It takes about 20 seconds; more than this only on a machine that does much else.
const CHECKED_WITHIN: Duration = Duration::from_secs(90);

#[tokio::test]
async fn the_document_is_of_version_3_1_and_lists_every_operation() {
    let document = Client::anyone(shared().await).get("/openapi.json").await.expect(200).body;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    let paths = document["paths"].as_object().unwrap();
    let listed: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    assert_eq!(listed, OPERATIONS.iter().map(|&operation| operation.to_owned()).collect());
}

#[tokio::test]
async fn the_server_does_what_the_document_says() {
    let server = Server::start(&[]).await;
    let admin = Client::admin(&server);
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("schemathesis.toml");
    fs::write(&config, Known::prepare(&server, &admin).await.config()).unwrap();

    let mut schemathesis = schemathesis(&config, &server, admin.token().unwrap());
    let output = timeout(CHECKED_WITHIN, schemathesis.output()).await;
    let Output { status, stdout, stderr } = output.expect("schemathesis ends in time").unwrap();
    let report = String::from_utf8_lossy(&stdout);
    let complaint = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{report}\n{complaint}\n{}", server.log());

    let metrics = Client::anyone(&server).get("/metrics").await.expect(200).bytes;
    let metrics = String::from_utf8(metrics).unwrap();
    let never = OPERATIONS.iter().copied().filter(|operation| !succeeded(&metrics, operation));
    assert_eq!(never.collect::<Vec<_>>(), ["GET /seat-booking/changes/{eventId}"], "{report}");
}

/// Whether the server has answered the operation with a success.
fn succeeded(metrics: &str, operation: &str) -> bool {
    let (method, path) = operation.split_once(' ').unwrap();
    let success = format!(r#"{{route="{path}",method="{method}",status="2"#);
    metrics.lines().any(|line| line.contains(&success))
}

/// Sends what the document allows, and what it does not, and compares the answers with it.
fn schemathesis(config: &Path, server: &Server, token: &str) -> Command {
    let program = env::var_os("SEAT_SCHEMATHESIS")
        .expect("SEAT_SCHEMATHESIS is not set: tests/run installs schemathesis and sets it");
    let mut command = Command::new(program);
    command.current_dir(config.parent().unwrap()).kill_on_drop(true);
    command.arg("--config-file").arg(config);
    command.args(["run", &format!("{}/openapi.json", server.url())]);
    command.args(["--header", &format!("Authorization: Bearer {token}")]);
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", "25", "--seed", "1"]);
    // No schema says which seats a layout has, or that one of two lists may not be empty; so what
    // fits the schema may be refused.
    command.args(["--checks", "all", "--exclude-checks", "positive_data_acceptance"]);
    // That answer has no end.
    command.args(["--exclude-path", "/seat-booking/changes/{eventId}"]);
    command.args(["--generation-database", "none", "--suppress-health-check", "too_slow"]);
    command.args(["--request-timeout", "10", "--no-color"]);
    command
}

/// What the server has: requests at random would meet `404` and nothing else.
struct Known {
    layout: String,
    /// In it the admin holds `ordered`, row B and a table.
    event: String,
    /// Nobody holds or books anything of it.
    quiet_event: String,
    bookings: Vec<String>,
    ordered: Vec<String>,
}

impl Known {
    async fn prepare(server: &Server, admin: &Client) -> Self {
        let event = new_event(server, small_layout()).await;
        let mut bookings = Vec::new();
        for seat in row('A', 1..=6) {
            admin.hold(&event, &[&seat]).await.expect(201);
            let booking = admin.confirm(&event, &[&seat], None).await.expect(201);
            bookings.push(booking.text("bookingId").to_owned());
        }
        let ordered = row('A', 7..=10);
        for seats in [&ordered, &row('B', 1..=10)] {
            let seats: Vec<&str> = seats.iter().map(String::as_str).collect();
            admin.hold(&event, &seats).await.expect(201);
        }
        admin.hold_table(&event, "table_VIP_001").await.expect(201);
        let layout = new_layout(server, small_layout()).await;
        let quiet_event = new_event(server, small_layout()).await;
        Self { layout, event, quiet_event, bookings, ordered }
    }

    fn config(&self) -> String {
        let Self { layout, event, quiet_event, bookings, ordered } = self;
        let seats = row('B', 1..=10);
        let [bookings, ordered, seats] =
            [bookings, ordered, &seats].map(|list| Value::from(list.as_slice()));
        format!(
            r#"
            [dictionaries]
            layouts = {{ values = ["{layout}"] }}
            events = {{ values = ["{event}"] }}
            quiet_events = {{ values = ["{quiet_event}"] }}
            bookings = {{ values = {bookings} }}
            seats = {{ values = {seats} }}
            tables = {{ values = ["table_VIP_001", "table_1", "table_10"] }}

            [parameters]
            "path.layoutId" = {{ dictionary = "layouts", probability = 0.8 }}
            "path.eventId" = {{ dictionary = "events", probability = 0.8 }}
            "path.bookingId" = {{ dictionary = "bookings", probability = 0.8 }}
            "query.seatIds" = {{ dictionary = "seats", probability = 0.8 }}
            "body.layoutId" = {{ dictionary = "layouts", probability = 0.9 }}
            "body.eventId" = {{ dictionary = "events", probability = 0.9 }}
            "body.seatIds[*]" = {{ dictionary = "seats", probability = 0.9 }}
            "body.tableId" = {{ dictionary = "tables", probability = 0.9 }}
            "body.tableIds[*]" = {{ dictionary = "tables", probability = 0.9 }}

            # What follows makes it likely that some are accepted.
            [[operations]]
            include-name = "POST /seat-booking/confirm"
            parameters = {{ "body.seatIds" = {ordered}, "body.tableIds" = [] }}

            [[operations]]
            include-name = "POST /seat-booking/extend"
            parameters = {{ "body.tableIds" = [] }}

            [[operations]]
            include-path-regex = "/(un)?block$"
            parameters = {{ "path.eventId" = {{ dictionary = "quiet_events", probability = 0.8 }} }}

            [[operations]]
            include-name = "POST /seat-booking/layouts"
            [operations.parameters]
            "body.categories" = [{{ id = "stalls", name = "Stalls", color = "red", price = 75 }}]
            "body.items" = []
            "body.seats" = [
                {{ id = "A-1", pos = {{ x = 0, y = 0 }}, size = {{ x = 1, y = 1 }}, catId = "stalls" }},
            ]
            "#
        )
    }
}

fn row(letter: char, numbers: RangeInclusive<u32>) -> Vec<String> {
    numbers.map(|number| format!("seat_{letter}{number}")).collect()
}
