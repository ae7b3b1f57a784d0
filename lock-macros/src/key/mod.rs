//! What distinguishes one lock of a function from another: the segments that come from its arguments.

mod names;
mod read;
mod respan;
mod roots;
mod scope;
mod several;
mod slots;
mod template;
mod unreadable;

use syn::Expr;

pub(crate) use read::read;
pub(crate) use respan::expression;
pub(crate) use roots::{Purpose, mentions, refuse, refuse_control_flow};
pub(crate) use scope::Scope;
pub(crate) use several::{Several, several};
pub(crate) use unreadable::instead;

/// What the lock's name, or the names of several locks, are made of.
pub(crate) enum Keys {
    One(Vec<Segment>),
    Several(Several),
}

/// One segment of the lock's name.
pub(crate) enum Segment {
    /// The value of an expression, with fixed text around it.
    Value { before: String, value: Expr, after: String },
    /// Fixed text between two values of a template.
    Text(String),
}
