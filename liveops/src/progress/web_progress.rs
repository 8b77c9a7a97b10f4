use std::sync::Arc;

use maud::Markup;
use serde::Serialize;
use serde_json::Value;

use super::Report;
use crate::{event::Event, operation::RegionName, render::Templates};

/// What a run can do on a page and not in a terminal; from
/// [`Progress::web`](crate::Progress::web).
#[derive(Debug, Clone)]
pub struct WebProgress {
    report: Arc<Report>,
    templates: Arc<Templates>,
    fragment_template: fn(&str) -> String,
}

impl WebProgress {
    /// `fragment_template` gives the name of the template of a custom region.
    pub(super) fn new(
        report: Arc<Report>,
        templates: Arc<Templates>,
        fragment_template: fn(&str) -> String,
    ) -> Self {
        Self { report, templates, fragment_template }
    }

    /// Puts `html` into the custom region `region`, in the place of what was there.
    ///
    /// A name that is not a [`RegionName`] is reported to the application's log and otherwise
    /// ignored: reporting never fails.
    pub fn swap(&self, region: &str, html: Markup) {
        self.with_region(region, |region| Event::Swap { region, html: html.0.into() });
    }

    /// Adds `html` at the end of the custom region `region`, which keeps the newest 1,000
    /// additions. Names are treated as in [`swap`](Self::swap).
    pub fn append(&self, region: &str, html: Markup) {
        self.with_region(region, |region| Event::Append { region, html: html.0.into() });
    }

    /// Puts into the custom region `region` what its template makes of `value`, in the place of what
    /// was there.
    ///
    /// The template is the one that [`Templates::fragment`] or a file has under the operation's
    /// [`fragment_template`](crate::LiveOperation::fragment_template) of the region:
    /// `web.show("preview", &words)` in a `WordCount` is shown with `demo/word_count_preview.html`.
    /// Where there is none, or it makes nothing of the value, that is reported to the application's
    /// log, and a table of the value's fields is shown.
    ///
    /// Names are treated as in [`swap`](Self::swap). A value that has no form in JSON is reported to
    /// the application's log and otherwise ignored.
    pub fn show(&self, region: &str, value: &impl Serialize) {
        let value = serde_json::to_value(value);
        self.with_template(region, value, |region, html| Event::Swap { region, html });
    }

    /// Adds what the template of the custom region `region` makes of `value` at the region's end: as
    /// [`append`](Self::append), with the template that [`show`](Self::show) takes.
    pub fn append_template(&self, region: &str, value: &impl Serialize) {
        let value = serde_json::to_value(value);
        self.with_template(region, value, |region, html| Event::Append { region, html });
    }

    /// Sends the browser to `url` when the operation has finished. The last call counts.
    ///
    /// The address is a path, or begins with `http:` or `https:`. Any other, a `javascript:` that
    /// came in with the data, say, is reported to the application's log and otherwise ignored.
    pub fn redirect(&self, url: impl Into<Arc<str>>) {
        let url = url.into();
        if is_safe_redirect(&url) {
            self.report.event(Event::Redirect(url));
        } else {
            tracing::error!("ignored a redirect that leads to no page");
        }
    }

    fn with_template(
        &self,
        name: &str,
        value: serde_json::Result<Value>,
        event: impl FnOnce(RegionName, Arc<str>) -> Event,
    ) {
        match value {
            Ok(value) => self.with_region(name, |region| {
                let template = (self.fragment_template)(region.as_str());
                let html = self.templates.render_fragment(&template, &value);
                event(region, html.0.into())
            }),
            Err(error) => {
                tracing::error!(region = name, %error, "ignored what has no form in JSON");
            }
        }
    }

    fn with_region(&self, name: &str, event: impl FnOnce(RegionName) -> Event) {
        match name.parse() {
            Ok(region) => self.report.event(event(region)),
            Err(error) => tracing::error!(%error, "ignored a change of a custom region"),
        }
    }
}

/// Whether a browser that follows `url` loads a page, and runs nothing instead.
///
/// Browsers leave out control characters and spaces before they look for the scheme. NUL characters
/// are refused, as they could not be kept.
fn is_safe_redirect(url: &str) -> bool {
    if url.contains('\0') {
        return false;
    }
    let url: String = url.chars().filter(|&c| c > ' ').collect();
    let before_path = url.split(['/', '?', '#']).next().unwrap_or_default();
    match before_path.split_once(':') {
        Some((scheme, _)) => ["http", "https"].iter().any(|page| scheme.eq_ignore_ascii_case(page)),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::is_safe_redirect;

    #[test]
    fn paths_and_pages_of_the_web_are_led_to() {
        for url in [
            "",
            "/thanks",
            "thanks",
            "?done",
            "#done",
            "//cdn.example/a",
            "/a:b",
            "a?b=c:d",
            "http://a.example/",
            "HTTPS://a.example:8080/b?c#d",
        ] {
            assert!(is_safe_redirect(url), "{url:?}");
        }
    }

    #[test]
    fn addresses_that_run_something_are_not() {
        for url in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "javascript\t:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:x",
            "/a\0b",
        ] {
            assert!(!is_safe_redirect(url), "{url:?}");
        }
    }
}
