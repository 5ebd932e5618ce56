//! docs/EXAMPLES.md: its commands run, one after the other in one shell, and its answers are those
//! of the server.
//!
//! With SEAT_EXAMPLES_UPDATE set, answers that have changed are written into the document.

use std::{env, fs, path::Path, time::Duration};

use seat_testbed::{Server, executable};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/EXAMPLES.md");
const RUN_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_examples_are_answered_as_the_document_shows() {
    let server = Server::start(&[]).await;
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let examples = Example::all(&document);
    assert!(examples.len() > 30, "{} examples were found", examples.len());

    let folder = TempDir::new().unwrap();
    let mut shell = shell(&script(&examples), &server, folder.path());
    let output = timeout(RUN_WITHIN, shell.output()).await;
    let output = output.expect("the commands end in time").unwrap();
    let answers: Vec<String> = (0..examples.len())
        .map_while(|number| fs::read_to_string(folder.path().join(answer_file(number))).ok())
        .collect();
    if !output.status.success() {
        let failed = answers.len().saturating_sub(1);
        let complaint = String::from_utf8_lossy(&output.stderr);
        panic!("this failed:\n{}{}{complaint}", examples[failed].command, answers[failed]);
    }

    if env::var_os("SEAT_EXAMPLES_UPDATE").is_some() {
        fs::write(DOCUMENT, updated(&document, &examples, &answers)).unwrap();
        return;
    }
    for (example, answer) in examples.iter().zip(&answers) {
        let expected = example.answer.as_ref().map_or("", |shown| shown.text.as_str());
        assert!(
            same(expected, answer),
            "{}\nshows:\n{expected}\nand was answered:\n{answer}",
            example.command
        );
    }
}

/// A command of the document, with the answer that is shown below it.
struct Example {
    command: String,
    answer: Option<Shown>,
}

struct Shown {
    text: String,
    /// The lines of the document that it stands on.
    lines: std::ops::Range<usize>,
}

impl Example {
    /// Every block that is marked as `sh`; the next one that is marked as `json` or `text` is its
    /// answer. A command without an answer must be silent. Blocks with other marks are for people.
    fn all(document: &str) -> Vec<Self> {
        let mut examples: Vec<Self> = Vec::new();
        let mut lines = document.lines().enumerate();
        while let Some((opening, line)) = lines.next() {
            let Some(mark) = line.strip_prefix("```") else { continue };
            let block = lines.by_ref().take_while(|(_, line)| *line != "```");
            let text: String = block.map(|(_, line)| format!("{line}\n")).collect();
            match mark {
                "sh" => examples.push(Self { command: text, answer: None }),
                "json" | "text" => {
                    let lines = opening + 1..opening + 1 + text.lines().count();
                    let example = examples.last_mut().expect("an answer follows a command");
                    let before = example.answer.replace(Shown { text, lines });
                    assert!(before.is_none(), "line {opening}: the command has an answer already");
                }
                "console" => {}
                other => panic!("line {opening}: a block is marked as {other:?}"),
            }
        }
        examples
    }
}

/// The commands as one script; the output of each goes to a file of its own.
fn script(examples: &[Example]) -> String {
    let numbered = examples.iter().enumerate();
    let blocks = numbered
        .map(|(number, example)| format!("{{\n{}}} > {}\n", example.command, answer_file(number)));
    format!("set -euo pipefail\n{}", blocks.collect::<String>())
}

fn answer_file(number: usize) -> String {
    format!("answer-{number}")
}

/// A shell as the document's set-up leaves it.
fn shell(script: &str, server: &Server, folder: &Path) -> Command {
    let program = executable("seat-server", "SEAT_SERVER");
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = program.parent().map(Path::to_owned).into_iter().chain(env::split_paths(&path));
    let mut shell = Command::new("bash");
    shell.args(["-c", script]).current_dir(folder).kill_on_drop(true);
    shell.env("PATH", env::join_paths(folders).unwrap());
    shell.env("SEAT_URL", server.url()).env("JWT_SECRET", server.secret());
    shell
}

/// The document with the answers that the commands had now.
fn updated(document: &str, examples: &[Example], answers: &[String]) -> String {
    let mut lines: Vec<&str> = document.lines().collect();
    // From the end, so that the lines before keep their numbers.
    for (example, answer) in examples.iter().zip(answers).rev() {
        match &example.answer {
            Some(shown) if !same(&shown.text, answer) => {
                lines.splice(shown.lines.clone(), answer.lines());
            }
            Some(_) => {}
            None => assert_eq!(answer, "", "no place for the answer to:\n{}", example.command),
        }
    }
    lines.join("\n") + "\n"
}

/// Whether two answers are the same but for what differs from run to run.
fn same(shown: &str, answer: &str) -> bool {
    let [shown, answer] = [shown, answer].map(without_chance);
    match (values(&shown), values(&answer)) {
        (Some(shown), Some(answer)) => shown == answer,
        (Some(_) | None, _) => shown.trim() == answer.trim(),
    }
}

/// A text that is JSON values and nothing else, with every number a float: jq has printed 75.0 as
/// 75 and as 75.0.
fn values(text: &str) -> Option<Vec<Value>> {
    let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    values.map(|value| value.ok().map(with_floats)).collect()
}

fn with_floats(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(values) => values.into_iter().map(with_floats).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, with_floats(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// A text with a name of its kind in the place of each id, time and version.
fn without_chance(text: &str) -> String {
    let in_word = |c: char| c.is_ascii_alphanumeric() || ":.-".contains(c);
    let mut kinds = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| in_word(c) != in_word(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        kinds.push_str(kind(part).unwrap_or(part));
        rest = after;
    }
    kinds
}

fn kind(word: &str) -> Option<&'static str> {
    let hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let decimal = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if word.len() == 24 && hex(word) {
        return Some("an-id");
    }
    if word.len() == 24 && word.ends_with('Z') && word[10..].starts_with('T') {
        return Some("a-time");
    }
    let (first, second) = word.split_once('-')?;
    if first.len() > 12 && decimal(first) && decimal(second) {
        return Some("a-version");
    }
    (first.len() == 12 && hex(first) && hex(second)).then_some("a-request-id")
}

#[test]
fn answers_differ_in_ids_times_and_versions_alone() {
    let shown = r#"{"id":"64f123456789abcd12345678","at":"2026-11-22T14:30:00.105Z","n":75}"#;
    let other =
        r#"{ "id": "ffffffffffffffffffffffff", "at": "2027-01-01T00:00:00.000Z", "n": 75.0 }"#;
    assert!(same(shown, other));
    assert!(!same(shown, &other.replace("75.0", "75.5")));
    assert!(!same(shown, &other.replace("ffffffffffffffffffffffff", "none")));
    assert!(same("id: 1790000000000123-4\n", "id: 1790000000000999-11\n"));
    assert!(!same("id: 1790000000000123-4\n", "id: none\n"));
    assert!(same("W/\"1790000000000123-4\"", "W/\"1790000000000124-1\""));
    assert!(!same("304, 0 bytes", "200, 0 bytes"));
}
