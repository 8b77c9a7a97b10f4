#[allow(
    deprecated,
    unexpected_cfgs,
    reason = "the operation may be deprecated, and only rust-analyzer knows `cfg(rust_analyzer)`"
)]
const _: () = {
    #[automatically_derived]
    impl ::liveops::LiveOperation for Reindex {
        type Stage = ::liveops::NoStages;
        type State = ::liveops::NoState;
        const NAMES: ::liveops::__private::Names = ::liveops::__private::Names {
            app: "demo_app",
            name: "reindex",
            op_type: "demo_app.reindex",
            title: "Reindex",
            host_template: "demo_app/reindex.html",
            result_template: "demo_app/reindex_result.html",
            result_text_template: "demo_app/reindex_result.txt",
        };
    }
    #[automatically_derived]
    impl ::liveops::__private::OptionalForm for Reindex
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
macro_rules! op_type_demo_app_DOT_reindex {
    () => {};
}
