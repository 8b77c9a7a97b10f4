//! The rules for the fields of a form.

mod text;

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Field as RawField, Fields, Ident, LitBool, LitStr, Path, Type, ext::IdentExt,
    spanned::Spanned,
};

pub(super) use self::text::line;
use self::text::one_of;
use crate::{
    attr::{
        Decimal, Docs, FieldAttrs, FieldKeys, Keys, RawBound, RawOptions, SerdeAttrs, SerdeDefault,
        Whole,
    },
    errors::Errors,
    naming::{label_of_field, serde_case},
};

/// A form, checked as far as possible without knowing types.
pub(crate) struct Form {
    pub(crate) intro: String,
    pub(crate) fields: Vec<FormField>,
    /// Every typed key of a field, known or unknown, or `None` without `#[field(…)]`.
    pub(crate) typed_keys: Option<Vec<Ident>>,
}

/// One field of a form.
pub(crate) struct FormField {
    pub(crate) ty: Type,
    /// The name that serde reads.
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) label: String,
    pub(crate) help: String,
    pub(crate) placeholder: Option<String>,
    /// The kind of the field, with the literal for the span of an error.
    pub(crate) kind: Option<(Kind, LitStr)>,
    /// serde reads the field in another way than its type.
    pub(crate) is_read_otherwise: bool,
    pub(crate) default: Option<DefaultValue>,
    pub(crate) min: Option<RawBound>,
    pub(crate) max: Option<RawBound>,
    pub(crate) step: Option<Decimal>,
    pub(crate) max_length: Option<(u32, Whole)>,
    pub(crate) options: Vec<(String, String)>,
    pub(crate) accept: Option<LitStr>,
    pub(crate) rows: Option<(u32, Whole)>,
    pub(crate) is_hidden: bool,
    pub(crate) any_path: Option<Ident>,
    pub(crate) validate: Option<Path>,
}

/// The value of a field that is left out.
pub(crate) enum DefaultValue {
    /// The field may be left out, but the derive cannot know its value.
    Unknown,
    /// A value in JSON.
    Literal(TokenStream),
    /// A value of the field's type.
    Expression(TokenStream),
    /// The field of this name in a default operation.
    Part(TokenStream, Ident),
}

/// The kinds of fields, as written in `kind = "…"`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Multiline,
    Email,
    Url,
    Tel,
    Password,
    Number,
    Checkbox,
    Date,
    Time,
    DateTime,
    File,
}

const KINDS: &[(&str, Kind)] = &[
    ("text", Kind::Text),
    ("multiline", Kind::Multiline),
    ("email", Kind::Email),
    ("url", Kind::Url),
    ("tel", Kind::Tel),
    ("password", Kind::Password),
    ("number", Kind::Number),
    ("checkbox", Kind::Checkbox),
    ("date", Kind::Date),
    ("time", Kind::Time),
    ("datetime", Kind::DateTime),
    ("file", Kind::File),
];

impl Form {
    /// Removes the fields from a form with errors.
    pub(super) fn without_fields(self) -> Self {
        Self { fields: Vec::new(), ..self }
    }
}

/// Checks the form, if the operation has one. `fields` and `attrs` are those of the struct.
pub(super) fn check(
    keys: &Keys,
    fields: Option<Fields>,
    attrs: &[Attribute],
    errors: &mut Errors,
) -> Option<Form> {
    if keys.public.is_some() && keys.internal.is_some() {
        errors.at(
            typed_key(keys, "public"),
            "`public` and `internal` exclude each other: only code creates an internal operation\n\
             help: remove `public` or `internal` from `#[liveop(…)]`",
        );
    }
    let fields = fields?;
    let Some(form) = keys.form.as_ref().map(|_| typed_key(keys, "form")) else {
        refuse_without_form(&fields, errors);
        return None;
    };
    if keys.internal.is_some() {
        errors.at(
            form,
            "`form` and `internal` exclude each other: only code creates an internal operation\n\
             help: remove `form` or `internal` from `#[liveop(…)]`",
        );
    }
    let serde = SerdeAttrs::read(attrs);
    if let Some(shape) = &serde.shape
        && shape != "tag"
    {
        errors.at(
            shape,
            format!(
                "`{shape}` changes the JSON of the operation, so its fields cannot make a form\n\
                 help: remove `form` from `#[liveop(…)]`, or `{shape}` from `#[serde(…)]`"
            ),
        );
    }
    let fields = match fields {
        Fields::Named(fields) => fields.named,
        Fields::Unit => Default::default(),
        Fields::Unnamed(_) => {
            errors.at(
                form,
                "`form` needs a struct with named fields\n\
                 help: write a struct with braces: `struct Import { file: PathBuf }`",
            );
            Default::default()
        }
    };
    let mut form = Form {
        intro: Docs::read(attrs).first_paragraph().to_owned(),
        fields: Vec::new(),
        typed_keys: None,
    };
    for raw in fields {
        let attrs = FieldAttrs::read(&raw.attrs, errors);
        if let Some(typed) = &attrs.keys.typed {
            form.typed_keys.get_or_insert_default().extend_from_slice(typed);
        }
        form.fields.extend(field(raw, attrs, &serde, errors));
    }
    Some(form)
}

