//! Every rule, and random sequences, on the scripts and on `step`.

use super::census::Census;
use super::pair::{Pair, Path};
use super::play::Play;
use super::server::on_each;
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
            Play::new(seed).run(&mut pair);
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
