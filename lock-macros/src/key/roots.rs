//! The names that an expression begins with, and what cannot stand in a key.

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{
    Expr, ExprAsync, ExprAwait, ExprCall, ExprClosure, ExprPath, ExprReturn, ExprTry, Ident, PatIdent,
};

use crate::errors::Errors;
use crate::function::Parameters;
use crate::suggest::closest;

/// Names in `value` that must be local but are not: lower-case, not called, not bound inside, no parameter. Whatever
/// else is unknown is the compiler's to say.
pub(super) fn unknown(value: &Expr, parameters: &Parameters) -> Vec<Ident> {
    let names = names(value);
    let is_unknown = |name: &Ident| {
        let text = name.to_string();
        let local = text.trim_start_matches("r#").starts_with(|c: char| c.is_lowercase() || c == '_');
        local && !parameters.knows(name) && !names.bound.contains(name)
    };
    names.used.into_iter().filter(is_unknown).collect()
}

/// The parameters that `value` mentions.
pub(crate) fn mentions(value: &Expr, parameters: &Parameters) -> Vec<Ident> {
    let names = names(value);
    names.used.into_iter().filter(|name| parameters.binds(name) && !names.bound.contains(name)).collect()
}

/// What an expression over the parameters is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Key,
    Generator,
    Condition,
}

/// Says that `name` is no parameter, and which one it may be.
fn report(
    purpose: Purpose,
    name: &Ident,
    value: &Expr,
    at: Span,
    function: &Ident,
    parameters: &Parameters,
    errors: &mut Errors,
) {
    if name == "self" {
        errors.at(
            at,
            match purpose {
                Purpose::Condition => {
                    format!("`{function}` has no `self` to look at: name one of its parameters")
                }
                _ => format!(
                    "`{function}` has no `self` that the key could be made from: name one of its parameters"
                ),
            },
        );
        return;
    }
    let alone = matches!(value, Expr::Path(_)) && purpose == Purpose::Key;
    let fixed = if alone { format!("; for a fixed name write `name = \"{name}\"`") } else { String::new() };
    let names = parameters.names();
    let meant = closest(&name.to_string(), names.iter().map(String::as_str));
    let hint = match (meant, names.as_slice()) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, []) => format!("it has none{fixed}"),
        (None, names) => format!("it has `{}`{fixed}", names.join("`, `")),
    };
    errors.at(at, format!("`{name}` is not a parameter of `{function}`: {hint}"));
}

fn names(value: &Expr) -> Names {
    let mut names = Names::default();
    names.visit_expr(value);
    names
}

#[derive(Default)]
struct Names {
    used: Vec<Ident>,
    /// By a closure, `let` or `match` anywhere inside: generous, since a wrong "unknown" would refuse right code.
    bound: Vec<Ident>,
}

impl Visit<'_> for Names {
    fn visit_expr_path(&mut self, path: &ExprPath) {
        self.used.extend(path.path.get_ident().filter(|_| path.qself.is_none()).cloned());
    }

    fn visit_expr_call(&mut self, call: &ExprCall) {
        if !matches!(&*call.func, Expr::Path(path) if path.path.get_ident().is_some()) {
            self.visit_expr(&call.func);
        }
        for argument in &call.args {
            self.visit_expr(argument);
        }
    }

    fn visit_pat_ident(&mut self, pat: &PatIdent) {
        self.bound.push(pat.ident.clone());
        visit::visit_pat_ident(self, pat);
    }
}

/// Reports what cannot stand in an expression that is evaluated before the body, and names that the function does not have.
/// What comes out of a string is shown at the string, not at code that the string became.
pub(crate) fn refuse(
    purpose: Purpose,
    value: &Expr,
    literal: Option<Span>,
    function: &Ident,
    parameters: &Parameters,
    errors: &mut Errors,
) {
    refuse_control_flow(purpose, value, literal, errors);
    for name in unknown(value, parameters) {
        report(purpose, &name, value, literal.unwrap_or_else(|| name.span()), function, parameters, errors);
    }
}

/// Reports what would leave the function, or wait, before its body runs.
pub(crate) fn refuse_control_flow(
    purpose: Purpose,
    value: &Expr,
    literal: Option<Span>,
    errors: &mut Errors,
) {
    ControlFlow { purpose, literal, errors }.visit_expr(value);
}

struct ControlFlow<'a> {
    purpose: Purpose,
    /// The string in which the expression stood.
    literal: Option<Span>,
    errors: &'a mut Errors,
}

impl ControlFlow<'_> {
    fn refuse(&mut self, what: &str, at: Span) {
        let (place, made) = match self.purpose {
            Purpose::Key => ("a lock key", "the key is made"),
            Purpose::Generator => ("`key_generator`", "the key is made"),
            Purpose::Condition => ("`when`", "it is looked at"),
        };
        self.errors.at(
            self.literal.unwrap_or(at),
            format!(
                "`{what}` cannot stand in {place}; {made} before the body runs: work the value out in the caller and pass it as \
                 a parameter"
            ),
        );
    }
}

impl Visit<'_> for ControlFlow<'_> {
    fn visit_expr_await(&mut self, value: &ExprAwait) {
        self.refuse(".await", value.await_token.span);
        visit::visit_expr_await(self, value);
    }

    fn visit_expr_try(&mut self, value: &ExprTry) {
        self.refuse("?", value.question_token.spans[0]);
        visit::visit_expr_try(self, value);
    }

    fn visit_expr_return(&mut self, value: &ExprReturn) {
        self.refuse("return", value.return_token.span);
        visit::visit_expr_return(self, value);
    }

    /// A closure and an async block return to themselves.
    fn visit_expr_closure(&mut self, _: &ExprClosure) {}
    fn visit_expr_async(&mut self, _: &ExprAsync) {}
}

#[cfg(test)]
mod tests {
    use syn::Signature;

    use super::*;

    fn unknown_in(key: &str) -> Vec<String> {
        let mut sig: Signature =
            syn::parse_str("fn f<const n: usize>(&self, order: Order, Path((id, _)): Path<(u8, u8)>)")
                .unwrap();
        let parameters = Parameters::take(&mut sig);
        unknown(&syn::parse_str(key).unwrap(), &parameters).iter().map(Ident::to_string).collect()
    }

    #[test]
    fn names_that_the_function_does_not_bind_are_found() {
        assert_eq!(unknown_in("ordr.id"), ["ordr"]);
        assert_eq!(unknown_in("(order.id, x + y)"), ["x", "y"]);
        assert_eq!(unknown_in("order.get(z)"), ["z"]);
        assert_eq!(unknown_in("_hidden"), ["_hidden"]);
    }

    #[test]
    fn everything_else_is_left_to_the_compiler() {
        for known in [
            "order.id",
            "id",
            "self.tenant",
            "n",
            "LIMIT",
            "Self::LIMIT",
            "config::limit",
            "limit()",
            "::a::b",
            "order.items.iter().map(|i| i.sku).max()",
            "match order.kind { Some(kind) => kind, None => 0 }",
            "{ let x = order.id; x }",
            "Point { id }",
            "format!(\"{x}\")",
            "order.map(|(a, b)| a + b)",
        ] {
            assert_eq!(unknown_in(known), Vec::<String>::new(), "{known}");
        }
    }
}
