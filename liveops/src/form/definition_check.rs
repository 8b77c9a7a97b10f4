//! Checks the definition of a form when the operation is registered.

use super::{Bound, Field, FieldType, Form, Paths, ReadContext};
use crate::language::{Language, Text};

impl Form {
    /// Checks the parts of the definition that the compiler cannot check: bounds that must be dates, and
    /// defaults and options that the field itself must accept.
    ///
    /// # Errors
    ///
    /// Returns the name of the first field with a contradiction, and the contradiction.
    pub(crate) fn check(&self, language: &Language) -> Result<(), (&'static str, String)> {
        let context =
            ReadContext { paths: Paths::Trusted, refused: &[], language, allows_unknown: true };
        self.fields.iter().try_for_each(|field| {
            field.check_definition(context).map_err(|problem| (field.name, problem))
        })
    }
}

impl Field {
    fn check_definition(&self, context: ReadContext<'_>) -> Result<(), String> {
        let in_key = |key: &'static str| move |problem: String| format!("`{key}`: {problem}");
        let kind = &self.field_type;
        kind.check_bound(kind.max, context).map_err(in_key("max"))?;
        kind.check_bound(kind.min, context).map_err(in_key("min"))?;
        kind.check_order(context).map_err(in_key("min"))?;
        kind.check_choices(context).map_err(in_key("options"))?;
        match self.default.map(|default| default()).filter(|default| !default.is_null()) {
            Some(default) => kind.check(&default, context).map_err(in_key("default")),
            None => Ok(()),
        }
    }
}

impl FieldType {
    fn check_bound(&self, bound: Option<Bound>, context: ReadContext<'_>) -> Result<(), String> {
        match bound {
            Some(Bound::Text(text)) => {
                self.scalar.read(text).map(drop).map_err(|expected| found(expected, text, context))
            }
            _ => Ok(()),
        }
    }

    fn check_order(&self, context: ReadContext<'_>) -> Result<(), String> {
        let Some(Bound::Text(min)) = self.min else { return Ok(()) };
        Self { min: None, ..*self }.check_one(&min.into(), context)
    }

    fn check_choices(&self, context: ReadContext<'_>) -> Result<(), String> {
        self.choices.iter().try_for_each(|choice| {
            let value = self.scalar.read(choice.value);
            let value = value.map_err(|expected| found(expected, choice.value, context))?;
            self.check_one(&value, context)
        })
    }
}

fn found(expected: Text, found: &str, context: ReadContext<'_>) -> String {
    format!("{} Found `{found}`.", context.language.translate(expected))
}
