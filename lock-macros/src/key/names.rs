//! The names that an expression mentions, and where it would leave the function.

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{
    Expr, ExprAsync, ExprAwait, ExprCall, ExprClosure, ExprMethodCall, ExprPath, ExprReturn, ExprTry, Ident,
    PatIdent,
};

/// All names that `value` mentions.
pub(super) fn names_in(value: &Expr) -> Names {
    let mut names = Names::default();
    names.visit_expr(value);
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

    fn argument(&mut self, value: &Expr) {
        match value {
            Expr::Group(group) => self.argument(&group.expr),
            Expr::Path(path) => self.path(path, true),
            other => self.visit_expr(other),
        }
    }

    fn path(&mut self, path: &ExprPath, passed: bool) {
        let name = path.path.get_ident().filter(|_| path.qself.is_none());
        self.used.extend(name.cloned().map(|name| Used { name, passed }));
    }
}

impl Visit<'_> for Names {
    fn visit_expr_path(&mut self, path: &ExprPath) {
        self.path(path, false);
    }

    fn visit_expr_call(&mut self, call: &ExprCall) {
        if !matches!(&*call.func, Expr::Path(path) if path.path.get_ident().is_some()) {
            self.visit_expr(&call.func);
        }
        call.args.iter().for_each(|argument| self.argument(argument));
    }

    fn visit_expr_method_call(&mut self, call: &ExprMethodCall) {
        self.visit_expr(&call.receiver);
        call.args.iter().for_each(|argument| self.argument(argument));
    }

    fn visit_expr_await(&mut self, value: &ExprAwait) {
        self.leave(".await", value.await_token.span);
        visit::visit_expr_await(self, value);
    }

    fn visit_expr_try(&mut self, value: &ExprTry) {
        self.leave("?", value.question_token.spans[0]);
        visit::visit_expr_try(self, value);
    }

    fn visit_expr_return(&mut self, value: &ExprReturn) {
        self.leave("return", value.return_token.span);
        visit::visit_expr_return(self, value);
    }

    fn visit_expr_closure(&mut self, closure: &ExprClosure) {
        self.depth += 1;
        visit::visit_expr_closure(self, closure);
        self.depth -= 1;
    }

    fn visit_expr_async(&mut self, block: &ExprAsync) {
        self.depth += 1;
        visit::visit_expr_async(self, block);
        self.depth -= 1;
    }

    fn visit_pat_ident(&mut self, pat: &PatIdent) {
        self.bound.push(pat.ident.clone());
        visit::visit_pat_ident(self, pat);
    }
}