/// Returns the key `form` as typed.
fn typed_key<'a>(keys: &'a Keys, name: &str) -> Option<&'a Ident> {
    keys.typed.iter().flatten().find(|key| *key == name)
}

fn refuse_without_form(fields: &Fields, errors: &mut Errors) {
    let attrs = fields.iter().flat_map(|field| &field.attrs);
    for attr in attrs.filter(|attr| attr.path().is_ident("field")) {
        errors.at(
            attr,
            "`#[field(…)]` needs a form, and the operation has none\n\
             help: add `form` to `#[liveop(…)]`",
        );
    }
}

fn field(
    raw: RawField,
    FieldAttrs { keys, serde, docs }: FieldAttrs,
    container: &SerdeAttrs,
    errors: &mut Errors,
) -> Option<FormField> {
    let ident = raw.ident.as_ref()?;
    let default = default(&keys, &serde, container, ident);
    if keys.skip.is_some() {
        check_skipped(&raw, &keys, default.is_some() || serde.is_skipped, errors);
        return None;
    }
    if serde.is_skipped {
        return None;
    }
    check_readable(&keys, &serde, errors);
    check_together(&keys, errors);
    let name = ident.unraw().to_string();
    let (label, help) = docs.label_and_help();
    let label = if label.is_empty() { label_of_field(&name) } else { label };
    let renamed = container.rename_all.as_deref().map(|rule| serde_case::field(&name, rule));
    Some(FormField {
        label: line("label", keys.label.as_ref(), errors).unwrap_or(label),
        help: line("help", keys.help.as_ref(), errors).unwrap_or(help),
        placeholder: line("placeholder", keys.placeholder.as_ref(), errors),
        kind: keys.kind.and_then(|kind| Some((one_of("kind", &kind, KINDS, errors)?, kind))),
        is_read_otherwise: serde.read_otherwise.is_some(),
        name: serde.rename.or(renamed).unwrap_or(name),
        aliases: serde.aliases,
        default,
        step: keys.step.filter(|step| check_step(step, errors)),
        max_length: keys.max_length.and_then(|max| count("max_length", max, errors)),
        rows: keys.rows.and_then(|rows| count("rows", rows, errors)),
        options: options(keys.options.as_ref(), errors),
        accept: keys.accept.filter(|accept| line("accept", Some(accept), errors).is_some()),
        is_hidden: keys.hidden.is_some(),
        any_path: typed(keys.typed.as_deref(), "any_path"),
        validate: keys.validate.map(|function| function.0),
        min: keys.min,
        max: keys.max,
        ty: raw.ty,
    })
}

/// Returns a key as typed.
fn typed(keys: Option<&[Ident]>, name: &str) -> Option<Ident> {
    keys.into_iter().flatten().find(|key| *key == name).cloned()
}

fn check_skipped(raw: &RawField, keys: &FieldKeys, has_default: bool, errors: &mut Errors) {
    let typed = keys.typed.iter().flatten();
    for key in typed.filter(|key| *key != "skip") {
        errors.at(
            key,
            format!(
                "`{key}` has no effect together with `skip`\n\
                 help: remove `{key}` or `skip`"
            ),
        );
    }
    if !has_default && !is_option(&raw.ty) {
        errors.at(
            &raw.ty,
            "`#[field(skip)]` needs a default value\n\
             help: add `#[serde(default)]`, or remove `skip`",
        );
    }
}

fn is_option(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == "Option")
}

/// Refuses fields that only serde can read.
fn check_readable(keys: &FieldKeys, serde: &SerdeAttrs, errors: &mut Errors) {
    if let Some(flatten) = &serde.flatten {
        errors.at(
            flatten,
            "`flatten` hides the names of the fields, so they cannot be part of a form\n\
             help: add `#[field(skip)]`, or declare the fields in this struct",
        );
    }
    let Some(with) = &serde.read_otherwise else { return };
    if keys.kind.is_none() {
        errors.at(
            with,
            format!(
                "`{with}` changes the JSON of the field, so the field needs a `kind`\n\
                 help: add `#[field(kind = \"…\")]`, or `#[field(skip)]`"
            ),
        );
    }
    if let Some(validate) = &keys.validate {
        errors.at(
            &validate.0,
            format!(
                "`validate` cannot be combined with `{with}`: the value is not read by its type\n\
                 help: validate the whole operation with `#[liveop(validate = …)]`"
            ),
        );
    }
}

