//! Making a sequence that fails short.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static HUSHED: Cell<bool> = const { Cell::new(false) };
}

/// Why `run` panics, if it does. Nothing is printed: of a hundred attempts the last one is of interest.
pub(super) fn failure(run: impl FnOnce()) -> Option<String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !HUSHED.get() {
                usual(panic);
            }
        }));
    });
    HUSHED.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(run));
    HUSHED.set(false);
    outcome.err().map(|panic| text(&*panic))
}

fn text(panic: &dyn Any) -> String {
    let literal = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    literal.or_else(|| panic.downcast_ref().cloned()).unwrap_or_else(|| "a panic without a text".to_owned())
}

/// Takes out of `all` whatever can be missed while it still fails: large pieces first, then smaller ones, until no single
/// thing can be missed.
pub(super) fn shrink<T: Clone>(mut all: Vec<T>, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut piece = all.len().div_ceil(2);
    while piece > 0 {
        let (mut from, mut is_shorter) = (0, false);
        while from < all.len() {
            let mut without = all.clone();
            without.drain(from..(from + piece).min(all.len()));
            if fails(&without) {
                all = without;
                is_shorter = true;
            } else {
                from += piece;
            }
        }
        piece = if piece == 1 && is_shorter { 1 } else { piece / 2 };
    }
    all
}

#[test]
fn only_what_a_failure_needs_is_left() {
    let needs = |needed: &'static [u32]| move |all: &[u32]| needed.iter().all(|one| all.contains(one));
    for needed in [&[][..], &[0], &[99], &[3, 4], &[0, 17, 50, 98]] {
        assert_eq!(shrink((0..100).collect(), needs(needed)), needed);
    }
    // Either of two: one is left.
    assert_eq!(shrink((0..100).collect(), |all: &[u32]| all.contains(&7) || all.contains(&60)).len(), 1);
}

#[test]
fn a_failure_is_told() {
    assert_eq!(failure(|| ()), None);
    assert_eq!(failure(|| panic!("literally")).unwrap(), "literally");
    let why = failure(|| assert_eq!(1 + 1, 3, "with {}", "reasons")).unwrap();
    assert!(why.contains("with reasons"), "{why}");
}
