//! A history as somebody reads it.

use crate::{
    house::EVENT,
    seed::Outcome,
    world::{Violation, World},
};

/// Prints every step of a seed, and what it broke.
pub(crate) fn print(outcome: &Outcome) {
    for line in &outcome.trace {
        println!("{}", short(line));
    }
    println!("\n{} store steps", outcome.counts.steps);
    match &outcome.violation {
        None => println!("no invariant was broken"),
        Some(violation) => {
            println!("{} is broken: {}", violation.invariant, short(&violation.what));
            println!("by these steps:");
            for line in steps_of(violation, &outcome.trace) {
                println!("{}", short(line));
            }
        }
    }
}

/// The steps that name a booking that the violation names, and what befell everybody. Where it
/// names none, its seats tell.
fn steps_of<'t>(violation: &Violation, trace: &'t [String]) -> impl Iterator<Item = &'t String> {
    let names: Vec<&str> = words(&violation.what).collect();
    let event = EVENT.to_string();
    let is_id = |name: &&str| name.len() == event.len() && **name != event && is_hex(name);
    let mut wanted: Vec<String> = names.iter().copied().filter(is_id).map(str::to_owned).collect();
    if wanted.is_empty() {
        let is_seat = |name: &&str| name.len() == 2 && name.starts_with(['A', 'T']);
        wanted = names.iter().copied().filter(is_seat).map(str::to_owned).collect();
    }
    trace.iter().filter(move |line| {
        let is_everybodys = !line.contains(" -> ");
        is_everybodys || words(line).any(|word| wanted.iter().any(|wanted| wanted == word))
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

fn is_hex(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn short(line: &str) -> String {
    let day = World::START.to_string();
    let (day, _) = day.split_once("00:00").unwrap_or_default();
    line.replace(&EVENT.to_string(), "E").replace(&format!("{day}00:"), "")
}
