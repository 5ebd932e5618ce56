//! docs/SECURITY.md names the tests that show what it says.

use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn the_page_names_every_test_of_an_attack_and_no_test_that_is_not_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/SECURITY.md")).unwrap();
    // A test's name is a sentence; nothing else in backticks has so many words.
    let named: BTreeSet<&str> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.matches('_').count() >= 4 && name.bytes().all(is_of_a_name))
        .collect();
    assert!(named.len() > 40, "{named:?}");

    let mut written = BTreeSet::new();
    for folder in ["crates", "bins", "tests"] {
        collect(&root.join(folder), &mut written);
    }
    let missing: Vec<_> = named.iter().filter(|&&name| !written.contains(name)).collect();
    assert!(missing.is_empty(), "tests that are not there: {missing:?}");

    let mut attacks = BTreeSet::new();
    for folder in ["tests/it/http/security", "tests/it/security"] {
        collect(&root.join(folder), &mut attacks);
    }
    attacks.retain(|name| name.matches('_').count() >= 4 && name != OWN_NAME);
    let unnamed: Vec<_> = attacks.iter().filter(|name| !named.contains(name.as_str())).collect();
    assert!(unnamed.is_empty(), "attacks that the page leaves out: {unnamed:?}");
}

const OWN_NAME: &str = "the_page_names_every_test_of_an_attack_and_no_test_that_is_not_there";

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

/// The names of all functions in the sources below a folder.
fn collect(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let functions = source.lines().filter_map(|line| {
                let (_, rest) = line.split_once("fn ")?;
                Some(rest.split_once('(')?.0.to_owned())
            });
            names.extend(functions);
        }
    }
}
