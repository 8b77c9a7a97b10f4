//! Tests of the messages about forms.

use expect_test::expect;

use super::says;

#[test]
fn unknown_key_of_a_field() {
    says(
        r##"#[liveop(form)] struct Import { #[field(lable = "File")] file: String }"##,
        &expect![[r#"
            lable
                unknown key `lable` in `#[field(…)]`
                help: did you mean `label`?
                note: the keys are `label`, `help`, `kind`, `default`, `min`, `max`, `step`, `max_length`, `placeholder`, `options`, `accept`, `rows`, `hidden`, `skip`, `any_path` and `validate`
        "#]],
    );
}

#[test]
fn field_without_a_form() {
    says(
        r##"struct Import { #[field(label = "File")] file: String }"##,
        &expect![[r##"
            #[field(label = "File")]
                `#[field(…)]` needs a form, and the operation has none
                help: add `form` to `#[liveop(…)]`
        "##]],
    );
}

#[test]
fn field_above_the_struct() {
    says(
        r##"#[liveop(form)] #[field(label = "File")] struct Import { file: String }"##,
        &expect![[r##"
            #[field(label = "File")]
                `#[field(…)]` belongs on a field, not on the struct
                help: move it to the field
        "##]],
    );
}

#[test]
fn form_of_fields_without_names() {
    says(
        r##"#[liveop(form)] struct Import(String);"##,
        &expect![[r#"
            form
                `form` needs a struct with named fields
                help: write a struct with braces: `struct Import { file: PathBuf }`
        "#]],
    );
}

#[test]
fn form_with_a_value() {
    says(
        r##"#[liveop(form = true)] struct Import {}"##,
        &expect![[r#"
        = true
            `form` takes no value, found `= true`
            help: write `form` alone
    "#]],
    );
}

#[test]
fn validate_in_quotes() {
    says(
        r##"#[liveop(validate = "Self::check")] struct Import {}"##,
        &expect![[r#"
            "Self::check"
                `validate` expects the path of a function, found `"Self::check"`
                help: write `validate = Self::check`
        "#]],
    );
}

#[test]
fn misspelt_kind() {
    says(
        r##"#[liveop(form)] struct Import { #[field(kind = "emial")] to: String }"##,
        &expect![[r#"
            "emial"
                `kind` cannot be `emial`
                help: did you mean `"email"`?
                note: the values are `"text"`, `"multiline"`, `"email"`, `"url"`, `"tel"`, `"password"`, `"number"`, `"checkbox"`, `"date"`, `"time"`, `"datetime"` and `"file"`
        "#]],
    );
}

#[test]
fn empty_texts() {
    says(
        r##"#[liveop(form)] struct Import { #[field(label = "", help = " a", placeholder = "a\nb")] to: String }"##,
        &expect![[r#"
            ""
                `label` is empty
                help: write a text of one line, or remove `label`
            " a"
                `help` starts or ends with a space
                help: write a text of one line, or remove `help`
            "a\nb"
                `placeholder` contains a line break or another control character
                help: write a text of one line, or remove `placeholder`
        "#]],
    );
}

#[test]
fn bounds_the_wrong_way_round() {
    says(
        r##"#[liveop(form)] struct Import { #[field(min = 10, max = -1.5)] rows: i32 }"##,
        &expect![[r#"
            -1.5
                `max` must not be less than `min` (10)
                help: swap the values
        "#]],
    );
}

#[test]
fn bound_that_is_a_word() {
    says(
        r##"#[liveop(form)] struct Import { #[field(min = low, max = )] rows: i32 }"##,
        &expect![[r#"
            low
                `min` expects a number, or a date or time in quotes, found `low`
                help: write `min = 10`
            max
                `max` needs a value
                help: write `max = 10`
        "#]],
    );
}

#[test]
fn step_of_nothing() {
    says(
        r##"#[liveop(form)] struct Import { #[field(step = 0)] rows: i32, #[field(step = -0.5)] more: i32 }"##,
        &expect![[r#"
            0
                `step` must be greater than 0, found `0`
                help: write `step = 0.5`
            -0.5
                `step` must be greater than 0, found `-0.5`
                help: write `step = 0.5`
        "#]],
    );
}

#[test]
fn lengths_of_nothing() {
    says(
        r##"#[liveop(form)] struct Import { #[field(max_length = 0, rows = -1)] text: String }"##,
        &expect![[r#"
            0
                `max_length` must be a whole number from 1 to 4294967295, found `0`
                help: write `max_length = 10`
            -1
                `rows` must be a whole number from 1 to 4294967295, found `-1`
                help: write `rows = 10`
        "#]],
    );
}

#[test]
fn options_that_are_none() {
    says(
        r##"#[liveop(form)] struct Import { #[field(options = "a")] a: String, #[field(options = ["a", "a" = "b", ""])] b: String }"##,
        &expect![[r#"
            "a"
                `options` expects a list, found `"a"`
                help: write `options = ["csv", "tsv" = "Tabs"]`
            "a"
                the same option is given twice
                help: remove one of the two
            ""
                an option cannot be empty: an empty text means that the field is left out
                help: use a field of type `Option`
        "#]],
    );
}

#[test]
fn hidden_and_seen() {
    says(
        r##"#[liveop(form)] struct Import { #[field(hidden, placeholder = "a")] a: String }"##,
        &expect![[r#"
            placeholder
                `placeholder` has no effect on a `hidden` field
                help: remove `placeholder` or `hidden`
        "#]],
    );
}

#[test]
fn skip_and_more() {
    says(
        r##"#[liveop(form)] struct Import { #[field(skip, label = "A")] a: Option<String> }"##,
        &expect![[r#"
            label
                `label` has no effect together with `skip`
                help: remove `label` or `skip`
        "#]],
    );
}

#[test]
fn skip_of_what_has_to_be_there() {
    says(
        r##"#[liveop(form)] struct Import { #[field(skip)] a: String }"##,
        &expect![[r#"
            String
                `#[field(skip)]` needs a default value
                help: add `#[serde(default)]`, or remove `skip`
        "#]],
    );
}

#[test]
fn flattened_field() {
    says(
        r##"#[liveop(form)] struct Import { #[serde(flatten)] rest: Rest }"##,
        &expect![[r#"
            flatten
                `flatten` hides the names of the fields, so they cannot be part of a form
                help: add `#[field(skip)]`, or declare the fields in this struct
        "#]],
    );
}

#[test]
fn field_with_serde_with() {
    says(
        r##"#[liveop(form)] struct Import { #[serde(with = "hex")] #[field(validate = ok)] key: Vec<u8> }"##,
        &expect![[r#"
            with
                `with` changes the JSON of the field, so the field needs a `kind`
                help: add `#[field(kind = "…")]`, or `#[field(skip)]`
            ok
                `validate` cannot be combined with `with`: the value is not read by its type
                help: validate the whole operation with `#[liveop(validate = …)]`
        "#]],
    );
}

#[test]
fn operation_of_another_shape() {
    says(
        r##"#[liveop(form)] #[serde(try_from = "Raw")] struct Import { a: String }"##,
        &expect![[r#"
            try_from
                `try_from` changes the JSON of the operation, so its fields cannot make a form
                help: remove `form` from `#[liveop(…)]`, or `try_from` from `#[serde(…)]`
        "#]],
    );
}

#[test]
fn several_mistakes_in_a_form() {
    says(
        r##"#[liveop(form, titel = "A")] struct Import { #[field(lable = "A")] a: String, #[field(kind = "fil", rows = 0)] b: String }"##,
        &expect![[r#"
            titel
                unknown key `titel` in `#[liveop(…)]`
                help: did you mean `title`?
                note: the keys are `app`, `name`, `title`, `describe`, `host_template`, `result_template`, `result_text_template`, `queue`, `priority`, `max_attempts`, `backoff`, `timeout`, `unique`, `cancel`, `on_shutdown`, `version`, `before`, `gap`, `internal`, `public`, `form`, `validate`, `state` and `crate`
            lable
                unknown key `lable` in `#[field(…)]`
                help: did you mean `label`?
                note: the keys are `label`, `help`, `kind`, `default`, `min`, `max`, `step`, `max_length`, `placeholder`, `options`, `accept`, `rows`, `hidden`, `skip`, `any_path` and `validate`
            "fil"
                `kind` cannot be `fil`
                help: did you mean `"file"`?
                note: the values are `"text"`, `"multiline"`, `"email"`, `"url"`, `"tel"`, `"password"`, `"number"`, `"checkbox"`, `"date"`, `"time"`, `"datetime"` and `"file"`
            0
                `rows` must be a whole number from 1 to 4294967295, found `0`
                help: write `rows = 10`
        "#]],
    );
}
