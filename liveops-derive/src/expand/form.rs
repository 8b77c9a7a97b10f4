//! `impl OptionalForm` with `FORM` and `VALIDATE`, and `impl HasForm`.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Generics, Ident, WherePredicate, parse_quote, spanned::Spanned};

use crate::{
    attr::RawBound,
    model::{DefaultValue, FormField, Kind, Model},
};

/// Expands the traits of the form, for an operation with these generics.
pub(super) fn implement(model: &Model, generics: &Generics, krate: &TokenStream) -> TokenStream {
    let ident = model.ident();
    let mut generics = generics.clone();
    // Both traits require `LiveOperation`, whose own implementation is checked. With this bound the compiler
    // assumes that the implementation exists, and reports an error once. See `fallback::assumed_bound` for the
    // lifetime.
    generics.make_where_clause().predicates.push(parse_quote! {
        for<'__any> Self: #krate::LiveOperation
    });
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let constant = constant(model, krate);
    let validate = validate(model, krate);
    let has_form = model.form().map(|_| {
        quote! {
            #[automatically_derived]
            impl #impl_generics #krate::form::HasForm for #ident #type_generics #where_clause {}
        }
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::__private::OptionalForm for #ident #type_generics #where_clause {
            #constant
            #validate
        }
        #has_form
    }
}

/// Expands all fields into one constant, because the compiler checks each constant separately.
fn constant(model: &Model, krate: &TokenStream) -> Option<TokenStream> {
    let form = model.form()?;
    let intro = &form.intro;
    let fields = form.fields.iter().map(|field| self::field(field, krate));
    Some(quote! {
        const FORM: ::core::option::Option<&'static #krate::__private::Form> =
            ::core::option::Option::Some(const {
                &#krate::__private::Form { intro: #intro, fields: &[#(#fields),*] }
            });
    })
}

