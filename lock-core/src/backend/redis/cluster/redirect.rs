//! What a node says instead of running a call, and what becomes of the requests.

use ::redis::{ErrorKind, RedisError, ServerErrorKind};

use super::super::errand::{Errand, Form, Node};
use super::slot_map::node_from;

/// How often a request is sent on before its sender hears of it: a slot that moves takes three, two nodes that each send
/// to the other would take for ever.
const MAX_HOPS: u8 = 6;

/// Why a node has not run a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Redirect {
    /// The slot is another node's.
    Moved { slot: u16, to: Node },
    /// The slot is moving, and nothing of these keys is here any more.
    Ask { to: Node },
    /// The slot is moving, and of these keys some are here and some are not.
    TryAgain,
}

impl Redirect {
    /// Reads what the node `from` said.
    pub(in super::super) fn of(error: &RedisError, from: &Node) -> Option<Self> {
        let ErrorKind::Server(kind) = error.kind() else { return None };
        match kind {
            ServerErrorKind::TryAgain => Some(Self::TryAgain),
            ServerErrorKind::Moved | ServerErrorKind::Ask => {
                let (address, slot) = error.redirect_node()?;
                let (host, port) = address.rsplit_once(':')?;
                let host = host.trim_start_matches('[').trim_end_matches(']');
                let to = node_from(host, port.parse().ok()?, from);
                Some(if kind == ServerErrorKind::Ask { Self::Ask { to } } else { Self::Moved { slot, to } })
            }
            _ => None,
        }
    }
}

/// A request that goes on to a node.
#[derive(Debug)]
pub(in super::super) struct Detour {
    pub(in super::super) errand: Errand,
    pub(in super::super) to: Node,
}

impl Detour {
    /// Where `errand` goes after the node `from` said `redirect`; `None` if it has been on its way for too long.
    ///
    /// What could go wrong: a request that runs at both nodes and counts twice. It can't: it is the same request, with the
    /// same id, and a node that sends on has run nothing.
    pub(in super::super) fn after(errand: &Errand, redirect: &Redirect, from: &Node) -> Option<Self> {
        let (form, to) = match redirect {
            Redirect::Moved { to, .. } => (Form::Usual, to),
            // Acquire declares two keys, of which the lock is mostly absent: at the new node that is a reason to try
            // again, until the slot has moved. So it goes on without the counter.
            Redirect::Ask { to } => (Form::Asking, to),
            Redirect::TryAgain => (Form::Alone, from),
        };
        let errand = Errand { form, hops: errand.hops + 1, ..errand.clone() };
        (errand.hops <= MAX_HOPS).then(|| Self { errand, to: to.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> RedisError {
        match ::redis::parse_redis_value(format!("-{line}\r\n").as_bytes()) {
            Ok(::redis::Value::ServerError(error)) => error.into(),
            other => panic!("not an error: {other:?}"),
        }
    }

    #[test]
    fn redirections_are_read() {
        let from = Node::at("here", 1);
        let read = |line| Redirect::of(&said(line), &from);
        assert_eq!(
            read("MOVED 3999 127.0.0.1:6381"),
            Some(Redirect::Moved { slot: 3999, to: Node::at("127.0.0.1", 6381) })
        );
        assert_eq!(read("ASK 3999 there:6381"), Some(Redirect::Ask { to: Node::at("there", 6381) }));
        // A node that does not know how the other is called, and one with an IPv6 address.
        assert_eq!(read("MOVED 1 :6381"), Some(Redirect::Moved { slot: 1, to: Node::at("here", 6381) }));
        assert_eq!(read("ASK 1 ::1:6381"), Some(Redirect::Ask { to: Node::at("::1", 6381) }));
        assert_eq!(read("TRYAGAIN Multiple keys request during rehashing of slot"), Some(Redirect::TryAgain));
        for line in ["CLUSTERDOWN Hash slot not served", "MOVED", "MOVED 1 nowhere", "ERR no"] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
