//! Which steps a sequence has.

use seat_booking::{Mark, contract::SeededRandomness};

use super::{
    super::choice::Choice,
    steps::{BLOCKS_OF_SEAT, CONFIRMS, Epoch, SEATS, Step, USERS},
};

const STEPS: usize = 36;
/// These are used again and again, the others are mostly new.
const CONFIRMS_REPEATED: usize = 5;
/// One sequence of so many has more seats than a store looks at in one go.
const CROWDED: usize = 200;

pub(super) fn steps(random: &SeededRandomness) -> Vec<Step> {
    let choice = Choice(random);
    let mut steps = Vec::new();
    if !choice.once_in(10) {
        steps.push(Step::Load { lease: 2, active: active(choice) });
    }
    let mut crowded_at = choice.once_in(CROWDED).then(|| choice.of(STEPS));
    while steps.len() < STEPS {
        if crowded_at.take_if(|at| *at <= steps.len()).is_some() {
            crowd(&mut steps);
        }
        steps.push(step(choice));
        follow_up(choice, &mut steps);
    }
    steps
}

/// What often comes next; steps that know nothing of each other seldom get far.
fn follow_up(choice: Choice, steps: &mut Vec<Step>) {
    match steps.last().cloned() {
        Some(Step::LoadBegin { .. }) if !choice.once_in(4) => the_rest_of_a_load(choice, steps),
        // Or little would be answered from here on.
        Some(Step::Lose | Step::Restart) if !choice.once_in(4) => {
            steps.extend((0..choice.of(3)).map(|_| step(choice)));
            steps.push(Step::Load { lease: 2, active: active(choice) });
        }
        Some(Step::Hold { user, what, .. }) => match choice.of(6) {
            0 | 1 => {
                let id = confirm(choice);
                steps.push(Step::Begin { user, id, what: what.clone(), fingerprint: 0 });
                if choice.once_in(3) {
                    let fingerprint = choice.one(&[0, 1]);
                    steps.push(Step::Begin { user, id, what, fingerprint });
                }
            }
            2 => {
                let (ttl, cap) = (choice.one(&[2, 5]), choice.one(&[2, 4]));
                steps.push(Step::Extend { user, what, ttl, cap });
            }
            _ => {}
        },
        Some(Step::Pass { .. }) if choice.once_in(3) => {
            steps.push(Step::Sweep { limit: choice.one(&[1, 2, 3, 50]) });
        }
        Some(_) | None => {}
    }
}

/// More seats than a store looks at in one go are loaded, read, and dropped by the next load.
fn crowd(steps: &mut Vec<Step>) {
    let epoch = Epoch::Newest;
    let begin = Step::LoadBegin { random: 1, lease: 3 };
    steps.extend([Step::Lose, begin.clone(), Step::LoadCrowd { epoch }, Step::LoadEnd { epoch }]);
    steps.extend([Step::Watch, Step::Marks]);
    steps.extend([Step::Restart, begin, Step::LoadDrop { epoch }, Step::LoadEnd { epoch }]);
}

/// With other steps between, or with another node that waits for the end of the lease.
fn the_rest_of_a_load(choice: Choice, steps: &mut Vec<Step>) {
    let epoch = Epoch::Newest;
    let rival = choice.once_in(3);
    let wait = |steps: &mut Vec<Step>| match rival {
        true => steps.push(Step::Pass { units: 1 }),
        false => steps.extend((0..choice.of(3)).map(|_| step(choice))),
    };
    wait(steps);
    steps.push(Step::LoadDrop { epoch });
    wait(steps);
    if rival {
        steps.push(Step::LoadBegin { random: 2, lease: 1 });
    }
    steps.push(Step::LoadChunk { epoch, active: active(choice) });
    wait(steps);
    steps.push(Step::LoadEnd { epoch });
}

fn step(choice: Choice) -> Step {
    match choice.of(100) {
        0..31 => hold(choice),
        31..65 => transfer(choice),
        65..78 => load(choice),
        78..90 => read(choice),
        90..98 => Step::Pass { units: choice.one(&[1, 1, 2, 3]) },
        98 => Step::Lose,
        _ => Step::Restart,
    }
}

