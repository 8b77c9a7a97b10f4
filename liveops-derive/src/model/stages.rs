//! The rules for stages.

use std::collections::{HashMap, HashSet};

use heck::ToSnakeCase;
use quote::{ToTokens, format_ident};
use syn::{Ident, LitStr, ext::IdentExt};

use super::names::flaw_of_text;
use crate::{
    attr::{RawName, RawStage, RawWeight, Whole},
    errors::Errors,
    naming::{self, NoVariant},
};

/// The maximum number of stages. Users read the stages in one row.
const STAGES_MAX: usize = 64;

/// The names of the associated constants of the enum, which no variant may have.
const TAKEN: [&str; 4] = ["ALL", "NAMES", "WEIGHTS", "COUNT"];

/// A checked stage.
pub(crate) struct Stage {
    variant: Ident,
    field: Ident,
    label: String,
    weight: Option<u32>,
}

impl Stage {
    /// Returns the variant, with the span of the typed tokens.
    pub(crate) fn variant(&self) -> &Ident {
        &self.variant
    }

    /// Returns `true` if the variant is in upper camel case. Otherwise an error was added.
    pub(crate) fn is_camel(&self) -> bool {
        is_camel(&self.variant.unraw().to_string())
    }

    /// Returns the field of the token.
    pub(crate) fn field(&self) -> &Ident {
        &self.field
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Returns the declared weight.
    pub(crate) fn weight(&self) -> Option<u32> {
        self.weight
    }
}

pub(super) fn check(raw: Vec<RawStage>, errors: &mut Errors) -> Vec<Stage> {
    check_count(&raw, errors);
    check_weights(&raw, errors);
    let mut seen = Seen::default();
    raw.into_iter().filter_map(|raw| check_one(raw, &mut seen, errors)).collect()
}

fn check_count(raw: &[RawStage], errors: &mut Errors) {
    if let Some(first_too_many) = raw.get(STAGES_MAX) {
        errors.at(
            &first_too_many.name,
            format!(
                "at most {STAGES_MAX} stages are allowed, found {}: a page shows them in one row\n\
                 help: combine several stages into one, and report the progress within this stage",
                raw.len()
            ),
        );
    }
}

/// Refuses stages with and without weights together, because the weight of a stage without one would be a
/// guess.
fn check_weights(raw: &[RawStage], errors: &mut Errors) {
    let weighted = raw.iter().find(|stage| matches!(stage.weight, RawWeight::Given(_)));
    let bare = raw.iter().find(|stage| matches!(stage.weight, RawWeight::Absent));
    if let (Some(weighted), Some(bare)) = (weighted, bare) {
        let (bare_name, weighted_name) = (typed(&bare.name), typed(&weighted.name));
        errors.at(
            &bare.name,
            format!(
                "the stage `{bare_name}` has no weight, but `{weighted_name}` has one: either all \
                 stages have a weight or none\n\
                 help: write `{bare_name} = 1`"
            ),
        );
    }
}

fn check_one(raw: RawStage, seen: &mut Seen, errors: &mut Errors) -> Option<Stage> {
    let weight = match &raw.weight {
        RawWeight::Given(weight) => check_weight(weight, errors),
        RawWeight::Absent | RawWeight::Broken => None,
    };
    let (variant, label) = match &raw.name {
        RawName::Label(label) => {
            check_label(label, errors)?;
            (variant_of_label(label, errors)?, label.value())
        }
        RawName::Variant(variant) => {
            check_variant(variant, errors)?;
            (variant.clone(), naming::title(&variant.unraw().to_string()))
        }
        RawName::Both { variant, label } => {
            // Both parts are checked before either error removes the stage.
            let label_is_fine = check_label(label, errors);
            check_variant(variant, errors)?;
            label_is_fine?;
            (variant.clone(), label.value())
        }
    };
    let field = field(&variant);
    let stage = Stage { variant, field, label, weight };
    seen.check(&raw.name, &stage, errors)?;
    Some(stage)
}

fn check_weight(weight: &Whole, errors: &mut Errors) -> Option<u32> {
    let parsed = weight.parse::<u32>().filter(|parsed| *parsed >= 1);
    if parsed.is_none() {
        errors.at(
            weight,
            format!(
                "the weight of a stage must be a whole number from 1 to {}, found `{weight}`\n\
                 help: write `1` for the shortest stage, and multiples of its duration for the others",
                u32::MAX
            ),
        );
    }
    parsed
}

fn check_label(label: &LitStr, errors: &mut Errors) -> Option<()> {
    let Some(flaw) = flaw_of_text(&label.value()) else { return Some(()) };
    errors.at(
        label,
        format!(
            "the label of a stage {flaw}\n\
             help: write the text that users see, such as `\"Load data\"`"
        ),
    );
    None
}

fn check_variant(variant: &Ident, errors: &mut Errors) -> Option<()> {
    let name = variant.unraw().to_string();
    let is_camel = is_camel(&name);
    let is_keyword = syn::parse_str::<Ident>(&name).is_err();
    if TAKEN.contains(&&*name) {
        let message = format!(
            "`{name}` cannot be a variant: the enum of the stages has a constant of this name\n\
             help: write `\"{name}\"`, which becomes the variant `{}`",
            naming::variant(&name).unwrap_or_default()
        );
        errors.at(variant, message);
        return None;
    }
    if is_camel && !is_keyword {
        return Some(());
    }
    let help = match naming::variant(&name) {
        Ok(camel) => format!("write `{camel}`, or the label as a literal: `\"{name}\"`"),
        Err(_) => "write another name, such as `Load`".to_owned(),
    };
    errors.at(variant, format!("`{name}` cannot be a variant of the stages\nhelp: {help}"));
    // Kept if Rust allows the name, because `run` may name it.
    (!is_keyword).then_some(())
}

fn is_camel(name: &str) -> bool {
    !name.starts_with(char::is_lowercase) && !name.contains('_')
}

fn variant_of_label(label: &LitStr, errors: &mut Errors) -> Option<Ident> {
    let text = label.value();
    match naming::variant(&text) {
        Ok(name) => Some(Ident::new(&name, label.span())),
        Err(reason) => {
            let (why, example) = match reason {
                NoVariant::NoLetters => ("it has no letters", "Name".to_owned()),
                NoVariant::StartsWithDigit => {
                    ("a name cannot start with a digit", naming::behind_word("Stage", &text))
                }
                NoVariant::Reserved => ("`Self` is reserved", naming::behind_word("Stage", &text)),
                NoVariant::NotAName => ("it is not a Rust identifier", "Name".to_owned()),
            };
            errors.at(
                label,
                format!(
                    "the label `{text}` cannot become a variant: {why}\n\
                     help: write a name before the label, such as `{example} = \"{text}\"`"
                ),
            );
            None
        }
    }
}

/// Returns the variant in snake case, as a raw identifier or with `_` appended for a keyword.
fn field(variant: &Ident) -> Ident {
    let name = variant.unraw().to_string().to_snake_case();
    let span = variant.span();
    // A keyword since edition 2024 that syn accepts as an identifier.
    if name == "gen" {
        return Ident::new_raw(&name, span);
    }
    syn::parse_str::<Ident>(&name)
        .or_else(|_| syn::parse_str::<Ident>(&format!("r#{name}")))
        .map_or_else(
            |_| format_ident!("{name}_", span = span),
            |mut field| {
                field.set_span(span);
                field
            },
        )
}

/// The previous stages, by everything that must be unique.
#[derive(Default)]
struct Seen {
    labels: HashSet<String>,
    by_field: HashMap<String, (String, String)>,
}

impl Seen {
    fn check(&mut self, name: &RawName, stage: &Stage, errors: &mut Errors) -> Option<()> {
        let label = &stage.label;
        let variant = stage.variant.unraw().to_string();
        let field = stage.field.unraw().to_string();
        if !self.labels.insert(label.clone()) {
            errors.at(
                name.label(),
                format!("the stage `{label}` is declared twice\nhelp: remove or rename one"),
            );
            return None;
        }
        let Some((other, other_variant)) = self.by_field.get(&field) else {
            self.by_field.insert(field, (label.clone(), variant));
            return Some(());
        };
        let shared = if *other_variant == variant {
            format!("the variant `{variant}`")
        } else {
            format!("the field `{field}` of `p.stages()`")
        };
        errors.at(
            name.variant(),
            format!(
                "the stages `{other}` and `{label}` both become {shared}\n\
                 help: write another name before the label, such as `{variant}2 = \"{label}\"`"
            ),
        );
        None
    }
}

/// Returns the name of a stage as typed.
fn typed(name: &RawName) -> String {
    name.to_token_stream().to_string()
}
