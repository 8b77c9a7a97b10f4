//! The texts of a submitted form.

/// The fields of a form as texts, as they were sent. A name can occur several times.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    pairs: Vec<(String, String)>,
}

impl Texts {
    /// Reads the fields of an HTML form. Returns `None` if a name or a text is not UTF-8.
    pub(crate) fn parse(form: &[u8]) -> Option<Self> {
        let fields = form.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
        let pair = |field: &[u8]| {
            let end = field.iter().position(|byte| *byte == b'=');
            let (name, text) =
                end.map_or((field, &[][..]), |end| (&field[..end], &field[end + 1..]));
            Some((decoded(name)?, decoded(text)?))
        };
        fields.map(pair).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Returns every name and its text, in the order in which they were sent.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    pub(crate) fn push(&mut self, name: String, text: String) {
        self.pairs.push((name, text));
    }

    /// Returns the number of bytes of the texts in HTML, where some characters need several.
    pub(crate) fn html_len(&self) -> usize {
        let len = |byte: u8| match byte {
            b'"' => "&quot;".len(),
            b'&' => "&amp;".len(),
            b'<' | b'>' => "&lt;".len(),
            _ => 1,
        };
        self.pairs.iter().flat_map(|(_, text)| text.bytes()).map(len).sum()
    }

    /// Removes all texts of these names.
    pub(crate) fn remove_all(&mut self, names: &[String]) {
        self.pairs.retain(|(known, _)| !names.contains(known));
    }

    /// Replaces all texts of this name.
    pub(crate) fn set(&mut self, name: &str, texts: Vec<String>) {
        self.pairs.retain(|(known, _)| known != name);
        self.pairs.extend(texts.into_iter().map(|text| (name.to_owned(), text)));
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn of<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.pairs.iter().filter(move |(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

/// Decodes a name or a text of an HTML form. A `%` without two hexadecimal digits stays unchanged.
fn decoded(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        let escaped = match rest {
            [b'%', high, low, ..] => hexadecimal(*high, *low),
            _ => None,
        };
        match (escaped, first) {
            (Some(byte), _) => bytes.push(byte),
            (None, b'+') => bytes.push(b' '),
            (None, byte) => bytes.push(*byte),
        }
        rest = if escaped.is_some() { &rest[3..] } else { behind };
    }
    String::from_utf8(bytes).ok()
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

impl FromIterator<(String, String)> for Texts {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self { pairs: pairs.into_iter().collect() }
    }
}
