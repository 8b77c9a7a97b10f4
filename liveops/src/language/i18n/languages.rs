//! The set of languages of an application.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use fluent_bundle::FluentResource;
use fluent_langneg::{NegotiationStrategy, negotiate_languages, parse_accepted_languages};
use unic_langid::LanguageIdentifier;

use super::{LanguageError, MissingText, fluent::FluentLocalization, missing_text};
use crate::{
    language::{Language, english},
    operation::OperationKind,
    panic,
};

/// The languages of an application.
///
/// liveops has texts in English, Polish, German, French, Ukrainian, Japanese and Simplified Chinese. An
/// application adds its own texts, and further languages, as
/// [Fluent](https://projectfluent.org/fluent/guide/) messages. A message with the ID of a message of liveops
/// replaces that message.
///
/// The message of an operation has the op type as its ID, with a hyphen for the dot. Its value is the title.
/// Its attributes are the labels of the stages (`stage-…`), and for a form the introduction (`intro`), the
/// labels (`field-…`), the help texts (`help-…`) and the choices (`choice-<field>-<value>`). The names of
/// attributes are in kebab case. A stage, a field or a choice whose name has no ASCII letters or digits, or
/// is not unique, has its position as its name: `stage-2`.
///
/// ```
/// use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, language::Languages, store};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[stages("Load", "Save everything")]
/// #[liveop(app = "demo", title = "Score import")]
/// struct ScoreImport;
/// # impl Run for ScoreImport {
/// #     type Output = ();
/// #     async fn run(&self, _: Progress<Self>) -> RunResult<()> { Ok(()) }
/// # }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = store::connect("sqlite::memory:").await?;
/// let languages = Languages::new().with(
///     "pl",
///     "
/// demo-score_import = Import wyników
///     .stage-load = Wczytanie
///     .stage-save-everything = Zapis wszystkiego
/// ",
/// )?;
/// let liveops = LiveOps::builder(db).register::<ScoreImport>().languages(languages).build()?;
/// assert!(liveops.missing_texts().is_empty());
/// # Ok(())
/// # }
/// ```
///
/// A test can check [`LiveOps::missing_texts`](crate::LiveOps::missing_texts) for missing translations.
#[derive(Clone)]
pub struct Languages {
    built_in: &'static Messages,
    of_application: Messages,
    default: LanguageIdentifier,
    /// The languages by the accepted languages of a client: building a language takes longer than most texts.
    found: Arc<RwLock<HashMap<String, Language>>>,
}

/// The maximum number of cached languages. The keys come from clients, so the cache must be bounded.
const CACHE_LEN_MAX: usize = 256;

/// The maximum length of a key in the cache.
const ASKED_BYTES_MAX: usize = 128;

type Messages = BTreeMap<LanguageIdentifier, Arc<FluentResource>>;

/// The texts of liveops.
pub(super) static BUILT_IN: LazyLock<Messages> = LazyLock::new(|| {
    let files = [
        ("en", english::TEXTS),
        ("de", include_str!("../../../texts/de.ftl")),
        ("fr", include_str!("../../../texts/fr.ftl")),
        ("ja", include_str!("../../../texts/ja.ftl")),
        ("pl", include_str!("../../../texts/pl.ftl")),
        ("uk", include_str!("../../../texts/uk.ftl")),
        ("zh-Hans", include_str!("../../../texts/zh-Hans.ftl")),
    ];
    let parsed = files.map(|(tag, text)| parse(tag, text).expect("a test parses every file"));
    parsed.into_iter().map(|(tag, messages)| (tag, Arc::new(messages))).collect()
});

impl Languages {
    /// Creates the set with the languages of liveops. The default language is English.
    pub fn new() -> Self {
        Self {
            built_in: &BUILT_IN,
            of_application: Messages::new(),
            default: english(),
            found: Arc::default(),
        }
    }

    /// Adds the texts of the application in the language with the BCP 47 tag `tag`. Replaces texts that were
    /// added for the same tag before.
    ///
    /// # Errors
    ///
    /// Returns an error if `tag` is not a BCP 47 tag, or `messages` are not Fluent messages.
    pub fn with(mut self, tag: &str, messages: &str) -> Result<Self, LanguageError> {
        let (tag, messages) = parse(tag, messages)?;
        self.of_application.insert(tag, Arc::new(messages));
        self.found = Arc::default();
        Ok(self)
    }

    /// Sets the default language. The default language is used for a client that accepts no language with
    /// texts, and for texts of the application that another language lacks. English unless set.
    ///
    /// # Errors
    ///
    /// Returns an error if no texts exist in this language: call [`with`](Self::with) first.
    pub fn default_to(mut self, tag: &str) -> Result<Self, LanguageError> {
        let unknown = || LanguageError::Unknown { found: tag.to_owned(), known: self.known() };
        let default = tag.parse().map_err(|_| LanguageError::Tag { found: tag.to_owned() })?;
        if !self.available().contains(&default) {
            return Err(unknown());
        }
        self.default = default;
        self.found = Arc::default();
        Ok(self)
    }

