//! What is counted and measured. No label holds the id of a seat or of a user, so the number of
//! series does not grow with the sale.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use actix_web::http::{Method, StatusCode};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the latency histogram, in seconds.
const SECONDS: [f64; 12] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Makes `/metrics` show what is counted from now on. Only the first call does anything.
pub(crate) fn install() {
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&SECONDS)
            .expect("there are buckets")
            .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::info!("the process has a recorder of its own, so /metrics shows nothing");
        }
        describe();
        handle
    });
}

/// Everything counted so far, in Prometheus' text format.
pub(crate) fn render() -> String {
    HANDLE.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Makes room in the histograms; without it they grow until somebody reads `/metrics`.
pub(crate) fn upkeep() {
    if let Some(handle) = HANDLE.get() {
        handle.run_upkeep();
    }
}

/// A request was answered.
pub(crate) fn answered(route: String, method: &Method, status: StatusCode, took: Duration) {
    let method = method_label(method);
    let status = status.as_str().to_owned();
    metrics::histogram!("seat_http_request_seconds", "route" => route.clone()).record(took);
    metrics::counter!("seat_http_requests_total", "route" => route, "method" => method, "status" => status)
        .increment(1);
}

/// A background round did not get through.
pub(crate) fn round_failed(kind: &'static str) {
    metrics::counter!("seat_round_failures_total", "kind" => kind).increment(1);
}

/// A background round settled so many seats or transfers.
pub(crate) fn round_settled(kind: &'static str, count: usize) {
    metrics::counter!("seat_round_settled_total", "kind" => kind).increment(count as u64);
}

/// An audit settled so many differences between the stores that had lasted.
pub(crate) fn differences(count: usize) {
    metrics::counter!("seat_audit_differences_total").increment(count as u64);
}

/// How many events this node follows.
pub(crate) fn followed(count: usize) {
    metrics::gauge!("seat_followed_events").set(count as f64);
}

/// Measures how long something takes.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "it is measured and decides nothing")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A client may invent methods, but not series.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

fn describe() {
    metrics::describe_counter!("seat_http_requests_total", "Requests by route, method and status");
    metrics::describe_histogram!(
        "seat_http_request_seconds",
        metrics::Unit::Seconds,
        "Time from the first byte of a request to the head of its answer"
    );
    metrics::describe_counter!("seat_round_failures_total", "Background rounds that failed");
    metrics::describe_counter!(
        "seat_round_settled_total",
        "Seats that were swept, transfers and differences that were settled, rows that were projected"
    );
    metrics::describe_counter!(
        "seat_audit_differences_total",
        "Differences that audits found between the repository and the lock store"
    );
    metrics::describe_gauge!("seat_followed_events", "Events that this node follows");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown_and_invented_methods_are_one_series() {
        install();
        let invented = Method::from_bytes(b"BREW").unwrap();
        answered("/tea".to_owned(), &invented, StatusCode::OK, Duration::from_millis(3));
        let text = render();
        let line = r#"seat_http_requests_total{route="/tea",method="other",status="200"} 1"#;
        assert!(text.contains(line), "{text}");
        assert!(text.contains(r#"seat_http_request_seconds_bucket{route="/tea",le="0.005"} 1"#));
    }
}
