//! The one order in which several names are taken.

use crate::error::LockError;
use crate::key::KeyError;
use crate::name::LockName;

pub(crate) use lock_rules::MAX_NAMES;

/// Sorted by slot and then by their bytes, each once. Everybody takes several names in this order and waits for one only
/// while holding smaller ones, so nobody waits in a circle; names of one slot stand together.
pub(crate) fn sorted(mut names: Vec<LockName>) -> Vec<LockName> {
    names.sort_by_cached_key(|name| (name.slot(), name.clone()));
    names.dedup();
    names
}

/// Refuses none, and more than [`MAX_NAMES`].
pub(crate) fn check_count(key: &str, count: usize) -> Result<(), LockError> {
    let message = match count {
        0 => "no keys: call it with at least one, or don't take the lock where there is nothing to protect"
            .to_owned(),
        1..=MAX_NAMES => return Ok(()),
        _ => format!(
            "{count} keys, but one lock takes at most {MAX_NAMES}: take one lock for what they have in common"
        ),
    };
    Err(LockError::Key { key: key.to_owned(), error: KeyError::custom(message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(texts: &[&str]) -> Vec<LockName> {
        texts.iter().copied().map(LockName::new).collect()
    }

    #[test]
    fn the_order_is_one_whatever_the_caller_wrote() {
        let one = sorted(names(&["LOCK:a", "LOCK:b", "LOCK:c", "LOCK:a"]));
        let other = sorted(names(&["LOCK:c", "LOCK:b", "LOCK:b", "LOCK:a"]));
        assert_eq!(one, other);
        assert_eq!(one.len(), 3, "each name once");
        assert!(one.windows(2).all(|pair| (pair[0].slot(), &pair[0]) < (pair[1].slot(), &pair[1])));
    }

    #[test]
    fn none_and_too_many_are_refused_with_what_to_do() {
        assert!(check_count("LOCK", 1).is_ok() && check_count("LOCK", MAX_NAMES).is_ok());
        let none = check_count("LOCK", 0).unwrap_err().to_string();
        assert!(none.contains("no keys") && none.contains("at least one"), "{none}");
        let many = check_count("LOCK", MAX_NAMES + 1).unwrap_err().to_string();
        assert!(many.contains("129 keys") && many.contains("at most 128"), "{many}");
    }
}
