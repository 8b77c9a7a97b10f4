//! The rules of the derive. A model is correct, so the expansion checks nothing.

pub(crate) mod choices;
mod describe;
pub(crate) mod earlier;
mod form;
mod names;
mod policy;
mod stages;
mod version;

use quote::format_ident;
use syn::{GenericParam, Generics, Ident, Path, Type, Visibility, ext::IdentExt};

pub(crate) use describe::{Describe, Part};
pub(crate) use form::{DefaultValue, Form, FormField, Kind};
pub(crate) use policy::{Backoff, CancelMode, Policy, Unique};
pub(crate) use stages::Stage;
pub(crate) use version::{Before, Version};

use version::VersionKeys;

use crate::{
    ast::{Input, Shape},
    errors::Errors,
};

/// A checked operation.
pub(crate) struct Model {
    visibility: Visibility,
    ident: Ident,
    generics: Generics,
    app: String,
    name: String,
    title: String,
    describe: Option<Describe>,
    host_template: String,
    result_template: String,
    result_text_template: String,
    policy: Policy,
    before: Option<Before>,
    typed_keys: Option<Vec<Ident>>,
    state: Option<Type>,
    krate: Option<Path>,
    stages: Vec<Stage>,
    is_public: bool,
    form: Option<Form>,
    validate: Option<Path>,
}

/// The outcome for an input with errors.
pub(crate) struct Rejected {
    /// All errors.
    pub(crate) error: syn::Error,
    /// The part of the input that could be understood, as if it had no errors.
    pub(crate) stand_in: Model,
    pub(crate) trust: Trust,
}

/// The degree to which an item is expected to satisfy the bounds of `LiveOperation`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    /// The item borrows, so it cannot be an operation.
    Hopeless,
    /// The item is not a struct, so it may lack serde's derives too.
    Doubtful,
    /// Only names are wrong.
    Full,
}

impl Model {
    /// Checks `input`. `package` is the name of the user's package, the default of `app`.
    pub(crate) fn new(
        input: Input,
        package: Option<&str>,
        mut errors: Errors,
    ) -> Result<Self, Box<Rejected>> {
        let trust =
            check_shape(&input, &mut errors).min(check_generics(&input.generics, &mut errors));
        let mut model = Self::check(input, package, &mut errors);
        match errors.check() {
            Ok(()) => Ok(model),
            Err(error) => {
                // An error may come from the type of a field, so the fallback must not contain fields.
                model.form = model.form.map(Form::without_fields);
                model.describe = None;
                model.before = None;
                Err(Box::new(Rejected { error, stand_in: model, trust }))
            }
        }
    }

    fn check(input: Input, package: Option<&str>, errors: &mut Errors) -> Self {
        let Input { visibility, ident, generics, attrs, fields, raw_attrs, .. } = input;
        let keys = attrs.keys;
        let describe =
            describe::check(keys.describe.as_ref(), &ident, &generics, fields.as_ref(), errors);
        let form = form::check(&keys, fields, &raw_attrs, errors);

        let policy = policy::check(&keys, errors);
        let version = VersionKeys {
            version: keys.version.as_ref(),
            before: keys.before,
            has_gap: keys.gap.is_some(),
            typed: keys.typed.as_deref(),
        };
        let version = version::check(version, policy.version, errors);
        let app = names::app(keys.app, package, &ident, errors);
        let name = names::name(keys.name, &ident, errors);
        let title = names::title(keys.title, &ident, errors);
        let mut template = |key, given, ending| {
            names::template(key, given, || format!("{app}/{name}{ending}"), errors)
        };
        Self {
            host_template: template("host_template", keys.host_template, ".html"),
            result_template: template("result_template", keys.result_template, "_result.html"),
            result_text_template: template(
                "result_text_template",
                keys.result_text_template,
                "_result.txt",
            ),
            stages: stages::check(attrs.stages, errors),
            state: keys.state,
            krate: keys.krate,
            is_public: keys.public.is_some() || keys.form.is_some(),
            typed_keys: keys.typed,
            validate: keys.validate.map(|function| function.0),
            describe,
            form,
            policy,
            before: version.and_then(|version| version.before),
            visibility,
            ident,
            generics,
            app,
            name,
            title,
        }
    }

