//! Tests of the parsed input, for cases that the golden files do not show.

use quote::ToTokens;

use crate::model::{Model, Stage};

fn model(item: &str) -> Model {
    let item = syn::parse_str(item).unwrap();
    super::check(item, Some("score-service"))
        .unwrap_or_else(|rejected| panic!("{}", rejected.error))
}

#[track_caller]
fn stages_of(stages: &str, expected: &[(&str, &str, Option<u32>)]) {
    let model = model(&format!("#[stages({stages})] struct Import;"));
    let found: Vec<_> = model
        .stages()
        .iter()
        .map(|stage| (stage.variant().to_string(), stage.label(), stage.weight()))
        .collect();
    let found: Vec<_> =
        found.iter().map(|(variant, label, weight)| (&**variant, *label, *weight)).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_form_of_a_stage() {
    stages_of(r#""Load data""#, &[("LoadData", "Load data", None)]);
    stages_of(r#""Load data" = 2,"#, &[("LoadData", "Load data", Some(2))]);
    stages_of("Load", &[("Load", "Load", None)]);
    stages_of("LoadPBN", &[("LoadPBN", "Load PBN", None)]);
    stages_of("Load = 2", &[("Load", "Load", Some(2))]);
    stages_of(r#"Load = "2nd""#, &[("Load", "2nd", None)]);
    stages_of(r#"Load = "2nd" = 3"#, &[("Load", "2nd", Some(3))]);
    stages_of(r#"Load, "Save""#, &[("Load", "Load", None), ("Save", "Save", None)]);
}

#[test]
fn the_app_is_the_package() {
    assert_eq!(model("struct Import;").op_type(), "score_service.import");
}

#[test]
fn keys_may_be_spread_over_attributes() {
    let model = model(r#"#[liveop(app = "a")] #[liveop(name = "b",)] #[liveop()] struct Import;"#);
    assert_eq!(model.op_type(), "a.b");
}

#[test]
fn templates_follow_the_name() {
    let model = model(r#"#[liveop(app = "a", name = "b", host_template = "c.html")] struct Żółć;"#);
    assert_eq!(model.host_template(), "c.html");
    assert_eq!(model.result_template(), "a/b_result.html");
    assert_eq!(model.result_text_template(), "a/b_result.txt");
    assert_eq!(model.title(), "Żółć");
}

#[test]
fn a_type_with_commas_is_one_value() {
    let model = model(r#"#[liveop(state = Map<String, u8>, app = "a")] struct Import;"#);
    assert_eq!(model.state().unwrap().to_token_stream().to_string(), "Map < String , u8 >");
    assert_eq!(model.app(), "a");
}

#[test]
fn raw_identifiers_lose_the_prefix() {
    let model = model("#[stages(r#Load)] struct r#Import;");
    assert_eq!(model.name(), "import");
    assert_eq!(model.stage_ident(), "ImportStage");
    assert_eq!(model.stages().iter().map(Stage::label).collect::<Vec<_>>(), ["Load"]);
}

#[test]
fn sixty_four_stages_are_allowed() {
    let stages: Vec<_> = (1..=64).map(|number| format!("Stage{number}")).collect();
    let model = model(&format!("#[stages({})] struct Import;", stages.join(", ")));
    assert_eq!(model.stages().len(), 64);
}

/// Code that uses names from an input with errors must still find them.
#[test]
fn a_mistake_keeps_the_other_stages() {
    let item = r#"
        #[stages("Load" = 0, "Load", 5, load_data, "Save")]
        #[stages("Clean up")]
        #[liveop(titel = "Import", app = "Demo")]
        enum Import { Csv }
    "#;
    let rejected = super::check(syn::parse_str(item).unwrap(), None).err().unwrap();
    let variants: Vec<_> =
        rejected.stand_in.stages().iter().map(|stage| stage.variant().to_string()).collect();
    assert_eq!(variants, ["Load", "load_data", "Save", "CleanUp"]);
}
