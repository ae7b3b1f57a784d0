//! The call that makes the request: settings and key.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Expr, Ident};

use super::span::{borrowed, enclosed, first, last, located_at};
use super::{Locked, arguments};
use crate::args::{Arguments, Given, Kind, Length, OnLost, Text};
use crate::function::Parameters;
use crate::key::{Keys, Segment, Several};

/// `prepare(manager, settings, key, arguments)`, or of several keys, or of what a generator made; with `when` only if that is
/// true.
pub(super) fn prepare(
    private: &TokenStream,
    locked: &Locked<'_>,
    function: &Ident,
    parameters: &Parameters,
) -> TokenStream {
    let prepared = unconditional(private, locked, function, parameters);
    let Some(when) = &locked.when else { return prepared };
    quote_spanned! {Span::mixed_site()=>
        let __lock_when: #private::bool = #when;
        if __lock_when { #private::Some({ #prepared }) } else { #private::None }
    }
}

fn unconditional(
    private: &TokenStream,
    locked: &Locked<'_>,
    function: &Ident,
    parameters: &Parameters,
) -> TokenStream {
    let manager = match &locked.arguments.locks {
        Some(given) => {
            let locks = borrowed(&given.value);
            {
                let span = Span::mixed_site().located_at(first(&given.value));
                let located = located_at(private, span);
                quote_spanned!(span=> #located::Some(#located::AsManager::to_manager(#locks)))
            }
        }
        None => quote_spanned!(Span::mixed_site()=> #private::current()),
    };
    let settings = settings(private, locked.arguments, function);
    let generator = locked.arguments.key_generator.as_ref().map(|given| &given.value);
    let (made, prepare) = match (&locked.keys, generator) {
        (Keys::One(segments), None) => (key(private, segments), quote!(prepare)),
        (Keys::One(segments), Some(_)) => (key(private, segments), quote!(prepare_generated)),
        (Keys::Several(keys), _) => (several(private, keys), quote!(prepare_all)),
    };
    let arguments = arguments::arguments(private, parameters);
    let generate = generator.map(|generator| generate(private, generator));
    quote_spanned! {Span::mixed_site()=>
        #settings
        let __lock_manager = #manager;
        let __lock_key = #made;
        #arguments
        #generate
        #private::#prepare(__lock_manager, __lock_settings, __lock_key, __lock_arguments)
    }
}

/// The generator is called as a method, which takes a value, a reference, an `Arc<dyn ..>` and a function alike, and is there for
/// everything, so that the compiler says of a wrong value that it is no generator. A closure goes through a function that says
/// what it is, so that its parameter needs no type.
fn generate(private: &TokenStream, generator: &Expr) -> TokenStream {
    let span = Span::mixed_site().located_at(first(generator));
    let value = enclosed(generator);
    let located = located_at(private, span);
    let generator = match generator {
        Expr::Closure(_) => quote_spanned!(span=> #located::generator #value),
        _ => value.into_token_stream(),
    };
    let keys = quote_spanned!(span=> (&&&&#located::Generator(&#generator)).__lock_keys(__lock_call));
    quote_spanned! {Span::mixed_site()=>
        #[allow(unused_imports)]
        use #private::{IsGenerator as _, NoGenerator as _, PointsToGenerator as _, PointsTwiceToGenerator as _};
        let __lock_key = #private::generate(&__lock_settings, __lock_key, __lock_arguments, |__lock_call| #keys);
    }
}

/// The values are borrowed by a `match`, as in `format_args!`, and written in its arm: what an expression makes on its way lives as
/// long, and what moves an argument is said of the expression.
fn key(private: &TokenStream, segments: &[Segment]) -> TokenStream {
    let (mut values, mut bindings) = (Vec::new(), Vec::new());
    let mut writes = TokenStream::new();
    for segment in segments {
        let (before, value, after) = match segment {
            Segment::Text(text) => {
                writes.extend(quote_spanned!(Span::mixed_site()=> #private::text(#text, __lock_out)?;));
                continue;
            }
            Segment::Value { before, value, after } => (before, value, after),
        };
        let variable = format_ident!("__lock_part_{}", values.len(), span = Span::mixed_site());
        values.push(borrowed(value));
        let write = write(private, value, &variable);
        bindings.push(variable);
        writes.extend(if before.is_empty() && after.is_empty() {
            quote_spanned!(Span::mixed_site()=> #write?;)
        } else {
            quote_spanned! {Span::mixed_site()=>
                #private::affixed(#before, #after, __lock_out, |__lock_out| #write)?;
            }
        });
    }
    quote_spanned! {Span::mixed_site()=>
        match (#(#values,)*) {
            (#(#bindings,)*) => #private::key(|__lock_out| { #writes #private::Ok(()) }),
        }
    }
}

/// `write_part(&*variable, out)`, so spanned that the compiler underlines the whole of `value`: it blames what is behind the `&`,
/// which begins with the star.
fn write(private: &TokenStream, value: &Expr, variable: &Ident) -> TokenStream {
    let (start, end) = (first(value), last(value));
    let (start, end) = (Span::mixed_site().located_at(start), Span::mixed_site().located_at(end));
    let mut variable = variable.clone();
    variable.set_span(end);
    let located = located_at(private, start);
    quote_spanned!(start=> #located::LockKeyPart::write_part(&*#variable, __lock_out))
}

fn several(private: &TokenStream, keys: &Several) -> TokenStream {
    match keys {
        Several::List(keys) => {
            let keys = keys.iter().map(|segments| key(private, segments));
            quote_spanned!(Span::mixed_site()=> #private::listed_keys([#(#keys),*]))
        }
        // What can't be gone through, and whose elements are no key parts, is said of the expression by the traits themselves.
        Several::Place(place) => {
            let span = Span::mixed_site().located_at(first(place));
            let (located, elements) = (located_at(private, span), borrowed(place));
            let element = Ident::new("__lock_element", Span::mixed_site());
            let write = write(private, place, &element);
            quote_spanned! {span=>
                #located::key_of_each(
                    #located::KeyCollection::__lock_elements(#elements),
                    |#element, __lock_out| #write,
                )
            }
        }
        Several::Value(value) => {
            let span = Span::mixed_site().located_at(first(value));
            let (located, value) = (located_at(private, span), enclosed(value));
            quote_spanned!(span=> #located::KeyIterator::__lock_keys(#value))
        }
    }
}

fn settings(private: &TokenStream, arguments: &Arguments, function: &Ident) -> TokenStream {
    let function = function.to_string();
    let prefix = text(private, "__lock_prefix", arguments.prefix.as_ref());
    let name = text(private, "__lock_name", arguments.name.as_ref());
    let wait = length(private, "__lock_wait", arguments.wait.as_ref());
    let expire = length(private, "__lock_expire", arguments.expire.as_ref());
    let max_hold = length(private, "__lock_max_hold", arguments.max_hold.as_ref());
    let hold_at_least = length(private, "__lock_hold_at_least", arguments.hold_at_least.as_ref());
    let delimiter = match arguments.delimiter.as_ref().map(|given| &given.value) {
        Some(delimiter) => quote!(#private::Some(#delimiter)),
        None => quote!(#private::None),
    };
    let renew = arguments.renew.as_ref().is_none_or(|given| given.value);
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
        #max_hold
        #hold_at_least
        let __lock_settings = #private::Settings {
            site: &#private::Site { module_path: #private::module_path!(), function: #function },
            prefix: __lock_prefix,
            name: __lock_name,
            delimiter: #delimiter,
            kind: #kind,
            wait: __lock_wait,
            expire: __lock_expire,
            renew: #renew,
            max_hold: __lock_max_hold,
            hold_at_least: __lock_hold_at_least,
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
