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

/// Templates in a folder, in the syntax of Jinja.
///
/// Every look-up reads the file, and compiles it when it says something else than before. A time of
/// modification would be read faster, but is too coarse to tell two changes of one moment apart. What
/// it said before stays in memory: a little for each change.
pub(super) struct Folder {
    path: PathBuf,
    html: Environment<'static>,
    text: Environment<'static>,
}

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        // An error that names a file names it for somebody who is in another folder.
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

    /// Where the error was made: that may be in a file which this one includes.
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

/// What becomes HTML is escaped, whatever its file is called.
fn environment(folder: &Path, escape: AutoEscape) -> Environment<'static> {
    let mut environment = Environment::new();
    let folder = folder.to_owned();
    environment.set_loader(move |name| load(&folder, name));
    environment.set_auto_escape_callback(move |_| escape.clone());
    // A variable that does not exist is a typo; `{% if %}` and `default` may still ask for one.
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
            Err(Error::new(ErrorKind::InvalidOperation, "failed to read the file")
                .with_source(error))
        }
    }
}

/// Whether a name leads to what is below a folder, and nowhere else: a file can include another one
/// by a name that it got from what it shows.
fn stays_inside(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    !name.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn values(json: &serde_json::Value, whole: &str) -> Value {
    let value = Value::from(Serde(json));
    let fields = json.as_object().into_iter().flat_map(|fields| fields.keys());
    let fields = fields.filter_map(|name| Some((name.as_str(), value.get_attr(name).ok()?)));
    // A field of that name comes later, and counts.
    Value::from_pairs([(whole, value.clone())].into_iter().chain(fields))
}
