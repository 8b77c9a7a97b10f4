//! The names of fields and choices against those of serde.

/// An operation and an enum for each rule that serde has for names.
macro_rules! renamed {
    ($($module:ident $name:literal = $rule:literal;)*) => {
        $(mod $module {
            use super::super::*;
            use serde::{Deserialize, Serialize};

            #[derive(Serialize, Deserialize, liveops::form::FormField)]
            #[serde(rename_all = $rule)]
            enum Choice {
                One,
                TwoWords,
                HTMLPage2,
            }

            #[derive(Default, liveops::LiveOperation, Serialize, Deserialize)]
            #[liveop(app = "renamed", name = $name, form)]
            #[serde(rename_all = $rule)]
            struct Input {
                one: u8,
                two_words: u8,
                _led_by_a_line2: u8,
                r#type: u8,
                #[serde(rename = "otherwise")]
                renamed: u8,
            }

            pub(super) fn check() {
                let choices = [Choice::One, Choice::TwoWords, Choice::HTMLPage2];
                let choices = choices.map(|choice| serde_json::to_value(choice).unwrap());
                assert_eq!(Choice::FIELD.choices.iter().map(|c| c.value).collect::<Vec<_>>(), choices);
                let mut asked: Vec<_> = <Input as OptionalForm>::FORM.unwrap().fields.iter().map(|f| f.name).collect();
                asked.sort_unstable();
                let input = serde_json::to_value(Input::default()).unwrap();
                assert_eq!(asked, input.as_object().unwrap().keys().collect::<Vec<_>>());
            }
        })*

        #[test]
        fn fields_and_choices_have_the_names_of_serde() {
            $($module::check();)*
        }
    };
}

renamed! {
    lower "lower" = "lowercase";
    upper "upper" = "UPPERCASE";
    pascal "pascal" = "PascalCase";
    camel "camel" = "camelCase";
    snake "snake" = "snake_case";
    screaming_snake "screaming_snake" = "SCREAMING_SNAKE_CASE";
    kebab "kebab" = "kebab-case";
    screaming_kebab "screaming_kebab" = "SCREAMING-KEBAB-CASE";
}
