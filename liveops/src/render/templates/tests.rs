//! The text of a result: a file, else a function, else one line per field.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Templates;
use crate::{language::Language, operation::FieldOrder};

fn render(templates: &Templates, name: &str, output: &Value) -> String {
    templates.render_result_text(name, output, &FieldOrder::default(), &Language::default())
}

#[test]
fn a_result_without_a_text_template_is_a_line_a_field() {
    let text = |value: Value| render(&Templates::new(), "test/word_count_result.txt", &value);
    assert_eq!(text(json!({ "words": 2, "longest": "<one>" })), "longest=<one>\nwords=2\n");
    assert_eq!(text(json!([1, "two"])), "[1,\"two\"]\n");
    assert_eq!(text(json!("Lift-off!")), "Lift-off!\n");
    assert_eq!(text(Value::Null), "");
}

#[test]
fn a_text_template_is_found_by_its_name() {
    #[derive(Deserialize)]
    struct Counted {
        words: u32,
    }

    let templates = Templates::new()
        .with_result_text("test/word_count_result.txt", |counted: &Counted, language| {
            format!("{} <words>", language.number(counted.words.into()))
        });
    let counted = json!({ "words": 1200, "longest": "" });
    assert_eq!(render(&templates, "test/word_count_result.txt", &counted), "1,200 <words>");
    assert_eq!(render(&templates, "test/another_result.txt", &counted), "longest=\nwords=1200\n");
}

#[cfg(feature = "minijinja")]
mod files {
    use std::{fs, path::PathBuf};

    use tempfile::TempDir;

    use super::*;

    /// A folder of templates.
    struct Folder(TempDir);

    impl Folder {
        fn with(name: &str, text: &str) -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            folder.write(name, text);
            folder
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn text(&self, name: &str, value: Value) -> String {
            render(&Templates::new().folder(self.0.path()), name, &value)
        }
    }

    #[test]
    fn plain_text_is_not_escaped() {
        let folder = Folder::with("a.html", "{{ words }} <{{ longest }}>");
        let text = folder.text("a.html", json!({ "words": 2, "longest": "\"&\"" }));
        assert_eq!(text, "2 <\"&\">");
    }

    #[test]
    fn a_result_template_can_name_the_fields_and_the_whole_output() {
        let folder = Folder::with("whole.txt", "{{ result }}");
        for (value, text) in [
            (json!(3), "3"),
            (json!("Lift-off!"), "Lift-off!"),
            (json!(["a", "b"]), "['a', 'b']"),
            (json!({ "words": 2 }), "{'words': 2}"),
            (json!({ "result": "a field of that name" }), "a field of that name"),
        ] {
            assert_eq!(folder.text("whole.txt", value), text);
        }
        folder.write("field.txt", "{{ words }} of {{ of.all }}{{ more|default('.') }}");
        let value = json!({ "words": 2, "of": { "all": 9 } });
        assert_eq!(folder.text("field.txt", value), "2 of 9.");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let outer = Folder::with("secret.txt", "a secret");
        outer.write("templates/inside.txt", "inside");
        let secret = outer.path("secret.txt").display().to_string();
        let templates = Templates::new().folder(outer.path("templates"));
        let text = |name: &str| render(&templates, name, &json!("plain"));
        assert_eq!(text("inside.txt"), "inside");
        for name in ["../secret.txt", "./../secret.txt", "inside.txt/../../secret.txt", "", &secret]
        {
            assert_eq!(text(name), "plain\n", "{name}");
            let include = format!("{{% include '{name}' ignore missing %}}");
            outer.write("templates/includes.txt", &include);
            assert_eq!(text("includes.txt"), "", "{name}");
        }
    }
}
