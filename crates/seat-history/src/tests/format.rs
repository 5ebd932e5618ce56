//! The lines.

use super::read;
use crate::{
    BookingStatus, Fault, FinalBooking, FinalEnd, FinalSeat, History, Line, Operation,
    OperationKind, Outcome, ReadError, SeatStatus, check,
};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn what_was_written_is_read_again() {
    let lines = [
        Line::Operation(Operation {
            kind: OperationKind::Confirm,
            event: "e".into(),
            user: "ann".into(),
            seats: names(&["T-1", "T-2"]),
            tables: names(&["T"]),
            key: Some("k".into()),
            payload: Some("\"p\"\n".into()),
            booking: Some("b".into()),
            total: Some(1234),
            start_us: 1,
            end_us: Some(2),
            outcome: Outcome::Yes,
            code: None,
            expires_us: Some(3),
        }),
        Line::Operation(Operation {
            kind: OperationKind::Release,
            event: "e".into(),
            user: "ann".into(),
            ..Operation::default()
        }),
        Line::Fault(Fault { kind: "flush".into(), start_us: 4, end_us: None, forgets: true }),
        Line::Booking(FinalBooking {
            booking: "b".into(),
            status: BookingStatus::Paid,
            ..FinalBooking::default()
        }),
        Line::Seat(FinalSeat { status: SeatStatus::Booked, ..FinalSeat::default() }),
        Line::End(FinalEnd { at_us: Some(5), quiet: true }),
    ];
    let mut text = Vec::new();
    for line in &lines {
        History::write_line(&mut text, line).unwrap();
    }
    let again: Vec<Line> =
        str::from_utf8(&text).unwrap().lines().map(|line| Line::parse(line).unwrap()).collect();
    assert_eq!(again, lines);
    let history = History::read(text.as_slice()).unwrap();
    assert_eq!((history.operations.len(), history.faults.len()), (2, 1));
    assert_eq!((history.bookings.len(), history.seats.len(), history.complete), (1, 1, true));
    assert_eq!((&history.lines, history.end.at_us), (&vec![1, 2], Some(5)));
    let mut whole = Vec::new();
    history.write(&mut whole).unwrap();
    assert_eq!(whole, text);
}

#[test]
fn a_bad_line_is_named_with_what_is_wrong() {
    let hold = r#"{"op":"hold","event":"e","user":"u","seats":["A"],"start":5"#;
    let cases = [
        (format!("{hold},\"outcome\":\"yes\"}}"), "an answered operation needs `end`"),
        (format!("{hold},\"end\":4,\"outcome\":\"yes\"}}"), "`end` is before `start`"),
        (format!("{hold},\"outcome\":\"maybe\"}}"), "unknown variant `maybe`"),
        (format!("{hold},\"outcome\":\"unknown\",\"expire\":9}}"), "unknown field `expire`"),
        (format!("{hold}}}"), "missing field `outcome`, at column 60"),
        (format!("{hold},\"outcome\":\"unknown\""), "EOF while parsing"),
        (format!("{hold},\"outcome\":\"unknown\",\"final\":\"end\"}}"), "exactly one of"),
        (r#"{"event":"e"}"#.into(), "exactly one of"),
        (
            r#"{"op":"confirm","event":"e","user":"u","start":5,"outcome":"unknown"}"#.into(),
            "`seats` is missing",
        ),
        (
            r#"{"op":"hold","event":"e","seats":["A"],"start":5,"outcome":"unknown"}"#.into(),
            "`user` is missing",
        ),
        (
            r#"{"op":"cancel","event":"e","user":"u","start":5,"outcome":"unknown"}"#.into(),
            "`booking` is missing",
        ),
        (r#"{"final":"chair"}"#.into(), "unknown variant `chair`"),
        (r#"{"final":"seat","event":"e","seat":"A"}"#.into(), "missing field `status`"),
        (r#"{"fault":"flush","start":5,"end":4,"forgets":true}"#.into(), "`end` is before"),
    ];
    for (bad, expected) in cases {
        let error = History::read(format!("\n{bad}\n").as_bytes()).unwrap_err();
        assert!(matches!(error, ReadError::Line { line: 2, .. }), "{bad}: {error}");
        let mut text = String::new();
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            text += &format!("{error}: ");
            cause = error.source();
        }
        assert!(text.starts_with("line 2 ") && text.contains(expected), "{text}");
    }
    let not_text = History::read([b'\n', 0xff].as_slice()).unwrap_err();
    assert!(matches!(not_text, ReadError::Io { line: 2, .. }), "{not_text}");
}

#[test]
fn the_report_counts_and_says_what_it_could_not_compare() {
    let seats = "{\"final\":\"seat\",\"event\":\"e\",\"seat\":\"A\",\"status\":\"booked\"}\n";
    let mut text = seats.repeat(25);
    let cut_short = check(&read(&text)).to_string();
    assert!(cut_short.contains("no complete final state"), "{cut_short}");
    assert!(cut_short.ends_with("violations: none"), "{cut_short}");
    text += "{\"final\":\"end\"}\n";
    text += r#"{"op":"hold","event":"e","user":"u","seats":["B"],"start":5,"outcome":"unknown"}"#;
    let report = check(&read(&text));
    assert_eq!(report.operations[&(OperationKind::Hold, Outcome::Unknown)], 1);
    assert_eq!(report.violations.len(), 25);
    let text = report.to_string();
    assert!(text.contains("hold unknown: 1") && text.contains("final seats: 25"), "{text}");
    assert!(text.ends_with("violations: 25, of which the first 20 are shown"), "{text}");
    assert_eq!(text.matches("I6 broken: seat A of event e").count(), 20, "{text}");
}