    pub(crate) fn visibility(&self) -> &Visibility {
        &self.visibility
    }

    pub(crate) fn ident(&self) -> &Ident {
        &self.ident
    }

    /// Returns the name of the enum of the stages: the name of the type with `Stage` appended.
    pub(crate) fn stage_ident(&self) -> Ident {
        format_ident!("{}Stage", self.ident.unraw(), span = self.ident.span())
    }

    /// Returns the name of the struct of the tokens: the name of the enum with `s` appended.
    pub(crate) fn tokens_ident(&self) -> Ident {
        format_ident!("{}Stages", self.ident.unraw(), span = self.ident.span())
    }

    pub(crate) fn generics(&self) -> &Generics {
        &self.generics
    }

    pub(crate) fn app(&self) -> &str {
        &self.app
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn op_type(&self) -> String {
        format!("{}.{}", self.app, self.name)
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    pub(crate) fn describe(&self) -> Option<&Describe> {
        self.describe.as_ref()
    }

    pub(crate) fn host_template(&self) -> &str {
        &self.host_template
    }

    pub(crate) fn result_template(&self) -> &str {
        &self.result_template
    }

    pub(crate) fn result_text_template(&self) -> &str {
        &self.result_text_template
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns the version before this one.
    pub(crate) fn before(&self) -> Option<&Before> {
        self.before.as_ref()
    }

    /// Returns every typed key, known or unknown, or `None` without `#[liveop(…)]`.
    pub(crate) fn typed_keys(&self) -> Option<&[Ident]> {
        self.typed_keys.as_deref()
    }

    pub(crate) fn state(&self) -> Option<&Type> {
        self.state.as_ref()
    }

    /// Returns `true` if requests may create the operation.
    pub(crate) fn is_public(&self) -> bool {
        self.is_public
    }

    pub(crate) fn form(&self) -> Option<&Form> {
        self.form.as_ref()
    }

    /// Returns the function that checks a whole operation.
    pub(crate) fn validate(&self) -> Option<&Path> {
        self.validate.as_ref()
    }

    /// Returns the path given with `crate = …`.
    pub(crate) fn krate(&self) -> Option<&Path> {
        self.krate.as_ref()
    }

    /// Returns the stages in the order of declaration, empty for an operation without stages.
    pub(crate) fn stages(&self) -> &[Stage] {
        &self.stages
    }
}

fn check_shape(input: &Input, errors: &mut Errors) -> Trust {
    let ident = &input.ident;
    match input.shape {
        Shape::Struct => return Trust::Full,
        Shape::Enum(token) => errors.at(
            token,
            format!(
                "an operation must be a struct, found an enum\n\
                 help: use one struct for each type of operation, or a struct with a field of type \
                 `{ident}`"
            ),
        ),
        Shape::Union(token) => errors.at(
            token,
            "an operation must be a struct, found a union, which cannot be stored as JSON\n\
             help: write `struct`, and use an enum as a field for alternative inputs",
        ),
    }
    Trust::Doubtful
}

fn check_generics(generics: &Generics, errors: &mut Errors) -> Trust {
    let mut trust = Trust::Full;
    for param in &generics.params {
        if let GenericParam::Lifetime(param) = param {
            let lifetime = &param.lifetime;
            errors.at(
                param,
                format!(
                    "an operation must own its data, found the lifetime `{lifetime}`: an operation \
                     is stored and runs later\n\
                     help: remove `{lifetime}` and use owned types, such as `String` for \
                     `&{lifetime} str` or `Vec<T>` for `&{lifetime} [T]`"
                ),
            );
            trust = Trust::Hopeless;
        }
    }
    trust
}
