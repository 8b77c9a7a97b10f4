//! Tests of the message about each error.

mod choices;
mod describe;
mod form;
mod policy;
mod version;

use expect_test::{Expect, expect};

/// Returns every message about `item`, below the tokens of its span.
fn messages_in(package: Option<&str>, item: &str) -> String {
    let item = syn::parse_str(item).unwrap();
    described(super::check(item, package).err().expect("the item has an error").error)
}

fn described(error: syn::Error) -> String {
    let messages = error.into_iter().map(|error| {
        let typed = error.span().source_text().unwrap_or_default();
        format!("{typed}\n    {}\n", error.to_string().replace('\n', "\n    "))
    });
    messages.collect()
}

#[track_caller]
fn says(item: &str, expected: &Expect) {
    expected.assert_eq(&messages_in(Some("demo"), item));
}

#[test]
fn unknown_key() {
    says(
        r##"#[liveop(colour = "red")] struct Import;"##,
        &expect![[r#"
            colour
                unknown key `colour` in `#[liveop(…)]`
                note: the keys are `app`, `name`, `title`, `describe`, `host_template`, `result_template`, `result_text_template`, `queue`, `priority`, `max_attempts`, `backoff`, `timeout`, `unique`, `cancel`, `on_shutdown`, `version`, `before`, `gap`, `internal`, `public`, `form`, `validate`, `state` and `crate`
        "#]],
    );
}

#[test]
fn misspelt_key() {
    says(
        r##"#[liveop(titel = "Import")] struct Import;"##,
        &expect![[r#"
            titel
                unknown key `titel` in `#[liveop(…)]`
                help: did you mean `title`?
                note: the keys are `app`, `name`, `title`, `describe`, `host_template`, `result_template`, `result_text_template`, `queue`, `priority`, `max_attempts`, `backoff`, `timeout`, `unique`, `cancel`, `on_shutdown`, `version`, `before`, `gap`, `internal`, `public`, `form`, `validate`, `state` and `crate`
        "#]],
    );
}

#[test]
fn key_in_capitals() {
    says(
        r##"#[liveop(Title = "Import")] struct Import;"##,
        &expect![[r#"
            Title
                unknown key `Title` in `#[liveop(…)]`
                help: did you mean `title`?
                note: the keys are `app`, `name`, `title`, `describe`, `host_template`, `result_template`, `result_text_template`, `queue`, `priority`, `max_attempts`, `backoff`, `timeout`, `unique`, `cancel`, `on_shutdown`, `version`, `before`, `gap`, `internal`, `public`, `form`, `validate`, `state` and `crate`
        "#]],
    );
}

#[test]
fn duplicate_key() {
    says(
        r##"#[liveop(app = "a")] #[liveop(app = "b")] struct Import;"##,
        &expect![[r#"
            app
                `app` is given twice
                help: remove one of the two
        "#]],
    );
}

#[test]
fn key_without_value() {
    says(
        r##"#[liveop(app, title =)] struct Import;"##,
        &expect![[r#"
            app
                `app` needs a value
                help: write `app = "…"`
            title
                `title` needs a value
                help: write `title = "…"`
        "#]],
    );
}

#[test]
fn key_in_quotes() {
    says(
        r##"#[liveop("app" = "a")] struct Import;"##,
        &expect![[r#"
            "app" = "a"
                expected a key, found `"app" = "a"`
                note: the keys are `app`, `name`, `title`, `describe`, `host_template`, `result_template`, `result_text_template`, `queue`, `priority`, `max_attempts`, `backoff`, `timeout`, `unique`, `cancel`, `on_shutdown`, `version`, `before`, `gap`, `internal`, `public`, `form`, `validate`, `state` and `crate`
        "#]],
    );
}

#[test]
fn missing_comma() {
    says(
        r##"#[liveop(app = "a" name = "b")] #[stages("Load" "Save" + 1, Go)] struct Import;"##,
        &expect![[r#"
            name
                expected `,` before this
            "Save"
                expected `,` before this
            + 1
                expected `,`, found `+ 1`
        "#]],
    );
}

#[test]
fn two_commas() {
    says(
        r##"#[liveop(app = "a",, name = "b")] #[stages("Load",, "Save")] struct Import;"##,
        &expect![[r#"
            ,
                expected a key, found `,`
                note: the keys are `app`, `name`, `title`, `describe`, `host_template`, `result_template`, `result_text_template`, `queue`, `priority`, `max_attempts`, `backoff`, `timeout`, `unique`, `cancel`, `on_shutdown`, `version`, `before`, `gap`, `internal`, `public`, `form`, `validate`, `state` and `crate`
            ,
                expected a stage, found `,`
                help: write a label, such as `"Load"`, or a variant, such as `Load`
        "#]],
    );
}

#[test]
fn number_for_a_string() {
    says(
        r##"#[liveop(title = 5)] struct Import;"##,
        &expect![[r#"
            5
                `title` expects a string literal, found `5`
                help: write `title = "…"`
        "#]],
    );
}

#[test]
fn bare_word_for_a_string() {
    says(
        r##"#[liveop(app = demo)] struct Import;"##,
        &expect![[r#"
            demo
                `app` expects a string literal, found `demo`
                help: write `app = "demo"`
        "#]],
    );
}

#[test]
fn quoted_type() {
    says(
        r##"#[liveop(state = "Arc<AppState>")] struct Import;"##,
        &expect![[r#"
            "Arc<AppState>"
                `state` expects a type, found `"Arc<AppState>"`
                help: write `state = Arc<AppState>`
        "#]],
    );
}

#[test]
fn quoted_path() {
    says(
        r##"#[liveop(crate = "my::liveops")] struct Import;"##,
        &expect![[r#"
            "my::liveops"
                `crate` expects a path, found `"my::liveops"`
                help: write `crate = my::liveops`
        "#]],
    );
}

#[test]
fn attributes_without_a_list() {
    says(
        r##"#[liveop] #[stages = "Load"] struct Import;"##,
        &expect![[r#"
            liveop
                expected `liveop(…)`
                help: write `#[liveop(title = "…")]`
            stages = "Load"
                expected `stages(…)`
                help: write `#[stages("Load", "Save")]`
        "#]],
    );
}

#[test]
fn attributes_on_a_field() {
    says(
        r##"struct Import { #[liveop(title = "File")] file: String }"##,
        &expect![[r##"
            #[liveop(title = "File")]
                `#[liveop(…)]` belongs on the struct, not on a field
                help: move it above the struct
        "##]],
    );
}

#[test]
fn bad_app() {
    says(
        r##"#[liveop(app = "Score Import")] struct Import;"##,
        &expect![[r#"
            "Score Import"
                `app` cannot be `Score Import`: it must start with a letter and consist of `a-z`, `0-9` and `_`, because URLs and template names contain it
                help: write `app = "score_import"`
        "#]],
    );
}

#[test]
fn app_of_no_letters() {
    says(
        r##"#[liveop(app = "9")] struct Import;"##,
        &expect![[r#"
            "9"
                `app` cannot be `9`: it must start with a letter and consist of `a-z`, `0-9` and `_`, because URLs and template names contain it
                help: write `app = "…"`
        "#]],
    );
}

#[test]
fn bad_name() {
    says(
        r##"#[liveop(name = "score-import")] struct Import;"##,
        &expect![[r#"
            "score-import"
                `name` cannot be `score-import`: it must start with a letter and consist of `a-z`, `0-9` and `_`, because URLs and template names contain it
                help: write `name = "score_import"`
        "#]],
    );
}

#[test]
fn type_name_outside_ascii() {
    says(
        r##"struct ŻółćImport;"##,
        &expect![[r#"
            ŻółćImport
                `name` defaults to the name of the type `ŻółćImport`, but cannot be `żółć_import`: it must start with a letter and consist of `a-z`, `0-9` and `_`, because URLs and template names contain it
                help: add `#[liveop(name = "…")]`
        "#]],
    );
}

#[test]
fn type_name_with_underscore() {
    says(
        r##"struct _Import;"##,
        &expect![[r#"
            _Import
                `name` defaults to the name of the type `_Import`, but cannot be `__import`: it must start with a letter and consist of `a-z`, `0-9` and `_`, because URLs and template names contain it
                help: add `#[liveop(name = "import")]`
        "#]],
    );
}

#[test]
fn bad_title() {
    says(
        r##"#[liveop(title = " ")] struct Import;"##,
        &expect![[r#"
            " "
                `title` is empty
                help: write the name that users see, such as `"Score import"`
        "#]],
    );
}

#[test]
fn empty_template() {
    says(
        r##"#[liveop(host_template = "")] struct Import;"##,
        &expect![[r#"
            ""
                `host_template` is empty
                help: write a path relative to the templates, such as `host_template = "demo/import.html"`
        "#]],
    );
}

#[test]
fn absolute_template() {
    says(
        r##"#[liveop(result_template = "/etc/passwd")] struct Import;"##,
        &expect![[r#"
            "/etc/passwd"
                `result_template` starts with `/`, but must be a relative path
                help: write a path relative to the templates, such as `result_template = "demo/import.html"`
        "#]],
    );
}

#[test]
fn template_outside() {
    says(
        r##"#[liveop(result_text_template = "../secret.txt")] struct Import;"##,
        &expect![[r#"
            "../secret.txt"
                `result_text_template` contains `..`, which is not allowed
                help: write a path relative to the templates, such as `result_text_template = "demo/import.html"`
        "#]],
    );
}

#[test]
fn template_with_backslash() {
    says(
        r##"#[liveop(host_template = "demo\\import.html")] struct Import;"##,
        &expect![[r#"
            "demo\\import.html"
                `host_template` contains `\`, but its parts must be separated by `/`
                help: write a path relative to the templates, such as `host_template = "demo/import.html"`
        "#]],
    );
}

#[test]
fn template_with_line_break() {
    says(
        r##"#[liveop(host_template = "demo\nimport.html")] struct Import;"##,
        &expect![[r#"
            "demo\nimport.html"
                `host_template` contains a line break or another control character
                help: write a path relative to the templates, such as `host_template = "demo/import.html"`
        "#]],
    );
}

#[test]
fn template_with_empty_part() {
    says(
        r##"#[liveop(host_template = "demo//import.html")] struct Import;"##,
        &expect![[r#"
            "demo//import.html"
                `host_template` contains a part that is empty or `.`
                help: write a path relative to the templates, such as `host_template = "demo/import.html"`
        "#]],
    );
}

#[test]
fn empty_stages() {
    says(
        r##"#[stages()] struct Import;"##,
        &expect![[r#"
            stages()
                `#[stages()]` has no stages
                help: list the stages, such as `#[stages("Load", "Save")]`, or remove the attribute
        "#]],
    );
}

#[test]
fn stages_twice() {
    says(
        r##"#[stages("Load")] #[stages("Save")] struct Import;"##,
        &expect![[r#"
            stages
                `#[stages(…)]` is given twice
                help: list every stage in one attribute
        "#]],
    );
}

#[test]
fn empty_label() {
    says(
        r##"#[stages("")] struct Import;"##,
        &expect![[r#"
            ""
                the label of a stage is empty
                help: write the text that users see, such as `"Load data"`
        "#]],
    );
}

#[test]
fn label_with_line_break() {
    says(
        r##"#[stages("Load\ndata")] struct Import;"##,
        &expect![[r#"
            "Load\ndata"
                the label of a stage contains a line break or another control character
                help: write the text that users see, such as `"Load data"`
        "#]],
    );
}

#[test]
fn label_with_space_around() {
    says(
        r##"#[stages("Load ")] struct Import;"##,
        &expect![[r#"
            "Load "
                the label of a stage starts or ends with a space
                help: write the text that users see, such as `"Load data"`
        "#]],
    );
}

#[test]
fn duplicate_label() {
    says(
        r##"#[stages("Load", "Load")] struct Import;"##,
        &expect![[r#"
            "Load"
                the stage `Load` is declared twice
                help: remove or rename one
        "#]],
    );
}

#[test]
fn duplicate_variant() {
    says(
        r##"#[stages(Load = "Load files", Load = "Load rows")] struct Import;"##,
        &expect![[r#"
            Load
                the stages `Load files` and `Load rows` both become the variant `Load`
                help: write another name before the label, such as `Load2 = "Load rows"`
        "#]],
    );
}

#[test]
fn colliding_labels() {
    says(
        r##"#[stages("Load data", "Load-data")] struct Import;"##,
        &expect![[r#"
            "Load-data"
                the stages `Load data` and `Load-data` both become the variant `LoadData`
                help: write another name before the label, such as `LoadData2 = "Load-data"`
        "#]],
    );
}

#[test]
fn label_without_identifier() {
    says(
        r##"#[stages("…")] struct Import;"##,
        &expect![[r#"
            "…"
                the label `…` cannot become a variant: it has no letters
                help: write a name before the label, such as `Name = "…"`
        "#]],
    );
}

#[test]
fn label_with_digit_first() {
    says(
        r##"#[stages("2nd pass")] struct Import;"##,
        &expect![[r#"
            "2nd pass"
                the label `2nd pass` cannot become a variant: a name cannot start with a digit
                help: write a name before the label, such as `Stage2ndPass = "2nd pass"`
        "#]],
    );
}

#[test]
fn reserved_label() {
    says(
        r##"#[stages("self")] struct Import;"##,
        &expect![[r#"
            "self"
                the label `self` cannot become a variant: `Self` is reserved
                help: write a name before the label, such as `StageSelf = "self"`
        "#]],
    );
}

#[test]
fn label_that_is_no_name() {
    says(
        r##"#[stages("½")] struct Import;"##,
        &expect![[r#"
            "½"
                the label `½` cannot become a variant: it is not a Rust identifier
                help: write a name before the label, such as `Name = "½"`
        "#]],
    );
}

#[test]
fn number_for_a_label() {
    says(
        r##"#[stages(5)] struct Import;"##,
        &expect![[r#"
            5
                expected a stage, found `5`
                help: write a label, such as `"Load"`, or a variant, such as `Load`
        "#]],
    );
}

#[test]
fn variant_in_lower_case() {
    says(
        r##"#[stages(load_data)] struct Import;"##,
        &expect![[r#"
            load_data
                `load_data` cannot be a variant of the stages
                help: write `LoadData`, or the label as a literal: `"load_data"`
        "#]],
    );
}

#[test]
fn reserved_variant() {
    says(
        r##"#[stages(Self)] struct Import;"##,
        &expect![[r#"
            Self
                `Self` cannot be a variant of the stages
                help: write another name, such as `Load`
        "#]],
    );
}

#[test]
fn taken_variant() {
    says(
        r##"#[stages(ALL)] struct Import;"##,
        &expect![[r#"
            ALL
                `ALL` cannot be a variant: the enum of the stages has a constant of this name
                help: write `"ALL"`, which becomes the variant `All`
        "#]],
    );
}

#[test]
fn weight_of_zero() {
    says(
        r##"#[stages("Load" = 0)] struct Import;"##,
        &expect![[r#"
            0
                the weight of a stage must be a whole number from 1 to 4294967295, found `0`
                help: write `1` for the shortest stage, and multiples of its duration for the others
        "#]],
    );
}

#[test]
fn negative_weight() {
    says(
        r##"#[stages("Load" = -1)] struct Import;"##,
        &expect![[r#"
            -1
                the weight of a stage must be a whole number from 1 to 4294967295, found `-1`
                help: write `1` for the shortest stage, and multiples of its duration for the others
        "#]],
    );
}

#[test]
fn fractional_weight() {
    says(
        r##"#[stages(Load = "Load files" = 0.5)] struct Import;"##,
        &expect![[r#"
            0.5
                the weight of a stage must be a whole number of 1 or more, found `0.5`
                help: write `Load = "Load files" = 8`
        "#]],
    );
}

#[test]
fn label_for_a_weight() {
    says(
        r##"#[stages("Load" = Process)] struct Import;"##,
        &expect![[r#"
            Process
                the weight of a stage must be a whole number of 1 or more, found `Process`
                help: write `"Load" = 8`, or `Variant = "Load"` to name the variant
        "#]],
    );
}

#[test]
fn neither_label_nor_weight() {
    says(
        r##"#[stages(Load = true)] struct Import;"##,
        &expect![[r#"
            true
                expected the label or the weight of the stage `Load`, found `true`
                help: write `Load = "Label"`, `Load = 8` or `Load = "Label" = 8`
        "#]],
    );
}

#[test]
fn missing_weight() {
    says(
        r##"#[stages("Load" = 1, "Save")] struct Import;"##,
        &expect![[r#"
            "Save"
                the stage `"Save"` has no weight, but `"Load"` has one: either all stages have a weight or none
                help: write `"Save" = 1`
        "#]],
    );
}

#[test]
fn an_enum() {
    says(
        r##"enum Import { Csv }"##,
        &expect![[r#"
            enum
                an operation must be a struct, found an enum
                help: use one struct for each type of operation, or a struct with a field of type `Import`
        "#]],
    );
}

#[test]
fn a_union() {
    says(
        r##"union Import { csv: u8 }"##,
        &expect![[r#"
            union
                an operation must be a struct, found a union, which cannot be stored as JSON
                help: write `struct`, and use an enum as a field for alternative inputs
        "#]],
    );
}

#[test]
fn a_lifetime() {
    says(
        r##"struct Import<'a, T> { file: &'a T }"##,
        &expect![[r#"
            'a
                an operation must own its data, found the lifetime `'a`: an operation is stored and runs later
                help: remove `'a` and use owned types, such as `String` for `&'a str` or `Vec<T>` for `&'a [T]`
        "#]],
    );
}

#[test]
fn everything_at_once() {
    says(
        r##"#[stages("Load", "Load", 5, "")] #[liveop(titel = "Import", app = "Demo", state = "App")] struct Import;"##,
        &expect![[r#"
            5
                expected a stage, found `5`
                help: write a label, such as `"Load"`, or a variant, such as `Load`
            titel
                unknown key `titel` in `#[liveop(…)]`
                help: did you mean `title`?
                note: the keys are `app`, `name`, `title`, `describe`, `host_template`, `result_template`, `result_text_template`, `queue`, `priority`, `max_attempts`, `backoff`, `timeout`, `unique`, `cancel`, `on_shutdown`, `version`, `before`, `gap`, `internal`, `public`, `form`, `validate`, `state` and `crate`
            "App"
                `state` expects a type, found `"App"`
                help: write `state = App`
            "Demo"
                `app` cannot be `Demo`: it must start with a letter and consist of `a-z`, `0-9` and `_`, because URLs and template names contain it
                help: write `app = "demo"`
            "Load"
                the stage `Load` is declared twice
                help: remove or rename one
            ""
                the label of a stage is empty
                help: write the text that users see, such as `"Load data"`
        "#]],
    );
}

#[test]
fn too_many_stages() {
    let stages: Vec<_> = (1..=66).map(|number| format!("Stage{number}")).collect();
    says(
        &format!("#[stages({})] struct Import;", stages.join(", ")),
        &expect![[r#"
            Stage65
                at most 64 stages are allowed, found 66: a page shows them in one row
                help: combine several stages into one, and report the progress within this stage
        "#]],
    );
}

#[test]
fn no_package() {
    expect![[r#"
        Import
            `app` defaults to the name of the package, but `CARGO_PKG_NAME` is not set
            help: add `#[liveop(app = "…")]`
    "#]]
    .assert_eq(&messages_in(None, "struct Import;"));
}

#[test]
fn a_package_that_is_no_app() {
    expect![[r#"
        Import
            `app` defaults to the name of the package, but cannot be `Score_Service`: it must start with a letter and consist of `a-z`, `0-9` and `_`, because URLs and template names contain it
            help: add `#[liveop(app = "score_service")]`
    "#]].assert_eq(&messages_in(Some("Score-Service"), "struct Import;"));
}

#[test]
fn colliding_tokens() {
    says(
        r##"#[stages(AB, Ab)] struct Import;"##,
        &expect![[r#"
            Ab
                the stages `AB` and `Ab` both become the field `ab` of `p.stages()`
                help: write another name before the label, such as `Ab2 = "Ab"`
        "#]],
    );
}
