//! The places at which a contract is played.

use std::pin::Pin;

use lock_tests::{Stage, each_server, oldest_and_newest};

/// A test; not generic, since there are hundreds.
pub(crate) type Test<'t> = &'t (dyn Fn(&Stage) -> Pin<Box<dyn Future<Output = ()> + '_>> + Sync);

pub(crate) fn in_memory(test: Test<'_>) {
    let stage = Stage::memory();
    stage.play_boxed(test(&stage));
}

pub(crate) fn on_servers(test: Test<'_>) {
    each_server(|binary| {
        let stage = Stage::on(binary);
        stage.play_boxed(test(&stage));
    });
}

pub(crate) fn on_three_masters(test: Test<'_>) {
    each_server(|binary| {
        let stage = Stage::red(binary);
        stage.play_boxed(test(&stage));
    });
}

pub(crate) fn behind_sentinels(test: Test<'_>) {
    oldest_and_newest(|binary| {
        let stage = Stage::sentinel(binary);
        stage.play_boxed(test(&stage));
    });
}

pub(crate) fn on_a_cluster(test: Test<'_>) {
    oldest_and_newest(|binary| {
        let stage = Stage::cluster(binary);
        stage.play_boxed(test(&stage));
    });
}
