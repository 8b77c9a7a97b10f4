use std::str::FromStr;

/// The place of a page in a channel, `<attempt>.<nonce>:<seq>`, as liveops.js reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) attempt: u32,
    nonce: String,
    seq: u64,
}

impl Cursor {
    /// Whether a page that is at `self` shows already what is at `other`, or something newer.
    pub(crate) fn has_seen(&self, other: &Self) -> bool {
        if other.attempt != self.attempt {
            return other.attempt < self.attempt;
        }
        self.counts_with(other) && other.seq <= self.seq
    }

    /// Whether a page would lose something that went from `self` to `other`.
    pub(crate) fn is_ahead_of(&self, other: &Self) -> bool {
        if other.attempt != self.attempt {
            return other.attempt < self.attempt;
        }
        self.counts_with(other) && other.seq < self.seq
    }

    /// Whether the two are of one history; places read off a row count something else.
    fn counts_with(&self, other: &Self) -> bool {
        self.nonce == other.nonce && !self.nonce.bytes().all(|digit| digit == b'0')
    }
}

impl FromStr for Cursor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').and_then(|(epoch, seq)| {
            let (attempt, nonce) = epoch.split_once('.')?;
            let (attempt, seq) = (attempt.parse().ok()?, seq.parse().ok()?);
            Some(Self { attempt, nonce: nonce.to_owned(), seq })
        });
        parts.ok_or_else(|| format!("expected `attempt.nonce:seq`, found `{text}`"))
    }
}
