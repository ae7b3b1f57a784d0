//! The expressions and patterns inside of an expression.

use syn::punctuated::Punctuated;
use syn::{Block, Expr, Pat, Stmt, Token};

/// A part of an expression.
pub(crate) enum Part<'a> {
    Expr(&'a Expr),
    Pat(&'a Pat),
}

/// What `value` is made of, in the order in which it is written, without what that is made of in turn. Nothing of a block's items,
/// of types and of what a macro is given: they cannot name what is local, or it is not known what they do with it.
pub(crate) fn parts(value: &Expr) -> Vec<Part<'_>> {
    let mut parts = Parts(Vec::new());
    match value {
        Expr::Array(array) => parts.exprs(&array.elems),
        Expr::Assign(assign) => parts.both(&assign.left, &assign.right),
        Expr::Async(value) => parts.block(&value.block),
        Expr::Await(value) => parts.expr(&value.base),
        Expr::Binary(binary) => parts.both(&binary.left, &binary.right),
        Expr::Block(value) => parts.block(&value.block),
        Expr::Break(value) => parts.maybe(value.expr.as_deref()),
        Expr::Call(call) => {
            parts.expr(&call.func);
            parts.exprs(&call.args);
        }
        Expr::Cast(cast) => parts.expr(&cast.expr),
        Expr::Closure(closure) => {
            closure.inputs.iter().for_each(|input| parts.pat(input));
            parts.expr(&closure.body);
        }
        Expr::Const(value) => parts.block(&value.block),
        Expr::Field(field) => parts.expr(&field.base),
        Expr::ForLoop(each) => {
            parts.pat(&each.pat);
            parts.expr(&each.expr);
            parts.block(&each.body);
        }
        Expr::Group(group) => parts.expr(&group.expr),
        Expr::If(choice) => {
            parts.expr(&choice.cond);
            parts.block(&choice.then_branch);
            parts.maybe(choice.else_branch.as_ref().map(|(_, value)| &**value));
        }
        Expr::Index(index) => parts.both(&index.expr, &index.index),
        Expr::Let(binding) => {
            parts.pat(&binding.pat);
            parts.expr(&binding.expr);
        }
        Expr::Loop(value) => parts.block(&value.body),
        Expr::Match(choice) => {
            parts.expr(&choice.expr);
            for arm in &choice.arms {
                parts.pat(&arm.pat);
                parts.expr(&arm.body);
            }
        }
        Expr::MethodCall(call) => {
            parts.expr(&call.receiver);
            parts.exprs(&call.args);
        }
        Expr::Paren(paren) => parts.expr(&paren.expr),
        Expr::Range(range) => {
            parts.maybe(range.start.as_deref());
            parts.maybe(range.end.as_deref());
        }
        Expr::RawAddr(address) => parts.expr(&address.expr),
        Expr::Reference(reference) => parts.expr(&reference.expr),
        Expr::Repeat(repeat) => parts.both(&repeat.expr, &repeat.len),
        Expr::Return(value) => parts.maybe(value.expr.as_deref()),
        Expr::Struct(value) => {
            value.fields.iter().for_each(|field| parts.expr(&field.expr));
            parts.maybe(value.rest.as_deref());
        }
        Expr::Try(value) => parts.expr(&value.expr),
        Expr::TryBlock(value) => parts.block(&value.block),
        Expr::Tuple(tuple) => parts.exprs(&tuple.elems),
        Expr::Unary(unary) => parts.expr(&unary.expr),
        Expr::Unsafe(value) => parts.block(&value.block),
        Expr::While(value) => {
            parts.expr(&value.cond);
            parts.block(&value.body);
        }
        Expr::Yield(value) => parts.maybe(value.expr.as_deref()),
        _ => {}
    }
    parts.0
}

struct Parts<'a>(Vec<Part<'a>>);

impl<'a> Parts<'a> {
    fn expr(&mut self, value: &'a Expr) {
        self.0.push(Part::Expr(value));
    }

    fn both(&mut self, left: &'a Expr, right: &'a Expr) {
        self.expr(left);
        self.expr(right);
    }

    fn maybe(&mut self, value: Option<&'a Expr>) {
        self.0.extend(value.map(Part::Expr));
    }

    fn exprs(&mut self, values: &'a Punctuated<Expr, Token![,]>) {
        for value in values {
            self.expr(value);
        }
    }

    fn pat(&mut self, pat: &'a Pat) {
        self.0.push(Part::Pat(pat));
    }

    fn block(&mut self, block: &'a Block) {
        for statement in &block.stmts {
            match statement {
                Stmt::Local(local) => {
                    self.pat(&local.pat);
                    if let Some(init) = &local.init {
                        self.expr(&init.expr);
                        self.maybe(init.diverge.as_ref().map(|(_, value)| &**value));
                    }
                }
                Stmt::Expr(value, _) => self.expr(value),
                Stmt::Item(_) | Stmt::Macro(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    #[test]
    fn every_kind_of_expression_gives_up_its_parts() {
        for (value, inner) in [
            ("[a, b]", "a b"),
            ("a = b", "a b"),
            ("async { a; b }", "a b"),
            ("a.await", "a"),
            ("a + b.c", "a b.c"),
            ("{ let a = b; c }", "a b c"),
            ("{ let Some(a) = b else { c }; d!(); fn e() {} f }", "Some(a) b {c} f"),
            ("break a", "a"),
            ("a(b, c(d))", "a b c(d)"),
            ("a as T", "a"),
            ("|a, (b, _)| c", "a (b,_) c"),
            ("const { a }", "a"),
            ("a.b", "a"),
            ("for a in b { c }", "a b c"),
            ("if a { b } else if c { d }", "a b ifc{d}"),
            ("a[b]", "a b"),
            ("if let a = b {}", "leta=b"),
            ("loop { a }", "a"),
            ("match a { b if c => d, e => {} }", "a bifc d e {}"),
            ("a.b(c, d)", "a c d"),
            ("(a)", "a"),
            ("a..=b", "a b"),
            ("..a", "a"),
            ("&raw const a", "a"),
            ("&mut a", "a"),
            ("[a; b]", "a b"),
            ("return a", "a"),
            ("S { a, b: c, ..d }", "a c d"),
            ("a?", "a"),
            ("(a, b)", "a b"),
            ("!a", "a"),
            ("unsafe { a }", "a"),
            ("while a { b }", "a b"),
            ("a", ""),
            ("1", ""),
            ("a!(b)", ""),
            ("continue", ""),
        ] {
            let value = syn::parse_str(value).unwrap();
            let text = |part: Part<'_>| match part {
                Part::Expr(value) => value.to_token_stream().to_string().replace(' ', ""),
                Part::Pat(pat) => pat.to_token_stream().to_string().replace(' ', ""),
            };
            assert_eq!(parts(&value).into_iter().map(text).collect::<Vec<_>>().join(" "), inner);
        }
        let binding = syn::parse_quote!(let a = b);
        assert_eq!(parts(&binding).len(), 2);
    }
}
