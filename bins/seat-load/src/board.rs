use std::sync::atomic::{AtomicU64, Ordering};

/// What the users believe of the seats, shared by all of them: one bit a seat, set when it is known
/// to be taken, so that a nearly sold-out hall of 10,000 seats is searched in 160 words.
///
/// A seat is its position in the layout. The server alone decides; a wrong bit costs a conflict
/// or, when it hides a free seat, is put right by the next survey. So no access needs an order.
#[derive(Debug)]
pub(crate) struct Board {
    taken: Vec<AtomicU64>,
    seats: u32,
}

impl Board {
    /// A board of so many free seats, at least 1.
    pub(crate) fn new(seats: u32) -> Self {
        let mut taken: Vec<_> = (0..seats.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        if let (Some(last), used @ 1..) = (taken.last_mut(), seats % 64) {
            // The bits behind the last seat are no seats.
            *last = AtomicU64::new(u64::MAX << used);
        }
        Self { taken, seats }
    }

    pub(crate) fn seats(&self) -> u32 {
        self.seats
    }

    pub(crate) fn mark_taken(&self, seat: u32) {
        self.taken[seat as usize / 64].fetch_or(1 << (seat % 64), Ordering::Relaxed);
    }

    pub(crate) fn mark_free(&self, seat: u32) {
        self.taken[seat as usize / 64].fetch_and(!(1 << (seat % 64)), Ordering::Relaxed);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.taken.iter().all(|word| word.load(Ordering::Relaxed) == u64::MAX)
    }

    /// The first free seats from the start on and round the end: so many, or all that are left.
    pub(crate) fn pick(&self, start: u32, count: u32) -> Vec<u32> {
        let (first, words) = (start as usize / 64, self.taken.len());
        let from_start = u64::MAX << (start % 64);
        let mut seats = Vec::with_capacity(count as usize);
        // The first word is visited twice: for its upper bits, and at the end for its lower ones.
        for step in 0..=words {
            let index = (first + step) % words;
            let mut free = !self.taken[index].load(Ordering::Relaxed);
            if step == 0 {
                free &= from_start;
            } else if step == words {
                free &= !from_start;
            }
            while free != 0 {
                if seats.len() == count as usize {
                    return seats;
                }
                seats.push(index as u32 * 64 + free.trailing_zeros());
                free &= free - 1;
            }
        }
        seats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pick_goes_on_from_the_start_and_round_the_end() {
        let board = Board::new(100);
        assert_eq!(board.pick(98, 4), [98, 99, 0, 1]);
        board.mark_taken(99);
        board.mark_taken(0);
        assert_eq!(board.pick(98, 3), [98, 1, 2]);
    }

    #[test]
    fn a_pick_takes_what_is_left_and_no_seat_twice() {
        let board = Board::new(70);
        (0..70).filter(|seat| ![3, 66].contains(seat)).for_each(|seat| board.mark_taken(seat));
        for start in 0..70 {
            let mut seats = board.pick(start, 5);
            seats.sort_unstable();
            assert_eq!(seats, [3, 66], "from {start}");
        }
    }

    #[test]
    fn a_full_board_offers_nothing_until_a_seat_is_free_again() {
        for seats in [1, 63, 64, 65, 128] {
            let board = Board::new(seats);
            assert!(!board.is_full());
            (0..seats).for_each(|seat| board.mark_taken(seat));
            assert!(board.is_full() && board.pick(seats - 1, 2).is_empty());
            board.mark_free(seats - 1);
            assert_eq!(board.pick(0, 2), [seats - 1]);
        }
    }
}
