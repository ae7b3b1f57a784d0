//! The names that an expression mentions, and where it would leave the function.

use proc_macro2::Span;
use syn::{Expr, ExprPath, Ident, Pat};

use crate::nested::{self, Part};

/// All names that `value` mentions.
pub(super) fn names_in(value: &Expr) -> Names {
    let mut names = Names::default();
    names.expr(value);
    names
}

/// The names of an expression.
#[derive(Default)]
pub(super) struct Names {
    pub(super) used: Vec<Used>,
    /// By a closure, `let` or `match` anywhere inside: generous, since a wrong "unknown" would refuse right code.
    pub(super) bound: Vec<Ident>,
    /// `.await`, `?` and `return`, but for those of a closure or an async block inside, which return to themselves.
    pub(super) leaving: Vec<(&'static str, Span)>,
    /// In how many closures and async blocks it is at present.
    depth: usize,
}

/// A name that is not bound where it stands.
pub(super) struct Used {
    pub(super) name: Ident,
    /// To a call, as it is.
    pub(super) passed: bool,
}

impl Names {
    /// Whether `name` is passed to a call.
    pub(super) fn passes(&self, name: &Ident) -> bool {
        self.used.iter().any(|used| used.passed && used.name == *name)
    }

    fn leave(&mut self, how: &'static str, at: Span) {
        if self.depth == 0 {
            self.leaving.push((how, at));
        }
    }

    fn expr(&mut self, value: &Expr) {
        match value {
            Expr::Path(path) => return self.path(path, false),
            Expr::Call(call) => {
                if !matches!(&*call.func, Expr::Path(path) if path.path.get_ident().is_some()) {
                    self.expr(&call.func);
                }
                return call.args.iter().for_each(|argument| self.argument(argument));
            }
            Expr::MethodCall(call) => {
                self.expr(&call.receiver);
                return call.args.iter().for_each(|argument| self.argument(argument));
            }
            Expr::Await(value) => self.leave(".await", value.await_token.span),
            Expr::Try(value) => self.leave("?", value.question_token.spans[0]),
            Expr::Return(value) => self.leave("return", value.return_token.span),
            _ => {}
        }
        let returns_to_itself = matches!(value, Expr::Closure(_) | Expr::Async(_));
        self.depth += usize::from(returns_to_itself);
        for part in nested::parts(value) {
            match part {
                Part::Expr(value) => self.expr(value),
                Part::Pat(pat) => self.pat(pat),
            }
        }
        self.depth -= usize::from(returns_to_itself);
    }

    fn argument(&mut self, value: &Expr) {
        match value {
            Expr::Group(group) => self.argument(&group.expr),
            Expr::Path(path) => self.path(path, true),
            other => self.expr(other),
        }
    }

    fn path(&mut self, path: &ExprPath, passed: bool) {
        let name = path.path.get_ident().filter(|_| path.qself.is_none());
        self.used.extend(name.cloned().map(|name| Used { name, passed }));
    }

    fn pat(&mut self, pat: &Pat) {
        if let Pat::Ident(name) = pat {
            self.bound.push(name.ident.clone());
        }
        for inner in nested::patterns(pat) {
            self.pat(inner);
        }
        if let Pat::Guard(guarded) = pat {
            self.expr(&guarded.guard);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_closure_a_block_or_a_function_inside_returns_stays_inside() {
        for (value, leaving) in [
            ("a.load().await?.id", ["?", ".await"].as_slice()),
            ("if a { return b } else { c }", &["return"]),
            ("a.map(|b| b?)", &[]),
            ("a.map(|b| { return b })", &[]),
            ("async { a.await? }", &[]),
            ("{ fn f() -> Option<A> { g()? } f() }", &[]),
            ("(|| a?, b?)", &["?"]),
        ] {
            let found = names_in(&syn::parse_str(value).unwrap()).leaving;
            assert_eq!(found.iter().map(|(how, _)| *how).collect::<Vec<_>>(), leaving, "{value}");
        }
    }
}
