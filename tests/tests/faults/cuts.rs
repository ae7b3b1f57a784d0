//! Connections that break at every single byte.

use std::time::Duration;

use lock_core::{LockError, LockManager};
use lock_tests::{Direction, Proxy, Stage, each_server};

const PATIENCE: Duration = Duration::from_secs(20);
/// Long: what is not undone would be seen.
const LEASE: Duration = Duration::from_secs(60);

async fn cut_at_each_byte(stage: &Stage, direction: Direction) {
    let proxy = Proxy::start(stage.server().address(), 1);
    let url = stage.server().url_through(proxy.address());
    let far = LockManager::connect(&url).await.expect("the proxy lets it through");
    let near = stage.manager().await;
    let mut last = 0;
    for byte in 0.. {
        // A connection that is whole, and knows its scripts.
        let guard = far.lock("a").expire(LEASE).wait(PATIENCE).acquire().await.expect("the network is well");
        assert!(guard.token() > last, "byte {byte}");
        last = guard.token();
        guard.release().await.expect("it is held");

        proxy.cut_after(direction, byte);
        let guard =
            far.lock("a").expire(LEASE).wait(PATIENCE).acquire().await.expect("there is time to try again");
        assert!(guard.token() > last, "byte {byte}: {} after {last}", guard.token());
        last = guard.token();
        assert!(
            near.lock("a").try_acquire().await.expect("an answer").is_none(),
            "byte {byte}: two hold at a time"
        );
        // The cut may meet the release: then its outcome is unknown, and is made true in the background.
        let released = guard.release().await;
        assert!(matches!(released, Ok(()) | Err(LockError::Unavailable { .. })), "byte {byte}: {released:?}");

        let guard = near.lock("a").wait(PATIENCE).acquire().await.expect("it was freed");
        assert!(guard.token() > last, "byte {byte}");
        last = guard.token();
        guard.release().await.expect("it is held");
        if proxy.cut_is_pending(direction) {
            // All of it went through: every byte has had its turn.
            proxy.heal();
            return;
        }
    }
}

#[test]
fn a_request_cut_at_any_byte_counts_once() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| cut_at_each_byte(stage, Direction::ToServer).await)
    });
}

#[test]
fn a_reply_cut_at_any_byte_counts_once() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| cut_at_each_byte(stage, Direction::ToClient).await)
    });
}
