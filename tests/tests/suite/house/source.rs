use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::rules::is_confined;

/// What a file does that a rule may be about.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) facts: Vec<Fact>,
    /// How many `super` lead from here to the crate's root.
    depth: usize,
    /// Modules of its own, which hide a crate of the same name.
    own_modules: Vec<String>,
    /// Modules in files of their own that are compiled for tests only.
    pub(super) test_modules: Vec<String>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Fact {
    /// A path from the crate's root: after `crate::`, or after as many `super::` as lead there.
    CratePath {
        /// The first segment.
        module: String,
        /// The path from the first segment on: `event::{Bar, Event}`.
        path: String,
    },
    /// A crate that has a room.
    ExternalPath(String),
    /// `async` or `await`.
    Waiting(String),
    /// What follows a `.` or a `::`.
    Member(String),
}

impl Source {
    /// Reads tokens rather than syntax: what a macro is given has paths, but no syntax yet.
    pub(super) fn read(path: &str, text: &str) -> Self {
        let tokens: TokenStream =
            text.parse().unwrap_or_else(|error| panic!("{path} is not Rust: {error}"));
        let is_folder = path.ends_with("/mod.rs");
        let depth = path.split('/').count() - usize::from(is_folder);
        let mut source =
            Self { facts: Vec::new(), depth, own_modules: Vec::new(), test_modules: Vec::new() };
        source.walk(tokens);
        // So does one that is used from the crate's root.
        let used = source.facts.iter().filter_map(|fact| match fact {
            Fact::CratePath { module, .. } => Some(module.clone()),
            _ => None,
        });
        let used: Vec<String> = used.collect();
        source.own_modules.extend(used);
        let own_modules = &source.own_modules;
        source
            .facts
            .retain(|fact| !matches!(fact, Fact::ExternalPath(name) if own_modules.contains(name)));
        source
    }

    fn walk(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = self.read_at(&tokens, at);
        }
    }

    /// Reads what begins at a token, and tells where the next thing begins.
    fn read_at(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                if is_for_tests(tokens.get(at + 1)) {
                    let end = end_of_item(tokens, at + 2);
                    self.test_modules.extend(module_in_a_file(&tokens[at + 2..end]));
                    return end;
                }
            }
            TokenTree::Group(group) => {
                // In braces after `::` a path goes on that began, and was read, before them.
                let goes_on = group.delimiter() == Delimiter::Brace && is_separator(tokens, at, 2);
                if !goes_on {
                    self.walk(group.stream());
                }
            }
            TokenTree::Ident(ident) => return self.read_word(tokens, at, &ident.to_string()),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        at + 1
    }

    fn read_word(&mut self, tokens: &[TokenTree], at: usize, word: &str) -> usize {
        let begins_path = !is_separator(tokens, at, 2) || begins_globally(tokens, at);
        match word {
            "mod" => return self.read_module(tokens, at),
            "async" | "await" => self.facts.push(Fact::Waiting(word.into())),
            "crate" if begins_path => self.read_targets(tokens, at + 1),
            "super" if begins_path => {
                let mut after = at + 1;
                let mut steps = 1;
                while word_after_separator(tokens, after).is_some_and(|word| word == "super") {
                    after += 3;
                    steps += 1;
                }
                if steps == self.depth {
                    self.read_targets(tokens, after);
                }
                return after;
            }
            _ if begins_path && is_confined(word) => {
                let is_used = at > 0 && is_word(&tokens[at - 1], "use");
                if is_used || is_separator(tokens, at + 3, 2) {
                    self.facts.push(Fact::ExternalPath(word.into()));
                }
            }
            _ if is_punct(at.checked_sub(1).map(|before| &tokens[before]), '.') || !begins_path => {
                self.facts.push(Fact::Member(word.into()));
            }
            _ => {}
        }
        at + 1
    }

    /// `mod name;` or `mod name { … }`, whose content is one `super` further from the root.
    fn read_module(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        if let Some(TokenTree::Ident(name)) = tokens.get(at + 1) {
            self.own_modules.push(name.to_string());
        }
        if let Some(TokenTree::Group(content)) = tokens.get(at + 2) {
            self.depth += 1;
            self.walk(content.stream());
            self.depth -= 1;
        }
        at + 3
    }

    /// What follows the crate's root, at the `::` after it: a name, a star or names in braces.
    fn read_targets(&mut self, tokens: &[TokenTree], at: usize) {
        if !is_separator(tokens, at + 2, 2) {
            return;
        }
        match tokens.get(at + 2) {
            Some(TokenTree::Group(names)) => self.read_names(names),
            Some(_) => self.push_path(&tokens[at + 2..]),
            None => {}
        }
    }

    /// Each path in `{a::B, c::{D, E}}`.
    fn read_names(&mut self, names: &Group) {
        let names: Vec<TokenTree> = names.stream().into_iter().collect();
        for name in names.split(|token| is_punct(Some(token), ',')) {
            if name.first().is_some_and(|first| !is_word(first, "self")) {
                self.push_path(name);
            }
        }
    }

    /// The path at the start of `tokens`.
    fn push_path(&mut self, tokens: &[TokenTree]) {
        let module = tokens[0].to_string();
        let mut path = module.clone();
        let mut at = 0;
        while let Some(next) = tokens.get(at + 3).filter(|_| is_separator(tokens, at + 3, 2)) {
            // `Vec::<T>` goes on with what is no longer a path.
            if is_punct(Some(next), '<') {
                break;
            }
            path = format!("{path}::{}", one_line(next));
            at += 3;
        }
        self.facts.push(Fact::CratePath { module, path });
    }
}