    /// Returns the language for a client that accepts `accepted`: a BCP 47 tag, or several separated by
    /// commas, preferred first, as in the header `Accept-Language`. Returns the default language if none of
    /// them has texts.
    ///
    /// A tag keeps its region, which selects the formats of numbers and dates: `de-CH` uses the texts of
    /// `de`.
    pub fn find(&self, accepted: &str) -> Language {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(language) = found.get(accepted) {
            return language.clone();
        }
        drop(found);
        let language = self.build(accepted);
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        if found.len() >= CACHE_LEN_MAX {
            // A client that sends many different keys must not keep other clients' languages out of the
            // cache.
            found.clear();
        }
        if accepted.len() <= ASKED_BYTES_MAX {
            found.insert(accepted.to_owned(), language.clone());
        }
        language
    }

    fn build(&self, accepted: &str) -> Language {
        let available = self.available();
        let accepted = parse_accepted_languages(accepted).into_iter();
        let matched = accepted.filter_map(|mut locale| {
            // Variants do not affect texts, numbers or dates, and a tag can have any number of them.
            locale.clear_variants();
            let requested = std::slice::from_ref(&locale);
            let found =
                negotiate_languages(requested, &available, None, NegotiationStrategy::Lookup);
            let spoken = (*found.first()?).clone();
            Some((locale, spoken))
        });
        match { matched }.next() {
            Some((locale, spoken)) => self.language(locale, &spoken),
            None => self.language(self.default.clone(), &self.default),
        }
    }

    /// Creates a language with the texts of `spoken`. The default language and English supply missing texts.
    fn language(&self, locale: LanguageIdentifier, spoken: &LanguageIdentifier) -> Language {
        let mut others = vec![english(), self.default.clone()];
        others.dedup();
        others.retain(|tag| tag != spoken);
        let fallback = others.into_iter().fold(None, |fallback, tag| {
            let messages = self.messages(&tag);
            Some(FluentLocalization::new(tag, messages, fallback))
        });
        Language::new(FluentLocalization::new(locale, self.messages(spoken), fallback))
    }

    /// Returns the texts about `kinds` that the languages of the application lack. In addition to the title
    /// and the stages, a kind may have more texts, each with its attribute.
    pub(crate) fn missing_texts<'a>(
        &self,
        kinds: impl Iterator<Item = (&'a OperationKind, Vec<(String, &'static str)>)>,
    ) -> Vec<MissingText> {
        let kinds: Vec<_> = kinds.collect();
        let mut missing = Vec::new();
        for (tag, messages) in &self.of_application {
            let tag = tag.to_string();
            missing.extend(
                kinds
                    .iter()
                    .flat_map(|(kind, more)| missing_text::missing(&tag, messages, kind, more)),
            );
        }
        missing
    }

    /// Returns the messages of a language, after the messages that supply missing texts.
    fn messages(&self, tag: &LanguageIdentifier) -> Vec<Arc<FluentResource>> {
        [&english(), &self.default, tag]
            .into_iter()
            .flat_map(|tag| [self.built_in.get(tag), self.of_application.get(tag)])
            .flatten()
            .cloned()
            .collect()
    }

    fn available(&self) -> Vec<LanguageIdentifier> {
        let of_application = self.of_application.keys();
        let more = of_application.filter(|tag| !self.built_in.contains_key(*tag));
        self.built_in.keys().chain(more).cloned().collect()
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.found.read().unwrap().len()
    }

    fn known(&self) -> String {
        let tags: Vec<String> = self.available().iter().map(ToString::to_string).collect();
        tags.join(", ")
    }
}

fn english() -> LanguageIdentifier {
    "en".parse().expect("`en` is a BCP 47 tag")
}

fn parse(tag: &str, messages: &str) -> Result<(LanguageIdentifier, FluentResource), LanguageError> {
    let language = tag.parse().map_err(|_| LanguageError::Tag { found: tag.to_owned() })?;
    // The parser of Fluent panics if an escape sequence is cut by a letter of several bytes.
    let parsed = panic::catch(|| FluentResource::try_new(messages.to_owned()));
    let parsed = parsed.map_err(|_| LanguageError::Messages {
        tag: tag.to_owned(),
        line: 1 + messages.lines().take_while(|line| !has_cut_escape(line)).count(),
        flaw: "expected four hexadecimal digits after `\\u`, or six after `\\U`".to_owned(),
    })?;
    let messages = parsed.map_err(|(resource, errors)| {
        let first = errors.into_iter().next();
        let at = first.as_ref().map_or(0, |error| error.pos.start);
        let before = resource.source().get(..at).unwrap_or_default();
        LanguageError::Messages {
            tag: tag.to_owned(),
            line: before.matches('\n').count() + 1,
            flaw: first.map(|error| error.kind.to_string()).unwrap_or_default(),
        }
    })?;
    Ok((language, messages))
}

/// Returns `true` if an escape sequence of this line has a letter of several bytes instead of a digit.
fn has_cut_escape(line: &str) -> bool {
    [(r"\u", 4), (r"\U", 6)].into_iter().any(|(start, digits)| {
        let mut escapes = line.match_indices(start);
        escapes.any(|(at, _)| line[at..].get(2..2 + digits).is_none_or(|digits| !digits.is_ascii()))
    })
}

impl Default for Languages {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Languages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Languages").field(&self.known()).finish()
    }
}
