//! From a checked type to the implementation.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{DeriveInput, Field, Ident, Index, Type};

use super::attributes::Attributes;
use super::bounds::bounds;
use super::shape::{Shape, Variant, is_phantom};

/// The implementation: one call for each field, in the order of their declaration.
pub(super) fn expand(attributes: &Attributes, input: &DeriveInput, shape: &Shape<'_>) -> TokenStream {
    let private = private(attributes);
    let name = &input.ident;
    let arms: Vec<_> = match shape {
        Shape::Struct(fields) => vec![arm(&private, &name.to_token_stream(), None, fields)],
        Shape::Enum(variants) => variants
            .iter()
            .map(|Variant { name: variant, text, fields }| {
                arm(&private, &quote!(#name::#variant), Some(text), fields)
            })
            .collect(),
    };
    let bounds = bounds(&private, input, shape);
    // Output:
    //
    //     match self {
    //         Slot::Shelf { row: __lock_0 } => {
    //             text("Shelf", out)?;
    //             <u32 as LockKeyPart>::write_part(__lock_0, out)?;
    //             Ok(())
    //         }
    //     }
    implementation(&private, input, &bounds, &quote_spanned!(Span::mixed_site()=> match self { #(#arms)* }))
}

/// The trait without a meaning, beside the errors, so that the places that use the type do not fail too.
pub(super) fn rejected(attributes: &Attributes, input: &DeriveInput) -> TokenStream {
    implementation(
        &private(attributes),
        input,
        &[],
        &quote_spanned! {Span::mixed_site()=>
            let _ = __lock_out;
            loop {}
        },
    )
}

fn implementation(
    private: &TokenStream,
    input: &DeriveInput,
    bounds: &[TokenStream],
    body: &TokenStream,
) -> TokenStream {
    let name = &input.ident;
    let (implementing, of, clause) = input.generics.split_for_impl();
    let given = clause.into_iter().flat_map(|clause| &clause.predicates);
    // Nobody whose type is no key part is helped by the name of another that is. Of a generic one the compiler says which
    // parameter is none.
    let is_generic = input.generics.type_params().next().is_some();
    let unlisted = (!is_generic).then(|| quote!(#[diagnostic::do_not_recommend]));
    quote_spanned! {Span::mixed_site()=>
        #unlisted
        #[automatically_derived]
        #[allow(deprecated)]
        impl #implementing #private::LockKeyPart for #name #of
        where
            #(#given,)*
            #(#bounds,)*
        {
            fn write_part(
                &self,
                __lock_out: &mut #private::KeyWriter<'_>,
            ) -> #private::Result<(), #private::KeyError> {
                #body
            }
        }
    }
}

fn arm(private: &TokenStream, place: &TokenStream, text: Option<&String>, fields: &[&Field]) -> TokenStream {
    let fields: Vec<_> = fields
        .iter()
        .enumerate()
        .filter(|(_, field)| !is_phantom(&field.ty))
        .map(|(index, field)| {
            let member = match &field.ident {
                Some(name) => name.to_token_stream(),
                None => Index::from(index).into_token_stream(),
            };
            (member, format_ident!("__lock_{index}", span = Span::mixed_site()), &field.ty)
        })
        .collect();
    let bindings =
        fields.iter().map(|(member, bound, _)| quote_spanned!(Span::mixed_site()=> #member: #bound,));
    let text = text.map(|text| quote_spanned!(Span::mixed_site()=> #private::text(#text, __lock_out)?;));
    let writes = fields.iter().map(|(_, bound, ty)| write(private, bound, ty));
    quote_spanned! {Span::mixed_site()=>
        #place { #(#bindings)* .. } => {
            #text
            #(#writes)*
            #private::Ok(())
        }
    }
}

/// Names the field's type, so that the compiler underlines it if it is no key part.
fn write(private: &TokenStream, bound: &Ident, ty: &Type) -> TokenStream {
    let first = ty.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span());
    let span = Span::mixed_site().located_at(first);
    quote_spanned!(span=> <#ty as #private::LockKeyPart>::write_part(#bound, __lock_out)?;)
}

fn private(attributes: &Attributes) -> TokenStream {
    match &attributes.krate {
        Some(path) => quote!(#path::__private),
        None => quote_spanned!(Span::mixed_site()=> ::lock_core::__private),
    }
}
