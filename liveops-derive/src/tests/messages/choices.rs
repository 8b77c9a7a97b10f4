//! Tests of the messages about an enum of choices.

use expect_test::{Expect, expect};

use crate::{errors::Errors, model::choices::Choices};

#[track_caller]
fn says(item: &str, expected: &Expect) {
    let mut errors = Errors::new();
    Choices::check(syn::parse_str(item).unwrap(), &mut errors);
    expected.assert_eq(&super::described(errors.check().unwrap_err()));
}

#[test]
fn struct_to_choose_from() {
    says(
        r##"struct Format;"##,
        &expect![[r#"
            Format
                `FormField` can only be derived for an enum, whose variants become the choices
                help: implement `FormField` by hand, with the constant `FIELD`
        "#]],
    );
}

#[test]
fn variant_with_fields() {
    says(
        r##"enum Format { Csv, Other(String) }"##,
        &expect![[r#"
            (String)
                a variant with fields cannot be a choice in a form
                help: remove the fields, skip the variant with `#[serde(skip)]`, or implement `FormField` by hand
        "#]],
    );
}

#[test]
fn untagged_choices() {
    says(
        r##"#[serde(untagged)] enum Format { Csv }"##,
        &expect![[r#"
            untagged
                `untagged` is not supported: a form sends the name of a variant, and `untagged` changes its JSON
                help: remove `untagged`, or implement `FormField` by hand
        "#]],
    );
}

#[test]
fn misspelt_label() {
    says(
        r##"enum Format { #[field(lable = "A")] Csv }"##,
        &expect![[r#"
        lable
            unknown key `lable` in `#[field(…)]`
            help: did you mean `label`?
            note: the keys are `label`
    "#]],
    );
}

#[test]
fn key_of_an_operation() {
    says(
        r##"#[field(form)] enum Format<T> { Csv }"##,
        &expect![[r#"
            form
                unknown key `form` in `#[field(…)]`
                note: the keys are `crate`
            <T>
                an enum of choices cannot have generic parameters
                help: remove the parameters
        "#]],
    );
}
