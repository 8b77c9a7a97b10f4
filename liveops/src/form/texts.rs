//! The texts of a submitted form.

/// The fields of a form as texts, as they were sent. A name can occur several times.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    pairs: Vec<(String, String)>,
}

impl Texts {
    pub(crate) fn parse(form: &[u8]) -> Self {
        form_urlencoded::parse(form).into_owned().collect()
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

impl FromIterator<(String, String)> for Texts {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self { pairs: pairs.into_iter().collect() }
    }
}
