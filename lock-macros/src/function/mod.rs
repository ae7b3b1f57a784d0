//! The function that the attribute stands on.

mod lazy;
mod mode;
mod parameters;
mod parse;
mod rebuilt;

use proc_macro2::Group;
use syn::{Attribute, Signature, Token, Visibility};

pub(crate) use mode::{Mode, Returns};
pub(crate) use parameters::{Binding, Parameters};
pub(crate) use parse::parse;
pub(crate) use rebuilt::{Rebuilt, rebuilt};

/// A function in the parts that the expansion puts together again.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) sig: Signature,
    /// The body in its braces, as raw tokens: half-typed code passes through to the compiler and the editor.
    pub(crate) body: Group,
}
