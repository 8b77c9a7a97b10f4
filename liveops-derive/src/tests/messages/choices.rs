use expect_test::{Expect, expect};

use crate::{errors::Errors, model::choices::Choices};

#[track_caller]
fn says(item: &str, expected: &Expect) {
    let mut errors = Errors::new();
    Choices::check(syn::parse_str(item).unwrap(), &mut errors);
    expected.assert_eq(&super::told(errors.check().unwrap_err()));
}

#[test]
fn struct_to_choose_from() {
    says(
        r##"struct Format;"##,
        &expect![[r#"
        Format
            only an enum is derived: what there is to choose from is its variants
            help: implement `FormField` by hand, which is one constant
    "#]],
    );
}

#[test]
fn variant_with_fields() {
    says(
        r##"enum Format { Csv, Other(String) }"##,
        &expect![[r#"
        (String)
            a variant with fields is more than a form can let people choose
            help: remove the fields, leave the variant out with `#[serde(skip)]`, or implement `FormField` by hand
    "#]],
    );
}

#[test]
fn untagged_choices() {
    says(
        r##"#[serde(untagged)] enum Format { Csv }"##,
        &expect![[r#"
        untagged
            `untagged` makes something else of a variant than its name, which is what a form sends
            help: implement `FormField` by hand
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
            an enum without fields has no use for parameters
    "#]],
    );
}
