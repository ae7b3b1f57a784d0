//! The reference: a turn that goes around by a script's `PUBLISH`.

use futures_util::StreamExt;
use redis::IntoConnectionInfo;

use super::holds::{Hold, now};
use super::processes::PROCESSES;
use super::worker::{Term, Told, hold};

const RELEASE: &str = "redis.call('DEL', KEYS[1]) return redis.call('PUBLISH', ARGV[1], ARGV[2])";

pub(super) async fn run(told: Told) -> Vec<Hold> {
    let settings = redis::io::tcp::TcpSettings::default().set_nodelay(true);
    let info = told.url.as_str().into_connection_info().unwrap().set_tcp_settings(settings);
    let client = redis::Client::open(info).unwrap();
    let untimed = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let mut connection = client.get_multiplexed_async_connection_with_config(&untimed).await.unwrap();
    let load = redis::cmd("SCRIPT").arg("LOAD").arg(RELEASE).query_async(&mut connection).await;
    let sha: String = load.unwrap();
    let mut turns = client.get_async_pubsub().await.unwrap();
    turns.subscribe(channel(told.process)).await.unwrap();
    let mut turns = turns.into_on_message();

    let term = Term::agree();
    let mut holds = Vec::new();
    let next = channel((told.process + 1) % PROCESSES);
    if told.process == 0 {
        term.begun().await;
        pass(&mut connection, &sha, &next, 1).await;
    }
    while let Some(message) = turns.next().await {
        let start = now();
        let token: u64 = message.get_payload().unwrap();
        hold().await;
        let end = now();
        pass(&mut connection, &sha, &next, token + 1).await;
        holds.push(Hold { process: told.process as u64, token, wanted: 0, start, end });
        if term.is_over() {
            break;
        }
    }
    holds
}

fn channel(process: usize) -> String {
    format!("ring:{process}")
}

async fn pass(connection: &mut redis::aio::MultiplexedConnection, sha: &str, next: &str, token: u64) {
    let mut release = redis::cmd("EVALSHA");
    release.arg(sha).arg(1).arg("ring").arg(next).arg(token);
    let _: u64 = release.query_async(connection).await.unwrap();
}
