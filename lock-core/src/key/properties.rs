//! Properties of names over hostile keys: they can be read back, are bounded, and hold nothing forbidden.

use std::collections::HashMap;

use lock_rules::is_encoded;
use proptest::prelude::*;

use super::{KeyError, KeyWriter, LockKey, LockKeyPart, MAX_NAME_BYTES, join};

const DELIMITERS: &[&str] = &[":", "-", ".", "~", "::", "~~", "-~", "~-", ":-", "|#@~", "/", "_"];

type Tuple = Vec<Option<String>>;

struct Parts<'a>(&'a [Option<String>]);

impl LockKeyPart for Parts<'_> {
    fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        self.0.iter().try_for_each(|part| out.part(part))
    }
}

fn name(tuple: &[Option<String>], prefix: Option<&str>, delimiter: &str) -> Result<String, KeyError> {
    join("LOCK", prefix, None, &LockKey::of(Parts(tuple)), delimiter).map(|name| name.to_string())
}

fn without_trailing_none(tuple: &[Option<String>]) -> &[Option<String>] {
    let len = tuple.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    &tuple[..len]
}

fn tail<'a>(name: &'a str, prefix: Option<&str>, delimiter: &str) -> &'a str {
    let tail = name.strip_prefix("LOCK:").unwrap();
    prefix.map_or(tail, |prefix| tail.strip_prefix(prefix).unwrap().strip_prefix(delimiter).unwrap())
}

fn prefix() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![None, Some("p")])
}

/// Reads a name that is not hashed, by other means than it was written with.
fn decode(name: &str, prefix: Option<&str>, delimiter: &str) -> Tuple {
    let tail = tail(name, prefix, delimiter);
    let segment = |segment: &str| match segment {
        "" => None,
        "%" => Some(String::new()),
        _ => {
            let mut pieces = segment.split('%');
            let mut bytes = pieces.next().unwrap().as_bytes().to_vec();
            for piece in pieces {
                bytes.push(u8::from_str_radix(&piece[..2], 16).unwrap());
                bytes.extend_from_slice(&piece.as_bytes()[2..]);
            }
            Some(String::from_utf8(bytes).unwrap())
        }
    };
    tail.split(delimiter).map(segment).collect()
}

fn text() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(vec![
        ':', '.', '-', '{', '}', '%', '~', '\0', '\r', '\n', '\u{1b}', 'é', '😀', '\u{200b}', '\u{202e}',
        'a', '2', '5', 'A', 'B', ' ', '|', '#', '@', '/', '_',
    ]);
    prop_oneof![
        8 => prop::collection::vec(hostile.clone(), 0..6),
        1 => prop::collection::vec(hostile, 60..300),
        1 => prop::collection::vec(any::<char>(), 0..40),
    ]
    .prop_map(String::from_iter)
}

fn tuple() -> impl Strategy<Value = Tuple> {
    prop::collection::vec(prop_oneof![1 => Just(None), 4 => text().prop_map(Some)], 1..6)
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_short_name_can_be_read_back(
        tuple in tuple(),
        prefix in prefix(),
        delimiter in prop::sample::select(DELIMITERS),
    ) {
        if let Ok(name) = name(&tuple, prefix, delimiter) && !name.contains("%~") {
            prop_assert_eq!(decode(&name, prefix, delimiter), without_trailing_none(&tuple));
        }
    }

    #[test]
    fn a_name_is_bounded_and_holds_nothing_forbidden(
        tuple in tuple(),
        prefix in prefix(),
        delimiter in prop::sample::select(DELIMITERS),
    ) {
        match name(&tuple, prefix, delimiter) {
            Ok(name) => {
                prop_assert!(name.len() <= MAX_NAME_BYTES);
                prop_assert!(!name.chars().any(|c| c != '%' && is_encoded(c)), "{name}");
                let plain = !name.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '{' | '}'));
                prop_assert!(plain, "{name}");
            }
            Err(error) => prop_assert!(matches!(error, KeyError::AllNone | KeyError::Empty), "{error}"),
        }
    }

    #[test]
    fn different_tuples_have_different_names(
        left in tuple(),
        right in tuple(),
        prefix in prefix(),
        delimiter in prop::sample::select(DELIMITERS),
    ) {
        if let (Ok(left_name), Ok(right_name)) = (name(&left, prefix, delimiter), name(&right, prefix, delimiter)) {
            let same = without_trailing_none(&left) == without_trailing_none(&right);
            prop_assert_eq!(left_name == right_name, same);
        }
    }

    #[test]
    fn moving_text_between_parts_gives_another_name(
        text in prop::collection::vec(prop::sample::select(vec!['a', ':', '%', '~', '😀']), 2..400),
        cuts in (0_usize..400, 0_usize..400),
        prefix in prefix(),
        delimiter in prop::sample::select(DELIMITERS),
    ) {
        let cut = |at: usize| {
            let (left, right) = text.split_at(at % text.len());
            vec![Some(String::from_iter(left)), Some(String::from_iter(right))]
        };
        let (left, right) = (cut(cuts.0), cut(cuts.1));
        prop_assert_eq!(name(&left, prefix, delimiter) == name(&right, prefix, delimiter), left == right);
    }

    #[test]
    fn a_hashed_name_cannot_be_spelled_by_a_short_key(
        tuple in tuple(),
        prefix in prefix(),
        delimiter in prop::sample::select(DELIMITERS),
    ) {
        if let Ok(long) = name(&tuple, prefix, delimiter) && long.contains("%~") {
            // The tuple that this name would be read as, if it were not hashed.
            let tail = tail(&long, prefix, delimiter);
            let spelled: Tuple = tail
                .split(delimiter)
                .map(|segment| match segment {
                    "" => None,
                    "%" => Some(String::new()),
                    _ => Some(segment.replace("%25", "%")),
                })
                .collect();
            prop_assert_ne!(name(&spelled, prefix, delimiter).ok(), Some(long));
        }
    }
}

/// Every triple over short hostile texts, so that the property does not rest on luck.
#[test]
fn no_two_triples_share_a_name() {
    let texts = ["", "%", "%~", "~", ":", "::", "-", "a", "%25", "%3A", "~a", "a~", "😀", "\0"];
    let values: Vec<Option<String>> =
        texts.iter().map(|text| Some((*text).to_owned())).chain([None]).collect();
    for (prefix, delimiter) in
        DELIMITERS.iter().flat_map(|delimiter| [(None, delimiter), (Some("p"), delimiter)])
    {
        let mut seen: HashMap<String, Tuple> = HashMap::new();
        for a in &values {
            for b in &values {
                for c in &values {
                    let tuple = vec![a.clone(), b.clone(), c.clone()];
                    let Ok(name) = name(&tuple, prefix, delimiter) else {
                        continue;
                    };
                    if let Some(other) = seen.insert(name, tuple.clone()) {
                        panic!("{tuple:?} and {other:?} share a name with {delimiter:?}");
                    }
                }
            }
        }
        // All but the triple of `None` and the one of a single empty text.
        assert_eq!(seen.len(), values.len().pow(3) - 2);
    }
}
