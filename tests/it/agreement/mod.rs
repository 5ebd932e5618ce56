//! The stores in memory against the real ones: the same calls have the same replies, so what is
//! shown over the ones holds for the others.
//!
//! Every sequence of random steps is taken in all stores of a kind, and each reply is compared
//! whole. What the ports leave open is made alike first: the order of lists that have none, and the
//! numbers of epochs. Times are compared too, in units that no sequence takes in real time.
//!
//! `SEAT_SEQUENCES=200000` takes so many instead of 2,000 of each kind, `SEAT_SEED=17` the one of
//! that seed.

mod choice;
mod locks;
mod repository;
mod sequences;
mod shortest;
