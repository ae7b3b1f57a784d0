//! The joiner: namespace, prefix, name and key parts become one lock's name.

use super::charset::{check_delimiter, check_literal, check_namespace};
use super::encode::encode_text;
use super::error::KeyError;
use super::lock_key::LockKey;
use super::long_name::{EncodedName, NameSink};
use super::parts::Part;
use crate::name::LockName;
use crate::params::DEFAULT_DELIMITER;

/// Behind the namespace, whatever the delimiter: an ACL pattern or a scan over one namespace needs no list of delimiters.
const NAMESPACE_END: &[u8] = b":";

/// The name `namespace:prefix:name:part:..`, see [`encode_name`].
///
/// # Errors
///
/// As [`encode_name`].
pub(crate) fn join(
    namespace: &str,
    prefix: Option<&str>,
    name: Option<&str>,
    key: &LockKey,
    delimiter: &str,
) -> Result<LockName, KeyError> {
    encode_name(namespace, prefix, name, key, delimiter).map(|encoded| LockName::new(encoded.as_str()))
}

/// The name `namespace:prefix:name:part:..` on the stack, for looking a lock up without allocating.
///
/// Why two different keys under one namespace, prefix, name and delimiter never give one name: those four are constants
/// in front. Behind them no segment holds a character of the delimiter, so the segments can be read back from the name.
/// An empty segment is `None`, a lone `%` the empty text (a `%` of a text is `%25`), any other decodes to its text; the
/// `None`s left out at the end are those of a tuple whose length is known. Long names: see [`NameSink::finish`].
/// (A name by hand is one constant too: it takes the place of all parts, and meets on purpose what spells the same.)
///
/// # Errors
///
/// The key's own error, if it could not be written; [`KeyError::Unnamed`], [`KeyError::AllNone`], [`KeyError::Empty`];
/// or what the checks of the fixed texts say.
pub(crate) fn encode_name(
    namespace: &str,
    prefix: Option<&str>,
    name: Option<&str>,
    key: &LockKey,
    delimiter: &str,
) -> Result<EncodedName, KeyError> {
    check_namespace(namespace)?;
    check_delimiter(delimiter)?;
    prefix.map_or(Ok(()), |prefix| check_literal("prefix", prefix))?;
    name.map_or(Ok(()), |name| check_literal("name", name))?;
    let count = check_key(key, prefix.is_some() || name.is_some())?;

    let mut out = NameSink::new();
    out.push(namespace.as_bytes());
    let mut between = NAMESPACE_END;
    for literal in [prefix, name].into_iter().flatten() {
        out.push(between);
        out.push(literal.as_bytes());
        between = delimiter.as_bytes();
    }
    for part in key.parts.iter().take(count) {
        out.push(between);
        match part {
            Part::Text(text) => encode_text(text, delimiter, &mut out),
            Part::Verbatim(text) => out.push(text.as_bytes()),
            Part::None => {}
        }
        between = delimiter.as_bytes();
    }
    Ok(out.finish(delimiter))
}

/// The fixed part of a name that could not be made, for its error. Whatever is wrong in it is encoded, and it is bounded.
pub(crate) fn name_so_far(
    namespace: &str,
    prefix: Option<&str>,
    name: Option<&str>,
    delimiter: &str,
) -> String {
    let delimiter = if check_delimiter(delimiter).is_ok() { delimiter } else { DEFAULT_DELIMITER };
    let mut out = NameSink::new();
    encode_text(namespace, "", &mut out);
    let mut between = NAMESPACE_END;
    for literal in [prefix, name].into_iter().flatten() {
        out.push(between);
        encode_text(literal, "", &mut out);
        between = delimiter.as_bytes();
    }
    out.finish(delimiter).as_str().to_owned()
}

