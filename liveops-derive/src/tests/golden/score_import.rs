#[allow(unexpected_cfgs)]
const _: () = {
    #[cfg(rust_analyzer)]
    use ::liveops::operation::{
        keys::app, keys::title, keys::state, keys::result_template, keys::{},
    };
};
/// The stages of [`ScoreImport`], in order.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::core::hash::Hash,
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
#[allow(deprecated)]
const _: () = {
    impl ScoreImportStage {
        /// Every stage, in order.
        pub const ALL: &'static [Self] = <Self as ::liveops::Stage>::ALL;
        /// How many stages there are.
        pub const COUNT: ::core::primitive::usize = <Self as ::liveops::Stage>::COUNT;
        /// The position of the stage, from 0.
        #[must_use]
        pub const fn index(self) -> ::core::primitive::usize {
            self as ::core::primitive::usize
        }
        /// The label people see.
        #[must_use]
        pub const fn name(self) -> &'static ::core::primitive::str {
            <Self as ::liveops::Stage>::NAMES[self as ::core::primitive::usize]
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
        fn index(self) -> ::core::primitive::usize {
            self as ::core::primitive::usize
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Display for ScoreImportStage {
        fn fmt(
            &self,
            formatter: &mut ::core::fmt::Formatter<'_>,
        ) -> ::core::fmt::Result {
            ::core::fmt::Formatter::pad(
                formatter,
                <Self as ::liveops::Stage>::name(*self),
            )
        }
    }
    #[automatically_derived]
    impl ::core::str::FromStr for ScoreImportStage {
        type Err = ::liveops::ParseStageError;
        fn from_str(
            label: &::core::primitive::str,
        ) -> ::core::result::Result<Self, ::liveops::ParseStageError> {
            match label {
                "Load" => ::core::result::Result::Ok(Self::Load),
                "Process data" => ::core::result::Result::Ok(Self::Process),
                "Save" => ::core::result::Result::Ok(Self::Save),
                _ => {
                    ::core::result::Result::Err(
                        ::liveops::ParseStageError::new(
                            label,
                            <Self as ::liveops::Stage>::NAMES,
                        ),
                    )
                }
            }
        }
    }
    #[automatically_derived]
    impl ::liveops::__private::serde::Serialize for ScoreImportStage {
        fn serialize<__S>(
            &self,
            serializer: __S,
        ) -> ::core::result::Result<__S::Ok, __S::Error>
        where
            __S: ::liveops::__private::serde::Serializer,
        {
            ::liveops::__private::serde::Serializer::serialize_str(
                serializer,
                <Self as ::liveops::Stage>::name(*self),
            )
        }
    }
    #[automatically_derived]
    impl ::liveops::LiveOperation for ScoreImport {
        type Stage = ScoreImportStage;
        type State = AppState;
        const APP: &'static ::core::primitive::str = "demo";
        const NAME: &'static ::core::primitive::str = "score_import";
        const OP_TYPE: &'static ::core::primitive::str = "demo.score_import";
        const TITLE: &'static ::core::primitive::str = "Scores";
        const HOST_TEMPLATE: &'static ::core::primitive::str = "demo/score_import.html";
        const RESULT_TEMPLATE: &'static ::core::primitive::str = "scores.html";
        const RESULT_TEXT_TEMPLATE: &'static ::core::primitive::str = "demo/score_import_result.txt";
    }
};
