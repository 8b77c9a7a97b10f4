use super::{Bound, Field, FieldType, Form, Paths, Reading};
use crate::language::{Language, Text};

impl Form {
    /// Looks for what the compiler cannot see: bounds that are no dates, defaults and options that the
    /// field itself would refuse.
    ///
    /// # Errors
    ///
    /// With the first field that contradicts itself, and what is wrong with it.
    pub(crate) fn check(&self, language: &Language) -> Result<(), (&'static str, String)> {
        let reading =
            Reading { paths: Paths::Trusted, refused: &[], language, takes_unknown: true };
        self.fields
            .iter()
            .try_for_each(|field| field.check_itself(reading).map_err(|flaw| (field.name, flaw)))
    }
}

impl Field {
    fn check_itself(&self, reading: Reading<'_>) -> Result<(), String> {
        let in_key = |key: &'static str| move |flaw: String| format!("`{key}`: {flaw}");
        let kind = &self.field_type;
        kind.check_bound(kind.max, reading).map_err(in_key("max"))?;
        kind.check_bound(kind.min, reading).map_err(in_key("min"))?;
        kind.check_order(reading).map_err(in_key("min"))?;
        kind.check_choices(reading).map_err(in_key("options"))?;
        match self.default.map(|default| default()).filter(|default| !default.is_null()) {
            Some(default) => kind.check(&default, reading).map_err(in_key("default")),
            None => Ok(()),
        }
    }
}

impl FieldType {
    fn check_bound(&self, bound: Option<Bound>, reading: Reading<'_>) -> Result<(), String> {
        match bound {
            Some(Bound::Text(text)) => {
                self.scalar.read(text).map(drop).map_err(|expected| found(expected, text, reading))
            }
            _ => Ok(()),
        }
    }

    fn check_order(&self, reading: Reading<'_>) -> Result<(), String> {
        let Some(Bound::Text(min)) = self.min else { return Ok(()) };
        Self { min: None, ..*self }.check_one(&min.into(), reading)
    }

    fn check_choices(&self, reading: Reading<'_>) -> Result<(), String> {
        self.choices.iter().try_for_each(|choice| {
            let value = self.scalar.read(choice.value);
            let value = value.map_err(|expected| found(expected, choice.value, reading))?;
            self.check_one(&value, reading)
        })
    }
}

fn found(expected: Text, found: &str, reading: Reading<'_>) -> String {
    format!("{} Found `{found}`.", reading.language.say(expected))
}
