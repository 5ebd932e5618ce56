//! A newcomer's first booking, as the README says it.

use std::{fs, path::Path, process::Command};

use seat_testbed::Server;
use tokio::task::spawn_blocking;

#[tokio::test]
async fn the_first_booking_of_the_readme_goes_as_it_says() {
    let server = Server::start(&["--demo"]).await;
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, section) = readme.split_once("## Try it").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    // The first block starts the server.
    let blocks = section.split("```sh\n").skip(2).map(|rest| rest.split("```").next().unwrap());
    let script = blocks.collect::<String>().replace("http://127.0.0.1:3000", server.url());
    assert!(script.contains(server.url()), "the README's address is another one: {script}");

    let output = spawn_blocking(move || Command::new("bash").arg("-c").arg(script).output());
    let output = output.await.unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    let [held, refused, booked, first, second, watched @ ..] = &lines[..] else {
        panic!("{said}\n{}", String::from_utf8_lossy(&output.stderr))
    };
    assert!(held.contains(r#""heldSeats":["S101-A-1","S101-A-2"]"#), "{held}");
    assert!(refused.contains(r#""conflictingSeats":["S101-A-1","S101-A-2"]"#), "{refused}");
    assert!(booked.contains(r#""status":"confirmed""#), "{booked}");
    assert!(first.contains(r#""status":"booked""#) && second.contains(r#""status":"booked""#));
    let changes: Vec<_> = watched.iter().filter(|line| line.starts_with("data:")).collect();
    assert_eq!(changes.len(), 2, "{said}");
    assert!(changes[0].contains(r#""status":"held""#), "{said}");
    assert!(changes[1].contains(r#""status":"booked""#), "{said}");
}
