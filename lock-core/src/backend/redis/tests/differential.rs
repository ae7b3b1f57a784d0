//! Every rule, and random sequences, on the scripts and on `step`. A sequence on which they disagree is shrunk to a short one.

use super::census::Census;
use super::deed::{Deed, played};
use super::pair::{Pair, Path};
use super::play::Play;
use super::server::{Server, on_each};
use super::shrink::{failure, shrink};
use crate::backend::memory::rules;
use crate::backend::redis::scripts::Script;

#[test]
fn the_scripts_keep_every_rule() {
    on_each(|server| {
        for (name, rule) in rules::all() {
            for path in [Path::AsWritten, Path::Full] {
                eprintln!("rule {name}, {path:?}");
                rule(&mut Pair::on(server, path));
            }
        }
    });
}

#[test]
fn the_scripts_and_the_model_agree_on_random_sequences() {
    let seeds =
        std::env::var("LOCK_TEST_SEEDS").map_or(48, |seeds| seeds.parse().expect("a number of seeds"));
    on_each(|server| {
        let (mut taken, mut census) = ([(0, 0); 2], Census::default());
        for (seed, path) in (0..seeds).flat_map(|seed| [(seed, Path::AsWritten), (seed, Path::Full)]) {
            eprintln!("seed {seed}, {path:?}");
            let mut pair = Pair::on(server, path);
            let mut play = Play::new(seed);
            if let Some(why) = failure(|| play.run(&mut pair)) {
                let (short, short_why) = shortest(server, path, &play, str::to_owned);
                panic!(
                    "seed {seed}, {path:?}: {why}\nThe shortest sequence that shows it: {short:#?}\n{short_why}"
                );
            }
            census.add(&pair.census);
            for (script, (calls, full)) in [Script::Acquire, Script::Hold].iter().zip(&mut taken) {
                let (more_calls, more_full) = pair.taken(*script);
                if path == Path::Full {
                    assert_eq!(more_calls, more_full, "{script:?}");
                } else {
                    *calls += more_calls;
                    *full += more_full;
                }
            }
        }
        census.is_rich();
        for (calls, full) in taken {
            assert!(
                full > calls / 40 && full < calls - calls / 40,
                "both halves run often: the second in {full} of {calls} calls"
            );
        }
    });
}

/// What is left of a sequence that fails, and how it fails.
fn shortest(
    server: &Server,
    path: Path,
    play: &Play,
    change: impl Fn(&str) -> String,
) -> (Vec<Deed>, String) {
    let fails = |deeds: &[Deed]| failure(|| played(&mut Pair::with_scripts(server, path, &change), deeds));
    let calls = shrink(play.deeds.clone(), |deeds| fails(deeds).is_some());
    let short = calls.iter().enumerate().fold(calls.clone(), |mut short, (at, deed)| {
        if let Deed::Call(orders) = deed {
            let with = |orders: &[_]| {
                let mut deeds = short.clone();
                deeds[at] = Deed::Call(orders.to_vec());
                deeds
            };
            short = with(&shrink(orders.clone(), |orders| fails(&with(orders)).is_some()));
        }
        short
    });
    let why = fails(&short).unwrap_or_else(|| "played again it does not fail".to_owned());
    (short, why)
}

/// A deadline that is off by one shows itself in two calls: to read, and to renew that.
#[test]
fn a_sequence_that_fails_is_shrunk_to_a_short_one() {
    on_each(|server| {
        let late = |source: &str| {
            let right = "local deadline, fence = reader(key, record, id)\n  if not deadline then";
            let (before, after) = source.split_once(right).expect("it renews readers");
            let later = after.replacen("local later = now_up + lease", "local later = now_up + lease + 1", 1);
            assert_ne!(later, after);
            format!("{before}{right}{later}")
        };
        let mut play = Play::new(0);
        let mut pair = Pair::with_scripts(server, Path::AsWritten, late);
        failure(|| play.run(&mut pair)).expect("the scripts are not as they should be");
        let (short, why) = shortest(server, Path::AsWritten, &play, late);
        let is_call_of_one = |deed: &Deed| matches!(deed, Deed::Call(orders) if orders.len() == 1);
        let before = play.deeds.len();
        eprintln!("{before} deeds are shrunk to {}: {short:#?}, {why}", short.len());
        assert!(short.len() == 2 && short.iter().all(is_call_of_one), "{short:#?}");
        played(&mut Pair::on(server, Path::AsWritten), &short);
    });
}
