//! The conversation with one sentinel.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ::redis::{ErrorKind, ProtocolVersion, PushInfo, PushKind, RedisError, Value};
use tokio::sync::{Notify, watch};

use super::super::config::RedisConfig;
use super::super::connection::Connection;
use super::super::fault;
use super::answer::{self, Told};
use super::belief::Refusal;
use super::watch::Sentinels;

/// How long connecting, or an answer, may take.
const PATIENCE: Duration = Duration::from_millis(400);
/// How often it is asked although nobody wants to know: its messages may be lost.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// What sentinels publish when they have another master.
const SWITCHED: &str = "+switch-master";

/// One sentinel.
pub(super) struct Link {
    pub(super) sentinels: Arc<Sentinels>,
    /// Its place in the list.
    pub(super) number: usize,
    pub(super) config: RedisConfig,
}

impl Link {
    /// Asks and listens for ever; ends with its task.
    pub(super) async fn keep(self) {
        let mut asked = self.sentinels.questions();
        loop {
            let question = *asked.borrow_and_update();
            let (switched, opening) = self.open();
            match tokio::time::timeout(PATIENCE, opening).await {
                Ok(Ok(connection)) => self.converse(connection, &switched, &mut asked).await,
                Ok(Err(error)) => self.report(question, Err(refusal(&error))),
                Err(_) => self.report(question, Err(silent())),
            }
            let _ = tokio::time::timeout(ASK_EVERY, asked.changed()).await;
        }
    }

    /// A connection that listens too, if the sentinel is new enough to push on a connection that also asks.
    fn open(&self) -> (Arc<Notify>, impl Future<Output = Result<Connection, RedisError>>) {
        let switched = Arc::new(Notify::new());
        let told = Arc::clone(&switched);
        let name = self.sentinels.name().to_owned();
        let push = move |info: PushInfo| {
            if is_switch_of(&name, &info) {
                told.notify_one();
            }
            Ok(())
        };
        let opening = async move {
            match Connection::open_to_sentinel(&self.config, ProtocolVersion::RESP3, push).await {
                Ok(mut connection) => {
                    // Refused, or not understood: then it is asked often enough.
                    let _ = connection.subscribe(SWITCHED).await;
                    Ok(connection)
                }
                Err(error) if error.kind() == ErrorKind::RESP3NotSupported => {
                    Connection::open_to_sentinel(&self.config, ProtocolVersion::RESP2, |_| Ok(())).await
                }
                Err(error) => Err(error),
            }
        };
        (switched, opening)
    }

    /// Asks whenever somebody wants to know, the sentinel says that something changed, or nothing happened for a while;
    /// until it does not answer.
    async fn converse(
        &self,
        mut connection: Connection,
        switched: &Notify,
        asked: &mut watch::Receiver<u64>,
    ) {
        loop {
            let question = *asked.borrow_and_update();
            let pipeline = answer::question(self.sentinels.name());
            let said =
                match tokio::time::timeout(PATIENCE, connection.ask_all(&pipeline, answer::ANSWERS)).await {
                    Ok(Ok(answers)) => answer::read(answers).map_err(|reason| {
                        let login = ["NOAUTH", "NOPERM"].iter().any(|code| reason.contains(code));
                        Refusal { reason, login }
                    }),
                    Ok(Err(error)) => return self.report(question, Err(refusal(&error))),
                    Err(_) => return self.report(question, Err(silent())),
                };
            self.report(question, said);
            let mut wanted = std::pin::pin!(asked.changed());
            let mut changed = std::pin::pin!(switched.notified());
            let next = std::future::poll_fn(|context| {
                if wanted.as_mut().poll(context).is_ready() || changed.as_mut().poll(context).is_ready() {
                    return Poll::Ready(true);
                }
                connection.poll_io(context).map(|()| false)
            });
            // A connection that ended is made anew, after a pause.
            if tokio::time::timeout(ASK_EVERY, next).await == Ok(false) {
                return;
            }
        }
    }

    fn report(&self, question: u64, said: Result<Told, Refusal>) {
        self.sentinels.heard(self.number, question, said);
    }
}

fn refusal(error: &RedisError) -> Refusal {
    let login = error.kind() == ErrorKind::AuthenticationFailed || fault::is_refusal(error);
    Refusal { reason: error.to_string(), login }
}

fn silent() -> Refusal {
    Refusal { reason: format!("no answer within {PATIENCE:?}"), login: false }
}

/// Whether a message says that the master `name` is another now: `<name> <old host> <old port> <new host> <new port>`.
fn is_switch_of(name: &str, info: &PushInfo) -> bool {
    let message = match info.data.get(1) {
        Some(Value::BulkString(bytes)) => String::from_utf8_lossy(bytes),
        Some(Value::SimpleString(text)) => text.into(),
        _ => return false,
    };
    info.kind == PushKind::Message && message.split(' ').next() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_switch_of_this_master_is_heard() {
        let info = |kind, text: &str| PushInfo {
            kind,
            data: vec![SWITCHED, text].into_iter().map(|text| Value::BulkString(text.into())).collect(),
        };
        assert!(is_switch_of("m", &info(PushKind::Message, "m h 1 h 2")));
        assert!(!is_switch_of("m", &info(PushKind::Message, "mm h 1 h 2")));
        assert!(!is_switch_of("m", &info(PushKind::Subscribe, "m")));
    }
}
