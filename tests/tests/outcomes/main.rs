//! Whatever the combination: no body without its lock, and every way to fail comes out where the attribute says.
//!
//! The whole product of `on_busy` (with every return type that it allows) × `on_lost` × `when` × `renew` × async and plain,
//! in every situation, in memory. Entries of bodies are counted against the grants of the store.

mod answering;
mod call;
mod expectation;
mod product;
mod situation;

use expectation::expected;
use product::product;
use situation::Situation;

#[test]
fn no_body_runs_without_its_lock_and_every_failure_comes_out_where_it_should() {
    let cases = product();
    assert_eq!(cases.len(), 6 * 2 * 3 * 2 * 2, "return types × on_lost × when × renew × async or plain");
    let mut wrong = Vec::new();
    for case in &cases {
        for situation in Situation::ALL {
            let (seen, expected) = (situation.play(case), expected(case, situation));
            if seen != expected {
                wrong.push(format!("{case:?}, {situation:?}:\n     was {seen:?}\n  not as {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of the product:\n{}", wrong.len(), wrong.join("\n"));
}
