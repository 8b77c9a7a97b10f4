#[allow(unexpected_cfgs)]
const _: () = {
    #[cfg(rust_analyzer)]
    use my_app::liveops::operation::{keys::krate, keys::{}};
};
#[allow(deprecated)]
const _: () = {
    #[automatically_derived]
    impl<T: Format, const N: usize> my_app::liveops::LiveOperation for Import<T, N>
    where
        T: Clone,
        Self: my_app::liveops::__private::serde::Serialize
            + my_app::liveops::__private::serde::de::DeserializeOwned
            + ::core::marker::Send + ::core::marker::Sync + 'static,
    {
        type Stage = my_app::liveops::NoStages;
        type State = my_app::liveops::NoState;
        const APP: &'static ::core::primitive::str = "demo_app";
        const NAME: &'static ::core::primitive::str = "import";
        const OP_TYPE: &'static ::core::primitive::str = "demo_app.import";
        const TITLE: &'static ::core::primitive::str = "Import";
        const HOST_TEMPLATE: &'static ::core::primitive::str = "demo_app/import.html";
        const RESULT_TEMPLATE: &'static ::core::primitive::str = "demo_app/import_result.html";
        const RESULT_TEXT_TEMPLATE: &'static ::core::primitive::str = "demo_app/import_result.txt";
    }
};
