//! The rules that the attribute checks when it is compiled and the manager when it is called. Each is written here once: a macro
//! crate can export nothing but macros, and what both crates wrote down for themselves would drift apart, so that a program
//! compiles and is then refused when it runs. Use them through the crate `lock-core`, which re-exports them.

mod charset;
mod limits;

pub use charset::{
    DEFAULT_DELIMITER, DELIMITER_CHARACTERS, ENCODED_CHARACTERS, MAX_DELIMITER_CHARACTERS, is_encoded,
};
pub use limits::{MAX_EXPIRE, MAX_NAMES, MAX_PART_BYTES, MAX_PARTS, MIN_EXPIRE};
