//! A long run over servers that are broken again and again: client processes take locks of all kinds, a witness outside of
//! them watches what they protect, a nemesis strikes by a seeded schedule, and afterwards every history is checked.

mod attempt;
mod client;
mod clients;
mod deck;
mod diary;
mod episode;
mod event;
mod faults;
mod nemesis;
mod orders;
mod register;
mod scene;
mod summary;
mod verdict;
mod windows;
mod witness;

pub use self::client::run as client;
pub use self::episode::soak;
pub use self::orders::Orders;
pub use self::witness::serve as witness;
