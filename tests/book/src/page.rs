use std::{
    cell::RefCell,
    collections::{BTreeSet, HashSet},
};

use html5ever::{
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer,
        states::RawKind::{Rawtext, ScriptData},
    },
};

/// What of an HTML page has to do with links.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Where it leads: every `href` and `src`.
    pub(crate) links: BTreeSet<String>,
    /// What can be led to within it: every `id`.
    pub(crate) ids: HashSet<String>,
}

impl Page {
    pub(crate) fn read(html: &str) -> Self {
        let input = BufferQueue::default();
        input.push_back(StrTendril::from_slice(html));
        let tokenizer = Tokenizer::new(Reader::default(), Default::default());
        // It only stops early for scripts, of which none is run here.
        let _ = tokenizer.feed(&input);
        tokenizer.end();
        tokenizer.sink.page.into_inner()
    }
}

#[derive(Debug, Default)]
struct Reader {
    page: RefCell<Page>,
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(Tag { kind: TagKind::StartTag, name, attrs, .. }) = token else {
            return TokenSinkResult::Continue;
        };
        let mut page = self.page.borrow_mut();
        for attribute in attrs {
            let value = attribute.value.to_string();
            match &*attribute.name.local {
                "href" | "src" => drop(page.links.insert(value)),
                "id" => drop(page.ids.insert(value)),
                _ => {}
            }
        }
        match &*name {
            "script" => TokenSinkResult::RawData(ScriptData),
            "style" => TokenSinkResult::RawData(Rawtext),
            _ => TokenSinkResult::Continue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn what_only_looks_like_a_link_is_none() {
        let page = Page::read(
            r#"<h2 id="a"><a href="b.html">b</a></h2><pre>&lt;a href="c"&gt;</pre>
               <script>x = '<a href="d">'</script><img src="e.png">"#,
        );
        assert_eq!(Vec::from_iter(page.links), ["b.html", "e.png"]);
        assert_eq!(Vec::from_iter(page.ids), ["a"]);
    }
}
