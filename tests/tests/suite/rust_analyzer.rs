//! What rust-analyzer makes of the derive, for those who have it in their editor.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use crate::support::{editor::Editor, need::use_if_there};

/// Shared by the tests, because it takes a while to start.
static EDITOR: LazyLock<Option<Mutex<Editor>>> = LazyLock::new(|| {
    let program = use_if_there("rust-analyzer", "LIVEOPS_TEST_RUST_ANALYZER")?;
    Some(Mutex::new(Editor::open(&program)))
});

fn editor() -> Option<MutexGuard<'static, Editor>> {
    Some(EDITOR.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A file with an operation; the attributes are on lines 5 and 6.
fn operation(stages: &str, keys: &str, body: &str) -> String {
    format!(
        "use liveops::{{LiveOperation, Progress, Run, RunResult}};
use serde::{{Deserialize, Serialize}};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages({stages})]
#[liveop({keys})]
struct Import(u8);

impl Run for Import {{
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {{
        {body}
    }}
}}
"
    )
}

#[test]
fn the_definition_of_a_variant_is_where_it_was_typed() {
    let Some(mut editor) = editor() else { return };
    let stages = r#""Load data", Check, Save = "Save it" = 8"#;
    let mut definition = |body| {
        editor.write(&operation(stages, "", body));
        editor.definition()
    };
    assert_eq!(definition("ImportStage::Load$0Data"), "5: \"Load data\"\n");
    assert_eq!(definition("Self::Stage::Load$0Data"), "5: \"Load data\"\n");
    assert_eq!(definition("use ImportStage::*; p.stage(Che$0ck)"), "5: Check\n");
    assert_eq!(definition("ImportStage::Sa$0ve"), "5: Save\n");
}

#[test]
fn a_variant_shows_its_label() {
    let Some(mut editor) = editor() else { return };
    let mut hover = |stages, body| {
        editor.write(&operation(stages, "", body));
        editor.hover()
    };
    let label = "Load data, stage 1 of 2";
    for shown in [
        hover(r#""Load data", Save"#, "ImportStage::Load$0Data"),
        hover(r#""Load $0data", Save"#, ""),
        hover(r#"Load$0Data, Save"#, ""),
    ] {
        assert_eq!(shown.matches(label).count(), 1, "{shown}");
    }
}

#[test]
fn stages_complete_while_an_attribute_is_wrong() {
    let Some(mut editor) = editor() else { return };
    for (stages, keys) in [
        (r#""Load", "Save""#, r#"titel = "Import""#),
        (r#""Load", "Save""#, "ti"),
        (r#""Load", "Save""#, "title ="),
        (r#""Load", "Save""#, r#"app = "Not a name""#),
        (r#""Load", 5, "Save" ="#, ""),
        (r#""Load", Save = "", "Save""#, ""),
    ] {
        for body in ["ImportStage::$0", "use ImportStage::*; p.stage($0"] {
            editor.write(&operation(stages, keys, body));
            let offered = editor.completions();
            let all = ["Load", "Save"].iter().all(|stage| offered.iter().any(|it| it == stage));
            assert!(all, "#[stages({stages})] #[liveop({keys})] {body}: {offered:?}");
        }
    }
}

#[test]
fn keys_complete_wherever_one_is_typed() {
    let Some(mut editor) = editor() else { return };
    for keys in [
        "$0",
        "ti$0",
        "ti$0tle",
        r#"ti$0tle = "Import""#,
        r#"app = "demo", $0"#,
        r#"app = "demo", ti$0"#,
        r#"ti$0, app = "demo""#,
        r#"app = "Not a name", titel, ti$0"#,
    ] {
        editor.write(&operation("Load", keys, ""));
        let offered = editor.completions();
        for key in ["app", "name", "title", "state"] {
            assert!(offered.iter().any(|it| it == key), "#[liveop({keys})]: {offered:?}");
        }
        for no_key in ["self", "krate"] {
            assert!(offered.iter().all(|it| it != no_key), "#[liveop({keys})]: {offered:?}");
        }
    }
}

#[test]
fn a_key_shows_what_it_is() {
    let Some(mut editor) = editor() else { return };
    let mut hover = |keys| {
        editor.write(&operation("Load", keys, ""));
        editor.hover()
    };
    let title = hover(r#"ti$0tle = "Import""#);
    assert!(title.contains("what people call the operation"), "{title}");
    let without_value = hover("app = 5, ti$0tle");
    assert!(without_value.starts_with(&title), "{without_value}");
    let krate = hover("crate$0 = ::liveops");
    assert!(krate.contains("Path to liveops"), "{krate}");
}

#[test]
fn a_type_completes_as_the_value_of_a_key() {
    let Some(mut editor) = editor() else { return };
    for keys in ["state = $0", "state = Imp$0", "state = Vec<$0>", "titel, state = $0"] {
        editor.write(&operation("Load", keys, ""));
        let offered = editor.completions();
        assert!(offered.iter().any(|it| it == "Import"), "#[liveop({keys})]: {offered:?}");
    }
}

#[test]
fn renaming_a_stage_renames_it_everywhere() {
    let Some(mut editor) = editor() else { return };
    let body = "let _ = ImportStage::Save; let _ = Self::Stage::Save;";
    let in_attribute = operation(r#""Load", Save$0 = "Save it""#, "titel", body);
    let in_body =
        operation(r#""Load", Save = "Save it""#, "titel", &body.replacen("Save", "Save$0", 1));
    let expected =
        operation(r#""Load", Store = "Save it""#, "titel", &body.replace("Save", "Store"));
    for text in [in_attribute, in_body] {
        editor.write(&text);
        assert_eq!(editor.rename("Store"), expected);
    }
}

#[test]
fn renaming_the_variant_of_a_label_leaves_an_identifier() {
    let Some(mut editor) = editor() else { return };
    editor.write(&operation(r#""Load", "Save""#, "", "ImportStage::Sa$0ve"));
    assert_eq!(editor.rename("Store"), operation(r#""Load", Store"#, "", "ImportStage::Store"));
}

#[test]
fn a_mistake_is_underlined_where_it_is() {
    let Some(mut editor) = editor() else { return };
    let mut complaints = |stages, keys| {
        editor.write(&operation(stages, keys, ""));
        editor.complaints()
    };
    assert_eq!(complaints("Load", r#"title = "Import""#), [""; 0]);
    assert_eq!(
        complaints(r#""Load", "Load""#, r#"titel = "Import""#),
        [
            r#""Load": the stage `Load` is declared twice"#,
            "titel: unknown key `titel` in `#[liveop(…)]`",
        ]
    );
}
