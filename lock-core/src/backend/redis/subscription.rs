//! The one subscription: a connection of its own, on the engine's runtime, on which grants arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use ::redis::{Cmd, PushInfo, PushKind, Value};
use futures_util::FutureExt;

use super::connection::Connection;
use super::errand::Node;
use super::fault;
use super::hub::Hub;
use super::server::generation_of;
use crate::backend::{Channel, Fault, FaultClass, Grant, HoldId};

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
    /// Where it leads.
    node: Node,
}

impl Subscription {
    /// Subscribes to `channel`, at `first` if that is possible; messages that are no grants are counted in `garbage`.
    pub(super) async fn open(
        hub: Arc<Hub>,
        first: Node,
        channel: Channel,
        garbage: Arc<AtomicU64>,
    ) -> Result<Self, Fault> {
        let (mut node, mut others) = (first, hub.listening_posts());
        let connection = loop {
            others = others.saturating_sub(1);
            match subscribed(&hub, &node, &channel, &garbage).await {
                Ok(connection) => break connection,
                Err(fault) if others == 0 => return Err(fault),
                // Each time at another one, where there are several.
                Err(_) => node = hub.listening_post()?,
            }
        };
        Ok(Self { hub, channel, garbage, connection, node })
    }

    /// Keeps subscribed for ever: the task is aborted when the backend stops.
    pub(super) async fn keep(mut self) {
        loop {
            self.hub.subscribed_at(&self.connection.generation, &self.node);
            self.listening(true);
            self.until_dead().await;
            self.listening(false);
            let mut pause = Duration::ZERO;
            (self.connection, self.node) = loop {
                rest(&self.hub, pause).await;
                // What was doubted until now is no doubt about the subscription that is made now.
                let _ = self.hub.subscription_doubted().now_or_never();
                match subscribed_anywhere(&self.hub, &self.channel, &self.garbage).await {
                    Ok(subscribed) => break subscribed,
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
        let in_cluster = self.hub.in_cluster();
        let question = question(in_cluster);
        loop {
            let connection = &mut self.connection;
            let mut doubted = std::pin::pin!(self.hub.subscription_doubted());
            let mut suspected = std::pin::pin!(self.hub.subscription_suspected());
            // Ready with whether it is over; if not, it is asked at once.
            let ended = std::future::poll_fn(|context| {
                if doubted.as_mut().poll(context).is_ready() {
                    return Poll::Ready(true);
                }
                if suspected.as_mut().poll(context).is_ready() {
                    return Poll::Ready(false);
                }
                connection.poll_io(context).map(|()| true)
            });
            if let Ok(true) = tokio::time::timeout(PING_EVERY, ended).await {
                return;
            }
            match tokio::time::timeout(PATIENCE, self.connection.ask(&question)).await {
                Ok(Ok(said)) if !in_cluster || is_in_touch(&said) => {}
                // Who may not even ask, or asks what is not known there, is told so by a server that lives.
                Ok(Err(error)) if fault::is_declined(&error) => {}
                _ => return,
            }
        }
    }
}

/// A pause that ends early when there is news of the server: whoever listens again later than others is passed meanwhile.
async fn rest(hub: &Hub, pause: Duration) {
    let shortest = pause.min(FIRST_PAUSE);
    tokio::time::sleep(shortest).await;
    let _ = tokio::time::timeout(pause - shortest, hub.subscription_doubted()).await;
}

/// What a server that lives answers. A node of a cluster has to be in touch with the others, too: else it hears nothing
/// of what they publish.
fn question(in_cluster: bool) -> Cmd {
    if !in_cluster {
        return ::redis::cmd("PING");
    }
    let mut info = ::redis::cmd("CLUSTER");
    info.arg("INFO");
    info
}

fn is_in_touch(info: &Value) -> bool {
    ::redis::from_redis_value_ref::<String>(info).is_ok_and(|text| text.contains("cluster_state:ok"))
}

async fn subscribed_anywhere(
    hub: &Arc<Hub>,
    channel: &Channel,
    garbage: &Arc<AtomicU64>,
) -> Result<(Connection, Node), Fault> {
    let node = hub.listening_post()?;
    subscribed(hub, &node, channel, garbage).await.map(|connection| (connection, node))
}

async fn subscribed(
    hub: &Arc<Hub>,
    node: &Node,
    channel: &Channel,
    garbage: &Arc<AtomicU64>,
) -> Result<Connection, Fault> {
    let opening = async {
        let push = {
            let (hub, garbage) = (Arc::clone(hub), Arc::clone(garbage));
            move |info: PushInfo| {
                deliver(&hub, &garbage, &info);
                Ok(())
            }
        };
        let (mut connection, time) = Connection::open_for_pushes(&hub.config().at(node), push).await?;
        hub.server_time(time);
        connection.subscribe(channel.as_str()).await.map_err(|error| match fault::of_opening(&error) {
            fault if fault.class != FaultClass::Refused && fault::is_declined(&error) => {
                let message = format!(
                    "it does not answer SUBSCRIBE, by which locks are handed over (it says: {error})"
                );
                Fault::new(FaultClass::Unavailable, message)
            }
            fault => fault,
        })?;
        Ok(connection)
    };
    match tokio::time::timeout(PATIENCE, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(fault::transient("the lock server did not accept a subscription in time")),
    }
}

fn deliver(hub: &Hub, garbage: &AtomicU64, info: &PushInfo) {
    if info.kind != PushKind::Message {
        return;
    }
    let payload = match info.data.get(1) {
        Some(Value::BulkString(bytes)) => std::str::from_utf8(bytes).ok(),
        Some(Value::SimpleString(text)) => Some(text.as_str()),
        _ => None,
    };
    match payload.and_then(parse) {
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

/// A grant as the scripts publish it: `<hex> <fence> <left_ms> <beginning of the run id, or nothing>`, and ` s` where it is
/// strict. Anybody may publish anything, so all else is `None`.
fn parse(text: &str) -> Option<Grant> {
    let mut words = text.split(' ');
    let (hex, fence, left) = (words.next()?, words.next()?, words.next()?);
    let run_id = words.next()?;
    let strict = match (words.next(), words.next()) {
        (None, _) => false,
        (Some("s"), None) => true,
        _ => return None,
    };
    let well_formed = hex.len() == HoldId::HEX && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    well_formed.then_some(())?;
    Some(Grant {
        hex: hex.to_owned(),
        fence: number(fence)?,
        left_ms: number(left)?,
        strict,
        generation: generation_of(run_id),
    })
}

/// Digits only: `parse` alone would also take a sign.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Generation;

    #[test]
    fn only_well_formed_grants_are_believed() {
        let hex = "0123456789abcdef0123456789abcdef";
        let grant = parse(&format!("{hex} 1795192997308781 3000 0123456789abcdef")).unwrap();
        assert_eq!((grant.hex.as_str(), grant.fence, grant.left_ms), (hex, 1_795_192_997_308_781, 3000));
        assert!(!grant.strict);
        assert!(grant.generation.proves(&Generation::new("0123456789abcdef")));
        let grant = parse(&format!("{hex} 1 3000 a s")).unwrap();
        assert_eq!((grant.left_ms, grant.strict), (3000, true));
        // Whoever may not look at the run id grants all the same, and proves nothing.
        assert_eq!(parse(&format!("{hex} 1 2 ")).unwrap().generation, Generation::UNKNOWN);
        assert!(parse(&format!("{hex} 1 2  s")).unwrap().strict);
        for text in [
            "",
            " ",
            "probe",
            hex,
            &format!("{hex} 1 "),
            &format!("{hex} 1 2"),
            &format!("{hex} 1 2 a 4"),
            &format!("{hex} 1 2 a x"),
            &format!("{hex} 1 2 a s s"),
            &format!("{hex} -1 2 a"),
            &format!("{hex} +1 2 a"),
            &format!("{hex} 1.5 2 a"),
            &format!("{hex} 99999999999999999999 2 a"),
            &format!("{hex}  1 2 a"),
            "zz23456789abcdef0123456789abcdef 1 2 a",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
