//! The Redis backend.

mod class;
mod scripts;
#[cfg(test)]
mod tests;
