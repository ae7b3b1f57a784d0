//! One reader per argument: from an expression to the argument's type.

use std::time::Duration;

use lock_rules::{MAX_EXPIRE, MIN_EXPIRE};
use quote::ToTokens;
use syn::{Expr, ExprLit, ExprPath, Ident, Lit, LitStr, Path, UnOp};

use super::length::length;
use super::{Arguments, Given, Kind, OnLost, Text};
use crate::errors::Errors;
use crate::segment;

pub(super) fn prefix(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    arguments.prefix = text(&name, value, errors).map(|value| Given { name, value });
}

pub(super) fn name(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    arguments.name = text(&name, value, errors).map(|value| Given { name, value });
}

pub(super) fn key(arguments: &mut Arguments, name: Ident, value: Expr, _: &mut Errors) {
    arguments.key = Some(Given { name, value: bare(value) });
}

pub(super) fn keys(arguments: &mut Arguments, name: Ident, value: Expr, _: &mut Errors) {
    arguments.keys = Some(Given { name, value: bare(value) });
}

pub(super) fn key_generator(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    let value = bare(value);
    match literal(&value) {
        None => arguments.key_generator = Some(Given { name, value }),
        Some(Lit::Str(text)) if !text.value().contains('{') && text.parse::<Expr>().is_ok() => {
            errors.under(text, format!("write `key_generator = {}` without quotes", text.value()));
        }
        Some(fixed) => errors.under(
            fixed,
            "`key_generator` is what makes the key, as in `key_generator = ByTenant`; what the key is made from is `key = ..`",
        ),
    }
}

pub(super) fn kind(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    let value = bare(value);
    if let Some(Lit::Str(text)) = literal(&value) {
        match Kind::find(&text.value()) {
            Ok(kind) => arguments.kind = Some(Given { name, value: (kind, text.span()) }),
            Err(message) => errors.under(text, message),
        }
        return;
    }
    // `kind = fair`, `kind = LockKind::Fair`: the word is known, it only has to be text.
    let word = match &value {
        Expr::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    };
    match word.and_then(|word| Kind::find(&word.to_lowercase()).ok()) {
        Some(kind) => errors.under(&value, format!("write it in quotes: `kind = \"{}\"`", kind.word())),
        None => errors.under(&value, "the kind must be known at compile time: write `kind = \"fair\"`"),
    }
}

pub(super) fn wait(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    arguments.wait = length(&name, value, errors, &|_| Ok(())).map(|value| Given { name, value });
}

pub(super) fn expire(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    let in_range = |lease: Duration| {
        const WRITE: &str = "a lease lasts 10ms to 30d, as in `expire = \"30s\"`";
        match lease {
            Duration::ZERO => Err(format!("a lease of zero ends before the body starts: {WRITE}")),
            lease if lease < MIN_EXPIRE => {
                Err(format!("too short, it would end before it could be renewed: {WRITE}"))
            }
            lease if lease > MAX_EXPIRE => {
                Err(format!("too long, nobody could take over from a dead holder: {WRITE}"))
            }
            _ => Ok(()),
        }
    };
    arguments.expire = length(&name, value, errors, &in_range).map(|value| Given { name, value });
}

pub(super) fn max_hold(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    let long_enough = |hold: Duration| {
        if hold >= MIN_EXPIRE {
            return Ok(());
        }
        Err("shorter than any lease: `max_hold` is at least as long as `expire`, as in `max_hold = \"10m\"`"
            .to_owned())
    };
    arguments.max_hold = length(&name, value, errors, &long_enough).map(|value| Given { name, value });
}

pub(super) fn hold_at_least(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    let short_enough = |hold: Duration| {
        if hold <= MAX_EXPIRE {
            return Ok(());
        }
        Err("too long: a lock is kept for 30d at most after its call, as in `hold_at_least = \"5s\"`"
            .to_owned())
    };
    arguments.hold_at_least = length(&name, value, errors, &short_enough).map(|value| Given { name, value });
}

pub(super) fn when(arguments: &mut Arguments, name: Ident, value: Expr, _: &mut Errors) {
    arguments.when = Some(Given { name, value: bare(value) });
}

