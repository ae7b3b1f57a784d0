//! Properties of keys of many types, derived ones among them: values that differ never share a name.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{KeyError, LockKey, join};
use lock_core::LockKeyPart;

/// Equality is of what a key can tell apart: the text of each leaf.
#[derive(Clone, Debug, PartialEq, LockKeyPart)]
struct Place {
    shop: String,
    shelf: Option<i16>,
}

#[derive(Clone, Debug, PartialEq, LockKeyPart)]
enum Slot {
    Nowhere,
    #[lock_key(rename = "%")]
    Shelf(String),
    #[lock_key(rename = ":")]
    Boxed {
        place: Place,
        label: Option<String>,
    },
    Inside(Box<Slot>),
}

type Key = (Slot, Option<char>, Place, bool, Slot, Option<String>);

fn name(key: &Key, delimiter: &str) -> Result<String, KeyError> {
    join("LOCK", Some("p"), None, &LockKey::of(key), delimiter).map(|name| name.to_string())
}

fn text() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(vec![
        "", "%", ":", "::", "Nowhere", "Inside", "%25", "{", "}", "\0", "\n", "1", "-1", "true", "é", "😀",
        "\u{202e}",
    ]);
    prop_oneof![4 => hostile.prop_map(str::to_owned), 1 => any::<String>()]
}

fn place() -> impl Strategy<Value = Place> {
    (text(), prop::option::of(-2_i16..2)).prop_map(|(shop, shelf)| Place { shop, shelf })
}

fn slot() -> impl Strategy<Value = Slot> {
    let leaf = prop_oneof![
        Just(Slot::Nowhere),
        text().prop_map(Slot::Shelf),
        (place(), prop::option::of(text())).prop_map(|(place, label)| Slot::Boxed { place, label }),
    ];
    leaf.prop_recursive(3, 4, 1, |inner| inner.prop_map(|slot| Slot::Inside(Box::new(slot))))
}

fn key() -> impl Strategy<Value = Key> {
    let mark = prop::option::of(prop::sample::select(vec![':', '%', 'N', '\0', 'é']));
    (slot(), mark, place(), any::<bool>(), slot(), prop::option::of(text()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keys_of_mixed_types_that_differ_never_meet(
        left in key(),
        right in key(),
        swap in 0_u8..64,
        delimiter in prop::sample::select(vec![":", "::", "-", "-~"]),
    ) {
        // Most of `right` is `left`'s, so that the two are close to each other.
        let take = |bit: u8| swap & (1 << bit) != 0;
        let right = (
            if take(0) { right.0 } else { left.0.clone() },
            if take(1) { right.1 } else { left.1 },
            if take(2) { right.2 } else { left.2.clone() },
            if take(3) { right.3 } else { left.3 },
            if take(4) { right.4 } else { left.4.clone() },
            if take(5) { right.5 } else { left.5.clone() },
        );
        if let (Ok(left_name), Ok(right_name)) = (name(&left, delimiter), name(&right, delimiter)) {
            prop_assert_eq!(left_name == right_name, left == right, "{} {}", left_name, right_name);
        }
    }

    #[test]
    fn a_key_is_written_the_same_each_time(key in key()) {
        prop_assert_eq!(name(&key, ":"), name(&key.clone(), ":"));
    }
}

/// Every pair of slots beside a text that may look like the rest of a slot, so that the property does not rest on luck.
#[test]
fn a_variant_says_how_much_of_the_key_is_its_own() {
    let texts = ["", "Nowhere", "%", ":", "Inside", "a"];
    let places =
        texts.iter().flat_map(|shop| [None, Some(1)].map(|shelf| Place { shop: (*shop).to_owned(), shelf }));
    let mut slots: Vec<Slot> = vec![Slot::Nowhere];
    slots.extend(texts.iter().map(|text| Slot::Shelf((*text).to_owned())));
    for place in places {
        slots.extend([None, Some("a".to_owned())].map(|label| Slot::Boxed { place: place.clone(), label }));
    }
    slots.extend(slots.clone().into_iter().map(|slot| Slot::Inside(Box::new(slot))));
    let tails: Vec<Option<&str>> = texts.into_iter().map(Some).chain([None]).collect();

    let mut seen = HashMap::new();
    for slot in &slots {
        for first in &tails {
            for second in &tails {
                let key = LockKey::of((slot, first, second));
                let name = join("LOCK", None, None, &key, ":").expect("a key").to_string();
                if let Some(other) = seen.insert(name, (slot, first, second)) {
                    panic!("{:?} and {other:?} share a name", (slot, first, second));
                }
            }
        }
    }
    assert_eq!(seen.len(), slots.len() * tails.len().pow(2));
}
