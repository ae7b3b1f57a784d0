//! What a node says instead of running a call, and what becomes of the requests.

use ::redis::{ErrorKind, RedisError, ServerErrorKind};

use super::super::addresses::AddressMap;
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
    /// The slot is moving, and not all of these keys are here any more. Since Redis 7.0: none.
    Ask { to: Node },
    /// The slot is moving, and of these keys some are here and some are not.
    TryAgain,
}

impl Redirect {
    /// Reads what the node `from` said.
    pub(in super::super) fn of(error: &RedisError, from: &Node, addresses: &AddressMap) -> Option<Self> {
        let ErrorKind::Server(kind) = error.kind() else { return None };
        match kind {
            ServerErrorKind::TryAgain => Some(Self::TryAgain),
            ServerErrorKind::Moved | ServerErrorKind::Ask => {
                let (address, slot) = error.redirect_node()?;
                let (host, port) = address.rsplit_once(':')?;
                let host = host.trim_start_matches('[').trim_end_matches(']');
                let to = node_from(host, port.parse().ok()?, from, addresses);
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
    /// Where `errand` goes after the node `from` said `redirect` to a call of which it was a part; `None` if it has been on
    /// its way for too long. `keys`: how many the call declared.
    ///
    /// What could go wrong: a lock is taken at the new node while its record is still at the old one. It can't: an acquire
    /// asks there only after the old node, asked for the lock's key alone, has said that it is gone, and makes none itself.
    /// Of several keys it says the same when a single one is gone (Redis 6.2; the counter, for example).
    pub(in super::super) fn after(
        errand: &Errand,
        redirect: &Redirect,
        keys: usize,
        from: &Node,
    ) -> Option<Self> {
        let (form, to) = match redirect {
            Redirect::Moved { to, .. } => (Form::Usual, to),
            Redirect::Ask { to } if keys == 1 => (Form::Asking, to),
            Redirect::Ask { .. } | Redirect::TryAgain => (Form::Alone, from),
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
        let read = |line| Redirect::of(&said(line), &from, &AddressMap::default());
        assert_eq!(
            read("MOVED 3999 127.0.0.1:6381"),
            Some(Redirect::Moved { slot: 3999, to: Node::at("127.0.0.1", 6381) })
        );
        assert_eq!(read("ASK 3999 there:6381"), Some(Redirect::Ask { to: Node::at("there", 6381) }));
        // A node that does not know how the other is called, and one with an IPv6 address.
        assert_eq!(read("MOVED 1 :6381"), Some(Redirect::Moved { slot: 1, to: Node::at("here", 6381) }));
        assert_eq!(read("ASK 1 ::1:6381"), Some(Redirect::Ask { to: Node::at("::1", 6381) }));
        assert_eq!(read("TRYAGAIN Multiple keys request during rehashing of slot"), Some(Redirect::TryAgain));
        let addresses = AddressMap::new(|_, port| ("localhost".to_owned(), port + 1));
        let moved = Redirect::of(&said("MOVED 3999 10.0.0.1:6381"), &from, &addresses);
        assert_eq!(moved, Some(Redirect::Moved { slot: 3999, to: Node::at("localhost", 6382) }));
        for line in ["CLUSTERDOWN Hash slot not served", "MOVED", "MOVED 1 nowhere", "ERR no"] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn only_who_has_asked_for_one_key_believes_that_it_is_gone() {
        use crate::backend::{HoldId, Operation, Request, Via};
        let request = Request {
            seq: 1,
            name: crate::name::LockName::new("LOCK:a"),
            id: HoldId::new("test"),
            operation: Operation::Forget { entry: None },
            via: Via::Engine,
            submitted: crate::clock::Moment::default(),
        };
        let (old, new) = (Node::at("old", 1), Node::at("new", 2));
        let ask = Redirect::Ask { to: new.clone() };
        let after = |errand: &Errand, redirect, keys| {
            Detour::after(errand, redirect, keys, &old).map(|detour| (detour.errand.form, detour.to))
        };
        let mut errand = Errand::from(request);
        assert_eq!(after(&errand, &ask, 1), Some((Form::Asking, new.clone())));
        assert_eq!(after(&errand, &ask, 2), Some((Form::Alone, old.clone())));
        assert_eq!(after(&errand, &Redirect::TryAgain, 2), Some((Form::Alone, old.clone())));
        errand.form = Form::Asking;
        let moved = Redirect::Moved { slot: 1, to: new.clone() };
        assert_eq!(after(&errand, &moved, 1), Some((Form::Usual, new)));
        errand.hops = MAX_HOPS;
        assert_eq!(after(&errand, &moved, 1), None);
    }
}
