//! The stores fail, or a server does, in the middle of a sale through two servers: no seat is sold
//! twice, nothing that is booked is sold or held again, what was answered is there, every answer comes
//! in time, and the sale goes on by itself (I1, I2, I3, I5, I6, I7).

mod audit;
mod cluster;
mod mongo;
mod redis;
mod sale;
mod schema;
mod server;
