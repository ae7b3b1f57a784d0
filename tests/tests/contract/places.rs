//! The places at which a contract is played.

use lock_tests::{Stage, each_server};

pub(crate) fn in_memory(test: impl AsyncFn(&Stage)) {
    Stage::memory().play(test);
}

pub(crate) fn on_servers(test: impl AsyncFn(&Stage) + Sync) {
    each_server(|binary| Stage::on(binary).play(&test));
}

pub(crate) fn on_three_masters(test: impl AsyncFn(&Stage) + Sync) {
    each_server(|binary| Stage::red(binary).play(&test));
}
