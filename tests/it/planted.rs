//! The bugs that are planted for the simulation are in no server.

use std::{fs, path::Path, process::Command};

use seat_testbed::executable;

/// A server can't be built with them: its `main.rs` refuses. That the refusal works is tried on that
/// file alone, because to build a server would take minutes.
#[test]
fn no_server_can_be_built_with_planted_bugs() {
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bins/seat-server/src/main.rs");
    let source = fs::read_to_string(&main).unwrap();
    let from = source.find("#[cfg(planted)]").expect("it refuses planted bugs");
    let refusal = &source[from..=from + source[from..].find(';').unwrap()];

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("main.rs");
    fs::write(&file, format!("{refusal}\nfn main() {{}}\n")).unwrap();
    let builds = |arguments: &[&str]| {
        let mut rustc = Command::new("rustc");
        rustc.arg(&file).args(["--emit", "metadata", "--out-dir"]).arg(folder.path());
        rustc.args(arguments).output().unwrap().status.success()
    };
    assert!(builds(&[]));
    assert!(!builds(&["--cfg", "planted"]));
}

/// What a planted bug is called by its code is nowhere in the server that the tests drive.
#[test]
fn the_server_has_no_word_of_them() {
    let server = fs::read(executable("seat-server", "SEAT_SERVER")).unwrap();
    let has = |text: &str| server.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    // The symbols are there, in which a planted build has the names of its module.
    assert!(has("seat_booking"), "the search finds nothing");
    assert!(!has("seat_booking7planted") && !has("7planted"));
}
