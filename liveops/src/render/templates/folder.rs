//! Template files in a folder, rendered with `minijinja`.

use std::{
    error::Error as StdError,
    fmt, fs, io,
    path::{Component, Path, PathBuf},
};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, TemplateSource, UndefinedBehavior,
    value::{Serde, Value},
};

use super::{
    HostPage,
    files::{BrokenFile, Files, Shown},
};

/// Templates in a folder, in Jinja syntax.
///
/// Every lookup reads the file and compiles it again if the content has changed. Modification times would be
/// faster to read, but too coarse to separate two changes in quick succession. The old content stays in
/// memory: a small amount for each change.
pub(super) struct Folder {
    path: PathBuf,
    html: Environment<'static>,
    text: Environment<'static>,
}

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        // Absolute, because the reader of an error may be in another folder.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self {
            html: environment(&path, AutoEscape::Html),
            text: environment(&path, AutoEscape::None),
            path,
        }
    }

    fn render(
        &self,
        environment: &Environment<'static>,
        name: &str,
        values: impl FnOnce() -> Value,
    ) -> Shown {
        let shown = match environment.get_template(name) {
            Err(error) if error.kind() == ErrorKind::TemplateNotFound => return None,
            Err(error) => Err(error),
            Ok(template) => template.render(values()),
        };
        Some(shown.map_err(|error| self.broken(name, &error)))
    }

    /// Builds an error with the location of its cause, which may be in an included file.
    fn broken(&self, name: &str, mut error: &Error) -> BrokenFile {
        while let Some(inner) = error.source().and_then(|source| source.downcast_ref()) {
            error = inner;
        }
        let mut problem = error.kind().to_string();
        if let Some(detail) = error.detail() {
            problem = format!("{problem}: {detail}");
        }
        if let Some(source) = error.source() {
            problem = format!("{problem}: {source}");
        }
        BrokenFile { file: self.path(error.name().unwrap_or(name)), line: error.line(), problem }
    }
}

impl Files for Folder {
    fn check(&self) -> io::Result<()> {
        fs::read_dir(&self.path).map(drop)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn page(&self, name: &str, page: &HostPage) -> Shown {
        self.render(&self.html, name, || {
            Value::from_pairs([
                ("title", Value::from(page.title.as_str())),
                ("description", Value::from(page.description.as_deref().unwrap_or_default())),
                ("container", Value::from_safe_string(page.container.0.clone())),
                ("list_url", Value::from(page.list_url.as_str())),
                ("language", Value::from(page.language.tag())),
            ])
        })
    }

    fn html(&self, name: &str, value: &serde_json::Value, whole: &str) -> Shown {
        self.render(&self.html, name, || values(value, whole))
    }

    fn text(&self, name: &str, value: &serde_json::Value, whole: &str) -> Shown {
        self.render(&self.text, name, || values(value, whole))
    }
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Folder").field(&self.path).finish()
    }
}

/// Creates an environment that escapes in the same way for every file name.
fn environment(folder: &Path, escape: AutoEscape) -> Environment<'static> {
    let mut environment = Environment::new();
    let folder = folder.to_owned();
    environment.set_loader(move |name| load(&folder, name));
    environment.set_auto_escape_callback(move |_| escape.clone());
    // An undefined variable is an error, except in `{% if %}` and before `default`.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_debug(true);
    environment
}

fn load(folder: &Path, name: &str) -> Result<Option<TemplateSource>, Error> {
    if !stays_inside(name) {
        return Ok(None);
    }
    let file = folder.join(name);
    match fs::read_to_string(&file) {
        Ok(text) => {
            let known = text.clone();
            let is_unchanged = move || fs::read(&file).is_ok_and(|now| now == known.as_bytes());
            Ok(Some(TemplateSource::new(text).with_uptodate_check(is_unchanged)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Error::new(ErrorKind::InvalidOperation, "could not read the file")
                .with_source(error))
        }
    }
}

/// Returns `true` if a name stays below the folder. A file can include another file by a name from untrusted
/// data.
fn stays_inside(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    !name.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn values(json: &serde_json::Value, whole: &str) -> Value {
    let value = Value::from(Serde(json));
    let fields = json.as_object().into_iter().flat_map(|fields| fields.keys());
    let fields = fields.filter_map(|name| Some((name.as_str(), value.get_attr(name).ok()?)));
    // The fields come last, so a field named like `whole` takes precedence.
    Value::from_pairs([(whole, value.clone())].into_iter().chain(fields))
}
