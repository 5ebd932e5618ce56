//! Fewer steps that still show a difference.

use super::sequences::{Stopped, Stores, take};

/// How many sequences are tried for it.
const TRIES_MAX: usize = 400;

/// Leaves out one step after another, the last first, as long as some difference stays; gives what
/// is left, and the replies that differ then.
pub(super) async fn shortest<S: Stores>(
    stores: &mut S,
    steps: &[S::Step],
    mut replies: String,
) -> (Vec<S::Step>, String) {
    let mut steps = steps.to_vec();
    let mut tries = 0;
    loop {
        let before = steps.len();
        for at in (0..before).rev() {
            if at >= steps.len() || tries == TRIES_MAX {
                continue;
            }
            tries += 1;
            let mut fewer = steps.clone();
            fewer.remove(at);
            match take(stores, &fewer).await {
                Err(Stopped::Different { after, replies: now }) => {
                    fewer.truncate(after);
                    (steps, replies) = (fewer, now);
                }
                Ok(_) | Err(Stopped::Unanswered(_)) => {}
            }
        }
        if steps.len() == before || tries == TRIES_MAX {
            return (steps, replies);
        }
    }
}
