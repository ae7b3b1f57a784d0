//! What `locks.lock(..)` accepts as a name.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZero;

use uuid::Uuid;

use super::lock_key::LockKey;
use super::part::LockKeyPart;

/// What names a lock by hand.
///
/// A text is taken as it is, delimiters included, and is refused when it holds what would have to be encoded (`%`,
/// braces, white space, control and invisible characters) or is empty. Tuples, integers and UUIDs are key parts and are
/// encoded, so anything that comes from outside belongs into a tuple: with `format!("order:{id}")` an `id` of `1:2` is
/// two segments. Both meet the attribute on the same name:
///
/// ```
/// # use lock_core::{IntoLockKey, LockKey};
/// // Each is LOCK:order:42, as is #[distributed_lock(prefix = "order", key = "id")] with an id of 42.
/// let verbatim = "order:42".into_lock_key();
/// let parts = ("order", 42).into_lock_key();
/// # assert_eq!((verbatim.error(), parts.error()), (None, None));
///
/// // With text of users: a tuple, even if it is the only part.
/// let title = "50% off {today}";
/// assert!(title.into_lock_key().error().is_some());
/// assert!((title,).into_lock_key().error().is_none());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot name a lock",
    label = "this is not a lock's name",
    note = "write a text that is used as it is, `\"order:42\"`, or a tuple of key parts, `(\"order\", id)`; one part alone is `(id,)`"
)]
pub trait IntoLockKey {
    /// The key. An error is kept in it and reported when the lock is acquired.
    fn into_lock_key(self) -> LockKey;

    /// The text, if it is taken as it is.
    #[doc(hidden)]
    fn __as_text(&self) -> Option<&str> {
        None
    }
}

impl IntoLockKey for LockKey {
    fn into_lock_key(self) -> LockKey {
        self
    }
}

impl IntoLockKey for &LockKey {
    fn into_lock_key(self) -> LockKey {
        self.clone()
    }
}

macro_rules! verbatim {
    ($($type:ty)*) => {$(
        impl IntoLockKey for $type {
            fn into_lock_key(self) -> LockKey {
                LockKey::verbatim(&self)
            }

            fn __as_text(&self) -> Option<&str> {
                Some(self)
            }
        }
    )*};
}

verbatim! { &str String &String Cow<'_, str> Box<str> }

macro_rules! encoded {
    ($($type:ty)*) => {$(
        impl IntoLockKey for $type {
            fn into_lock_key(self) -> LockKey {
                LockKey::of(self)
            }
        }
    )*};
}

encoded! {
    u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize
    NonZero<u8> NonZero<u16> NonZero<u32> NonZero<u64> NonZero<u128> NonZero<usize>
    NonZero<i8> NonZero<i16> NonZero<i32> NonZero<i64> NonZero<i128> NonZero<isize>
    Uuid IpAddr Ipv4Addr Ipv6Addr
}

macro_rules! tuple {
    ($($part:ident)*) => {
        impl<$($part: LockKeyPart),*> IntoLockKey for ($($part,)*) {
            fn into_lock_key(self) -> LockKey {
                LockKey::of(self)
            }
        }
    };
}

tuple! { A }
tuple! { A B }
tuple! { A B C }
tuple! { A B C D }
tuple! { A B C D E }
tuple! { A B C D E F }
tuple! { A B C D E F G }
tuple! { A B C D E F G H }

#[cfg(test)]
mod tests {
    use super::super::error::KeyError;
    use super::*;

    #[test]
    fn a_text_by_hand_is_refused_if_it_would_have_to_be_encoded() {
        for bad in ["a b", "a%3A", "{a}", "a\r\n", "a\u{202e}", "\u{200b}"] {
            let key = bad.into_lock_key();
            assert!(matches!(key.error(), Some(KeyError::ForbiddenCharacter { .. })), "{key:?}");
        }
        assert!(matches!("".into_lock_key().error(), Some(KeyError::EmptyLiteral { .. })));
        assert!(String::from("shop:order.é").into_lock_key().error().is_none());
    }

    #[test]
    fn values_by_hand_are_key_parts() {
        assert_eq!(42.into_lock_key(), LockKey::of(42));
        assert_eq!(Uuid::nil().into_lock_key(), LockKey::of(Uuid::nil()));
        assert_eq!(("a b", 1).into_lock_key(), LockKey::of(("a b", 1)));
    }
}
