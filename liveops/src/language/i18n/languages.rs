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
};

/// The languages an application speaks.
///
/// Those of liveops itself are English, Polish, German, French, Ukrainian, Japanese and Simplified
/// Chinese. An application adds its own texts, and languages liveops does not know, as
/// [Fluent](https://projectfluent.org/fluent/guide/) messages. The message of an operation is called
/// after its op type, with a hyphen for the dot: its value is the title, its attributes are the labels
/// of the stages (`stage-…`), and of a form the introduction (`intro`), labels (`field-…`), help
/// (`help-…`) and choices (`choice-<field>-<value>`). A stage, a field or a choice that has no name of
/// its own in ASCII letters and digits is called after its place: `stage-2`. A message with the id of one of liveops' own takes
/// its place.
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
/// [`LiveOps::missing_texts`](crate::LiveOps::missing_texts) tells what has no translation, for a test.
#[derive(Clone)]
pub struct Languages {
    built_in: &'static Messages,
    of_application: Messages,
    default: LanguageIdentifier,
    /// By what was asked for: putting one together takes longer than most of what is said in it.
    found: Arc<RwLock<HashMap<String, Language>>>,
}

/// How many languages are kept once they were asked for. What is asked for comes from clients.
const CACHE_LEN_MAX: usize = 256;

/// How many bytes what is asked for may have, to be kept.
const ASKED_BYTES_MAX: usize = 128;

type Messages = BTreeMap<LanguageIdentifier, Arc<FluentResource>>;

/// The texts of liveops itself.
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
    let parsed = files.map(|(tag, text)| parse(tag, text).expect("a test reads every file"));
    parsed.into_iter().map(|(tag, messages)| (tag, Arc::new(messages))).collect()
});

impl Languages {
    /// The languages of liveops itself, English being the default.
    pub fn new() -> Self {
        Self {
            built_in: &BUILT_IN,
            of_application: Messages::new(),
            default: english(),
            found: Arc::default(),
        }
    }

    /// Adds the application's texts in one language, whose BCP 47 tag is `tag`. Those given for the
    /// same tag before are forgotten.
    ///
    /// # Errors
    ///
    /// When `tag` is no tag, or `messages` are no Fluent messages.
    pub fn with(mut self, tag: &str, messages: &str) -> Result<Self, LanguageError> {
        let (tag, messages) = parse(tag, messages)?;
        self.of_application.insert(tag, Arc::new(messages));
        self.found = Arc::default();
        Ok(self)
    }

    /// Speaks the language `tag` where nobody asks for one that there are texts in, and takes from it
    /// what other languages lack of the application's texts; English unless called.
    ///
    /// # Errors
    ///
    /// When there are no texts in that language: call [`with`](Self::with) before this.
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

    /// The language for somebody who asks for `accepted`: a BCP 47 tag, or several with commas
    /// between them, the one liked best first, as in the header `Accept-Language`. The default one
    /// where none of them is spoken.
    ///
    /// A tag keeps its region, which decides how numbers and dates are written: `de-CH` is spoken
    /// where `de` is.
    pub fn find(&self, accepted: &str) -> Language {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(language) = found.get(accepted) {
            return language.clone();
        }
        drop(found);
        let language = self.build(accepted);
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        if found.len() >= CACHE_LEN_MAX {
            // Nobody who makes them up keeps out what others ask for.
            found.clear();
        }
        if accepted.len() <= ASKED_BYTES_MAX {
            found.insert(accepted.to_owned(), language.clone());
        }
        language
    }

    fn build(&self, accepted: &str) -> Language {
        let available = self.available();
        let asked = parse_accepted_languages(accepted).into_iter();
        let matched = asked.filter_map(|mut asked| {
            // They say nothing about texts, numbers or dates, and there may be any number of them.
            asked.clear_variants();
            let requested = std::slice::from_ref(&asked);
            let found =
                negotiate_languages(requested, &available, None, NegotiationStrategy::Lookup);
            let spoken = (*found.first()?).clone();
            Some((asked, spoken))
        });
        match { matched }.next() {
            Some((asked, spoken)) => self.language(asked, &spoken),
            None => self.language(self.default.clone(), &self.default),
        }
    }

    /// A language as it is spoken there, with those behind it that stand in for what it lacks.
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

    /// The texts about `kinds` that the application's languages lack. Beside the title and the stages,
    /// a kind may have more texts, each with its attribute.
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

    /// The messages of a language, and before them those that stand in for what it lacks.
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
    "en".parse().expect("it is a language")
}

fn parse(tag: &str, messages: &str) -> Result<(LanguageIdentifier, FluentResource), LanguageError> {
    let language = tag.parse().map_err(|_| LanguageError::Tag { found: tag.to_owned() })?;
    let messages = FluentResource::try_new(messages.to_owned()).map_err(|(resource, errors)| {
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
