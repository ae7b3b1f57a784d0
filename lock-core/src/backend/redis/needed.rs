//! The commands without which no lock can be kept, and which of them a server does not answer.

use ::redis::{Cmd, Pipeline};

use super::connection::{Connection, no_error};
use super::fault;
use crate::name::LockName;

/// Each needed command, as a call that changes nothing where the probe's name is not taken.
fn calls(name: &LockName, counter: &str, channel: &str) -> Vec<Cmd> {
    let name = name.as_str();
    let call = |words: &[&str]| {
        let mut command = ::redis::cmd(words[0]);
        command.arg(&words[1..]);
        command
    };
    vec![
        call(&["EVALSHA", "0000000000000000000000000000000000000000", "0"]),
        call(&["EVAL", "return 1", "0"]),
        call(&["TIME"]),
        call(&["ZRANGE", name, "0", "0"]),
        call(&["ZRANGEBYSCORE", name, "0", "0"]),
        call(&["ZSCORE", name, "-"]),
        call(&["ZCOUNT", name, "0", "0"]),
        call(&["ZADD", name, "XX", "0", "-"]),
        call(&["ZREM", name, "-"]),
        call(&["ZREMRANGEBYSCORE", name, "0", "0"]),
        call(&["DEL", name]),
        call(&["PEXPIREAT", name, "1"]),
        call(&["GET", counter]),
        call(&["SET", name, "", "XX", "PX", "1"]),
        call(&["PUBLISH", channel, "probe"]),
    ]
}

/// The needed commands that the server does not answer, and what it says to the first of them: inside a script it does not
/// say which one is missing. `None` if it answers them all, or nothing any more.
pub(super) async fn declined(
    connection: &mut Connection,
    name: &LockName,
    counter: &str,
    channel: &str,
) -> Option<String> {
    let calls = calls(name, counter, channel);
    let mut questions = Pipeline::with_capacity(calls.len());
    for call in &calls {
        questions.add_command(call.clone());
    }
    let answers = connection.ask_all(&questions, calls.len()).await.ok()?;
    let refused = calls.iter().zip(answers).filter_map(|(call, answer)| {
        let error = no_error(answer).err().filter(fault::is_declined)?;
        Some((word(call), error))
    });
    let (names, errors): (Vec<_>, Vec<_>) = refused.unzip();
    let said = errors.first()?;
    Some(format!("it does not answer {} (it says: {said})", names.join(", ")))
}

/// What is called.
fn word(call: &Cmd) -> String {
    match call.args_iter().next() {
        Some(::redis::Arg::Simple(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    }
}
