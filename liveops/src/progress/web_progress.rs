//! The functions of a run that only a page in a browser supports.

use std::sync::Arc;

use maud::Markup;
use serde::Serialize;
use serde_json::Value;

use super::Report;
use crate::{
    event::Event,
    language::Language,
    operation::RegionName,
    projection::{REGION_BYTES_MAX, REGIONS_LEN_MAX},
    render::{Templates, is_web_address},
};

/// The part of [`Progress`](crate::Progress) that only a page in a browser supports; returned by
/// [`Progress::web`](crate::Progress::web), which has an example.
#[derive(Debug, Clone)]
pub struct WebProgress {
    report: Arc<Report>,
    templates: Arc<Templates>,
    language: Language,
    fragment_template: fn(&str) -> String,
}

impl WebProgress {
    /// Creates the handle. `fragment_template` returns the template name of a custom region.
    pub(super) fn new(
        report: Arc<Report>,
        templates: Arc<Templates>,
        language: Language,
        fragment_template: fn(&str) -> String,
    ) -> Self {
        Self { report, templates, language, fragment_template }
    }

    /// Replaces the content of the custom region `region` with `html`, at most 1 MiB. A run has at most 100 custom
    /// regions.
    ///
    /// A call with an invalid [`RegionName`], with too much HTML or with one region too many is logged with `tracing`
    /// and ignored: reporting never fails.
    pub fn swap(&self, region: &str, html: Markup) {
        self.with_region(region, |region| Event::Swap { region, html: html.0.into() });
    }

    /// Appends `html` to the custom region `region`, which keeps the newest 1,000 additions, at most
    /// 1 MiB. Invalid calls are treated as in [`swap`](Self::swap).
    pub fn append(&self, region: &str, html: Markup) {
        self.with_region(region, |region| Event::Append { region, html: html.0.into() });
    }

    /// Replaces the content of the custom region `region` with its template, rendered with `value`.
    ///
    /// The template is a function from [`Templates::region`] or a file, under the name that the operation's
    /// [`fragment_template`](crate::LiveOperation::fragment_template) gives to the region:
    /// `web.show("preview", &words)` in a `WordCount` uses `demo/word_count_preview.html`. If the template is
    /// missing or fails, the failure is logged with `tracing` and the region shows a table of the value's
    /// fields.
    ///
    /// Invalid calls are treated as in [`swap`](Self::swap). A value that does not serialize to JSON is
    /// logged and the call is ignored.
    pub fn show(&self, region: &str, value: &impl Serialize) {
        let value = serde_json::to_value(value);
        self.with_template(region, value, |region, html| Event::Swap { region, html });
    }

    /// Renders `value` with the template that [`show`](Self::show) uses and adds the HTML as
    /// [`append`](Self::append) does.
    pub fn append_template(&self, region: &str, value: &impl Serialize) {
        let value = serde_json::to_value(value);
        self.with_template(region, value, |region, html| Event::Append { region, html });
    }

    /// Sends the browser to an address of this site when the operation has finished. Only the last call has an
    /// effect.
    ///
    /// The address must be a path, such as `/scores` or `../`. Any other address, such as `//other.example` or a
    /// `javascript:` address from untrusted data, is logged and ignored. For another site, use
    /// [`redirect_to_site`](Self::redirect_to_site).
    pub fn redirect(&self, path: impl Into<Arc<str>>) {
        let path = path.into();
        if is_local(&path) {
            self.report.event(Event::Redirect(path));
        } else {
            tracing::error!(
                "ignored a redirect: its address is not a path of this site; use `redirect_to_site` for other sites"
            );
        }
    }

