//! What `lock_core::inventory()` is told of the function.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Ident;

use super::code::code;
use crate::args::{Arguments, Given, Kind, Length, Text};
use crate::key::{Keys, Segment, Several};

/// An item that works in the body of any function, generic or not: all of it is constant.
pub(super) fn inventory(
    private: &TokenStream,
    arguments: &Arguments,
    keys: &Keys,
    delimiter: &str,
    function: &Ident,
) -> TokenStream {
    let function = function.to_string();
    let Names { template, shapes } = Names::of(arguments, keys, delimiter);
    let kind = match (arguments.kind.as_ref().map(|given| given.value.0).unwrap_or_default(), keys) {
        (Kind::Reentrant, Keys::Several(_)) => quote!(Multi),
        (Kind::Reentrant, Keys::One(_)) => quote!(Reentrant),
        (Kind::Fair, _) => quote!(Fair),
        (Kind::Red, _) => quote!(Red),
        (Kind::Read, _) => quote!(Read),
        (Kind::Write, _) => quote!(Write),
    };
    let wait = length(arguments.wait.as_ref());
    let expire = length(arguments.expire.as_ref());
    // Short: without the feature nothing becomes of it.
    quote_spanned!(Span::mixed_site()=> #private::annotated! { #function #template [#(#shapes)*] #kind #wait #expire })
}

struct Names {
    /// As written, for people.
    template: String,
    /// With nothing in the placeholders of the key, to be compared.
    shapes: Vec<String>,
}

impl Names {
    fn of(arguments: &Arguments, keys: &Keys, delimiter: &str) -> Self {
        let join = |key: Vec<String>| {
            let mut all = Vec::new();
            all.extend(arguments.prefix.as_ref().map(|prefix| text(&prefix.value)));
            all.extend(arguments.name.as_ref().map(|name| text(&name.value)));
            all.extend(key);
            all.join(delimiter)
        };
        let one = |segments: &[Segment]| {
            let written = segments.iter().map(|segment| shown(segment, true)).collect();
            let shape = segments.iter().map(|segment| shown(segment, false)).collect();
            (join(written), join(shape))
        };
        // What a generator makes is known only when it has run, even if it is given a key.
        if let Some(generator) = &arguments.key_generator {
            let name = join(vec![format!("{{{}}}", code(generator.value.to_token_stream()))]);
            return Self { template: name.clone(), shapes: vec![name] };
        }
        match keys {
            Keys::One(segments) => {
                let (template, shape) = one(segments);
                Self { template, shapes: vec![shape] }
            }
            Keys::Several(Several::List(all)) => {
                let (mut written, mut shapes) = (Vec::new(), Vec::new());
                for segments in all {
                    let (template, shape) = one(segments);
                    written.push(template);
                    if let Err(place) = shapes.binary_search(&shape) {
                        shapes.insert(place, shape);
                    }
                }
                Self { template: written.join(" + "), shapes }
            }
            // Of what the expression gives, only that each item is one key is known.
            Keys::Several(Several::Place(each) | Several::Value(each)) => Self {
                template: join(vec![format!("{{{}..}}", code(each.to_token_stream()))]),
                shapes: vec![join(vec!["{}".to_owned()])],
            },
        }
    }
}

fn text(text: &Text) -> String {
    match text {
        Text::Literal(text) => text.value(),
        Text::Expression(value) => format!("{{{}}}", code(value.to_token_stream())),
    }
}

fn shown(segment: &Segment, with_code: bool) -> String {
    match segment {
        Segment::Text(text) => text.clone(),
        Segment::Value { before, value, after } => {
            let inside = if with_code { code(value.to_token_stream()) } else { String::new() };
            format!("{before}{{{inside}}}{after}")
        }
    }
}

fn length(given: Option<&Given<Length>>) -> TokenStream {
    match given.map(|given| &given.value) {
        None => quote!(by_manager()),
        Some(Length::Literal(length)) => {
            let (seconds, nanos) = (length.as_secs(), length.subsec_nanos());
            quote!(literal(#seconds, #nanos))
        }
        Some(Length::Expression(value)) => {
            let code = code(value.to_token_stream());
            quote!(expression(#code))
        }
    }
}
