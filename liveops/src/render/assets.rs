//! The static files of liveops: script, style sheet and htmx.

use maud::{Markup, html};
use sha2::{Digest, Sha256};

use super::Renderer;

/// Number of bytes of the hash in a name.
const HASH_BYTES: usize = 8;

/// The static files that pages load, each under a name that changes with its content. The script names its source map.
#[derive(Debug)]
pub(crate) struct Assets {
    script: Asset,
    script_map: Asset,
    style: Asset,
    htmx: Asset,
}

/// One static file.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) struct Asset {
    /// The file name with a hash of the content: `liveops-1a2b3c4d5e6f7a8b.js`. The content under a name
    /// never changes, so clients can cache the file without expiry.
    pub name: String,
    /// The media type of the file.
    pub content_type: &'static str,
    /// The content of the file.
    pub content: &'static str,
}

impl Assets {
    pub(super) fn new() -> Self {
        Self {
            script: Asset::new("liveops", "js", include_str!("../../assets/liveops.js")),
            script_map: Asset::new(
                "liveops.js",
                "map",
                include_str!("../../assets/liveops.js.map"),
            ),
            style: Asset::new("liveops", "css", include_str!("../../assets/liveops.css")),
            htmx: Asset::new("htmx", "js", include_str!("../../assets/htmx-2.min.js")),
        }
    }

    fn all(&self) -> [&Asset; 4] {
        [&self.script, &self.script_map, &self.style, &self.htmx]
    }

    /// Returns the file with this name, or the file that another version has under this name.
    pub(crate) fn find(&self, name: &str) -> Option<FoundAsset<'_>> {
        self.all().into_iter().find_map(|asset| {
            if asset.name == name {
                return Some(FoundAsset::Exact(asset));
            }
            (unhashed(name)? == unhashed(&asset.name)?).then_some(FoundAsset::OtherVersion(asset))
        })
    }
}

/// A file, found by a name.
#[derive(Debug)]
pub(crate) enum FoundAsset<'a> {
    /// The content whose hash is in the name.
    Exact(&'a Asset),
    /// Other content: the name has the hash of another version.
    OtherVersion(&'a Asset),
}

/// Splits `liveops-1a2b3c4d5e6f7a8b.js` into `liveops` and `js`. Returns `None` for a name without a hash.
fn unhashed(name: &str) -> Option<(&str, &str)> {
    let (stem, extension) = name.rsplit_once('.')?;
    let (stem, hash) = stem.rsplit_once('-')?;
    let is_hash = hash.len() == 2 * HASH_BYTES
        && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    is_hash.then_some((stem, extension))
}

impl Asset {
    fn new(stem: &str, extension: &str, content: &'static str) -> Self {
        let hash: String = Sha256::digest(content)[..HASH_BYTES]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let content_type = match extension {
            "css" => "text/css; charset=utf-8",
            "map" => "application/json",
            _ => "text/javascript; charset=utf-8",
        };
        Self { name: format!("{stem}-{hash}.{extension}"), content_type, content }
    }
}

/// Configuration of htmx for a strict content security policy: no inline styles and no evaluated code.
const HTMX_CONFIG: &str =
    r#"{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true}"#;

impl Renderer {
    /// Renders the elements for a page's head: the style sheet, htmx unless
    /// [`Config::include_htmx`](crate::Config::include_htmx) is off, and liveops.js.
    pub fn head(&self) -> Markup {
        let path = |asset: &Asset| format!("{}/static/{}", self.mount(), asset.name);
        html! {
            link rel="stylesheet" href=(path(&self.assets.style));
            @if self.include_htmx {
                meta name="htmx-config" content=(HTMX_CONFIG);
                script defer src=(path(&self.assets.htmx)) {}
            }
            script defer src=(path(&self.assets.script)) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_depends_on_the_content() {
        let one = Asset::new("a", "js", "one");
        let two = Asset::new("a", "js", "two");
        assert_ne!(one.name, two.name);
        assert_eq!(one.name, Asset::new("a", "js", "one").name);
    }

    #[test]
    fn the_script_names_its_source_map() {
        let assets = Assets::new();
        let link = format!("//# sourceMappingURL={}\n", assets.script_map.name);
        assert!(assets.script.content.ends_with(&link), "{link}");
    }

    #[test]
    fn files_are_found_by_their_names_with_any_hash() {
        let assets = Assets::new();
        for asset in assets.all() {
            let found = assets.find(&asset.name);
            assert!(matches!(found, Some(FoundAsset::Exact(found)) if found.name == asset.name));
            let (stem, extension) = unhashed(&asset.name).unwrap();
            let found = assets.find(&format!("{stem}-0123456789abcdef.{extension}"));
            assert!(
                matches!(found, Some(FoundAsset::OtherVersion(found)) if found.name == asset.name)
            );
        }
        for name in [
            "liveops.js",
            "liveops-.js",
            "liveops-0123456789abcde.js",
            "liveops-0123456789ABCDEF.js",
            "liveops-0123456789abcdef.map",
            "other-0123456789abcdef.js",
            "htmx-0123456789abcdef.css",
            "-0123456789abcdef.js",
        ] {
            assert!(assets.find(name).is_none(), "{name}");
        }
    }
}
