/// The stages of [`ScoreImport`], in order.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::core::fmt::Debug,
)]
pub enum ScoreImportStage {
    /// `Load`, stage 1 of 3, weight 1.
    Load,
    /// `Process data`, stage 2 of 3, weight 8.
    Process,
    /// `Save`, stage 3 of 3, weight 1.
    Save,
}
/// The tokens to enter each stage of [`ScoreImport`] once.
pub struct ScoreImportStages {
    /// The token to enter [`ScoreImportStage::Load`].
    pub load: ::liveops::StageToken<ScoreImportStage>,
    /// The token to enter [`ScoreImportStage::Process`].
    pub process: ::liveops::StageToken<ScoreImportStage>,
    /// The token to enter [`ScoreImportStage::Save`].
    pub save: ::liveops::StageToken<ScoreImportStage>,
}
#[allow(
    deprecated,
    unexpected_cfgs,
    reason = "the operation may be deprecated, and only rust-analyzer knows `cfg(rust_analyzer)`"
)]
const _: () = {
    #[cfg(rust_analyzer)]
    use ::liveops::operation::{
        keys::app, keys::title, keys::state, keys::result_template, keys::{},
    };
    impl ScoreImportStage {
        /// The position of the stage, from 0.
        #[must_use]
        #[inline]
        pub const fn index(self) -> ::core::primitive::usize {
            self as ::core::primitive::usize
        }
    }
    #[automatically_derived]
    impl ::liveops::Stage for ScoreImportStage {
        const ALL: &'static [Self] = &[Self::Load, Self::Process, Self::Save];
        const NAMES: &'static [&'static ::core::primitive::str] = &[
            "Load",
            "Process data",
            "Save",
        ];
        const WEIGHTS: &'static [::core::primitive::u32] = &[1u32, 8u32, 1u32];
        type Tokens = ScoreImportStages;
        #[inline]
        fn tokens() -> ScoreImportStages {
            ScoreImportStages {
                load: ::liveops::StageToken::new(Self::Load),
                process: ::liveops::StageToken::new(Self::Process),
                save: ::liveops::StageToken::new(Self::Save),
            }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Display for ScoreImportStage {
        #[inline]
        fn fmt(
            &self,
            formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            ::core::fmt::Formatter::pad(formatter, ::liveops::Stage::name(*self))
        }
    }
    #[automatically_derived]
    impl ::core::str::FromStr for ScoreImportStage {
        type Err = ::liveops::ParseError;
        #[inline]
        fn from_str(
            name: &::core::primitive::str,
        ) -> ::core::result::Result<Self, ::liveops::ParseError> {
            ::liveops::Stage::from_name(name)
        }
    }
    #[automatically_derived]
    impl ::liveops::__private::serde::Serialize for ScoreImportStage {
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
    impl ::liveops::LiveOperation for ScoreImport {
        type Stage = ScoreImportStage;
        type State = AppState;
        const NAMES: ::liveops::__private::Names = ::liveops::__private::Names {
            app: "demo",
            name: "score_import",
            op_type: "demo.score_import",
            title: "Scores",
            host_template: "demo/score_import.html",
            result_template: "scores.html",
            result_text_template: "demo/score_import_result.txt",
        };
    }
    #[automatically_derived]
    impl ::liveops::__private::OptionalForm for ScoreImport
    where
        for<'__any> Self: ::liveops::LiveOperation,
    {}
};
#[doc(hidden)]
#[allow(
    non_local_definitions,
    reason = "the macro leaves a function that defines the operation, on purpose"
)]
#[macro_export]
macro_rules! op_type_demo_DOT_score_import {
    () => {};
}
