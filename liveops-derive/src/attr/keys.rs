//! The keys of `#[liveop(…)]`, and the parser of the keys of any attribute.

use proc_macro2::TokenStream;
use syn::{Ident, LitStr, MetaList, Path, Token, Type, ext::IdentExt, parse::ParseStream};

use super::{
    list::{read_each, take_item},
    value::{Duration, Flag, Function, RawDescribe, RawUnique, Value, Whole},
};
use crate::{
    errors::Errors,
    suggest::{listed, similar},
};

/// Declares the keys of an attribute. A new key is one line here and one rule in the model. The keys of
/// `#[liveop(…)]` are documented for users in `liveops/src/operation/keys.rs`.
macro_rules! keys {
    (
        $(#[$struct_doc:meta])*
        $keys:ident of $attribute:literal, listed in $list:ident:
        $($(#[$doc:meta])* $key:literal => $field:ident: $value:ty,)*
    ) => {
        $(#[$struct_doc])*
        #[derive(Default)]
        pub(crate) struct $keys {
            /// Every typed key, known or unknown, or `None` without the attribute.
            pub(crate) typed: Option<Vec<syn::Ident>>,
            $($(#[$doc])* pub(crate) $field: Option<$value>,)*
        }

        pub(crate) const $list: &[&str] = &[$($key),*];

        impl $crate::attr::keys::ReadKeys for $keys {
            const ATTRIBUTE: &'static str = $attribute;
            const KNOWN: &'static [&'static str] = $list;

            fn typed(&mut self) -> &mut Vec<syn::Ident> {
                self.typed.get_or_insert_default()
            }

            fn read_one(
                &mut self,
                key: &syn::Ident,
                input: syn::parse::ParseStream<'_>,
            ) -> syn::Result<()> {
                match syn::ext::IdentExt::unraw(key).to_string().as_str() {
                    $($key => $crate::attr::keys::read_value(&mut self.$field, key, input),)*
                    _ => Err($crate::attr::keys::unknown::<Self>(key)),
                }
            }
        }
    };
}
pub(super) use keys;

keys! {
    /// The values of the given keys.
    Keys of "liveop", listed in KEYS:
    /// The first half of the op type.
    "app" => app: LitStr,
    /// The second half of the op type.
    "name" => name: LitStr,
    /// The name that users see.
    "title" => title: LitStr,
    /// The line that tells an operation from others.
    "describe" => describe: RawDescribe,
    /// The template of the page.
    "host_template" => host_template: LitStr,
    /// The template of the result.
    "result_template" => result_template: LitStr,
    /// The template of the result as plain text.
    "result_text_template" => result_text_template: LitStr,
    /// The name of the queue.
    "queue" => queue: LitStr,
    /// The priority.
    "priority" => priority: Whole,
    /// The maximum number of attempts.
    "max_attempts" => max_attempts: Whole,
    /// The wait before another attempt.
    "backoff" => backoff: Duration,
    /// The maximum duration of one attempt.
    "timeout" => timeout: Duration,
    /// The rule for duplicates.
    "unique" => unique: RawUnique,
    /// The way to cancel a run.
    "cancel" => cancel: LitStr,
    /// The consequence of a shutdown for a run.
    "on_shutdown" => on_shutdown: LitStr,
    /// The version of the shape of the input.
    "version" => version: Whole,
    /// The type of the earlier version.
    "before" => before: Type,
    /// The versions between this one and the earlier one were never in use.
    "gap" => gap: Flag,
    /// Only code of the application creates the operation.
    "internal" => internal: Flag,
    /// Requests may create the operation, although it has no form.
    "public" => public: Flag,
    /// The fields make a form.
    "form" => form: Flag,
    /// A function that checks all fields together.
    "validate" => validate: Function,
    /// The type of the state for `Progress::state`.
    "state" => state: Type,
    /// The path of liveops.
    "crate" => krate: Path,
}

/// The keys of one attribute, while they are read.
pub(crate) trait ReadKeys {
    /// The name of the attribute.
    const ATTRIBUTE: &'static str;

    /// Every known key.
    const KNOWN: &'static [&'static str];

    fn typed(&mut self) -> &mut Vec<Ident>;

    fn read_one(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()>;

    fn read(&mut self, list: &MetaList, errors: &mut Errors) {
        self.typed();
        read_each(list, errors, |input| {
            if !input.peek(Ident::peek_any) {
                let found = take_item(input);
                return Err(not_a_key(input, &found, Self::KNOWN));
            }
            let key = input.call(Ident::parse_any)?;
            self.typed().push(key.clone());
            self.read_one(&key, input)
        });
    }
}

pub(super) fn read_value<T: Value>(
    value: &mut Option<T>,
    key: &Ident,
    input: ParseStream<'_>,
) -> syn::Result<()> {
    let is_duplicate = value.is_some();
    let read = parse_value(key, input)?;
    if is_duplicate {
        return Err(syn::Error::new_spanned(
            key,
            format!("`{key}` is given twice\nhelp: remove one of the two"),
        ));
    }
    *value = Some(read);
    Ok(())
}

fn parse_value<T: Value>(key: &Ident, input: ParseStream<'_>) -> syn::Result<T> {
    if T::IS_FLAG {
        return parse_flag(key, input);
    }
    let assigned = input.parse::<Token![=]>().is_ok();
    if !assigned || input.is_empty() || input.peek(Token![,]) {
        let instead = T::instead(&TokenStream::new());
        let message = format!("`{key}` needs a value\nhelp: write `{key} = {instead}`");
        return Err(syn::Error::new_spanned(key, message));
    }
    // The value is parsed on a fork, so that an error can quote a wrong value in full.
    if input.fork().parse::<T>().is_ok() {
        return input.parse();
    }
    let found = take_item(input);
    let instead = T::instead(&found);
    let message =
        format!("`{key}` expects {}, found `{found}`\nhelp: write `{key} = {instead}`", T::WHAT);
    Err(syn::Error::new_spanned(found, message))
}

fn parse_flag<T: Value>(key: &Ident, input: ParseStream<'_>) -> syn::Result<T> {
    if !input.peek(Token![=]) {
        return input.parse();
    }
    let found = take_item(input);
    let message = format!("`{key}` takes no value, found `{found}`\nhelp: write `{key}` alone");
    Err(syn::Error::new_spanned(found, message))
}

fn not_a_key(input: ParseStream<'_>, found: &TokenStream, known: &[&str]) -> syn::Error {
    let message = |found: String| {
        format!("expected a key, found {found}\nnote: the keys are {}", listed(known))
    };
    if found.is_empty() {
        input.error(message("`,`".to_owned()))
    } else {
        syn::Error::new_spanned(found, message(format!("`{found}`")))
    }
}

pub(super) fn unknown<K: ReadKeys>(key: &Ident) -> syn::Error {
    let found = key.to_string();
    let meant = similar(&found, K::KNOWN)
        .map(|known| format!("help: did you mean `{known}`?\n"))
        .unwrap_or_default();
    let message = format!(
        "unknown key `{found}` in `#[{}(…)]`\n{meant}note: the keys are {}",
        K::ATTRIBUTE,
        listed(K::KNOWN)
    );
    syn::Error::new_spanned(key, message)
}
