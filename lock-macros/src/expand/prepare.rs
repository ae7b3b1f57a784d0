//! The call that makes the request: settings and key.

use std::time::Duration;

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Ident};

use crate::args::{Arguments, Given, Kind, Length, OnLost, Text};
use crate::key::{Keys, Segment, Several};

/// `prepare(manager, settings, key)`, or `prepare_all(manager, settings, keys)`.
pub(super) fn prepare(
    private: &TokenStream,
    arguments: &Arguments,
    keys: &Keys,
    function: &Ident,
) -> TokenStream {
    let manager = match &arguments.locks {
        Some(given) => {
            let locks = borrowed(&given.value);
            quote_spanned!(Span::mixed_site()=> #private::manager(#locks))
        }
        None => quote_spanned!(Span::mixed_site()=> #private::current()),
    };
    let settings = settings(private, arguments, function);
    match keys {
        Keys::One(segments) => {
            let key = key(private, segments);
            quote_spanned! {Span::mixed_site()=>
                #settings
                #private::prepare(#manager, __lock_settings, #key)
            }
        }
        Keys::Several(keys) => {
            let keys = several(private, keys);
            quote_spanned! {Span::mixed_site()=>
                #settings
                #private::prepare_all(#manager, __lock_settings, #keys)
            }
        }
    }
}

fn key(private: &TokenStream, segments: &[Segment]) -> TokenStream {
    let parts = segments.iter().map(|segment| part(private, segment));
    quote_spanned!(Span::mixed_site()=> #private::key(&[#(#parts),*]))
}

fn several(private: &TokenStream, keys: &Several) -> TokenStream {
    match keys {
        Several::List(keys) => {
            let keys = keys.iter().map(|segments| key(private, segments));
            quote_spanned!(Span::mixed_site()=> #private::listed_keys([#(#keys),*]))
        }
        Several::Place(place) => {
            let span = Span::mixed_site().located_at(first(place));
            let place = borrowed(place);
            quote_spanned!(span=> #private::borrowed_keys(#place))
        }
        Several::Value(value) => {
            let span = Span::mixed_site().located_at(first(value));
            let value = enclosed(value);
            quote_spanned!(span=> #private::iterated_keys(#value))
        }
    }
}

fn settings(private: &TokenStream, arguments: &Arguments, function: &Ident) -> TokenStream {
    let function = function.to_string();
    let prefix = text(private, "__lock_prefix", arguments.prefix.as_ref());
    let name = text(private, "__lock_name", arguments.name.as_ref());
    let wait = length(private, "__lock_wait", arguments.wait.as_ref());
    let expire = length(private, "__lock_expire", arguments.expire.as_ref());
    let delimiter = match arguments.delimiter.as_ref().map(|given| &given.value) {
        Some(delimiter) => quote!(#private::Some(#delimiter)),
        None => quote!(#private::None),
    };
    let renew = arguments.renew.as_ref().is_none_or(|given| given.value.value);
    let kind = match arguments.kind.as_ref().map(|given| given.value.0).unwrap_or_default() {
        Kind::Reentrant => quote!(#private::LockKind::Reentrant),
        Kind::Fair => quote!(#private::LockKind::Fair),
        Kind::Red => quote!(#private::LockKind::Red),
        Kind::Read => quote!(#private::LockKind::Read),
        Kind::Write => quote!(#private::LockKind::Write),
    };
    let on_lost = match arguments.on_lost.as_ref().map(|given| given.value).unwrap_or_default() {
        OnLost::Cancel => quote!(#private::OnLost::Cancel),
        OnLost::Finish => quote!(#private::OnLost::Finish),
    };
    quote_spanned! {Span::mixed_site()=>
        #prefix
        #name
        #wait
        #expire
        let __lock_settings = #private::Settings {
            site: &#private::Site { module_path: #private::module_path!(), function: #function },
            prefix: __lock_prefix,
            name: __lock_name,
            delimiter: #delimiter,
            kind: #kind,
            wait: __lock_wait,
            expire: __lock_expire,
            renew: #renew,
            on_lost: #on_lost,
        };
    }
}

fn text(private: &TokenStream, variable: &str, given: Option<&Given<Text>>) -> TokenStream {
    let value = given.map(|given| match &given.value {
        Text::Literal(text) => text.to_token_stream(),
        Text::Expression(value) => value.to_token_stream(),
    });
    setting(private, variable, &quote!(&#private::str), value)
}

fn length(private: &TokenStream, variable: &str, given: Option<&Given<Length>>) -> TokenStream {
    let value = given.map(|given| match &given.value {
        Length::Literal(length) => duration(private, *length),
        Length::Expression(value) => value.to_token_stream(),
    });
    setting(private, variable, &quote!(#private::Duration), value)
}

/// A value has a `let` of its own, with its type: a wrong one is said of the value, in few words.
fn setting(
    private: &TokenStream,
    variable: &str,
    ty: &TokenStream,
    value: Option<TokenStream>,
) -> TokenStream {
    let variable = Ident::new(variable, Span::mixed_site());
    match value {
        Some(value) => quote_spanned! {Span::mixed_site()=>
            let #variable: #ty = #value;
            let #variable = #private::Some(#variable);
        },
        None => quote_spanned!(Span::mixed_site()=> let #variable = #private::None;),
    }
}

fn duration(private: &TokenStream, length: Duration) -> TokenStream {
    let (seconds, nanos) = (length.as_secs(), length.subsec_nanos());
    quote!(#private::Duration::new(#seconds, #nanos))
}

fn part(private: &TokenStream, segment: &Segment) -> TokenStream {
    match segment {
        Segment::Text(text) => quote_spanned!(Span::mixed_site()=> #private::part(&#text)),
        Segment::Value { before, value, after } => {
            let span = Span::mixed_site().located_at(first(value));
            let value = borrowed(value);
            let part = quote_spanned!(span=> #private::part(&#value));
            if before.is_empty() && after.is_empty() {
                return part;
            }
            quote_spanned!(span=> &#private::Glued { before: #before, part: #part, after: #after })
        }
    }
}

/// `&(value)`, so spanned that the compiler underlines the whole of `value`, its first token to its last, without the
/// invisible tokens around it.
fn borrowed(value: &Expr) -> TokenStream {
    let start = Span::mixed_site().located_at(first(value));
    let inner = enclosed(value);
    quote_spanned!(start=> &#inner)
}

fn enclosed(value: &Expr) -> TokenTree {
    let mut inner = Group::new(proc_macro2::Delimiter::Parenthesis, value.to_token_stream());
    inner.set_span(Span::mixed_site().located_at(last(value)));
    TokenTree::Group(inner)
}

fn first(value: &Expr) -> Span {
    let token = value.to_token_stream().into_iter().next();
    token.map_or_else(Span::call_site, |token| match token {
        TokenTree::Group(group) => group.span_open(),
        other => other.span(),
    })
}

fn last(value: &Expr) -> Span {
    let token = value.to_token_stream().into_iter().last();
    token.map_or_else(Span::call_site, |token| match token {
        TokenTree::Group(group) => group.span_close(),
        other => other.span(),
    })
}
