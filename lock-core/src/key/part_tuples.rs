//! Tuples as key parts: they flatten, so each leaf is one segment.

use super::error::KeyError;
use super::part::LockKeyPart;
use super::writer::KeyWriter;

macro_rules! tuple {
    ($($part:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<$($part: LockKeyPart),*> LockKeyPart for ($($part,)*) {
            fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
                #[allow(non_snake_case)]
                let ($($part,)*) = self;
                $(out.part($part)?;)*
                Ok(())
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
    use super::super::lock_key::LockKey;

    #[test]
    fn tuples_flatten_in_order() {
        assert_eq!(
            format!("{:?}", LockKey::of((1, ("a", (None::<u8>,)), true, 'x', 5, 6, 7, (8, 9)))),
            r#"LockKey["1", "a", None, "true", "x", "5", "6", "7", "8", "9"]"#
        );
        assert_eq!(LockKey::of(("a",)), LockKey::of("a"));
    }
}
