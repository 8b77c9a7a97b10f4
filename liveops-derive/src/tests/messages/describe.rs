//! Tests of the messages about descriptions.

use expect_test::expect;

use super::says;

#[test]
fn an_empty_text() {
    says(
        r##"#[liveop(describe = "")] struct Import { file: String }"##,
        &expect![[r#"
        ""
            `describe` is empty
            help: write the text that users see, with fields in braces, such as `"Scores of {file}"`
    "#]],
    );
}

#[test]
fn a_text_of_two_lines() {
    says(
        r##"#[liveop(describe = "a\n{file}")] struct Import { file: String }"##,
        &expect![[r#"
        "a\n{file}"
            `describe` contains a line break or another control character
            help: write the text that users see, with fields in braces, such as `"Scores of {file}"`
    "#]],
    );
}

#[test]
fn a_text_without_a_field() {
    says(
        r##"#[liveop(describe = "Scores")] struct Import { file: String }"##,
        &expect![[r#"
        "Scores"
            `describe` names no field, so all operations of this type have the same description
            help: add a field in braces, such as `{file}`, or write the text as `title`
    "#]],
    );
}

#[test]
fn a_misspelt_field() {
    says(
        r##"#[liveop(describe = "Scores of {fiel}")] struct Import { file: String, year: u16 }"##,
        &expect![[r#"
            "Scores of {fiel}"
                `describe` names the unknown field `fiel`
                help: did you mean `{file}`?
                note: the fields are `file` and `year`
        "#]],
    );
}

#[test]
fn a_field_of_a_unit_struct() {
    says(
        r##"#[liveop(describe = "Scores of {file}")] struct Import;"##,
        &expect![[r#"
        "Scores of {file}"
            `describe` names the unknown field `file`
            note: `Import` has no fields
    "#]],
    );
}

#[test]
fn a_field_of_a_tuple_struct() {
    says(
        r##"#[liveop(describe = "{0} and {2}")] struct Import(String, u8);"##,
        &expect![[r#"
        "{0} and {2}"
            `describe` names the unknown field `2`
            note: the fields are `0` and `1`
    "#]],
    );
}

#[test]
fn a_format_in_braces() {
    says(
        r##"#[liveop(describe = "{year:04} {file.name}")] struct Import { file: String, year: u16 }"##,
        &expect![[r#"
            "{year:04} {file.name}"
                `describe` expects the name of a field in braces, found `{year:04}`
                help: write `{year}`, or name a function that returns a `String`: `describe = Import::description`
            "{year:04} {file.name}"
                `describe` expects the name of a field in braces, found `{file.name}`
                help: write `{file}`, or name a function that returns a `String`: `describe = Import::description`
        "#]],
    );
}

#[test]
fn braces_without_a_field() {
    says(
        r##"#[liveop(describe = "a {} {file}")] struct Import { file: String }"##,
        &expect![[r#"
        "a {} {file}"
            `describe` has braces without the name of a field
            help: write the name of a field, such as `{file}`, or `{{` and `}}` for braces in the text
    "#]],
    );
}

#[test]
fn unpaired_braces() {
    says(
        r##"#[liveop(describe = "{file} {year")] struct Import { file: String }"##,
        &expect![[r#"
            "{file} {year"
                `describe` has a `{` without a `}`
                help: write the name of a field, such as `{file}`, or `{{` and `}}` for braces in the text
        "#]],
    );
}

#[test]
fn unpaired_braces_at_the_end() {
    says(
        r##"#[liveop(describe = "{file} }")] struct Import { file: String }"##,
        &expect![[r#"
        "{file} }"
            `describe` has a `}` without a `{`
            help: write the name of a field, such as `{file}`, or `{{` and `}}` for braces in the text
    "#]],
    );
}

#[test]
fn a_password() {
    says(
        r##"#[liveop(form, describe = "{user}: {pin}")] struct Import { user: String, #[field(kind = "password")] pin: String }"##,
        &expect![[r#"
            "{user}: {pin}"
                `describe` shows the field `pin` in lists, but the field is a password
                help: remove `{pin}` from the description
        "#]],
    );
}

#[test]
fn a_number() {
    says(
        r##"#[liveop(describe = 5)] struct Import { file: String }"##,
        &expect![[r#"
        5
            `describe` expects a string literal or the path of a function, found `5`
            help: write `describe = "Scores of {file}"`
    "#]],
    );
}