fn hold(choice: Choice) -> Step {
    let user = choice.one(&USERS);
    let (ttl, seats_max) = (choice.one(&[1, 2, 3, 5]), choice.one(&[2, 4, 5, 5, 50]));
    match choice.of(31) {
        0..13 => Step::Hold { user, what: seats(choice), ttl, seats_max },
        13..21 => Step::HoldTable { user, table: choice.one(&["T0", "T1"]), ttl, seats_max },
        21..25 => Step::Release { user, what: some(choice) },
        _ => Step::Extend { user, what: some(choice), ttl, cap: choice.one(&[2, 4, 8]) },
    }
}

fn transfer(choice: Choice) -> Step {
    let (id, mark, what) = document(choice);
    match choice.of(34) {
        0..10 => {
            let fingerprint = u8::from(choice.once_in(6));
            let (user, id) = (choice.one(&USERS), confirm(choice));
            Step::Begin { user, id, what: some(choice), fingerprint }
        }
        10..15 => {
            let mut seats = vec![block(choice), block(choice)];
            seats.dedup_by(|one, other| one.1 == other.1);
            Step::BeginBlock { seats }
        }
        15..24 => {
            let (epoch, knows_transfer) = (epoch(choice), choice.once_in(2));
            Step::Finish { id, epoch, mark, what, knows_transfer }
        }
        24..28 => Step::Abort { id, what },
        28..32 => Step::Free { id, what },
        32 => Step::Transfer { id },
        _ => Step::Transfers { age: choice.one(&[0, 1, 2, 3]), limit: choice.one(&[0, 1, 2, 50]) },
    }
}

fn load(choice: Choice) -> Step {
    let epoch = epoch(choice);
    match choice.of(13) {
        0..5 => Step::Load { lease: 2, active: active(choice) },
        5..9 => {
            Step::LoadBegin { random: choice.of(1_000_000) as u32, lease: choice.one(&[1, 2, 3]) }
        }
        9 => Step::LoadDrop { epoch },
        10 | 11 => Step::LoadChunk { epoch, active: active(choice) },
        _ => Step::LoadEnd { epoch },
    }
}

fn read(choice: Choice) -> Step {
    match choice.of(12) {
        0..4 => Step::Sweep { limit: choice.one(&[0, 1, 2, 50]) },
        4 => Step::Watch,
        5 => Step::Snapshot,
        6..8 => {
            let (since, limit) = (choice.of(8) as u64, choice.one(&[1, 3, 100]));
            Step::Changes { epoch: epoch(choice), since, limit }
        }
        8 => Step::Marks,
        9 => Step::Holders { what: seats(choice) },
        _ => Step::HoldsOf { user: choice.one(&USERS) },
    }
}

fn epoch(choice: Choice) -> Epoch {
    match choice.of(8) {
        0 => Epoch::Before,
        1 => Epoch::Never,
        _ => Epoch::Newest,
    }
}

fn confirm(choice: Choice) -> usize {
    if choice.once_in(4) { choice.of(CONFIRMS) } else { choice.of(CONFIRMS_REPEATED) }
}

fn block(choice: Choice) -> (usize, String) {
    let seats: Vec<&str> = SEATS.split(',').collect();
    let seat = choice.of(seats.len());
    (CONFIRMS + seat * BLOCKS_OF_SEAT + choice.of(BLOCKS_OF_SEAT), seats[seat].to_owned())
}

/// An id, and what the repository could have under it.
fn document(choice: Choice) -> (usize, Mark, String) {
    match choice.once_in(4) {
        true => {
            let (id, seat) = block(choice);
            (id, Mark::Blocked, seat)
        }
        false => (confirm(choice), Mark::Booked, some(choice)),
    }
}

fn active(choice: Choice) -> Vec<(usize, Mark, String)> {
    (0..choice.of(3)).map(|_| document(choice)).collect()
}

fn seats(choice: Choice) -> String {
    let seats: Vec<&str> = SEATS.split(',').collect();
    choice.some(1 + choice.of(3), &seats)
}

/// Seats, or a table, or both.
fn some(choice: Choice) -> String {
    match choice.of(6) {
        0..3 => choice.some(1 + choice.of(2), &["A-1", "T0-1", "T0-2", "T1-1", "T1-3"]),
        3 => choice.some(2, &["A-1", "table:T0", "table:T1"]),
        _ => choice.one(&["table:T0", "table:T1"]).to_owned(),
    }
}
