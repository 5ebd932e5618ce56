//! Every sentence of a port's contract has a case, and every case is run.

use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn every_sentence_of_the_lock_stores_contract_has_a_case_and_every_case_a_sentence() {
    check("lock_store", 'L');
}

#[test]
fn every_sentence_of_the_repositorys_contract_has_a_case_and_every_case_a_sentence() {
    check("repository", 'R');
}

#[test]
fn every_sentence_of_the_projections_contract_has_a_case_and_every_case_a_sentence() {
    check("projection", 'P');
}

/// Compares the sentences of a port, which are written `/// - L12. …`, with the cases that its
/// macro lists and those that are written, `l12_…` or `l12b_…`.
fn check(port: &str, letter: char) {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/seat-booking/src");
    let read = |path: &Path| fs::read_to_string(path).unwrap();

    let sentences: BTreeSet<u32> = read(&crate_root.join(format!("ports/{port}.rs")))
        .lines()
        .filter_map(|line| line.strip_prefix("/// - ")?.strip_prefix(letter)?.split_once(". "))
        .map(|(number, _)| number.parse().unwrap())
        .collect();
    let count = sentences.len() as u32;
    assert_eq!(sentences, (1..=count).collect(), "sentences are numbered without gaps");

    let suite = crate_root.join("contract").join(port);
    let listed: Vec<String> = read(&suite.join("mod.rs"))
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| sentence_of(line, letter).is_some())
        .collect();
    let mut once = listed.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), listed.len(), "a case is listed twice");

    let written: BTreeSet<String> = fs::read_dir(&suite)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .flat_map(|path| {
            let names = read(&path);
            let names = names.lines().filter_map(|line| {
                let (name, _) = line.strip_prefix("pub async fn ")?.split_once('(')?;
                Some(name.to_owned())
            });
            names.collect::<Vec<_>>()
        })
        .collect();
    let listed: BTreeSet<String> = listed.into_iter().collect();
    let unlisted: Vec<_> = written.difference(&listed).collect();
    assert!(unlisted.is_empty(), "cases that no store runs: {unlisted:?}");

    let checked: BTreeSet<u32> =
        listed.iter().filter_map(|case| sentence_of(case, letter)).collect();
    let missing: Vec<_> = sentences.difference(&checked).collect();
    assert!(missing.is_empty(), "sentences {letter} without a case: {missing:?}");
    let unknown: Vec<_> = checked.difference(&sentences).collect();
    assert!(unknown.is_empty(), "cases of no sentence {letter}: {unknown:?}");
}

/// The number of the sentence that a case is about: 12 of `l12b_a_seat_is_held`.
fn sentence_of(case: &str, letter: char) -> Option<u32> {
    let (number, _) = case.strip_prefix(letter.to_ascii_lowercase())?.split_once('_')?;
    number.trim_end_matches(|c: char| c.is_ascii_lowercase()).parse().ok()
}