    /// Sends the browser to `url`, which may be at another site, when the operation has finished. Only the last
    /// call of this method and of [`redirect`](Self::redirect) has an effect.
    ///
    /// The address must begin with `http://` or `https://`. Any other address is logged and ignored. Do not pass
    /// an address from untrusted data: a page of another site can look like yours.
    pub fn redirect_to_site(&self, url: impl Into<Arc<str>>) {
        let url = url.into();
        if is_web_address(&url) {
            self.report.event(Event::Redirect(url));
        } else {
            tracing::error!(
                "ignored a redirect: its address does not begin with http:// or https://"
            );
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
                let html = self.templates.render_region(&template, &value, &self.language);
                event(region, html.0.into())
            }),
            Err(error) => {
                tracing::error!(
                    region = name,
                    %error,
                    "ignored a value for a custom region: it does not serialize to JSON"
                );
            }
        }
    }

    fn with_region(&self, name: &str, event: impl FnOnce(RegionName) -> Event) {
        let region: RegionName = match name.parse() {
            Ok(region) => region,
            Err(error) => {
                tracing::error!(%error, "ignored a change of a custom region: its name is invalid");
                return;
            }
        };
        if !self.report.has_room_for(&region) {
            tracing::error!(
                region = region.as_str(),
                "ignored a change of a custom region: the run has {REGIONS_LEN_MAX} others"
            );
            return;
        }
        match event(region) {
            Event::Swap { region, html } | Event::Append { region, html }
                if html.len() > REGION_BYTES_MAX =>
            {
                tracing::error!(
                    region = region.as_str(),
                    bytes = html.len(),
                    "ignored a change of a custom region: its HTML has more than {REGION_BYTES_MAX} bytes"
                );
            }
            event => self.report.event(event),
        }
    }
}

/// Returns `true` if a browser that follows `url` stays on its site and runs no code.
///
/// Before browsers read an address, they drop tabs, line breaks, and leading control characters and spaces. They treat
/// `\` as `/`. NUL characters are refused because PostgreSQL cannot store them.
fn is_local(url: &str) -> bool {
    if url.contains('\0') {
        return false;
    }
    let url: String = url.chars().filter(|&c| c > ' ').collect();
    let has_host =
        url.starts_with(|c| "/\\".contains(c)) && url[1..].starts_with(|c| "/\\".contains(c));
    let before_path = url.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    !has_host && !before_path.contains(':')
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;
    use crate::projection::Projection;

    fn web(report: &Arc<Report>) -> WebProgress {
        WebProgress::new(report.clone(), Arc::default(), Language::default(), str::to_owned)
    }

    #[test]
    fn the_number_and_the_size_of_custom_regions_are_limited() {
        let report = Arc::new(Report::new(Projection::new(0)));
        let web = web(&report);
        for index in 0..2 * REGIONS_LEN_MAX {
            web.append(&format!("region-{index}"), html! { "first" });
        }
        let custom = report.projection().custom;
        assert_eq!(custom.len(), REGIONS_LEN_MAX);

        let of_size = |bytes| maud::PreEscaped("x".repeat(bytes));
        web.swap("region-0", of_size(REGION_BYTES_MAX));
        web.swap("region-0", of_size(REGION_BYTES_MAX + 1));
        web.append("region-0", of_size(REGION_BYTES_MAX + 1));
        let custom = report.projection().custom;
        let region = &custom[&"region-0".parse::<RegionName>().unwrap()];
        assert_eq!(region.base.len(), REGION_BYTES_MAX);
        assert_eq!(region.added.iter().count(), 0);
    }

    #[test]
    fn paths_stay_on_the_site() {
        for url in [
            "", "/", "/thanks", "thanks", "../up/", "?done", "#done", "/a:b", "a?b=c:d", "/a//b",
            "/ü",
        ] {
            assert!(is_local(url), "{url:?}");
            assert!(!is_web_address(url), "{url:?}");
        }
    }

    #[test]
    fn addresses_of_other_sites_are_no_paths() {
        for url in [
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            " //evil.example",
            "\n/\r/evil.example",
            "https:evil.example",
            "https:/evil.example",
            "HTTPS:evil.example",
            "h\nttps:evil.example",
            "http://a.example/",
        ] {
            assert!(!is_local(url), "{url:?}");
        }
        for url in ["http://a.example/", "HTTPS://a.example:8080/b?c#d", "https://[::1]/"] {
            assert!(is_web_address(url), "{url:?}");
        }
        for url in [
            "https:evil.example",
            "//a.example",
            "https://",
            "https:///a",
            "ftp://a.example",
            "http://a\0",
        ] {
            assert!(!is_web_address(url), "{url:?}");
        }
    }

    #[test]
    fn redirects_to_addresses_that_run_code_are_not_safe() {
        for url in [
            "javascript:alert(1)",
            "javascript://alert(1)",
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
            assert!(!is_local(url), "{url:?}");
            assert!(!is_web_address(url), "{url:?}");
        }
    }
}
