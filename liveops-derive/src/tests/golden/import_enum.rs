#[allow(unexpected_cfgs)]
const _: () = {
    #[cfg(rust_analyzer)]
    use ::liveops::operation::{keys::titel, keys::{}};
};
#[allow(nonstandard_style)]
/// The stages of [`Import`], in order.
#[derive(
    ::core::clone::Clone,
    ::core::marker::Copy,
    ::core::cmp::PartialEq,
    ::core::cmp::Eq,
    ::core::hash::Hash,
    ::core::fmt::Debug,
)]
enum ImportStage {
    /// `Load`, stage 1 of 1.
    Load,
}
#[allow(deprecated)]
const _: () = {
    impl ImportStage {
        /// Every stage, in order.
        const ALL: &'static [Self] = <Self as ::liveops::Stage>::ALL;
        /// How many stages there are.
        const COUNT: ::core::primitive::usize = <Self as ::liveops::Stage>::COUNT;
        /// The position of the stage, from 0.
        #[must_use]
        const fn index(self) -> ::core::primitive::usize {
            self as ::core::primitive::usize
        }
        /// The label people see.
        #[must_use]
        const fn name(self) -> &'static ::core::primitive::str {
            <Self as ::liveops::Stage>::NAMES[self as ::core::primitive::usize]
        }
    }
    #[automatically_derived]
    impl ::liveops::Stage for ImportStage {
        const ALL: &'static [Self] = &[Self::Load];
        const NAMES: &'static [&'static ::core::primitive::str] = &["Load"];
        const WEIGHTS: &'static [::core::primitive::u32] = &[1u32];
        fn index(self) -> ::core::primitive::usize {
            self as ::core::primitive::usize
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Display for ImportStage {
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
    impl ::core::str::FromStr for ImportStage {
        type Err = ::liveops::ParseStageError;
        fn from_str(
            label: &::core::primitive::str,
        ) -> ::core::result::Result<Self, ::liveops::ParseStageError> {
            match label {
                "Load" => ::core::result::Result::Ok(Self::Load),
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
    impl ::liveops::__private::serde::Serialize for ImportStage {
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
    impl ::liveops::LiveOperation for Import
    where
        for<'__any> Self: ::liveops::__private::serde::Serialize
            + ::liveops::__private::serde::de::DeserializeOwned + ::core::marker::Send
            + ::core::marker::Sync + 'static,
    {
        type Stage = ImportStage;
        type State = ::liveops::NoState;
        const APP: &'static ::core::primitive::str = "demo_app";
        const NAME: &'static ::core::primitive::str = "import";
        const OP_TYPE: &'static ::core::primitive::str = "demo_app.import";
        const TITLE: &'static ::core::primitive::str = "Import";
        const HOST_TEMPLATE: &'static ::core::primitive::str = "demo_app/import.html";
        const RESULT_TEMPLATE: &'static ::core::primitive::str = "demo_app/import_result.html";
        const RESULT_TEXT_TEMPLATE: &'static ::core::primitive::str = "demo_app/import_result.txt";
    }
};
::core::compile_error! {
    "unknown key `titel` in `#[liveop(…)]`\nhelp: did you mean `title`? the keys are `app`, `name`, `title`, `host_template`, `result_template`, `result_text_template`, `state` and `crate`"
}
::core::compile_error! {
    "an operation is a struct, found an enum: its fields are the input of one kind of work\nhelp: derive it on one struct for each kind of work, or on a struct with a field of type `Import`"
}
