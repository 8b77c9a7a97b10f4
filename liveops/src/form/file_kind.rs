//! The kinds of files that a field accepts, as in the attribute `accept` of HTML.

/// The media types of common extensions, the usual one first.
const KINDS: &[(&[&str], &[&str])] = &[
    (&["csv"], &["text/csv", "application/csv", "application/vnd.ms-excel"]),
    (&["tsv"], &["text/tab-separated-values"]),
    (&["txt", "log"], &["text/plain"]),
    (&["htm", "html"], &["text/html"]),
    (&["xhtml"], &["application/xhtml+xml"]),
    (&["css"], &["text/css"]),
    (&["js", "mjs"], &["text/javascript", "application/javascript"]),
    (&["md"], &["text/markdown", "text/plain"]),
    (&["ics"], &["text/calendar"]),
    (&["vcf"], &["text/vcard"]),
    (&["json"], &["application/json"]),
    (&["xml"], &["application/xml", "text/xml"]),
    (&["yaml", "yml"], &["application/yaml", "text/yaml"]),
    (&["pdf"], &["application/pdf"]),
    (&["rtf"], &["application/rtf", "text/rtf"]),
    (&["doc"], &["application/msword"]),
    (&["docx"], &["application/vnd.openxmlformats-officedocument.wordprocessingml.document"]),
    (&["xls"], &["application/vnd.ms-excel"]),
    (&["xlsx"], &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"]),
    (&["ppt"], &["application/vnd.ms-powerpoint"]),
    (&["pptx"], &["application/vnd.openxmlformats-officedocument.presentationml.presentation"]),
    (&["odt"], &["application/vnd.oasis.opendocument.text"]),
    (&["ods"], &["application/vnd.oasis.opendocument.spreadsheet"]),
    (&["zip"], &["application/zip", "application/x-zip-compressed"]),
    (&["gz", "tgz"], &["application/gzip", "application/x-gzip"]),
    (&["tar"], &["application/x-tar"]),
    (&["7z"], &["application/x-7z-compressed"]),
    (&["rar"], &["application/vnd.rar", "application/x-rar-compressed"]),
    (
        &["exe", "msi", "dll"],
        &["application/vnd.microsoft.portable-executable", "application/x-msdownload"],
    ),
    (&["sh"], &["application/x-sh", "text/x-shellscript"]),
    (&["png"], &["image/png"]),
    (&["jpg", "jpeg"], &["image/jpeg"]),
    (&["gif"], &["image/gif"]),
    (&["webp"], &["image/webp"]),
    (&["avif"], &["image/avif"]),
    (&["heic"], &["image/heic"]),
    (&["svg"], &["image/svg+xml"]),
    (&["bmp"], &["image/bmp"]),
    (&["tif", "tiff"], &["image/tiff"]),
    (&["ico"], &["image/vnd.microsoft.icon", "image/x-icon"]),
    (&["mp3"], &["audio/mpeg"]),
    (&["wav"], &["audio/wav", "audio/x-wav"]),
    (&["ogg", "oga"], &["audio/ogg"]),
    (&["flac"], &["audio/flac"]),
    (&["m4a"], &["audio/mp4"]),
    (&["mp4", "m4v"], &["video/mp4"]),
    (&["webm"], &["video/webm"]),
    (&["mov"], &["video/quicktime"]),
    (&["avi"], &["video/x-msvideo"]),
    (&["mkv"], &["video/x-matroska"]),
];

/// Returns `true` if a field with the list `accept` accepts a file of this name and media type. An empty list accepts
/// every file. A common extension determines the media type, because a client can send any type. Without a type, a list
/// with a media type accepts a file with an unknown extension.
pub(super) fn accepts(accept: &str, name: &str, content_type: Option<&str>) -> bool {
    let name = name.to_lowercase();
    let content_type = content_type.map(str::to_ascii_lowercase);
    let mut kinds = accept.split(',').map(|kind| kind.trim().to_lowercase());
    accept.trim().is_empty()
        || kinds.any(|kind| match kind.starts_with('.') {
            true => name.ends_with(&kind),
            false => match (types_of(&name), &content_type) {
                ([], None) => true,
                ([], Some(sent)) => is_of(&kind, sent),
                (types, _) => types.iter().any(|known| is_of(&kind, known)),
            },
        })
}

/// Returns the media type of a file name with a common extension.
pub(super) fn of_name(name: &str) -> Option<&'static str> {
    types_of(&name.to_lowercase()).first().copied()
}

fn types_of(name: &str) -> &'static [&'static str] {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let known =
        KINDS.iter().find(|(extensions, _)| extension.is_some_and(|it| extensions.contains(&it)));
    known.map_or(&[], |(_, types)| types)
}

/// Returns `true` if a media type is `kind`, which may be `*/*` or `image/*`.
fn is_of(kind: &str, content_type: &str) -> bool {
    match kind.strip_suffix('*') {
        Some("*/") => true,
        Some(group) => content_type.starts_with(group),
        None => content_type == kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_accepted_by_its_extension_or_its_media_type() {
        const CSV: &str = ".csv,text/csv";
        const OCTETS: &str = "application/octet-stream";
        for (accept, name, content_type, expected) in [
            ("", "a.exe", OCTETS, true),
            (CSV, "a.CSV", "application/vnd.ms-excel", true),
            (CSV, "evil.html", "text/html", false),
            // A common extension has priority over the type that the client sent.
            (CSV, "evil.html", "text/csv", false),
            (CSV, "evil.exe", "text/csv", false),
            (CSV, "scores", "text/csv", true),
            (CSV, "scores", "text/html", false),
            (CSV, "scores.data", "text/csv", true),
            (CSV, "scores.data", OCTETS, false),
            ("image/*", "photo.JPEG", OCTETS, true),
            ("image/*", "photo.csv", "image/png", false),
            ("image/*", "photo", "image/x-raw", true),
            ("image/*", "photo", "imagery/x", false),
            ("*/*", "a.exe", OCTETS, true),
            (".tar.gz", "a.gz", "application/gzip", false),
            ("text/csv", "a.csv.exe", "text/csv", false),
            ("csv", "a.csv", "text/csv", false),
        ] {
            assert_eq!(
                accepts(accept, name, Some(content_type)),
                expected,
                "{accept}: {name}, {content_type}"
            );
        }
    }

    #[test]
    fn a_file_of_this_machine_has_a_name_alone() {
        assert!(accepts("text/csv", "scores", None));
        assert!(accepts("text/csv", "scores.csv", None));
        assert!(!accepts("text/csv", "scores.html", None));
        assert!(!accepts(".csv", "scores", None));
    }
}
