//! The attribute's arguments: from tokens to typed values, each with the place of its name.

mod busy;
mod kind;
mod length;
mod parse;
mod read;
mod table;

use std::time::Duration;

use proc_macro2::Span;
use syn::{Expr, Ident, LitStr, Path};

pub(crate) use busy::OnBusy;
pub(crate) use kind::Kind;
pub(crate) use parse::parse;
pub(crate) use read::{bare, path, string};

/// An argument as it was given.
pub(crate) struct Given<T> {
    /// Where its name stands.
    pub(crate) name: Ident,
    /// Its value.
    pub(crate) value: T,
}

/// Fixed text: checked here if it is a literal, else when the function is called.
pub(crate) enum Text {
    Literal(LitStr),
    Expression(Expr),
}

/// A duration: checked here if it is a literal, else when the function is called.
pub(crate) enum Length {
    Literal(Duration),
    Expression(Expr),
}

/// What happens to a body whose lease is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnLost {
    #[default]
    Cancel,
    Finish,
}

/// All arguments. One that was given wrongly is reported, and `None` here.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) prefix: Option<Given<Text>>,
    pub(crate) name: Option<Given<Text>>,
    pub(crate) key: Option<Given<Expr>>,
    pub(crate) keys: Option<Given<Expr>>,
    pub(crate) key_generator: Option<Given<Expr>>,
    /// The kind, and where its word stands.
    pub(crate) kind: Option<Given<(Kind, Span)>>,
    pub(crate) wait: Option<Given<Length>>,
    pub(crate) expire: Option<Given<Length>>,
    pub(crate) delimiter: Option<Given<String>>,
    pub(crate) renew: Option<Given<bool>>,
    pub(crate) max_hold: Option<Given<Length>>,
    pub(crate) hold_at_least: Option<Given<Length>>,
    pub(crate) on_busy: Option<Given<OnBusy>>,
    pub(crate) on_lost: Option<Given<OnLost>>,
    pub(crate) when: Option<Given<Expr>>,
    pub(crate) guard: Option<Given<Ident>>,
    pub(crate) locks: Option<Given<Expr>>,
    pub(crate) krate: Option<Given<Path>>,
    /// The names of all known arguments that occur, right or wrong.
    seen: Vec<Ident>,
    /// Arguments that an unknown word probably means.
    meant: Vec<&'static str>,
}

impl Arguments {
    /// Where the argument `name` was given, be it right or wrong.
    pub(crate) fn seen(&self, name: &str) -> Option<Span> {
        self.seen.iter().find(|seen| *seen == name).map(Ident::span)
    }

    /// Whether the argument `name` was given, or tried to be: one mistake should not be reported as two.
    pub(crate) fn attempted(&self, name: &str) -> bool {
        self.seen(name).is_some() || self.meant.contains(&name)
    }
}
