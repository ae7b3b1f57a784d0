//! The attribute `#[distributed_lock]`. Use it through the crate `lock-core`, which re-exports it.

mod args;
mod attribute;
mod condition;
mod duration;
mod errors;
mod expand;
mod fallback;
mod function;
mod key;
mod segment;
mod suggest;
mod validate;

use proc_macro::TokenStream;

#[doc = include_str!("distributed_lock.md")]
#[proc_macro_attribute]
pub fn distributed_lock(attribute: TokenStream, item: TokenStream) -> TokenStream {
    attribute::distributed_lock(attribute.into(), item.into()).into()
}
