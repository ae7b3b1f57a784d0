//! Single values as key parts, and what wraps them.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;

use uuid::Uuid;

use super::error::KeyError;
use super::part::LockKeyPart;
use super::writer::KeyWriter;

macro_rules! displayed {
    ($($type:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl LockKeyPart for $type {
            fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
                out.display(self)
            }
        }
    )*};
}

displayed! {
    u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize
    NonZero<u8> NonZero<u16> NonZero<u32> NonZero<u64> NonZero<u128> NonZero<usize>
    NonZero<i8> NonZero<i16> NonZero<i32> NonZero<i64> NonZero<i128> NonZero<isize>
    bool char Uuid IpAddr Ipv4Addr Ipv6Addr
}

macro_rules! text {
    ($($type:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl LockKeyPart for $type {
            fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
                out.text(self)
            }
        }
    )*};
}

text! { str String }

macro_rules! pointer {
    ($($type:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: LockKeyPart + ?Sized> LockKeyPart for $type {
            fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
                (**self).write_part(out)
            }
        }
    )*};
}

pointer! { &T &mut T Box<T> Arc<T> Rc<T> }

#[diagnostic::do_not_recommend]
impl<T: LockKeyPart + ToOwned + ?Sized> LockKeyPart for Cow<'_, T> {
    fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        (**self).write_part(out)
    }
}

/// `None` is an empty segment before a value, and nothing at the end of the key; it differs from the empty text. The
/// value must be exactly one segment: `(Option<A>, Option<B>)`, not `Option<(A, B)>`.
#[diagnostic::do_not_recommend]
impl<T: LockKeyPart> LockKeyPart for Option<T> {
    fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        match self {
            Some(part) => out.some(part),
            None => out.none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lock_key::LockKey;
    use super::*;

    fn written(part: impl LockKeyPart) -> String {
        format!("{:?}", LockKey::of(part))
    }

    #[test]
    fn every_value_is_one_segment_of_its_text() {
        assert_eq!(written(u128::MAX), format!("LockKey[\"{}\"]", u128::MAX));
        assert_eq!(written(-7_i8), "LockKey[\"-7\"]");
        assert_eq!(written(NonZero::new(9_u32)), "LockKey[\"9\"]");
        assert_eq!(written(true), "LockKey[\"true\"]");
        assert_eq!(written(':'), "LockKey[\":\"]");
        assert_eq!(written(Uuid::nil()), "LockKey[\"00000000-0000-0000-0000-000000000000\"]");
        assert_eq!(written(IpAddr::from([127, 0, 0, 1])), "LockKey[\"127.0.0.1\"]");
        assert_eq!(written(Ipv6Addr::LOCALHOST), "LockKey[\"::1\"]");
        assert_eq!(written(Cow::Borrowed("a")), "LockKey[\"a\"]");
    }

    #[test]
    fn identity_is_the_text_not_the_type() {
        assert_eq!(LockKey::of(42_u64), LockKey::of("42"));
        assert_eq!(LockKey::of(42_u64), LockKey::of(42_i8));
    }

    #[test]
    fn references_and_pointers_are_transparent() {
        let mut text = String::from("a");
        let reference: &&String = &&text;
        assert_eq!(LockKey::of(reference), LockKey::of("a"));
        assert_eq!(LockKey::of(&mut text), LockKey::of("a"));
        assert_eq!(LockKey::of(Box::<str>::from("a")), LockKey::of("a"));
        assert_eq!(LockKey::of(Arc::<str>::from("a")), LockKey::of("a"));
        assert_eq!(LockKey::of(Rc::new(Some("a"))), LockKey::of("a"));
        assert_eq!(LockKey::of(Cow::<u64>::Owned(7)), LockKey::of(Cow::Borrowed(&7)));
        let local = String::from("a");
        let dynamic: &dyn LockKeyPart = &local;
        assert_eq!(LockKey::of(dynamic), LockKey::of("a"));
        let boxed: Box<dyn LockKeyPart + '_> = Box::new(&local);
        assert_eq!(LockKey::of(boxed), LockKey::of("a"));
    }

    #[test]
    fn none_differs_from_the_empty_text() {
        assert_eq!(written((None::<u8>, "")), "LockKey[None, \"\"]");
        assert_ne!(LockKey::of((None::<&str>, "x")), LockKey::of(("", "x")));
    }

    #[test]
    fn an_option_of_several_parts_or_of_an_option_is_refused() {
        assert_eq!(
            LockKey::try_of(("t", Some(("a", "b")))),
            Err(KeyError::NotOneInOption { part: 2, written: 2 })
        );
        assert_eq!(LockKey::try_of(Some(None::<u8>)), Err(KeyError::NotOneInOption { part: 1, written: 1 }));
        assert!(LockKey::try_of(Some(Some(1))).is_ok());
    }
}
