//! The keys of `#[liveop(…)]`.

use proc_macro2::TokenStream;
use syn::{Ident, LitStr, MetaList, Path, Token, Type, ext::IdentExt, parse::ParseStream};

use super::{
    list::{read_each, take_item},
    value::{Duration, RawUnique, Value, Whole},
};
use crate::{
    errors::Errors,
    suggest::{listed, similar},
};

/// Declares the keys; a new key is one line here, and its rule one method in the model. Users read
/// about it in `liveops/src/operation/keys.rs`.
macro_rules! keys {
    ($($(#[$doc:meta])* $key:literal => $field:ident: $value:ty,)*) => {
        /// The value of each key that was given.
        #[derive(Default)]
        pub(crate) struct Keys {
            /// Every key that was typed, known or not; `None` where there is no `#[liveop(…)]`.
            pub(crate) typed: Option<Vec<Ident>>,
            $($(#[$doc])* pub(crate) $field: Option<$value>,)*
        }

        pub(crate) const KEYS: &[&str] = &[$($key),*];

        impl Keys {
            fn read_one(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
                match key.unraw().to_string().as_str() {
                    $($key => read_value(&mut self.$field, key, input),)*
                    _ => Err(unknown(key)),
                }
            }
        }
    };
}

keys! {
    /// The first half of the op type.
    "app" => app: LitStr,
    /// The second half of the op type.
    "name" => name: LitStr,
    /// What people read.
    "title" => title: LitStr,
    /// The template of the page.
    "host_template" => host_template: LitStr,
    /// The template of the result.
    "result_template" => result_template: LitStr,
    /// The template of the result as plain text.
    "result_text_template" => result_text_template: LitStr,
    /// Where it waits.
    "queue" => queue: LitStr,
    /// What goes first.
    "priority" => priority: Whole,
    /// How often it may be run in all.
    "max_attempts" => max_attempts: Whole,
    /// How long to wait before another attempt.
    "backoff" => backoff: Duration,
    /// How long one attempt may take.
    "timeout" => timeout: Duration,
    /// Which ones count as the same.
    "unique" => unique: RawUnique,
    /// How it is cancelled.
    "cancel" => cancel: LitStr,
    /// Which shape the input has.
    "version" => version: Whole,
    /// What `run` reaches through `Progress::state`.
    "state" => state: Type,
    /// Where liveops is, when it is not `::liveops`.
    "crate" => krate: Path,
}

impl Keys {
    pub(super) fn read(&mut self, list: &MetaList, errors: &mut Errors) {
        self.typed.get_or_insert_default();
        read_each(list, errors, |input| {
            if !input.peek(Ident::peek_any) {
                let found = take_item(input);
                return Err(not_a_key(input, &found));
            }
            let key = input.call(Ident::parse_any)?;
            self.typed.get_or_insert_default().push(key.clone());
            self.read_one(&key, input)
        });
    }
}

fn read_value<T: Value>(
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
    let assigned = input.parse::<Token![=]>().is_ok();
    if !assigned || input.is_empty() || input.peek(Token![,]) {
        let instead = T::instead(&TokenStream::new());
        let message = format!("`{key}` needs a value\nhelp: write `{key} = {instead}`");
        return Err(syn::Error::new_spanned(key, message));
    }
    // Tried on a fork, so that a value of another kind can be quoted in full.
    if input.fork().parse::<T>().is_ok() {
        return input.parse();
    }
    let found = take_item(input);
    let instead = T::instead(&found);
    let message =
        format!("`{key}` takes {}, found `{found}`\nhelp: write `{key} = {instead}`", T::WHAT);
    Err(syn::Error::new_spanned(found, message))
}

fn not_a_key(input: ParseStream<'_>, found: &TokenStream) -> syn::Error {
    let message = |found: String| {
        format!("expected a key, found {found}\nnote: the keys are {}", listed(KEYS))
    };
    if found.is_empty() {
        input.error(message("`,`".to_owned()))
    } else {
        syn::Error::new_spanned(found, message(format!("`{found}`")))
    }
}

fn unknown(key: &Ident) -> syn::Error {
    let found = key.to_string();
    let meant = similar(&found, KEYS)
        .map(|known| format!("help: did you mean `{known}`?\n"))
        .unwrap_or_default();
    let message = format!(
        "unknown key `{found}` in `#[liveop(…)]`\n{meant}note: the keys are {}",
        listed(KEYS)
    );
    syn::Error::new_spanned(key, message)
}