/// How many parts of the key are in the name, if it names anything.
fn check_key(key: &LockKey, has_literal: bool) -> Result<usize, KeyError> {
    if let Some(error) = &key.error {
        return Err(error.clone());
    }
    match key.parts.len_without_trailing_none() {
        0 if key.parts.len() > 0 => Err(KeyError::AllNone),
        0 if !has_literal => Err(KeyError::Unnamed),
        1 if key.parts.iter().next() == Some(Part::Text("")) => Err(KeyError::Empty),
        count => Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use super::super::into_key::IntoLockKey;
    use super::super::part::LockKeyPart;
    use super::super::writer::MAX_PART_BYTES;
    use super::*;

    fn order(key: impl LockKeyPart) -> String {
        joined(Some("order"), None, &LockKey::of(key), ":").unwrap()
    }

    fn joined(
        prefix: Option<&str>,
        name: Option<&str>,
        key: &LockKey,
        delimiter: &str,
    ) -> Result<String, KeyError> {
        join("LOCK", prefix, name, key, delimiter).map(|name| name.to_string())
    }

    #[test]
    fn parts_follow_the_namespace_and_the_prefix() {
        assert_eq!(order(42), "LOCK:order:42");
        assert_eq!(joined(None, None, &LockKey::of(("a:b", "x")), ":").unwrap(), "LOCK:a%3Ab:x");
        assert_eq!(order(("a:b{c}", "é x", "50%")), "LOCK:order:a%3Ab%7Bc%7D:é%20x:50%25");
    }

    #[test]
    fn none_is_an_empty_segment_and_the_empty_text_a_lone_percent() {
        assert_eq!(order((None::<&str>, 42)), "LOCK:order::42");
        assert_eq!(order(("", 42)), "LOCK:order:%:42");
        assert_eq!(order(("a", None::<u8>, None::<u8>)), "LOCK:order:a");
        assert_eq!(order((None::<u8>, "")), "LOCK:order::%");
    }

    #[test]
    fn prefix_name_and_key_combine() {
        let (none, key) = (LockKey::empty(), LockKey::of(42));
        assert_eq!(joined(Some("order"), None, &none, ":").unwrap(), "LOCK:order");
        assert_eq!(joined(None, Some("nightly"), &none, ":").unwrap(), "LOCK:nightly");
        assert_eq!(joined(Some("order"), Some("pay"), &key, ":").unwrap(), "LOCK:order:pay:42");
        assert_eq!(joined(None, None, &key, ":").unwrap(), "LOCK:42");
    }

    #[test]
    fn the_namespace_ends_with_a_colon_whatever_the_delimiter() {
        let key = LockKey::of(("a-b", "c:d"));
        assert_eq!(joined(Some("order"), None, &key, "-").unwrap(), "LOCK:order-a%2Db-c:d");
        assert_eq!(joined(Some("order"), None, &key, "::").unwrap(), "LOCK:order::a-b::c%3Ad");
        let leading_none = LockKey::of((None::<u8>, "x"));
        assert_eq!(joined(None, None, &leading_none, "-").unwrap(), "LOCK:-x");
    }

    #[test]
    fn a_name_by_hand_meets_the_attribute() {
        let attribute = order(42);
        assert_eq!(joined(None, None, &"order:42".into_lock_key(), ":").unwrap(), attribute);
        assert_eq!(joined(None, None, &("order", 42).into_lock_key(), ":").unwrap(), attribute);
        assert_eq!(joined(Some("order"), None, &42.into_lock_key(), ":").unwrap(), attribute);
        let missing = joined(None, None, &"order::42".into_lock_key(), ":").unwrap();
        assert_eq!(missing, order((None::<u8>, 42)));
    }

    #[test]
    fn a_key_of_nothing_is_refused() {
        for prefix in [None, Some("order")] {
            let refused = |key| joined(prefix, None, &key, ":").unwrap_err();
            assert_eq!(refused(LockKey::of(None::<u8>)), KeyError::AllNone);
            assert_eq!(refused(LockKey::of((None::<u8>, None::<u8>))), KeyError::AllNone);
            assert_eq!(refused(LockKey::of("")), KeyError::Empty);
            assert_eq!(refused(LockKey::of(("", None::<u8>))), KeyError::Empty);
        }
        assert_eq!(joined(None, None, &LockKey::empty(), ":"), Err(KeyError::Unnamed));
    }

    #[test]
    fn the_error_that_a_key_kept_is_reported() {
        let key = LockKey::of("x".repeat(MAX_PART_BYTES + 1));
        assert_eq!(
            joined(Some("order"), None, &key, ":"),
            Err(KeyError::PartTooLong { part: 1, limit: MAX_PART_BYTES })
        );
    }

    #[test]
    fn fixed_texts_are_checked_again_where_they_are_used() {
        let key = LockKey::of(1);
        assert!(joined(Some("a b"), None, &key, ":").is_err());
        assert!(joined(None, Some(""), &key, ":").is_err());
        assert!(joined(None, None, &key, "%").is_err());
        assert!(join("{LOCK}", None, None, &key, ":").is_err());
    }

    #[test]
    fn the_name_in_an_error_is_readable_and_bounded() {
        assert_eq!(name_so_far("LOCK", Some("order"), Some("pay"), "-"), "LOCK:order-pay");
        assert_eq!(name_so_far("LOCK", Some("a\r\nb"), Some(""), "%"), "LOCK:a%0D%0Ab:%");
        assert_eq!(name_so_far("LOCK", Some(&"x".repeat(1 << 20)), None, ":").len(), 255);
    }

    #[test]
    fn a_long_name_keeps_a_readable_head() {
        let name = order(("customer", "x".repeat(MAX_PART_BYTES)));
        assert_eq!(name.len(), 255);
        assert!(name.starts_with("LOCK:order:customer:xxx") && name.contains("x%~"), "{name}");
        assert_ne!(name, order(("customer", "x".repeat(MAX_PART_BYTES - 1))));
    }

    #[test]
    fn a_hashed_name_cannot_be_spelled_with_a_tilde_as_delimiter() {
        let hashed = |parts: &LockKey| joined(None, None, parts, "~").unwrap();
        // A head that ends with the delimiter makes its `%~` look like an empty text.
        let name = hashed(&LockKey::of(("x".repeat(207), "y".repeat(100))));
        let (head, hash) = name.split_once("%~").unwrap();
        let head = head.strip_prefix("LOCK:").unwrap().strip_suffix('~').unwrap();
        assert_ne!(hashed(&LockKey::of((head, "", hash))), name);
    }
}
