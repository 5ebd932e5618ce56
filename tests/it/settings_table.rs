//! The settings as docs/OPERATIONS.md lists them are those of the program.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use seat_booking::Timing;
use seat_testbed::executable;

#[test]
fn every_setting_stands_in_the_table_with_its_variable_and_default() {
    let known = settings().into_iter().filter(|(_, setting)| !setting.variable.is_empty());
    let known: BTreeMap<String, Setting> = known.collect();
    let listed = rows("| flag | variable | default | bounds |").into_iter().map(|row| {
        let default = if row[2] == "none" { String::new() } else { row[2].clone() };
        (row[0].clone(), Setting { variable: row[1].clone(), default })
    });
    assert_eq!(listed.collect::<BTreeMap<_, _>>(), known);
}

#[test]
fn every_interval_stands_in_the_table_with_its_default() {
    let known: Vec<String> = settings().into_keys().filter(|flag| flag.ends_with("-ms")).collect();
    let defaults: BTreeMap<String, Duration> = intervals().into();
    assert_eq!(defaults.keys().cloned().collect::<Vec<_>>(), known);
    let listed = rows("| flag | default (ms) |").into_iter();
    let listed = listed.map(|row| (row[0].clone(), Duration::from_millis(row[1].parse().unwrap())));
    assert_eq!(listed.collect::<BTreeMap<_, _>>(), defaults);
}

#[test]
fn a_value_is_refused_exactly_where_it_is_out_of_the_listed_bounds() {
    let mut tried = 0;
    for row in rows("| flag | variable | default | bounds |") {
        let Some((least, most)) = row[3].split_once(" to ") else { continue };
        // Where bounds are numbers; one step outside of them is nothing that is allowed.
        let (Ok(low), Ok(high)) = (least.parse::<f64>(), most.parse::<f64>()) else { continue };
        let step = if least.contains('.') { 0.01 } else { 1.0 };
        assert_bounds(&row[0], [least, most], [low - step, high + step]);
        tried += 1;
    }
    assert!(tried > 0);
    for (flag, _) in intervals() {
        assert_bounds(&flag, ["1", "86400000"], [0.0, 86_400_001.0]);
    }
}

/// A flag as the program describes it.
#[derive(Debug, PartialEq)]
struct Setting {
    /// Empty where there is none.
    variable: String,
    default: String,
}

/// The flags that `--help` shows.
fn settings() -> BTreeMap<String, Setting> {
    let help = String::from_utf8(seat_server(&["--help"]).stdout).unwrap();
    // A flag and its text end where the next flag begins.
    let flags = help.split("\n      --").skip(1).map(|part| {
        let flag = part.split_whitespace().next().unwrap();
        let of = |name: &str| {
            let (_, rest) = part.split_once(&format!("[{name}: "))?;
            Some(rest.split(']').next()?.trim_end_matches('=').to_owned())
        };
        let variable = of("env").unwrap_or_default();
        let default = of("default").unwrap_or_default();
        (format!("--{flag}"), Setting { variable, default })
    });
    flags.collect()
}

fn intervals() -> [(String, Duration); 19] {
    let timing = Timing::default();
    [
        ("--load-wait-ms", timing.load_wait),
        ("--load-lease-ms", timing.load_lease),
        ("--confirm-budget-ms", timing.confirm_budget),
        ("--look-budget-ms", timing.look_budget),
        ("--retry-pause-ms", timing.retry_pause),
        ("--reconcile-age-ms", timing.reconcile_age),
        ("--verify-after-ms", timing.verify_after),
        ("--audit-confirm-ms", timing.audit_confirm),
        ("--sweep-every-ms", timing.sweep_every),
        ("--reconcile-every-ms", timing.reconcile_every),
        ("--round-every-ms", timing.round_every),
        ("--schema-check-every-ms", timing.schema_check_every),
        ("--project-every-ms", timing.project_every),
        ("--project-lease-ms", timing.project_lease),
        ("--poll-every-ms", timing.poll_every),
        ("--at-least-wait-ms", timing.at_least_wait),
        ("--view-idle-ms", timing.view_idle),
        ("--answer-within-ms", timing.answer_within),
        ("--drain-within-ms", timing.drain_within),
    ]
    .map(|(flag, default)| (flag.to_owned(), default))
}

/// The cells of the table that has this head, without the marks of code.
fn rows(head: &str) -> Vec<Vec<String>> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/OPERATIONS.md");
    let page = fs::read_to_string(page).unwrap();
    let table = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let lines = table.take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().replace('`', "")).collect();
    let rows: Vec<Vec<String>> = lines.map(|line| cells(line.trim_matches('|'))).collect();
    assert!(!rows.is_empty(), "no table {head}");
    rows
}

/// What the parser of flags refuses ends with 2; whatever it takes goes on to the missing secret.
fn assert_bounds(flag: &str, inside: [&str; 2], outside: [f64; 2]) {
    let outcome = |value: &str| seat_server(&["--check", &format!("{flag}={value}")]).status.code();
    for value in inside {
        assert_eq!(outcome(value), Some(1), "{flag}={value}");
    }
    for value in outside {
        assert_eq!(outcome(&value.to_string()), Some(2), "{flag}={value}");
    }
}

/// Runs the server with an empty environment, where no `.env` is.
fn seat_server(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(executable("seat-server", "SEAT_SERVER"));
    command.args(arguments).current_dir(folder.path()).env_clear().output().unwrap()
}