fn validate(model: &Model, krate: &TokenStream) -> Option<TokenStream> {
    let path = model.validate()?;
    let span = located(path);
    let call = quote_spanned!(span=> #path(__operation));
    Some(quote! {
        const VALIDATE: ::core::option::Option<#krate::__private::Validate<Self>> =
            ::core::option::Option::Some(|__operation| #krate::__private::outcome(#call));
    })
}

/// Returns the bounds on the types of the fields of a generic operation.
pub(super) fn bounds(model: &Model, krate: &TokenStream) -> Vec<WherePredicate> {
    let fields = model.form().into_iter().flat_map(|form| &form.fields);
    let fields = fields.filter(|field| !field.is_read_otherwise);
    let bound = |field: &FormField| -> WherePredicate {
        let ty = &field.ty;
        parse_quote! {
            #ty: #krate::form::FormField + #krate::__private::serde::de::DeserializeOwned
        }
    };
    fields.map(bound).collect()
}

fn field(field: &FormField, krate: &TokenStream) -> TokenStream {
    let base = typed(field, krate);
    let (label, help) = (&field.label, &field.help);
    let mut parts = vec![quote!(label: #label)];
    if !help.is_empty() {
        parts.push(quote!(help: #help));
    }
    if !field.aliases.is_empty() {
        let aliases = &field.aliases;
        parts.push(quote!(aliases: &[#(#aliases),*]));
    }
    if let Some(placeholder) = &field.placeholder {
        parts.push(quote!(placeholder: #placeholder));
    }
    if field.is_hidden {
        parts.push(quote!(is_hidden: true));
    }
    parts.extend(field.default.as_ref().and_then(|default| self::default(field, default, krate)));
    parts.extend(field.validate.as_ref().map(|validate| {
        let ty = &field.ty;
        let span = located(validate);
        let call = quote_spanned!(span=> #validate(__value));
        quote!(read: |__value| #krate::__private::read_with(__value, |__value: &#ty| #call))
    }));
    quote!(#krate::__private::Field { #(#parts,)* ..#base })
}

/// Expands the field with the keys that depend on its type. Each key is a call of its own with the span of
/// the key, so that the compiler reports a key that does not fit the type at that key.
fn typed(field: &FormField, krate: &TokenStream) -> TokenStream {
    let (name, ty) = (&field.name, &field.ty);
    let mut typed = if field.is_read_otherwise {
        let kind = field.kind.as_ref().map_or(Kind::Text, |(kind, _)| *kind);
        let field_type = own_type(kind);
        quote!(#krate::__private::Field::like(#name, #krate::form::FieldType::#field_type))
    } else {
        quote!(#krate::__private::Field::of::<#ty>(#name))
    };
    let mut call = |function: &str, location: &dyn ToTokens, argument: TokenStream| {
        typed = called(function, location, &typed, &argument, krate);
    };
    for (function, location, argument) in kind_and_any_path(field, krate) {
        call(function, location, argument);
    }
    for (function, given) in [("min", &field.min), ("max", &field.max)] {
        if let Some(given) = given {
            let bound = bound(given, krate);
            call(function, given, quote!(, #bound));
        }
    }
    if let Some(step) = &field.step {
        let number = step.as_f64();
        call("step", step, quote!(, #number));
    }
    if let Some((max_length, given)) = &field.max_length {
        call("max_length", given, quote!(, #max_length));
    }
    if let Some((rows, given)) = &field.rows {
        call("rows", given, quote!(, #rows));
    }
    if let Some(accept) = &field.accept {
        call("accept", accept, quote!(, #accept));
    }
    if !field.options.is_empty() {
        let options = choices(&field.options, krate);
        call("options", ty, quote!(, &[#(#options),*]));
    }
    if matches!(field.default, Some(DefaultValue::Unknown)) {
        call("optional", ty, TokenStream::new());
    }
    typed
}

/// Returns the calls for `kind` and `any_path` in the order in which they apply: `any_path` is for a path, so
/// it comes before a path becomes a text, and after a text becomes a path.
fn kind_and_any_path<'a>(
    field: &'a FormField,
    krate: &TokenStream,
) -> impl Iterator<Item = (&'static str, &'a dyn ToTokens, TokenStream)> {
    let kind = field.kind.as_ref().map(|(kind, given)| {
        let control = control(*kind);
        ("shown_as", given as &dyn ToTokens, quote!(, #krate::form::Control::#control))
    });
    let any_path = field.any_path.as_ref();
    let any_path = any_path.map(|key| ("any_path", key as &dyn ToTokens, TokenStream::new()));
    let becomes_path = matches!(field.kind, Some((Kind::File, _)));
    let calls = if becomes_path { [kind, any_path] } else { [any_path, kind] };
    calls.into_iter().flatten()
}

/// Returns a span that resolves at the call site of the derive and is shown at `location`.
pub(super) fn located(location: &dyn ToTokens) -> Span {
    Span::call_site().located_at(location.to_token_stream().span())
}

/// Returns the path of liveops, as it is shown at `span`.
pub(super) fn relocated(krate: &TokenStream, span: Span) -> TokenStream {
    let krate = krate.clone().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(span));
        token
    });
    krate.collect()
}

/// Expands a call that the compiler shows at `location`.
fn called(
    function: &str,
    location: &dyn ToTokens,
    field: &TokenStream,
    argument: &TokenStream,
    krate: &TokenStream,
) -> TokenStream {
    let span = located(location);
    let function = Ident::new(function, span);
    let krate = relocated(krate, span);
    quote_spanned!(span=> #krate::__private::Field::#function(#field #argument))
}

pub(super) fn choices<'a>(
    choices: &'a [(String, String)],
    krate: &'a TokenStream,
) -> impl Iterator<Item = TokenStream> + 'a {
    choices
        .iter()
        .map(move |(value, label)| quote!(#krate::form::Choice { value: #value, label: #label }))
}

fn bound(bound: &RawBound, krate: &TokenStream) -> TokenStream {
    match bound {
        RawBound::Number(number) if number.is_whole() => {
            let digits: i128 = number.digits().parse().unwrap_or_default();
            let whole = Literal::i128_suffixed(digits);
            quote!(#krate::form::Bound::Whole(#whole))
        }
        RawBound::Number(number) => {
            let number = number.as_f64();
            quote!(#krate::form::Bound::Decimal(#number))
        }
        RawBound::Text(text) => quote!(#krate::form::Bound::Text(#text)),
    }
}

fn default(field: &FormField, default: &DefaultValue, krate: &TokenStream) -> Option<TokenStream> {
    let value = match default {
        DefaultValue::Unknown => return None,
        DefaultValue::Literal(literal) => quote!(#krate::__private::value(&#literal)),
        DefaultValue::Expression(expression) => {
            let ty = &field.ty;
            quote!({
                let __default: #ty = #expression;
                #krate::__private::value(&__default)
            })
        }
        DefaultValue::Part(whole, ident) => quote!({
            let __default: Self = #whole;
            #krate::__private::value(&__default.#ident)
        }),
    };
    Some(quote!(default: ::core::option::Option::Some(|| #value)))
}

fn control(kind: Kind) -> TokenStream {
    match kind {
        Kind::Text => quote!(Text),
        Kind::Multiline => quote!(Multiline),
        Kind::Email => quote!(Email),
        Kind::Url => quote!(Url),
        Kind::Tel => quote!(Tel),
        Kind::Password => quote!(Password),
        Kind::Number => quote!(Number),
        Kind::Checkbox => quote!(Checkbox),
        Kind::Date => quote!(Date),
        Kind::Time => quote!(Time),
        Kind::DateTime => quote!(DateTime),
        Kind::File => quote!(File),
    }
}

/// Returns the type for a kind, for a field whose type does not provide one.
fn own_type(kind: Kind) -> TokenStream {
    match kind {
        Kind::Text | Kind::Multiline | Kind::Email | Kind::Url | Kind::Tel | Kind::Password => {
            quote!(TEXT)
        }
        Kind::Number => quote!(NUMBER),
        Kind::Checkbox => quote!(CHECKBOX),
        Kind::Date => quote!(DATE),
        Kind::Time => quote!(TIME),
        Kind::DateTime => quote!(DATE_TIME),
        Kind::File => quote!(CONTENT),
    }
}
