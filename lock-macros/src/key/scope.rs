//! What an expression in the attribute can name.

use syn::Ident;

use crate::function::Parameters;

/// The function that an expression belongs to, and what its lock's names are made with.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) function: &'a Ident,
    pub(crate) parameters: &'a Parameters,
    pub(crate) delimiter: &'a str,
}
