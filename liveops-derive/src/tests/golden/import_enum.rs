/// The stages of [`Import`], in order.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::core::fmt::Debug,
)]
enum ImportStage {
    /// `Load`, stage 1 of 1.
    Load,
}
/// The tokens to enter each stage of [`Import`] once.
struct ImportStages {
    /// The token to enter [`ImportStage::Load`].
    load: ::liveops::StageToken<ImportStage>,
}
#[allow(
    deprecated,
    unexpected_cfgs,
    reason = "the operation may be deprecated, and only rust-analyzer knows `cfg(rust_analyzer)`"
)]
const _: () = {
    #[cfg(rust_analyzer)]
    use ::liveops::operation::{keys::titel, keys::{}};
    impl ImportStage {
        /// The position of the stage, from 0.
        #[must_use]
        #[inline]
        const fn index(self) -> ::core::primitive::usize {
            self as ::core::primitive::usize
        }
    }
    #[automatically_derived]
    impl ::liveops::Stage for ImportStage {
        const ALL: &'static [Self] = &[Self::Load];
        const NAMES: &'static [&'static ::core::primitive::str] = &["Load"];
        type Tokens = ImportStages;
        #[inline]
        fn tokens() -> ImportStages {
            ImportStages {
                load: ::liveops::StageToken::new(Self::Load),
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Display for ImportStage {
        #[inline]
        fn fmt(
            &self,
            formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            ::core::fmt::Formatter::pad(formatter, ::liveops::Stage::name(*self))
        }
    }
    #[automatically_derived]
    impl ::core::str::FromStr for ImportStage {
        type Err = ::liveops::ParseError;
        #[inline]
        fn from_str(
            name: &::core::primitive::str,
        ) -> ::core::result::Result<Self, ::liveops::ParseError> {
            ::liveops::Stage::from_name(name)
        }
    }
    #[automatically_derived]
    impl ::liveops::__private::serde::Serialize for ImportStage {
        fn serialize<__S: ::liveops::__private::serde::Serializer>(
            &self,
            serializer: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error> {
            ::liveops::__private::serde::Serializer::serialize_str(
                serializer,
                ::liveops::Stage::name(*self),
            )
        }
    }
    #[automatically_derived]
    impl ::liveops::LiveOperation for Import
    where
        for<'__any> Self: ::liveops::Storable + ::core::marker::Sync,
    {
        type Stage = ImportStage;
        type State = ::liveops::NoState;
        const NAMES: ::liveops::__private::Names = ::liveops::__private::Names {
            app: "demo_app",
            name: "import",
            op_type: "demo_app.import",
            title: "Import",
            host_template: "demo_app/import.html",
            result_template: "demo_app/import_result.html",
            result_text_template: "demo_app/import_result.txt",
        };
    }
    #[automatically_derived]
    impl ::liveops::__private::OptionalForm for Import
    where
        for<'__any> Self: ::liveops::Storable + ::core::marker::Sync,
        for<'__any> Self: ::liveops::LiveOperation,
    {}
};
::core::compile_error! {
    "unknown key `titel` in `#[liveop(…)]`\nhelp: did you mean `title`?\nnote: the keys are `app`, `name`, `title`, `describe`, `host_template`, `result_template`, `result_text_template`, `queue`, `priority`, `max_attempts`, `backoff`, `timeout`, `unique`, `cancel`, `on_shutdown`, `version`, `before`, `gap`, `internal`, `public`, `form`, `validate`, `state` and `crate`"
}
::core::compile_error! {
    "an operation must be a struct, found an enum\nhelp: use one struct for each type of operation, or a struct with a field of type `Import`"
}
