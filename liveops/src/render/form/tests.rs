//! Tests of the rendered forms.

use maud::Render;

use super::*;
use crate::form::{Bound, Choice, Control, FieldType};

const KIND: OperationKind = OperationKind::for_tests("demo.count", "Count", &[]);

const FORM: Form = Form {
    intro: "Counts `words`.",
    fields: &[
        Field {
            label: "Text",
            help: "In `UTF-8`.",
            placeholder: "to be",
            ..Field::of::<String>("text").max_length(9)
        },
        Field {
            default: Some(|| 3.into()),
            ..Field::of::<u8>("count").min(Bound::Whole(1)).max(Bound::Whole(9))
        },
        Field::of::<Vec<String>>("tags"),
        Field::of::<String>("secret").shown_as(Control::Password).optional(),
        Field { is_hidden: true, default: Some(|| "page".into()), ..Field::of::<String>("from") },
    ],
};

fn view() -> FormView {
    FormView {
        form: &FORM,
        action: "/live/demo.count/".to_owned(),
        id: "count".to_owned(),
        submit: None,
        kind: KIND,
        language: Language::default(),
        is_in_place: false,
        hidden: Vec::new(),
        entered: Entered::defaults(&FORM),
        errors: FormErrors::new(),
    }
}

fn lines(view: &FormView) -> String {
    view.render().0.replace("><", ">\n<")
}

#[test]
fn an_empty_form() {
    expect_test::expect![[r#"
        <form class="liveops-form" id="count" method="post" action="/live/demo.count/" data-liveop-form>
        <div class="liveops-field">
        <label for="count-text">
        <span>Text <span class="liveops-required">(required)</span>
        </span>
        </label>
        <p class="liveops-help" id="count-text-help">In <code>UTF-8</code>.</p>
        <input type="text" id="count-text" name="text" placeholder="to be" maxlength="9" required aria-describedby="count-text-help">
        </div>
        <div class="liveops-field">
        <label for="count-count">
        <span>count</span>
        </label>
        <input type="number" id="count-count" name="count" value="3" min="1" max="9">
        </div>
        <div class="liveops-field">
        <label for="count-tags">
        <span>tags</span>
        </label>
        <p class="liveops-help" id="count-tags-help"> One per line.</p>
        <textarea id="count-tags" name="tags" rows="4" aria-describedby="count-tags-help">
        </textarea>
        </div>
        <div class="liveops-field">
        <label for="count-secret">
        <span>secret</span>
        </label>
        <input type="password" id="count-secret" name="secret">
        </div>
        <input type="hidden" name="from" value="page">
        <button type="submit" data-variant="primary">Start</button>
        </form>"#]].assert_eq(&lines(&view()));
}

#[test]
fn a_form_with_mistakes() {
    let texts = Texts::parse(b"text=%3Cb%3E&count=12&tags=a%0Ab&secret=hush&from=page").unwrap();
    let errors = FormErrors::at("count", "Too many.").and_at("from", "Not from here.");
    let view = view().in_place().sent(texts, false, errors);
    let page = lines(&view);
    assert!(!page.contains("hush") && !page.contains("<b>"), "{page}");
    assert!(page.contains(r#"value="&lt;b&gt;""#) && page.contains("a\nb</textarea>"), "{page}");
    let fields: Vec<&str> = page.split(r#"<div class="liveops-field""#).collect();
    let (summary, wrong) = (fields[0], fields[2]);
    expect_test::expect![[r##"
        <form class="liveops-form" id="count" method="post" action="/live/demo.count/" hx-post="/live/demo.count/" hx-swap="outerHTML" data-liveop-labels="{&quot;refused&quot;:&quot;The action failed. Please try again.&quot;,&quot;unreachable&quot;:&quot;The server could not be reached. Please try again.&quot;}" data-liveop-form>
        <div class="liveops-mistakes" role="alert" tabindex="-1" autofocus>
        <p>
        <strong>Please correct 2 errors</strong>
        </p>
        <ul>
        <li>
        <a href="#count-count">count: Too many.</a>
        </li>
        <li>from: Not from here.</li>
        </ul>
        </div>
    "##]].assert_eq(summary);
    expect_test::expect![[r#"
         data-invalid>
        <label for="count-count">
        <span>count</span>
        </label>
        <p class="liveops-mistake" id="count-count-error">Too many.</p>
        <input type="number" id="count-count" name="count" value="12" min="1" max="9" aria-invalid="true" aria-describedby="count-count-error">
        </div>
    "#]].assert_eq(wrong);
}

#[test]
fn a_list_is_sent_even_when_it_is_empty() {
    const COLOURS: &[Choice] = &[Choice { value: "red", label: "Red" }];
    const FORM: Form = Form {
        intro: "",
        fields: &[
            Field {
                default: Some(|| vec!["red"].into()),
                ..Field::like("colours", FieldType::select(COLOURS).multiple())
            },
            Field { is_hidden: true, ..Field::of::<Vec<u8>>("sizes") },
        ],
    };
    let view = FormView { form: &FORM, entered: Entered::defaults(&FORM), ..view() };
    let page = lines(&view);
    let (empty, ticked) = (page.find(r#"name="colours" value="""#), page.find(r#"value="red""#));
    assert!(empty.is_some() && empty < ticked, "{page}");
    assert!(page.contains(r#"type="hidden" name="sizes" value="""#), "{page}");
}
