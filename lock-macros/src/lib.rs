//! The attribute `#[distributed_lock]` and `#[derive(LockKeyPart)]`. Use them through the crate `lock-core`, which re-exports them.

mod args;
mod attribute;
mod condition;
mod derive;
mod duration;
mod errors;
mod expand;
mod fallback;
mod function;
mod guard;
mod key;
mod nested;
mod segment;
#[cfg(test)]
mod snapshots;
mod suggest;
mod validate;

use proc_macro::TokenStream;

#[doc = include_str!("distributed_lock.md")]
#[proc_macro_attribute]
pub fn distributed_lock(attribute: TokenStream, item: TokenStream) -> TokenStream {
    attribute::distributed_lock(attribute.into(), item.into()).into()
}

#[doc = include_str!("lock_key_part.md")]
#[proc_macro_derive(LockKeyPart, attributes(lock_key))]
pub fn derive_lock_key_part(item: TokenStream) -> TokenStream {
    derive::lock_key_part(item.into()).into()
}
