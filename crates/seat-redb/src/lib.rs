#![doc = include_str!("../README.md")]

mod create;
mod fault;
mod open;
mod repository;
mod seal;
mod store;
mod tables;
#[cfg(test)]
mod tests;
mod write;
mod writer;

pub use open::OpenError;
pub use repository::RedbRepository;
