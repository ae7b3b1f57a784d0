//! The call that makes the request: settings and key.

use std::time::Duration;

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, Ident};

use crate::args::{Arguments, Length, OnLost, Text};
use crate::key::Segment;

/// `prepare(manager, settings, key)`.
pub(super) fn prepare(
    private: &TokenStream,
    arguments: &Arguments,
    segments: &[Segment],
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
    let parts = segments.iter().map(|segment| part(private, segment));
    quote_spanned!(Span::mixed_site()=> #private::prepare(#manager, #settings, #private::key(&[#(#parts),*])))
}

fn settings(private: &TokenStream, arguments: &Arguments, function: &Ident) -> TokenStream {
    let function = function.to_string();
    let text = |text: Option<&Text>| match text {
        Some(Text::Literal(text)) => quote!(#private::Some(#text)),
        Some(Text::Expression(value)) => quote!(#private::Some(#value)),
        None => quote!(#private::None),
    };
    let length = |length: Option<&Length>| match length {
        Some(Length::Literal(length)) => {
            let length = duration(private, *length);
            quote!(#private::Some(#length))
        }
        Some(Length::Expression(value)) => quote!(#private::Some(#value)),
        None => quote!(#private::None),
    };
    let prefix = text(arguments.prefix.as_ref().map(|given| &given.value));
    let name = text(arguments.name.as_ref().map(|given| &given.value));
    let wait = length(arguments.wait.as_ref().map(|given| &given.value));
    let expire = length(arguments.expire.as_ref().map(|given| &given.value));
    let delimiter = match &arguments.delimiter {
        Some(given) => {
            let delimiter = &given.value;
            quote!(#private::Some(#delimiter))
        }
        None => quote!(#private::None),
    };
    let renew = arguments.renew.as_ref().is_none_or(|given| given.value.value);
    let on_lost = match arguments
        .on_lost
        .as_ref()
        .map(|given| given.value)
        .unwrap_or_default()
    {
        OnLost::Cancel => quote!(#private::OnLost::Cancel),
        OnLost::Finish => quote!(#private::OnLost::Finish),
    };
    quote_spanned! {Span::mixed_site()=>
        #private::Settings {
            site: &#private::Site { module_path: #private::module_path!(), function: #function },
            prefix: #prefix,
            name: #name,
            delimiter: #delimiter,
            wait: #wait,
            expire: #expire,
            renew: #renew,
            on_lost: #on_lost,
        }
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
    let end = Span::mixed_site().located_at(last(value));
    let mut inner = Group::new(proc_macro2::Delimiter::Parenthesis, value.to_token_stream());
    inner.set_span(end);
    let inner = TokenTree::Group(inner);
    quote_spanned!(start=> &#inner)
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
