//! The bugs that are planted for the simulation are in no server.

use std::{fs, path::Path};

use seat_testbed::executable;

#[test]
fn the_server_has_none_of_the_planted_bugs() {
    let source =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/seat-booking/src/planted.rs");
    let source = fs::read_to_string(source).unwrap();
    // Each bug is a line `Name: "what it does",`.
    let what = |line: &str| Some(line.trim().strip_suffix("\",")?.split_once(": \"")?.1.to_owned());
    let bugs: Vec<String> = source.lines().filter_map(what).collect();
    assert!(bugs.len() > 20, "{bugs:?}");

    let server = fs::read(executable("seat-server", "SEAT_SERVER")).unwrap();
    let has = |text: &str| server.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(has("the event is not loaded"), "the search finds nothing");
    for bug in bugs {
        assert!(!has(&bug), "{bug}");
    }
}
