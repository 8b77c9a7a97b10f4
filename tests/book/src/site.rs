use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use crate::page::Page;

/// Where the documentation of the crate is published.
const PUBLISHED: &str = "https://docs.rs/liveops/latest/";

/// A book that was built.
#[derive(Debug)]
pub struct Site {
    folder: PathBuf,
    api: Option<PathBuf>,
}

/// A link that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLink {
    /// The page it is on.
    pub page: PathBuf,
    /// Where it should lead.
    pub link: String,
}

impl fmt::Display for DeadLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} leads to `{}`, which is not there", self.page.display(), self.link)
    }
}

impl Site {
    /// The book in `folder`.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), api: None }
    }

    /// The same book, whose links into the documentation of the crate are followed too: `folder` is
    /// where `cargo doc` put it.
    #[must_use]
    pub fn with_api(mut self, folder: impl Into<PathBuf>) -> Self {
        self.api = Some(folder.into());
        self
    }

    /// Every link on every page that does not lead to a file, or to a place in it.
    ///
    /// Links to other sites are not followed, and those into the documentation of the crate only
    /// [with it](Self::with_api).
    ///
    /// # Errors
    ///
    /// When a page cannot be read.
    pub fn dead_links(&self) -> io::Result<Vec<DeadLink>> {
        let mut pages = Pages::default();
        let mut dead = Vec::new();
        for path in html_files(&self.folder)? {
            let links = pages.read(&path)?.links.clone();
            for link in links {
                if let Some(target) = self.target(&path, &link)
                    && !pages.leads_somewhere(&target)?
                {
                    let page = path.strip_prefix(&self.folder).unwrap_or(&path).to_owned();
                    dead.push(DeadLink { page, link });
                }
            }
        }
        Ok(dead)
    }

    /// The place a link leads to, if it is one that can be looked at.
    fn target(&self, page: &Path, link: &str) -> Option<Target> {
        let (path, id) = link.split_once('#').unwrap_or((link, ""));
        let file = match (path.strip_prefix(PUBLISHED), &self.api) {
            (Some(path), Some(api)) => api.join(path),
            _ if path.contains(':') => return None,
            _ if path.is_empty() => page.to_owned(),
            _ => page.parent()?.join(path),
        };
        Some(Target { file, id: id.to_owned() })
    }
}

/// A file, and a place in it unless the id is empty.
struct Target {
    file: PathBuf,
    id: String,
}

/// Pages that were read, so that each is read once.
#[derive(Default)]
struct Pages(BTreeMap<PathBuf, Page>);

impl Pages {
    fn read(&mut self, path: &Path) -> io::Result<&Page> {
        if !self.0.contains_key(path) {
            let page = Page::read(&fs::read_to_string(path)?);
            self.0.insert(path.to_owned(), page);
        }
        Ok(&self.0[path])
    }

    fn leads_somewhere(&mut self, target: &Target) -> io::Result<bool> {
        let Target { file, id } = target;
        // A folder is listed by some servers and not by others: a page has to be named.
        if !file.is_file() {
            return Ok(false);
        }
        Ok(id.is_empty() || !is_html(file) || self.read(file)?.ids.contains(id))
    }
}

fn html_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(html_files(&path)?);
        } else if is_html(&path) && path.file_name() != Some(OsStr::new("404.html")) {
            // That one is shown in the place of any page, so its links begin at the root of a server.
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn is_html(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("html"))
}
