//! The load generator sells an event out and audits every booking.

use seat_testbed::{Node, executable, shared};
use tokio::process::Command;

#[tokio::test]
async fn two_hundred_users_sell_an_event_out_and_the_audit_is_clean() {
    let server = shared().await;
    let mut load = Command::new(executable("seat-load", "SEAT_LOAD"));
    load.args(["storm", "--seats", "2000", "--users", "200", "--per-order", "2"]);
    let urls: Vec<&str> = server.nodes().iter().map(Node::url).collect();
    load.args(["--url", &urls.join(","), "--secret", server.secret(), "--time-limit", "60s"]);
    let output = load.kill_on_drop(true).output().await.unwrap();

    let report = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{report}\n{complaints}", output.status);
    assert!(report.contains("audit: clean (2000 seats in "), "{report}");
}
