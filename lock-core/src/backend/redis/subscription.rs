//! The one subscription: a connection of its own, on the engine's runtime, on which grants arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use ::redis::{PushInfo, PushKind, Value};
use futures_util::FutureExt;

use super::connection::Connection;
use super::fault;
use super::hub::Hub;
use crate::backend::{Channel, Fault, Generation, Grant, HoldId};

/// How long opening, or the answer to a PING, may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often an otherwise silent connection is asked whether it lives. Until then lost grants cost a refresh each.
const PING_EVERY: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// An open subscription.
pub(super) struct Subscription {
    hub: Arc<Hub>,
    channel: Channel,
    garbage: Arc<AtomicU64>,
    connection: Connection,
}

impl Subscription {
    /// Subscribes to `channel`; messages that are no grants are counted in `garbage`.
    pub(super) async fn open(
        hub: Arc<Hub>,
        channel: Channel,
        garbage: Arc<AtomicU64>,
    ) -> Result<Self, Fault> {
        let connection = subscribed(&hub, &channel, &garbage).await?;
        Ok(Self { hub, channel, garbage, connection })
    }

    /// Keeps subscribed for ever: the task is aborted when the backend stops.
    pub(super) async fn keep(mut self) {
        loop {
            self.hub.subscribed_at(&self.connection.generation);
            self.listening(true);
            self.until_dead().await;
            self.listening(false);
            let mut pause = Duration::ZERO;
            self.connection = loop {
                tokio::time::sleep(pause).await;
                // What was doubted until now is no doubt about the subscription that is made now.
                let _ = self.hub.subscription_doubted().now_or_never();
                match subscribed(&self.hub, &self.channel, &self.garbage).await {
                    Ok(connection) => break connection,
                    Err(_) => pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE),
                }
            };
        }
    }

    fn listening(&self, listening: bool) {
        if let Some(inbox) = self.hub.inbox() {
            inbox.listening(listening);
        }
    }

    /// Returns when the connection ended, or is at the wrong server, or does not answer: nothing else would tell that a
    /// silent peer is gone.
    async fn until_dead(&mut self) {
        let ping = ::redis::cmd("PING");
        loop {
            let connection = &mut self.connection;
            let mut doubted = std::pin::pin!(self.hub.subscription_doubted());
            let ended = std::future::poll_fn(|context| {
                if doubted.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                connection.poll_io(context)
            });
            if tokio::time::timeout(PING_EVERY, ended).await.is_ok() {
                return;
            }
            match tokio::time::timeout(PATIENCE, self.connection.ask(&ping)).await {
                Ok(Ok(_)) => {}
                // A user who may not even PING is told so by a server that lives.
                Ok(Err(error)) if fault::is_refusal(&error) => {}
                _ => return,
            }
        }
    }
}

async fn subscribed(
    hub: &Arc<Hub>,
    channel: &Channel,
    garbage: &Arc<AtomicU64>,
) -> Result<Connection, Fault> {
    let opening = async {
        // The run id is known before the subscription exists, so that every grant carries it.
        let generation = Arc::new(std::sync::OnceLock::new());
        let push = {
            let (hub, garbage, generation) = (Arc::clone(hub), Arc::clone(garbage), Arc::clone(&generation));
            move |info: PushInfo| {
                deliver(&hub, &garbage, generation.get(), &info);
                Ok(())
            }
        };
        let (mut connection, time) = Connection::open_for_pushes(hub.config(), push).await?;
        hub.server_time(time);
        let _ = generation.set(connection.generation.clone());
        connection.subscribe(channel.as_str()).await.map_err(|error| fault::of_opening(&error))?;
        Ok(connection)
    };
    match tokio::time::timeout(PATIENCE, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(fault::transient("the lock server did not accept a subscription in time")),
    }
}

fn deliver(hub: &Hub, garbage: &AtomicU64, generation: Option<&Generation>, info: &PushInfo) {
    if info.kind != PushKind::Message {
        return;
    }
    let payload = match info.data.get(1) {
        Some(Value::BulkString(bytes)) => std::str::from_utf8(bytes).ok(),
        Some(Value::SimpleString(text)) => Some(text.as_str()),
        _ => None,
    };
    let generation = generation.cloned().unwrap_or_default();
    match payload.and_then(|text| parse(text, generation)) {
        Some(grant) => {
            if let Some(inbox) = hub.inbox() {
                inbox.granted(grant);
            }
        }
        None => {
            garbage.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A grant as the scripts publish it: `<hex> <fence> <left_ms>`, and ` s` where it is strict. Anybody may publish anything, so all else is `None`.
fn parse(text: &str, generation: Generation) -> Option<Grant> {
    let mut words = text.split(' ');
    let (hex, fence, left) = (words.next()?, words.next()?, words.next()?);
    let strict = match (words.next(), words.next()) {
        (None, _) => false,
        (Some("s"), None) => true,
        _ => return None,
    };
    let well_formed = hex.len() == HoldId::HEX && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    well_formed.then_some(())?;
    Some(Grant { hex: hex.to_owned(), fence: number(fence)?, left_ms: number(left)?, strict, generation })
}

/// Digits only: `parse` alone would also take a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_grants_are_believed() {
        let hex = "0123456789abcdef0123456789abcdef";
        let grant = parse(&format!("{hex} 1795192997308781 3000"), Generation::new("run")).unwrap();
        assert_eq!((grant.hex.as_str(), grant.fence, grant.left_ms), (hex, 1_795_192_997_308_781, 3000));
        assert!(!grant.strict);
        let grant = parse(&format!("{hex} 1 3000 s"), Generation::UNKNOWN).unwrap();
        assert_eq!((grant.left_ms, grant.strict), (3000, true));
        for text in [
            "",
            " ",
            "probe",
            hex,
            &format!("{hex} 1"),
            &format!("{hex} 1 2 3"),
            &format!("{hex} 1 2 x"),
            &format!("{hex} 1 2 "),
            &format!("{hex} 1 2 s s"),
            &format!("{hex} -1 2"),
            &format!("{hex} +1 2"),
            &format!("{hex} 1.5 2"),
            &format!("{hex} 99999999999999999999 2"),
            &format!("{hex}  1 2"),
            "zz23456789abcdef0123456789abcdef 1 2",
        ] {
            assert_eq!(parse(text, Generation::UNKNOWN), None, "{text}");
        }
    }
}
