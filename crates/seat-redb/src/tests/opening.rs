use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use redb::{Database, TableDefinition, backends::FileBackend};
use seat_booking::ports::{Clock, InsertReply, Repository, SystemClock};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::samples::record;
use crate::{
    OpenError, RedbRepository,
    seal::Sealed,
    tables::{ABOUT, FORMAT, FORMAT_ROW},
};

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seats.redb");
    (folder, path)
}

/// Why the file is refused, after its message was seen to name it.
fn refusal(path: &Path) -> OpenError {
    let error = RedbRepository::open(path).unwrap_err();
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    error
}

#[tokio::test]
async fn a_file_that_was_closed_has_what_was_written_to_it() {
    let (folder, _) = folder();
    let path = folder.path().join("not/there/yet/seats.redb");
    let repository = RedbRepository::open(&path).unwrap();
    repository.insert(record(1)).await.unwrap();
    drop(repository);
    let repository = RedbRepository::open(&path).unwrap();
    assert_eq!(repository.record(record(1).id()).await.unwrap(), Some(record(1)));
}

#[test]
fn a_file_that_is_open_already_is_refused_until_it_is_closed() {
    let (_folder, path) = folder();
    let repository = RedbRepository::open(&path).unwrap();
    assert!(matches!(refusal(&path), OpenError::InUse { .. }));
    drop(repository);
    RedbRepository::open(&path).unwrap();
}

#[test]
fn of_many_that_make_a_file_at_once_one_has_it() {
    let (folder, path) = folder();
    let opened: Vec<_> = thread::scope(|scope| {
        let openers: Vec<_> = (0..4).map(|_| scope.spawn(|| RedbRepository::open(&path))).collect();
        openers.into_iter().map(|opener| opener.join().unwrap()).collect()
    });
    assert_eq!(opened.iter().filter(|opened| opened.is_ok()).count(), 1, "{opened:?}");
    for refused in opened.iter().filter_map(|opened| opened.as_ref().err()) {
        assert!(matches!(refused, OpenError::InUse { .. }), "{refused:?}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn a_file_left_half_made_is_made_again() {
    let (folder, path) = folder();
    fs::write(folder.path().join("seats.redb.new"), [0; 1000]).unwrap();
    fs::write(folder.path().join("seats.redb.lock"), "").unwrap();
    RedbRepository::open(&path).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_of_a_newer_format_is_refused_and_keeps_what_is_in_it() {
    let (_folder, path) = folder();
    let repository = RedbRepository::open(&path).unwrap();
    repository.insert(record(1)).await.unwrap();
    drop(repository);
    set_format(&path, FORMAT + 1);
    let error = refusal(&path);
    assert!(
        matches!(error, OpenError::NewerFormat { found, known, .. }
            if (found, known) == (FORMAT + 1, FORMAT)),
        "{error:?}"
    );
    set_format(&path, FORMAT);
    let repository = RedbRepository::open(&path).unwrap();
    assert_eq!(repository.record(record(1).id()).await.unwrap(), Some(record(1)));
}

fn set_format(path: &Path, format: u32) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let storage = Sealed(FileBackend::new(file).unwrap());
    let database = Database::builder().create_with_backend(storage).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(ABOUT).unwrap().insert(FORMAT_ROW, format).unwrap();
    transaction.commit().unwrap();
}

#[test]
fn a_file_of_something_else_is_refused_and_left_as_it_is() {
    let (_folder, path) = folder();
    fs::write(&path, "a diary").unwrap();
    assert!(matches!(refusal(&path), OpenError::Foreign { .. }));
    assert_eq!(fs::read(&path).unwrap(), b"a diary");

    fs::remove_file(&path).unwrap();
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let table: TableDefinition<u64, u64> = TableDefinition::new("accounts");
    transaction.open_table(table).unwrap().insert(1, 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert!(matches!(refusal(&path), OpenError::Foreign { .. }));
}

/// Also by an honest program: it would write the header and leave the seal as it was.
#[test]
fn a_file_that_another_program_has_written_to_is_refused() {
    let (_folder, path) = folder();
    drop(RedbRepository::open(&path).unwrap());
    drop(Database::open(&path).unwrap());
    assert!(matches!(refusal(&path), OpenError::Damaged { .. }));
}

#[test]
fn a_damaged_file_is_refused_by_name_and_with_its_cause() {
    let (_folder, path) = folder();
    drop(RedbRepository::open(&path).unwrap());
    let whole = fs::read(&path).unwrap();
    let causes = [0, 1, 100, 4096, whole.len() - 1].map(|length| {
        fs::write(&path, &whole[..length]).unwrap();
        let error = refusal(&path);
        let known = matches!(error, OpenError::Damaged { .. } | OpenError::Foreign { .. });
        assert!(known, "{length} bytes: {error:?}");
        error.source().map(ToString::to_string)
    });
    assert_eq!(causes[0].as_deref(), Some("it is empty"));
    assert_eq!(fs::read(&path).unwrap(), &whole[..whole.len() - 1]);

    // Inside the first table's page, where opening has no other reason to look.
    let name = whole.windows(6).rposition(|window| window == b"format").unwrap();
    let mut changed = whole;
    changed[name] ^= 1;
    fs::write(&path, &changed).unwrap();
    let error = refusal(&path);
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(error.source().is_some());
}

#[test]
fn a_folder_that_is_a_file_is_named_with_its_cause() {
    let (_folder, path) = folder();
    fs::write(&path, "").unwrap();
    let error = refusal(&path.join("seats.redb"));
    assert!(matches!(error, OpenError::Failed { .. }), "{error:?}");
    assert!(error.source().is_some());
}

/// `SEAT_REDB_RECORDS=1000000 cargo test --release -p seat-redb after_a_kill -- --nocapture` does it
/// with more records, and prints how long it took.
#[allow(clippy::print_stdout, reason = "for whoever measures with their own number of records")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_opens_after_a_kill_in_the_time_of_reading_it() {
    let records = match std::env::var("SEAT_REDB_RECORDS") {
        Ok(records) => records.parse().unwrap(),
        Err(_) => 20_000,
    };
    let (folder, path) = folder();
    let repository = Arc::new(RedbRepository::open(&path).unwrap());
    let mut callers = JoinSet::new();
    for caller in 0..512 {
        let repository = Arc::clone(&repository);
        callers.spawn(async move {
            for number in (caller..records).step_by(512) {
                let reply = repository.insert(record(number)).await.unwrap();
                assert_eq!(reply, InsertReply::Inserted);
            }
        });
    }
    callers.join_all().await;

    // A copy of a file that is open is what a killed process leaves behind. It is synced, or the
    // first sync of whoever opens it would have to write all of it.
    let crashed = folder.path().join("crashed.redb");
    fs::copy(&path, &crashed).unwrap();
    fs::File::open(&crashed).unwrap().sync_all().unwrap();

    let before = SystemClock.now();
    let survivor = RedbRepository::open(&crashed).unwrap();
    let took = SystemClock.now().since(before);
    let bytes = fs::metadata(&crashed).unwrap().len();
    println!("{records} records, {bytes} bytes, opened in {took:?}");
    // Unoptimised, on a busy machine; a figure is in docs/PERFORMANCE.md.
    assert!(took < Duration::from_secs(1) * (1 + records as u32 / 10_000), "{took:?}");
    for number in [0, records / 2, records - 1] {
        assert_eq!(survivor.record(record(number).id()).await.unwrap(), Some(record(number)));
    }
}
