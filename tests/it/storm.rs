//! The load generator sells an event out and audits every booking.

use seat_history::{History, Invariant, check};
use seat_testbed::{Node, executable, shared};
use tokio::process::Command;

#[tokio::test]
async fn two_hundred_users_sell_an_event_out_and_the_audit_and_the_history_are_clean() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("storm.jsonl");
    let server = shared().await;
    let mut load = Command::new(executable("seat-load", "SEAT_LOAD"));
    load.args(["storm", "--seats", "2000", "--users", "200", "--per-order", "2"]);
    let urls: Vec<&str> = server.nodes().iter().map(Node::url).collect();
    load.args(["--url", &urls.join(","), "--secret", server.secret(), "--time-limit", "60s"]);
    load.arg("--history").arg(&file);
    let output = load.kill_on_drop(true).output().await.unwrap();

    let report = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{report}\n{complaints}", output.status);
    assert!(report.contains("audit: clean (2000 seats in "), "{report}");

    let text = std::fs::read_to_string(file).unwrap();
    let report = check(&History::read(text.as_bytes()).unwrap());
    assert!(report.complete && report.violations.is_empty(), "{report}");
    assert!(report.seats == 2000 && report.bookings >= 1000, "{report}");

    // One line changed: a confirm was answered with another price than its booking has.
    let confirm = text.lines().find(|line| line.contains(r#""op":"confirm""#)).unwrap();
    let changed = confirm.replace(r#""total":"#, r#""total":1"#);
    let report = check(&History::read(text.replace(confirm, &changed).as_bytes()).unwrap());
    let broken: Vec<Invariant> = report.violations.iter().map(|v| v.invariant).collect();
    assert_eq!(broken, [Invariant::I2], "{report}");
}
