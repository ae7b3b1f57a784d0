//! A request on its way, and what its way so far demands.

use std::fmt;
use std::sync::Arc;

use super::scripts::Script;
use crate::backend::{Answer, Request};

/// Which server a connection leads to.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Node {
    /// The only one there is.
    Only,
    /// One of a cluster, by host and port.
    At(Arc<str>, u16),
}

impl Node {
    pub(super) fn at(host: &str, port: u16) -> Self {
        Self::At(Arc::from(host), port)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only => f.write_str("the server"),
            Self::At(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::At(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

/// In which form a request is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Together with others, and the counter.
    #[default]
    Usual,
    /// Its slot is moving: its key alone, since of several keys one may be here and one there.
    Alone,
    /// The same, at the node that the slot moves to, which has to be told so.
    Asking,
}

/// A request and where it has been.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    pub(super) request: Request,
    pub(super) form: Form,
    /// How often it was sent on.
    pub(super) hops: u8,
    /// Whether it was sent before, on a connection that died in silence.
    pub(super) copies_out: bool,
}

impl From<Request> for Errand {
    fn from(request: Request) -> Self {
        Self { request, form: Form::Usual, hops: 0, copies_out: false }
    }
}

impl Errand {
    pub(super) fn script(&self) -> Script {
        Script::of(&self.request.operation)
    }

    /// The answer to it, by its number.
    pub(super) fn answered(&self, answer: Answer) -> (u64, Answer) {
        (self.request.seq, if self.copies_out { answer.with_copies_out() } else { answer })
    }
}
