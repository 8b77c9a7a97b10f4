//! Templates of results, which need the output type of [`Run`].

use maud::Markup;

use super::Run;
use crate::{language::Language, render::Templates};

impl Templates {
    /// Sets the HTML of an operation's result, in the language of the owner.
    #[must_use]
    pub fn result<Op: Run>(
        self,
        html: impl Fn(&Op::Output, &Language) -> Markup + Send + Sync + 'static,
    ) -> Self {
        self.with_result(Op::RESULT_TEMPLATE, html)
    }

    /// Sets the plain text of an operation's result, for terminals, in the language of the owner.
    #[must_use]
    pub fn result_text<Op: Run>(
        self,
        text: impl Fn(&Op::Output, &Language) -> String + Send + Sync + 'static,
    ) -> Self {
        self.with_result_text(Op::RESULT_TEXT_TEMPLATE, text)
    }
}
