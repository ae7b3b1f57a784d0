//! The names that an expression mentions.

use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprMethodCall, ExprPath, Ident, PatIdent};

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

    fn visit_pat_ident(&mut self, pat: &PatIdent) {
        self.bound.push(pat.ident.clone());
        visit::visit_pat_ident(self, pat);
    }
}
