//! From what `keys = ..` says to keys.

use std::collections::{BTreeSet, BinaryHeap, HashSet, LinkedList, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use super::parts::key;
use crate::key::{KeyError, KeyWriter, LockKey, LockKeyPart};

/// A collection that `keys = ..` goes through without taking it from the body.
///
/// Maps are left out: the pairs that `&map` gives are key parts too, and an amount beside its item would be part of the
/// lock's name without a word.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no collection of lock keys",
    label = "`keys` cannot go through this",
    note = "for one lock write `key = ..`; for a lock of each element write how to go through them, as in \
            `keys = order.items.iter().map(|item| item.sku)`; a map has `.keys()`"
)]
pub trait KeyCollection {
    /// What it holds. That this is a key part is asked by generated code, of the trait itself: then the compiler speaks of the
    /// element, and not of the collection.
    type Element;

    /// Its elements.
    fn __lock_elements(&self) -> impl Iterator<Item = &Self::Element>;
}

macro_rules! collection {
    ($(($($generic:tt)*) $type:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T $($generic)*> KeyCollection for $type {
            type Element = T;

            fn __lock_elements(&self) -> impl Iterator<Item = &T> {
                self.iter()
            }
        }
    )*};
}

collection! {
    () [T]
    (, const N: usize) [T; N]
    () Vec<T>
    () VecDeque<T>
    () LinkedList<T>
    () BTreeSet<T>
    () BinaryHeap<T>
    () Option<T>
    (, S) HashSet<T, S>
}

macro_rules! pointer {
    ($($type:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<C: KeyCollection + ?Sized> KeyCollection for $type {
            type Element = C::Element;

            fn __lock_elements(&self) -> impl Iterator<Item = &C::Element> {
                (**self).__lock_elements()
            }
        }
    )*};
}

pointer! { &C &mut C Box<C> Rc<C> Arc<C> }

/// What can be gone through once, element by element.
#[diagnostic::on_unimplemented(
    message = "`{Self}` gives no lock keys",
    label = "`keys` cannot go through this",
    note = "for one lock write `key = ..`; for a lock of each element write an iterator, as in \
            `keys = order.items.iter().map(|item| item.sku)`, or a list, as in `keys = [from, to]`"
)]
pub trait KeyIterator {
    /// The key of each element.
    ///
    /// # Errors
    /// What the first wrong element says.
    fn __lock_keys(self) -> Result<Vec<LockKey>, KeyError>;
}

impl<I: IntoIterator<Item: LockKeyPart>> KeyIterator for I {
    fn __lock_keys(self) -> Result<Vec<LockKey>, KeyError> {
        self.into_iter().map(LockKey::try_of).collect()
    }
}

/// The key of each element, as `write` writes it.
///
/// # Errors
/// What the first wrong element says.
pub fn key_of_each<T>(
    elements: impl Iterator<Item = T>,
    write: impl Fn(T, &mut KeyWriter<'_>) -> Result<(), KeyError>,
) -> Result<Vec<LockKey>, KeyError> {
    elements.map(|element| key(|out| write(element, out))).collect()
}

/// The keys of a list that stands in the attribute.
///
/// # Errors
/// The first of theirs.
pub fn listed_keys<const N: usize>(keys: [Result<LockKey, KeyError>; N]) -> Result<Vec<LockKey>, KeyError> {
    keys.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn borrowed_keys<C: KeyCollection<Element: LockKeyPart> + ?Sized>(
        keys: &C,
    ) -> Result<Vec<LockKey>, KeyError> {
        key_of_each(KeyCollection::__lock_elements(keys), |element, out| element.write_part(out))
    }

    fn iterated_keys<I: KeyIterator>(keys: I) -> Result<Vec<LockKey>, KeyError> {
        keys.__lock_keys()
    }

    fn keys(parts: &[u64]) -> Result<Vec<LockKey>, KeyError> {
        Ok(parts.iter().map(LockKey::of).collect())
    }

    #[test]
    fn a_collection_with_a_name_stays_what_it_was() {
        let ids = vec![3_u64, 1, 2];
        let (shared, reference) = (Arc::<[u64]>::from(ids.as_slice()), &ids);
        assert_eq!(borrowed_keys(&ids), keys(&[3, 1, 2]));
        assert_eq!(borrowed_keys(&ids[1..]), keys(&[1, 2]));
        assert_eq!(borrowed_keys(&shared), keys(&[3, 1, 2]));
        assert_eq!(borrowed_keys(&reference), keys(&[3, 1, 2]));
        assert_eq!(borrowed_keys(&[7_u64, 8]), keys(&[7, 8]));
        assert_eq!(borrowed_keys(&Some(4_u64)), keys(&[4]));
        assert_eq!(borrowed_keys(&BTreeSet::from([2_u64, 1])), keys(&[1, 2]));
        assert_eq!(borrowed_keys(&HashSet::from([5_u64])), keys(&[5]));
        assert_eq!(borrowed_keys(&Vec::<String>::new()), Ok(Vec::new()));
    }

    #[test]
    fn an_iterator_gives_parts_or_references_to_them() {
        let ids = [1_u64, 2];
        assert_eq!(iterated_keys(ids.iter()), keys(&[1, 2]));
        assert_eq!(iterated_keys(1_u64..3), keys(&[1, 2]));
        assert_eq!(
            iterated_keys(ids.iter().map(|id| ("north", *id))),
            Ok(vec![LockKey::of(("north", 1)), LockKey::of(("north", 2))])
        );
    }

    #[test]
    fn one_wrong_key_is_the_error_of_all() {
        let huge = "x".repeat(2 << 20);
        let wrong = Err(KeyError::PartTooLong { part: 1, limit: crate::key::MAX_PART_BYTES });
        assert_eq!(iterated_keys(["a", huge.as_str()]).map(drop), wrong.clone().map(|_: Vec<LockKey>| ()));
        assert_eq!(
            listed_keys([LockKey::try_of("a"), LockKey::try_of(&huge)]).map(drop),
            wrong.map(|_: Vec<LockKey>| ())
        );
    }
}