/// Refuses keys that contradict each other.
fn check_together(keys: &FieldKeys, errors: &mut Errors) {
    if let (Some(RawBound::Number(min)), Some(RawBound::Number(max))) = (&keys.min, &keys.max)
        && min.as_f64() > max.as_f64()
    {
        errors.at(
            max,
            format!("`max` must not be less than `min` ({})\nhelp: swap the values", min.digits()),
        );
    }
    let Some(hidden) = typed(keys.typed.as_deref(), "hidden") else { return };
    let seen = ["kind", "placeholder", "help", "rows", "accept"];
    for key in keys.typed.iter().flatten().filter(|key| seen.iter().any(|seen| *key == seen)) {
        errors.at(
            key,
            format!(
                "`{key}` has no effect on a `{hidden}` field\nhelp: remove `{key}` or `{hidden}`"
            ),
        );
    }
}

fn check_step(step: &Decimal, errors: &mut Errors) -> bool {
    let is_step = step.as_f64() > 0.0;
    if !is_step {
        errors.at(
            step,
            format!(
                "`step` must be greater than 0, found `{}`\nhelp: write `step = 0.5`",
                step.digits()
            ),
        );
    }
    is_step
}

fn count(key: &str, given: Whole, errors: &mut Errors) -> Option<(u32, Whole)> {
    let count = given.parse().filter(|count| *count >= 1);
    if count.is_none() {
        errors.at(
            &given,
            format!(
                "`{key}` must be a whole number from 1 to {}, found `{given}`\nhelp: write `{key} = 10`",
                u32::MAX
            ),
        );
    }
    Some((count?, given))
}

/// Returns each value as text, with its label.
fn options(given: Option<&RawOptions>, errors: &mut Errors) -> Vec<(String, String)> {
    let mut options: Vec<(String, String)> = Vec::new();
    for option in given.into_iter().flat_map(|given| &given.0) {
        let value = match &option.value {
            RawBound::Number(number) => number.digits(),
            RawBound::Text(text) => text.value(),
        };
        if value.trim().is_empty() {
            errors.at(
                &option.value,
                "an option cannot be empty: an empty text means that the field is left out\n\
                 help: use a field of type `Option`",
            );
        } else if options.iter().any(|(known, _)| *known == value) {
            errors.at(&option.value, "the same option is given twice\nhelp: remove one of the two");
        }
        let label = line("label", option.label.as_ref(), errors);
        options.push((value.clone(), label.unwrap_or(value)));
    }
    options
}

fn default(
    keys: &FieldKeys,
    serde: &SerdeAttrs,
    container: &SerdeAttrs,
    ident: &Ident,
) -> Option<DefaultValue> {
    if let Some(given) = &keys.default {
        return Some(
            literal(&given.0).unwrap_or_else(|| DefaultValue::Expression(given.0.clone())),
        );
    }
    let default = serde.default.as_ref().or(container.default.as_ref())?;
    if serde.is_written_otherwise || serde.read_otherwise.is_some() {
        return Some(DefaultValue::Unknown);
    }
    let value = |whole: bool| match default {
        SerdeDefault::Function(path) => quote!(#path()),
        SerdeDefault::Trait if whole => quote!(<Self as ::core::default::Default>::default()),
        SerdeDefault::Trait => quote!(::core::default::Default::default()),
    };
    Some(match serde.default {
        Some(_) => DefaultValue::Expression(value(false)),
        None => DefaultValue::Part(value(true), ident.clone()),
    })
}

/// Returns a number, a text or a boolean as JSON, regardless of the type of the field.
fn literal(tokens: &TokenStream) -> Option<DefaultValue> {
    if let Ok(number) = syn::parse2::<Decimal>(tokens.clone()) {
        let span = tokens.span();
        let number: TokenStream = if number.is_whole() {
            let mut whole =
                Literal::i128_suffixed(number.digits().trim_start_matches('-').parse().ok()?);
            whole.set_span(span);
            if number.digits().starts_with('-') { quote!(-#whole) } else { quote!(#whole) }
        } else {
            tokens.clone()
        };
        return Some(DefaultValue::Literal(number));
    }
    let text = syn::parse2::<LitStr>(tokens.clone()).map(ToTokens::into_token_stream);
    let word = || syn::parse2::<LitBool>(tokens.clone()).map(ToTokens::into_token_stream);
    text.or_else(|_| word()).ok().map(DefaultValue::Literal)
}
