#[allow(
    deprecated,
    unexpected_cfgs,
    reason = "the operation may be deprecated, and only rust-analyzer knows `cfg(rust_analyzer)`"
)]
const _: () = {
    #[cfg(rust_analyzer)]
    use my_app::liveops::operation::{keys::krate, keys::{}};
    #[automatically_derived]
    impl<T: Format, const N: usize> my_app::liveops::LiveOperation for Import<T, N>
    where
        T: Clone,
        Self: my_app::liveops::Storable + ::core::marker::Sync,
    {
        type Stage = my_app::liveops::NoStages;
        type State = my_app::liveops::NoState;
        const NAMES: my_app::liveops::__private::Names = my_app::liveops::__private::Names {
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
    impl<T: Format, const N: usize> my_app::liveops::__private::OptionalForm
    for Import<T, N>
    where
        T: Clone,
        Self: my_app::liveops::Storable + ::core::marker::Sync,
        for<'__any> Self: my_app::liveops::LiveOperation,
    {}
};
#[doc(hidden)]
#[allow(
    non_local_definitions,
    reason = "the macro leaves a function that defines the operation, on purpose"
)]
#[macro_export]
macro_rules! op_type_demo_app_DOT_import {
    () => {};
}
