//! A language with Fluent messages and with formats from the Unicode CLDR.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use intl_memoizer::concurrent::IntlLangMemoizer;
use unic_langid::LanguageIdentifier;

use super::formats;
use crate::language::{Arg, localization::Localization};

/// A language whose texts Fluent evaluates and whose formats come from the Unicode CLDR.
pub(super) struct FluentLocalization {
    /// The tag that the client accepts.
    tag: String,
    /// Supplies the attributes that a message lacks. A message replaces another one with all of its
    /// attributes.
    fallback: Option<Box<Self>>,
    bundle: FluentBundle<Arc<FluentResource>>,
    /// The cached formatters of numbers and dates outside of messages.
    intls: IntlLangMemoizer,
}

impl FluentLocalization {
    /// Creates the language of `locale`, in which later messages replace earlier ones.
    pub(super) fn new(
        locale: LanguageIdentifier,
        messages: impl IntoIterator<Item = Arc<FluentResource>>,
        fallback: Option<Self>,
    ) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![locale.clone()]);
        // Isolation marks would be visible in terminals.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(formats::value));
        for messages in messages {
            bundle.add_resource_overriding(messages);
        }
        Self {
            tag: locale.to_string(),
            fallback: fallback.map(Box::new),
            bundle,
            intls: IntlLangMemoizer::new(locale),
        }
    }

    fn message_with(
        &self,
        id: &str,
        attribute: Option<&str>,
        args: &FluentArgs<'_>,
    ) -> Option<String> {
        self.own_message(id, attribute, args)
            .or_else(|| self.fallback.as_ref()?.message_with(id, attribute, args))
    }

    fn own_message(
        &self,
        id: &str,
        attribute: Option<&str>,
        args: &FluentArgs<'_>,
    ) -> Option<String> {
        let message = self.bundle.get_message(id)?;
        let pattern = match attribute {
            Some(attribute) => message.get_attribute(attribute)?.value(),
            None => message.value()?,
        };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(args), &mut errors);
        if let Some(error) = errors.first() {
            tracing::warn!(id, language = self.tag, %error, "a text contains a mistake; showing it in part");
        }
        Some(text.into_owned())
    }
}

impl FluentLocalization {
    /// Converts the variables of a text for Fluent. Fluent has only floating-point numbers.
    fn fluent_args<'a>(&self, args: &'a [(&str, Arg)]) -> FluentArgs<'a> {
        const EXACT_MAX: u64 = 1 << f64::MANTISSA_DIGITS;
        let args = args.iter().map(|(name, arg)| {
            let value = match arg {
                Arg::Number(number) => FluentValue::from(*number),
                Arg::Integer(number @ ..=EXACT_MAX) => FluentValue::from(*number as f64),
                Arg::Integer(number) => {
                    FluentValue::from(formats::integer((*number).into(), &self.intls))
                }
                Arg::Text(text) => FluentValue::from(text.as_str()),
            };
            (*name, value)
        });
        args.collect()
    }
}

impl Localization for FluentLocalization {
    fn tag(&self) -> &str {
        &self.tag
    }

    fn message(&self, id: &str, attribute: Option<&str>, args: &[(&str, Arg)]) -> Option<String> {
        self.message_with(id, attribute, &self.fluent_args(args))
    }

    fn number(&self, number: f64) -> String {
        formats::number(number, &self.intls)
    }

    fn integer(&self, number: i128) -> String {
        formats::integer(number, &self.intls)
    }

    fn date(&self, on: NaiveDate) -> String {
        formats::day_in_words(on, &self.intls)
    }

    fn date_time(&self, on: DateTime<Utc>) -> String {
        formats::moment_in_words(on, &self.intls)
    }
}
