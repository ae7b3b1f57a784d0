//! What distinguishes one lock of a function from another: the segments that come from its arguments.

mod read;
mod respan;
mod roots;
mod template;

use syn::Expr;

pub(crate) use read::read;
pub(crate) use roots::mentions;

/// One segment of the lock's name.
pub(crate) enum Segment {
    /// The value of an expression, with fixed text around it.
    Value { before: String, value: Expr, after: String },
    /// Fixed text between two values of a template.
    Text(String),
}
