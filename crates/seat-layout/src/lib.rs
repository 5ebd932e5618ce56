#![doc = include_str!("../README.md")]

mod generate;
mod geometry;
mod ids;
mod layout;
mod money;
mod seat_set;
mod viewport;

pub use generate::arena;
pub use geometry::{Extent, Point, Rect};
pub use ids::{BookingId, CategoryId, EventId, IdError, LayoutId, SeatId, TableId, UserId};
pub use layout::{
    Category, CategoryDocument, Item, ItemDocument, ItemKind, Layout, LayoutDocument, LayoutErrors,
    Place, SEATS_MAX, Seat, SeatDocument, TABLE_SEATS_MAX, Table,
};
pub use money::{Currency, CurrencyError, Money, MoneyError};
pub use seat_set::{SeatSet, SeatSetError};
