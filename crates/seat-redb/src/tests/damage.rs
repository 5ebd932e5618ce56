//! A file that something else has changed: cut short, or with bits that flipped. It opens and says
//! what was written, or it is refused; it never says anything else.

use std::{path::Path, sync::LazyLock};

use proptest::{collection::vec, prelude::*, sample::Index};
use tokio::runtime::Runtime;

use super::{
    disk::Disk,
    history::{Answers, ask, write_history},
};
use crate::{OpenError, RedbRepository};

/// So many that the trees have inner pages, whose flipped bits lead somewhere else.
const RECORDS: u64 = 60;

/// A file, and what was answered from it before anything happened to it.
struct Original {
    content: Vec<u8>,
    answers: Answers,
}

/// As its process left it when it was killed after the last answer.
static KILLED: LazyLock<Original> = LazyLock::new(|| {
    original(|repository, disk| {
        let content = disk.content();
        drop(repository);
        content
    })
});

/// As its process left it when it had closed it.
static CLOSED: LazyLock<Original> = LazyLock::new(|| {
    original(|repository, disk| {
        drop(repository);
        disk.content()
    })
});

fn original(stop: impl FnOnce(RedbRepository, &Disk) -> Vec<u8>) -> Original {
    let disk = Disk::default();
    let repository = RedbRepository::open_with_backend(disk.clone()).unwrap();
    let answers = runtime().block_on(async {
        write_history(&repository, RECORDS).await;
        ask(&repository, RECORDS).await.unwrap()
    });
    Original { content: stop(repository, &disk), answers }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

#[derive(Debug, Clone)]
enum Damage {
    /// Everything after this is lost.
    Cut(Index),
    Flip {
        byte: Index,
        bit: u8,
    },
    /// A block of the disk that reads as zeros.
    Zeros {
        block: Index,
    },
    /// A block of the disk that was written somewhere else.
    Moved {
        from: Index,
        to: Index,
    },
}

const BLOCK: usize = 4096;

impl Damage {
    fn do_to(&self, content: &mut Vec<u8>) {
        let block = |index: &Index, content: &[u8]| {
            let start = index.index(content.len().div_ceil(BLOCK)) * BLOCK;
            start..content.len().min(start + BLOCK)
        };
        match self {
            // Nothing at all is another matter: a storage that was never used looks like that.
            Self::Cut(at) => content.truncate(1 + at.index(content.len())),
            Self::Flip { byte, bit } => {
                let byte = byte.index(content.len());
                content[byte] ^= 1 << bit;
            }
            Self::Zeros { block: zeros } => {
                let zeros = block(zeros, content);
                content[zeros].fill(0);
            }
            Self::Moved { from, to } => {
                let (from, to) = (block(from, content), block(to, content));
                let length = from.len().min(to.len());
                content.copy_within(from.start..from.start + length, to.start);
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let flip = (any::<Index>(), 0_u8..8).prop_map(|(byte, bit)| Damage::Flip { byte, bit });
    let moved = (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Moved { from, to });
    prop_oneof![
        2 => any::<Index>().prop_map(Damage::Cut),
        5 => flip,
        1 => any::<Index>().prop_map(|block| Damage::Zeros { block }),
        1 => moved,
    ]
}

/// Whether it opened.
fn says_what_was_written_or_is_refused(original: &Original, disk: &Disk) -> bool {
    match RedbRepository::open_with_backend(disk.clone()) {
        Ok(repository) => {
            let answers = runtime().block_on(ask(&repository, RECORDS)).unwrap();
            assert_eq!(answers, original.answers);
            true
        }
        Err(OpenError::Damaged { path, .. } | OpenError::Foreign { path }) => {
            assert_eq!(path, Path::new("the given storage"));
            false
        }
        Err(
            error @ (OpenError::InUse { .. }
            | OpenError::NewerFormat { .. }
            | OpenError::Failed { .. }),
        ) => panic!("{error:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_damaged_file_says_what_was_written_or_is_refused(
        killed: bool,
        damages in vec(damage(), 1..4),
    ) {
        let original = if killed { &KILLED } else { &CLOSED };
        let mut content = original.content.clone();
        for damage in &damages {
            damage.do_to(&mut content);
        }
        let disk = Disk::with(content);
        let opened = says_what_was_written_or_is_refused(original, &disk);
        // Neither a refusal nor what an opening does to the file may change the answer.
        assert_eq!(says_what_was_written_or_is_refused(original, &disk), opened);
    }
}

/// The header says which commit counts, and redb has a checksum for a part of it only.
#[test]
fn no_flipped_bit_of_the_header_hides_a_commit() {
    let start = 0..8 * 64;
    let commits = (8 * 64..8 * 320).step_by(5);
    for original in [&KILLED, &CLOSED] {
        let mut refused = 0;
        for bit in start.clone().chain(commits.clone()) {
            let mut content = original.content.clone();
            content[bit / 8] ^= 1 << (bit % 8);
            let opened = says_what_was_written_or_is_refused(original, &Disk::with(content));
            refused += usize::from(!opened);
        }
        assert!(refused > start.len(), "every bit of the start, and some of the commits");
    }
}

#[test]
fn an_undamaged_file_opens() {
    for original in [&KILLED, &CLOSED] {
        let disk = Disk::with(original.content.clone());
        assert!(says_what_was_written_or_is_refused(original, &disk));
    }
}
