//! The form that creates an operation, as a page and as JSON.

use std::borrow::Cow;

use axum::{
    Extension, Json,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::Value;

use super::{create::SubmittedInput, page::LIVE_PAGE, upload::Uploads};
use crate::{
    form::{Field, Form, Texts, messages},
    language::{Language, Text},
    operation::OperationKind,
    runner::{InputError, RegisteredOperation},
    web::{
        auth::viewer::{Authenticated, Viewer},
        error::{WebError, is_partial, wants_json},
        state::Web,
    },
};

/// Maximum size, as HTML, of the texts with which liveops fills a refused form again. Texts within the limit of a body
/// exceed this size only if HTML escapes most of their characters.
const REFILLED_BYTES_MAX: usize = 2 << 20;

/// Returns an operation type of which the viewer may create operations.
///
/// # Errors
///
/// Returns a 404 error for a type that is not registered or not public, and a 403 error if the access policy
/// refuses the viewer.
pub(in crate::web) fn find_to_create<'a>(
    web: &'a Web,
    viewer: &Viewer,
    op_type: &str,
) -> Result<&'a RegisteredOperation, WebError> {
    let operation = web.engine().registry.find_public(op_type);
    let operation = operation.ok_or_else(WebError::not_found)?;
    if web.engine().access.may_create(viewer, op_type) {
        Ok(operation)
    } else {
        Err(WebError::forbidden(Text::NotAllowed))
    }
}

/// Answers with the page that creates an operation, or with a description of its fields as JSON.
pub(in crate::web) async fn show<V>(
    Extension(web): Extension<Web>,
    Authenticated { viewer, .. }: Authenticated<V>,
    Path(op_type): Path<String>,
    headers: HeaderMap,
) -> Response {
    let found = find_to_create(&web, &viewer, &op_type)
        .and_then(|operation| Ok((operation, operation.form.ok_or_else(WebError::not_found)?)));
    let (operation, form) = match found {
        Ok(found) => found,
        Err(error) => return error.answer(&web, &viewer, &headers),
    };
    let renderer = web.renderer_for(&viewer);
    if wants_json(&headers) {
        let json = FormJson::new(&operation.kind, form, renderer.language());
        return Json(json).into_response();
    }
    let view = renderer.form_of(&operation.kind, form);
    let page = renderer.form_page(&operation.kind, &view, &viewer.id);
    ([(header::CACHE_CONTROL, LIVE_PAGE)], page).into_response()
}

/// Returns the answer to an invalid input: the form with the sent values and the errors if a form was sent,
/// else the errors as JSON.
pub(in crate::web) fn refuse(
    web: &Web,
    viewer: &Viewer,
    operation: &RegisteredOperation,
    (sent, uploads): (SubmittedInput, &Uploads),
    error: InputError,
    headers: &HeaderMap,
) -> Result<Response, WebError> {
    let Some(form) = operation.form else { return Err(error.into()) };
    let errors = error.on_form(form);
    let mut texts = match sent {
        SubmittedInput::Form(texts) if !wants_json(headers) => texts,
        SubmittedInput::Form(_) | SubmittedInput::Json(_) => {
            return Err(WebError::invalid(&errors));
        }
    };
    // The path of an uploaded file is not disclosed, and the file is removed after this answer.
    texts.remove_all(uploads.fields());
    if texts.html_len() > REFILLED_BYTES_MAX {
        texts = Texts::default();
    }
    let had_files = !uploads.fields().is_empty();
    let renderer = web.renderer_for(viewer);
    let view = renderer.form_of(&operation.kind, form).sent(texts, had_files, errors);
    let page = if is_partial(headers) && !headers.contains_key("hx-boosted") {
        let view = view.in_place();
        maud::html! { (match id_of_form(headers) { Some(id) => view.id(id), None => view }) }
    } else {
        renderer.form_page(&operation.kind, &view, &viewer.id)
    };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Returns the id of the form that htmx sends. A page may contain several forms.
///
/// htmx 2 names the id in `HX-Trigger`, htmx 4 in `HX-Source` as `form#id`.
fn id_of_form(headers: &HeaderMap) -> Option<&str> {
    let header = |name| headers.get(name)?.to_str().ok();
    let id = header("hx-trigger").or_else(|| header("hx-source")?.strip_prefix("form#"))?;
    let is_id =
        !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    is_id.then_some(id)
}

/// The JSON description of an operation's form.
#[derive(Debug, Serialize)]
struct FormJson {
    op_type: &'static str,
    title: Cow<'static, str>,
    description: Cow<'static, str>,
    fields: Vec<FieldJson>,
}

#[derive(Debug, Serialize)]
struct FieldJson {
    name: &'static str,
    label: Cow<'static, str>,
    help: Cow<'static, str>,
    r#type: String,
    required: bool,
    multiple: bool,
    default: Option<Value>,
    min: Option<String>,
    max: Option<String>,
    max_length: Option<u32>,
    options: Vec<OptionJson>,
}

#[derive(Debug, Serialize)]
struct OptionJson {
    value: &'static str,
    label: Cow<'static, str>,
}

impl FormJson {
    fn new(kind: &OperationKind, form: &Form, language: &Language) -> Self {
        let fields = form.fields.iter().map(|field| FieldJson::new(kind, form, field, language));
        Self {
            op_type: kind.op_type,
            title: language.title(kind),
            description: form.intro_in(language, kind),
            fields: fields.collect(),
        }
    }
}

impl FieldJson {
    fn new(kind: &OperationKind, form: &Form, field: &Field, language: &Language) -> Self {
        let field_type = &field.field_type;
        let options = field_type.choices.iter().map(|choice| OptionJson {
            value: choice.value,
            label: form.choice_in(language, kind, field, choice),
        });
        Self {
            name: field.name,
            label: form.label_in(language, kind, field),
            help: form.help_in(language, kind, field),
            r#type: field_type.scalar.to_string(),
            required: field.is_required(),
            multiple: field_type.is_multiple,
            default: field.default.map(|default| default()),
            min: field_type.min.map(messages::bound),
            max: field_type.max.map(messages::bound),
            max_length: field_type.max_length,
            options: options.collect(),
        }
    }
}
