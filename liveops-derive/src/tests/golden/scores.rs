#[allow(
    deprecated,
    unexpected_cfgs,
    reason = "the operation may be deprecated, and only rust-analyzer knows `cfg(rust_analyzer)`"
)]
const _: () = {
    #[cfg(rust_analyzer)]
    use ::liveops::operation::{keys::describe, keys::{}};
    #[automatically_derived]
    impl<T> ::liveops::LiveOperation for Scores<T>
    where
        Self: ::liveops::Storable + ::core::marker::Sync,
        T: ::core::fmt::Display,
    {
        type Stage = ::liveops::NoStages;
        type State = ::liveops::NoState;
        const NAMES: ::liveops::__private::Names = ::liveops::__private::Names {
            app: "demo_app",
            name: "scores",
            op_type: "demo_app.scores",
            title: "Scores",
            host_template: "demo_app/scores.html",
            result_template: "demo_app/scores_result.html",
            result_text_template: "demo_app/scores_result.txt",
        };
        fn describe(&self) -> ::core::option::Option<::liveops::__private::String> {
            ::liveops::__private::described(
                &[
                    ::liveops::__private::described_text("Scores of "),
                    ::liveops::__private::described_field::<PathBuf, _>(&self.file),
                    ::liveops::__private::described_text(", {"),
                    ::liveops::__private::described_field::<Option<T>, _>(&self.count),
                    ::liveops::__private::described_text("}"),
                ],
            )
        }
    }
    #[automatically_derived]
    impl<T> ::liveops::__private::OptionalForm for Scores<T>
    where
        Self: ::liveops::Storable + ::core::marker::Sync,
        T: ::core::fmt::Display,
        for<'__any> Self: ::liveops::LiveOperation,
    {}
};
#[doc(hidden)]
#[allow(
    non_local_definitions,
    reason = "the macro leaves a function that defines the operation, on purpose"
)]
#[macro_export]
macro_rules! op_type_demo_app_DOT_scores {
    () => {};
}
