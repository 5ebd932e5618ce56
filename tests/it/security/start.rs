//! What a start tells of the secrets that it is given, and leaves open to others of the machine.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
};

use seat_testbed::{Redis, executable};
use tempfile::TempDir;

/// A word that must not be told.
const WORD: &str = "hunter2word";
const SECRET: &str = "hunter2word-is-more-than-sixteen-characters";

/// All that a server says that is started like this in this folder.
fn said(folder: &TempDir, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(executable("seat-server", "SEAT_SERVER"));
    command.current_dir(folder.path()).env_clear().env("RUST_LOG", "trace");
    let output = command.envs(environment.iter().copied()).args(arguments).output();
    let Output { stdout, stderr, .. } = output.unwrap();
    format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr))
}

fn folder() -> TempDir {
    TempDir::new().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_start_tells_a_secret_of_its_settings() {
    let redis = Redis::start_with(&["--requirepass", WORD]).await;
    let good = format!("redis://:{WORD}@{}", redis.address());
    let wrong = format!("redis://:{WORD}-too@{}", redis.address());
    let nowhere = "mongodb://127.0.0.1:1/seats?serverSelectionTimeoutMS=300";
    let mut tried = Vec::new();
    for redis in [
        &*wrong,
        "redis://:hunter2word@127.0.0.1:1",
        "redis://user:hunter2word@",
        "redis://user:hun/hunter2word@127.0.0.1:1",
        "redis://user:hunter2word@127.0.0.1:99999",
        "redis://user:h#hunter2word@127.0.0.1",
        "redis-cluster://user:hunter2word@127.0.0.1:1?node=127.0.0.1:2",
        "redis-sentinel://user:hunter2word@127.0.0.1:1",
        "user:hunter2word@127.0.0.1",
    ] {
        tried.push((redis.to_owned(), nowhere.to_owned()));
    }
    for mongodb in [
        "mongodb://user:hunter2word@127.0.0.1:1/x?serverSelectionTimeoutMS=300",
        "mongodb://user:hun%zzhunter2word@127.0.0.1:1/x",
        "mongodb://user:hun/hunter2word@127.0.0.1:1/x",
        "mongodb://user:hun:hunter2word@127.0.0.1:1/x",
        "mongodb://user:hunter2word@127.0.0.1:99999/x",
        "mongodb+srv://user:hunter2word@127.0.0.1:1/x",
        "user:hunter2word@127.0.0.1",
    ] {
        tried.push((good.clone(), mongodb.to_owned()));
    }
    for (redis, mongodb) in &tried {
        for arguments in [&["--check"][..], &[]] {
            let stores = [("REDIS_URL", &**redis), ("MONGODB_URI", mongodb)];
            let said =
                said(&folder(), arguments, &[&stores[..], &[("JWT_SECRET", SECRET)]].concat());
            assert!(said.contains("REDIS_URL") || said.contains("MONGODB_URI"), "{said}");
            assert!(!said.contains(WORD), "{redis} {mongodb}: {said}");
        }
    }
    let environment = [
        ("JWT_SECRET", SECRET),
        ("REDIS_URL", &*good),
        ("MONGODB_URI", "mongodb://u:hunter2word@h"),
    ];
    for arguments in [&["--help"][..], &["--nonsense"], &["token"], &["token", "--sub", "a b"]] {
        let said = said(&folder(), arguments, &environment);
        assert!(!said.is_empty() && !said.contains(WORD), "{arguments:?}: {said}");
    }
}

#[test]
fn a_file_of_settings_that_can_not_be_read_is_not_repeated() {
    for line in [
        format!("JWT_SECRET=my {WORD} has spaces"),
        format!("JWT_SECRET='{WORD}"),
        WORD.to_owned(),
        format!("JWT_SECRET={WORD} # \"{WORD}\" {WORD}\nX Y=$({WORD})"),
    ] {
        let folder = folder();
        fs::write(folder.path().join(".env"), &line).unwrap();
        let said = said(&folder, &["--check"], &[]);
        assert!(!said.is_empty() && !said.contains(WORD), "{line}: {said}");
        assert!(said.contains(".env") || said.contains("JWT_SECRET"), "{line}: {said}");
    }
}

#[test]
fn the_folder_of_the_bookings_is_made_for_its_owner_alone() {
    let folder = folder();
    let said = said(&folder, &["--check", "--data-dir", "a/b"], &[("JWT_SECRET", SECRET)]);
    assert!(said.contains("all is well"), "{said}");
    let mode = fs::metadata(folder.path().join("a/b")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "{mode:o}");
}
