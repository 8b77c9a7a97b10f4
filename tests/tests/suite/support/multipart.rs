//! Bodies of type `multipart/form-data`.

/// The media type of the bodies.
pub(crate) const MULTIPART: &str = "multipart/form-data; boundary=X";

/// The name of a part, the name of the file if it is one, and the content.
pub(crate) type Part<'a> = (&'a str, Option<&'a str>, &'a str);

/// Returns a body with these parts.
pub(crate) fn multipart(parts: &[Part<'_>]) -> Vec<u8> {
    let parts: Vec<(String, &str)> =
        parts.iter().map(|(name, file, content)| (head(name, *file), *content)).collect();
    multipart_of_heads(parts.iter().map(|(head, content)| (head.as_str(), content.as_bytes())))
}

fn head(name: &str, file: Option<&str>) -> String {
    let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
    format!("name=\"{name}\"{file}")
}

/// Returns a body whose parts have the rest of their `Content-Disposition`, with further headers, and their content.
pub(crate) fn multipart_of_heads<'a>(
    parts: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, content) in parts {
        let start = format!("--X\r\nContent-Disposition: form-data; {head}\r\n\r\n");
        body.extend([start.as_bytes(), content, b"\r\n"].concat());
    }
    body.extend(b"--X--\r\n");
    body
}
