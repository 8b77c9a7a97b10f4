//! Tests of the names, against the rule of django-liveops and against `heck`.

use heck::ToSnakeCase;
use proptest::prelude::*;
use regex::Regex;

use super::*;

/// The rule as written in django-liveops.
struct Reference {
    acronym_then_word: Regex,
    word_then_word: Regex,
}

impl Reference {
    fn new() -> Self {
        Self {
            acronym_then_word: Regex::new("(.)([A-Z][a-z]+)").unwrap(),
            word_then_word: Regex::new("([a-z0-9])([A-Z])").unwrap(),
        }
    }

    fn snake_case(&self, name: &str) -> String {
        let name = self.acronym_then_word.replace_all(name, "${1}_${2}");
        self.word_then_word.replace_all(&name, "${1}_${2}").to_lowercase()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn snake_case_of_any_name_is_the_reference(name in "[A-Za-z_][A-Za-z0-9_]{0,20}") {
        prop_assert_eq!(snake_case(&name), Reference::new().snake_case(&name));
    }

    // Few letters, so that every sequence of letter kinds occurs.
    #[test]
    fn snake_case_of_any_shape_is_the_reference(name in "[ABab1_żŻ]{1,12}") {
        prop_assert_eq!(snake_case(&name), Reference::new().snake_case(&name));
    }

    #[test]
    fn a_variant_is_always_an_identifier(label in "\\PC{0,12}") {
        if let Ok(name) = variant(&label) {
            prop_assert!(syn::parse_str::<syn::Ident>(&name).is_ok(), "{}", name);
        }
    }
}

#[test]
fn snake_case_of_the_table() {
    let reference = Reference::new();
    for (name, expected) in SNAKE_CASE {
        assert_eq!(snake_case(name), *expected, "{name}");
        assert_eq!(reference.snake_case(name), *expected, "{name}, by the reference");
    }
}

#[test]
fn heck_differs_where_it_is_known_to() {
    let differs = SNAKE_CASE
        .iter()
        .filter(|(name, ours)| name.to_snake_case() != *ours)
        .map(|(name, ours)| format!("{name}: {ours}, heck {}\n", name.to_snake_case()))
        .collect::<String>();
    expect_test::expect![[r#"
        A1B: a1_b, heck a1b
        A1B2: a1_b2, heck a1b2
        A12B: a12_b, heck a12b
        B2BImport: b2_b_import, heck b2b_import
        ABC1D: abc1_d, heck abc1d
        _Import: __import, heck import
        Import_: import_, heck import
        __Import: ___import, heck import
        Score_Import: score__import, heck score_import
        Score__Import: score___import, heck score_import
        Z9Z: z9_z, heck z9z
        Q1Q2Q3: q1_q2_q3, heck q1q2q3
        ImportŻółć: importżółć, heck import_żółć
        ImportÉtat: importétat, heck import_état
    "#]]
    .assert_eq(&differs);
}

#[test]
fn title_keeps_acronyms() {
    for (name, expected) in [
        ("Import", "Import"),
        ("ScoreImport", "Score import"),
        ("PBNImport", "PBN import"),
        ("ImportPBN2", "Import PBN2"),
        ("PlanBImport", "Plan B import"),
        ("X509Check", "X509 check"),
        ("NightlyDBBackup", "Nightly DB backup"),
        ("Import2024", "Import2024"),
        ("scoreImport", "score import"),
        ("Score_Import", "Score import"),
        ("_Import", "Import"),
        ("ŻółćImport", "Żółć import"),
    ] {
        assert_eq!(title(name), expected, "{name}");
    }
}

#[test]
fn labels_give_variants() {
    for (label, expected) in [
        ("Load", "Load"),
        ("load", "Load"),
        ("Load data", "LoadData"),
        ("load-data", "LoadData"),
        ("Load & check", "LoadCheck"),
        ("Load PBN files", "LoadPbnFiles"),
        ("Step 2", "Step2"),
        ("Wczytanie danych", "WczytanieDanych"),
        ("łączenie", "Łączenie"),
        ("データ", "データ"),
        ("type", "Type"),
    ] {
        assert_eq!(variant(label).as_deref(), Ok(expected), "{label}");
    }
}

#[test]
fn labels_without_a_variant_say_why() {
    for (label, expected) in [
        ("", NoVariant::NoLetters),
        ("…", NoVariant::NoLetters),
        ("100 %", NoVariant::StartsWithDigit),
        ("2nd pass", NoVariant::StartsWithDigit),
        ("self", NoVariant::Reserved),
        ("½", NoVariant::NotAName),
    ] {
        assert_eq!(variant(label), Err(expected), "{label}");
    }
}

const SNAKE_CASE: &[(&str, &str)] = &[
    ("ScoreImport", "score_import"),
    ("Import", "import"),
    ("ImportPBN", "import_pbn"),
    ("PBNImport", "pbn_import"),
    ("ImportPBN2", "import_pbn2"),
    ("ABCTest", "abc_test"),
    ("AbcTest", "abc_test"),
    ("HTMLReport", "html_report"),
    ("ReportHTML", "report_html"),
    ("XMLToJSON", "xml_to_json"),
    ("GetHTTPResponse", "get_http_response"),
    ("HTTPServer", "http_server"),
    ("A", "a"),
    ("AB", "ab"),
    ("ABC", "abc"),
    ("Ab", "ab"),
    ("ABc", "a_bc"),
    ("AbC", "ab_c"),
    ("A1", "a1"),
    ("A1B", "a1_b"),
    ("A1B2", "a1_b2"),
    ("A12B", "a12_b"),
    ("B2BImport", "b2_b_import"),
    ("ABC1D", "abc1_d"),
    ("Abc1D", "abc1_d"),
    ("OAuth2Import", "o_auth2_import"),
    ("Import2024Q1", "import2024_q1"),
    ("X509Check", "x509_check"),
    ("IPv6Scan", "i_pv6_scan"),
    ("Model3D", "model3_d"),
    ("Model3d", "model3d"),
    ("Mp3Encode", "mp3_encode"),
    ("MP3Encode", "mp3_encode"),
    ("Utf8Check", "utf8_check"),
    ("UTF8Check", "utf8_check"),
    ("Sha256Sum", "sha256_sum"),
    ("SHA256Sum", "sha256_sum"),
    ("S3Upload", "s3_upload"),
    ("EC2Start", "ec2_start"),
    ("H264Encode", "h264_encode"),
    ("PlanBImport", "plan_b_import"),
    ("GetAThing", "get_a_thing"),
    ("ATeam", "a_team"),
    ("TheA", "the_a"),
    ("_Import", "__import"),
    ("Import_", "import_"),
    ("__Import", "___import"),
    ("Score_Import", "score__import"),
    ("Score__Import", "score___import"),
    ("score_import", "score_import"),
    ("scoreImport", "score_import"),
    ("import", "import"),
    ("Z9", "z9"),
    ("Z9z", "z9z"),
    ("Z9Z", "z9_z"),
    ("UserIDs", "user_i_ds"),
    ("UserIDsImport", "user_i_ds_import"),
    ("DBBackup", "db_backup"),
    ("BackupDB", "backup_db"),
    ("DbBackup", "db_backup"),
    ("NightlyDBBackup2", "nightly_db_backup2"),
    ("Step1", "step1"),
    ("Step10Of20", "step10_of20"),
    ("Year2000Fix", "year2000_fix"),
    ("Q1Q2Q3", "q1_q2_q3"),
    ("ABCDef", "abc_def"),
    ("AbcDEF", "abc_def"),
    ("AbcDEFGhi", "abc_def_ghi"),
    ("CsvToXLSX", "csv_to_xlsx"),
    ("ŻółćImport", "żółć_import"),
    ("ImportŻółć", "importżółć"),
    ("ÉtatImport", "état_import"),
    ("ImportÉtat", "importétat"),
];
