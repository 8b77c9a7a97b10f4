//! The texts of a form in the languages of the application.

use std::borrow::Cow;

use super::{Choice, Field, Form};
use crate::{
    language::{Language, name_of},
    operation::OperationKind,
};

/// The attribute with the introduction of a form.
const INTRO: &str = "intro";

impl Form {
    /// Returns the introduction in `language`.
    pub(crate) fn intro_in(&self, language: &Language, kind: &OperationKind) -> Cow<'static, str> {
        language.attribute(kind, INTRO, self.intro)
    }

    /// Returns the label of a field in `language`.
    pub(crate) fn label_in(
        &self,
        language: &Language,
        kind: &OperationKind,
        field: &Field,
    ) -> Cow<'static, str> {
        language.attribute(kind, &self.label_attribute(field), field.label)
    }

    /// Returns the help for a field in `language`.
    pub(crate) fn help_in(
        &self,
        language: &Language,
        kind: &OperationKind,
        field: &Field,
    ) -> Cow<'static, str> {
        language.attribute(kind, &self.help_attribute(field), field.help)
    }

    /// Returns the label of a choice of a field in `language`.
    pub(crate) fn choice_in(
        &self,
        language: &Language,
        kind: &OperationKind,
        field: &Field,
        choice: &Choice,
    ) -> Cow<'static, str> {
        language.attribute(kind, &self.choice_attribute(field, choice), choice.label)
    }

    /// Returns every text that can be translated, with the attribute that translates it.
    #[cfg(feature = "i18n")]
    pub(crate) fn attributes(&self) -> Vec<(String, &'static str)> {
        let mut attributes = vec![(INTRO.to_owned(), self.intro)];
        for field in self.fields.iter().filter(|field| !field.is_hidden) {
            attributes.push((self.label_attribute(field), field.label));
            attributes.push((self.help_attribute(field), field.help));
            if field.field_type.scalar != super::Scalar::Bool {
                let choices = field.field_type.choices.iter();
                attributes.extend(
                    choices.map(|choice| (self.choice_attribute(field, choice), choice.label)),
                );
            }
        }
        attributes
    }

    fn label_attribute(&self, field: &Field) -> String {
        format!("field-{}", self.name_in_attributes(field))
    }

    fn help_attribute(&self, field: &Field) -> String {
        format!("help-{}", self.name_in_attributes(field))
    }

    fn choice_attribute(&self, field: &Field, choice: &Choice) -> String {
        let values: Vec<&str> =
            field.field_type.choices.iter().map(|choice| choice.value).collect();
        format!("choice-{}-{}", self.name_in_attributes(field), name_of(&values, choice.value))
    }

    fn name_in_attributes(&self, field: &Field) -> String {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        name_of(&names, field.name)
    }
}

#[cfg(all(test, feature = "i18n"))]
mod tests {
    use super::*;
    use crate::{form::FieldType, language::Languages};

    #[test]
    fn every_field_and_every_choice_has_a_name_of_its_own() {
        const SIGNS: &[Choice] = &[
            Choice { value: "-1", label: "Less" },
            Choice { value: "1", label: "More" },
            Choice { value: "2", label: "Much more" },
            Choice { value: "+", label: "Plus" },
        ];
        const CITIES: &[Choice] = &[
            Choice { value: "Łódź", label: "City" },
            Choice { value: "C", label: "Celsius" },
            Choice { value: "c", label: "Speed of light" },
            Choice { value: "New York", label: "Other city" },
        ];
        const FORM: &Form = &Form {
            intro: "",
            fields: &[
                Field::like("sign", FieldType::select(SIGNS)),
                Field::like("miejsceŻ", FieldType::select(CITIES)),
                Field::like("ż", FieldType::TEXT),
            ],
        };
        let kind = OperationKind::for_tests("demo.score_import", "Score import", &[]);
        let lacking = |texts: &str| {
            let languages = Languages::new().with("pl", texts).unwrap();
            let missing = languages.missing_texts([(&kind, FORM.attributes())].into_iter());
            (languages, missing.into_iter().map(|text| text.id).collect::<Vec<_>>())
        };
        let (_, missing) = lacking("demo-score_import = Import");
        let names: Vec<&str> =
            missing.iter().map(|id| id.strip_prefix("demo-score_import.").unwrap()).collect();
        assert_eq!(
            names,
            [
                "field-sign",
                "choice-sign-1",
                "choice-sign-2",
                "choice-sign-3",
                "choice-sign-4",
                "field-miejsce",
                "choice-miejsce-d",
                "choice-miejsce-2",
                "choice-miejsce-3",
                "choice-miejsce-new-york",
                "field-3",
            ]
        );
        let texts: String = names.iter().map(|name| format!("    .{name} = to {name}\n")).collect();
        let (languages, missing) = lacking(&format!("demo-score_import = Import\n{texts}"));
        assert!(missing.is_empty(), "{missing:?}");
        let polish = languages.find("pl");
        assert_eq!(FORM.label_in(&polish, &kind, &FORM.fields[2]), "to field-3");
        assert_eq!(FORM.choice_in(&polish, &kind, &FORM.fields[0], &SIGNS[1]), "to choice-sign-2");
    }
}
