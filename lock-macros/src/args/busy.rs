//! The words for what becomes of a call whose lock is busy.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, ExprPath, Ident, Lit, LitStr};

use super::read::{bare, literal};
use super::{Arguments, Given};
use crate::errors::Errors;
use crate::suggest::{closest, plain};

/// What becomes of a call whose lock was not acquired in time.
#[derive(Default)]
pub(crate) enum OnBusy {
    #[default]
    Error,
    Skip,
    /// Another function is called instead.
    Path(ExprPath),
}

const WRITE: &str = "write `on_busy = \"error\"`, `on_busy = \"skip\"`, or the name of a function with the same parameters, as in \
                     `on_busy = try_later`";

pub(super) fn on_busy(arguments: &mut Arguments, name: Ident, value: Expr, errors: &mut Errors) {
    let read = match bare(value) {
        Expr::Path(path) => match path.path.get_ident().map(Ident::to_string).as_deref() {
            Some(word @ ("skip" | "error")) => Err((
                path.to_token_stream(),
                format!(
                    "write it in quotes: `on_busy = \"{word}\"`; a function of that name is `self::{word}`"
                ),
            )),
            _ => Ok(OnBusy::Path(path)),
        },
        other => match literal(&other) {
            Some(Lit::Str(text)) => word(text),
            Some(_) => Err((other.to_token_stream(), WRITE.to_owned())),
            None => Err((other.to_token_stream(), no_path(&other))),
        },
    };
    match read {
        Ok(value) => arguments.on_busy = Some(Given { name, value }),
        Err((at, message)) => errors.under(at, message),
    }
}

fn word(text: &LitStr) -> Result<OnBusy, (TokenStream, String)> {
    let word = text.value();
    let message = match plain(&word).as_str() {
        "error" if word == "error" => return Ok(OnBusy::Error),
        "skip" if word == "skip" => return Ok(OnBusy::Skip),
        "wait" | "block" | "queue" | "retry" | "keepacquire" => {
            "a busy lock is waited for anyway: say how long with `wait = \"3s\"`, and here what happens after that: \"error\", \
             \"skip\", or the name of a function"
                .to_owned()
        }
        "ignore" | "none" | "drop" | "nothing" | "noop" | "return" => "did you mean `on_busy = \"skip\"`?".to_owned(),
        "err" | "fail" | "failfast" | "throw" | "exception" | "raise" | "panic" => {
            "did you mean `on_busy = \"error\"`, which is the default?".to_owned()
        }
        _ => match closest(&word, &["error", "skip"]) {
            Some(meant) => format!("did you mean `on_busy = \"{meant}\"`?"),
            None if text.parse::<ExprPath>().is_ok() => {
                format!("a function is named without quotes: write `on_busy = {word}`")
            }
            None => WRITE.to_owned(),
        },
    };
    Err((text.to_token_stream(), message))
}

fn no_path(value: &Expr) -> String {
    match value {
        Expr::Call(call) => {
            let function = spelled(&call.func);
            format!("only its name, it is called with the arguments of this call: write `on_busy = {function}`")
        }
        Expr::MethodCall(call) => method(&call.method),
        Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => method(name),
            syn::Member::Unnamed(_) => WRITE.to_owned(),
        },
        Expr::Closure(_) => {
            "what is done instead is a function of its own, with the same parameters: write `on_busy = try_later` and \
             `fn try_later(..)`"
                .to_owned()
        }
        _ => WRITE.to_owned(),
    }
}

fn method(name: &Ident) -> String {
    format!("a method is named by its path: write `on_busy = Self::{name}`")
}

/// As one would write it.
fn spelled(value: &Expr) -> String {
    value.to_token_stream().to_string().replace(" :: ", "::")
}

impl OnBusy {
    /// Whether the fallback is called as a method: its path begins with `Self`.
    pub(crate) fn is_method(path: &ExprPath) -> bool {
        match &path.qself {
            Some(qself) => matches!(&*qself.ty, syn::Type::Path(ty) if ty.path.is_ident("Self")),
            None => {
                path.path.segments.len() > 1
                    && path.path.segments.first().is_some_and(|first| first.ident == "Self")
            }
        }
    }
}