/// A segment of a path as people write it: `{Bar, Event}`.
fn one_line(segment: &TokenTree) -> String {
    let words = segment.to_string();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.replace(" :: ", "::").replace("{ ", "{").replace(" }", "}").replace(" ,", ",")
}

/// The name in `mod name;`, the item that `tokens` are, behind any attributes.
fn module_in_a_file(tokens: &[TokenTree]) -> Option<String> {
    let [.., keyword, name, end] = tokens else { return None };
    (is_word(keyword, "mod") && is_punct(Some(end), ';')).then(|| name.to_string())
}

/// Whether an attribute, given its brackets, is `cfg(test)` or `cfg(all(test, …))`.
fn is_for_tests(brackets: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(brackets)) = brackets else { return false };
    let attribute = brackets.stream().to_string().replace(' ', "");
    let condition = attribute.strip_prefix("cfg(").and_then(|rest| rest.strip_suffix(')'));
    condition.is_some_and(|condition| {
        let all = condition.strip_prefix("all(").and_then(|rest| rest.strip_suffix(')'));
        all.unwrap_or(condition).split(',').any(|part| part == "test")
    })
}

/// Past the item: after its `;` or its braces, attributes between included.
fn end_of_item(tokens: &[TokenTree], start: usize) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is_punct(Some(other), ';'),
    };
    let Some(end) = tokens.iter().skip(start).position(is_end) else { return tokens.len() };
    let end = start + end + 1;
    // `use a::{b, c};` ends after its braces.
    if is_punct(tokens.get(end), ';') { end + 1 } else { end }
}

/// Whether the `count` tokens before `at` are a `::`.
fn is_separator(tokens: &[TokenTree], at: usize, count: usize) -> bool {
    let before = at.checked_sub(count).and_then(|start| tokens.get(start..at));
    before.is_some_and(|before| before.iter().all(|token| is_punct(Some(token), ':')))
}

/// Whether the `::` before `at` has nothing before it that it could go on from.
fn begins_globally(tokens: &[TokenTree], at: usize) -> bool {
    match at.checked_sub(3).map(|before| &tokens[before]) {
        Some(TokenTree::Ident(word)) => {
            ["use", "dyn", "impl", "as", "mut", "return", "in", "for"].contains(&&*word.to_string())
        }
        // `Vec<T>::new`, against `-> ::axum::Router`.
        Some(TokenTree::Punct(punct)) => {
            punct.as_char() != '>' || is_punct(at.checked_sub(4).map(|dash| &tokens[dash]), '-')
        }
        Some(TokenTree::Group(_)) => false,
        Some(TokenTree::Literal(_)) | None => true,
    }
}

fn word_after_separator(tokens: &[TokenTree], at: usize) -> Option<String> {
    let word = tokens.get(at + 2).filter(|_| is_separator(tokens, at + 2, 2))?;
    Some(word.to_string())
}

fn is_word(token: &TokenTree, expected: &str) -> bool {
    matches!(token, TokenTree::Ident(word) if word == expected)
}

fn is_punct(token: Option<&TokenTree>, expected: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == expected)
}