pub(super) fn delimiter(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    let value = bare(value);
    let Some(Lit::Str(text)) = literal(&value) else {
        errors.under(value, "the delimiter must be known at compile time: write `delimiter = \":\"`");
        return;
    };
    match segment::check_delimiter(&text.value()) {
        Ok(()) => arguments.delimiter = Some(Given { name, value: text.value() }),
        Err(message) => errors.under(text, message),
    }
}

pub(super) fn renew(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    let value = bare(value);
    match literal(&value) {
        Some(Lit::Bool(renew)) => arguments.renew = Some(Given { name, value: renew.value }),
        Some(Lit::Str(text)) if matches!(text.value().as_str(), "true" | "false") => {
            errors.under(text, format!("write `renew = {}` without quotes", text.value()));
        }
        _ => errors.under(value, "write `renew = true` or `renew = false`"),
    }
}

pub(super) fn on_lost(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    let value = bare(value);
    let text = match literal(&value) {
        Some(Lit::Str(text)) => text.value(),
        _ => String::new(),
    };
    let on_lost = match text.as_str() {
        "cancel" => OnLost::Cancel,
        "finish" => OnLost::Finish,
        _ => {
            errors.under(
                value,
                "write `on_lost = \"cancel\"` (the body ends at its next await) or `on_lost = \"finish\"` \
                 (it runs on unprotected)",
            );
            return;
        }
    };
    arguments.on_lost = Some(Given { name, value: on_lost });
}

pub(super) fn guard(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    let value = bare(value);
    match &value {
        Expr::Path(path) => {
            if let Some(ident) = path.path.get_ident().filter(|ident| *ident != "self") {
                arguments.guard = Some(Given { name, value: ident.clone() });
                return;
            }
        }
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.parse::<Ident>().is_ok() => {
            errors.under(text, format!("write `guard = {}` without quotes", text.value()));
            return;
        }
        Expr::Infer(_) => {
            errors.under(
                value,
                "give it a name that the body can use, as in `guard = held`, or leave `guard` out",
            );
            return;
        }
        _ => {}
    }
    errors.under(value, "`guard` is the name of a new variable: write `guard = held`");
}

pub(super) fn locks(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    let value = bare(value);
    match literal(&value) {
        None => arguments.locks = Some(Given { name, value }),
        Some(Lit::Str(text)) if text.value().contains("://") || text.value() == "memory:" => errors.under(
            text,
            "`locks` takes a `LockManager`, not its address: connect once at start-up with \
             `LockManager::connect(url).await?.install()`, and leave `locks` out",
        ),
        Some(Lit::Str(text)) if text.parse::<Expr>().is_ok() => {
            errors.under(text, format!("write `locks = {}` without quotes", text.value()));
        }
        Some(_) => errors.under(value, "`locks` takes a `LockManager`, as in `locks = self.locks`"),
    }
}

pub(super) fn krate(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    let value = bare(value);
    let written = value.to_token_stream();
    match path(value) {
        Some(value) => arguments.krate = Some(Given { name, value }),
        None => {
            errors.under(written, "`crate` is the path of the renamed dependency: write `crate = ::locks`");
        }
    }
}

fn text(name: &Ident, value: Expr, errors: &mut Errors) -> Option<Text> {
    match bare(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(Text::Literal(text)),
        value => match literal(&value) {
            None => Some(Text::Expression(value)),
            Some(other) => {
                errors.under(
                    other,
                    format!("`{name}` is text: write it in quotes, as in `{name} = \"order\"`"),
                );
                None
            }
        },
    }
}

/// Without the invisible groups in which a macro wraps what was passed to it.
pub(crate) fn bare(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => bare(*group.expr),
        other => other,
    }
}

pub(super) fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(value) => Some(&value.lit),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => literal(&unary.expr),
        _ => None,
    }
}

/// The path that `value` is, in quotes or not.
pub(crate) fn path(value: Expr) -> Option<Path> {
    match bare(value) {
        Expr::Path(ExprPath { qself: None, path, .. }) => Some(path),
        other => string(&other)?.parse_with(Path::parse_mod_style).ok(),
    }
}

/// The text of `value` if it is a string literal.
pub(crate) fn string(value: &Expr) -> Option<&LitStr> {
    match literal(value) {
        Some(Lit::Str(text)) => Some(text),
        _ => None,
    }
}
