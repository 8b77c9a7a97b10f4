#[allow(
    deprecated,
    unexpected_cfgs,
    reason = "the operation may be deprecated, and only rust-analyzer knows `cfg(rust_analyzer)`"
)]
const _: () = {
    #[cfg(rust_analyzer)]
    use ::liveops::operation::{keys::version, keys::before, keys::{}};
    #[automatically_derived]
    impl ::liveops::LiveOperation for Ledger {
        type Stage = ::liveops::NoStages;
        type State = ::liveops::NoState;
        const NAMES: ::liveops::__private::Names = ::liveops::__private::Names {
            app: "demo_app",
            name: "ledger",
            op_type: "demo_app.ledger",
            title: "Ledger",
            host_template: "demo_app/ledger.html",
            result_template: "demo_app/ledger_result.html",
            result_text_template: "demo_app/ledger_result.txt",
        };
        const POLICY: ::liveops::Policy = ::liveops::Policy {
            version: 2u32,
            ..::liveops::Policy::DEFAULT
        };
        const EARLIER: ::core::option::Option<::liveops::__private::Earlier<Self>> = ::core::option::Option::Some(const {
            ::liveops::__private::Earlier::before::<LedgerV1>(2u32, false)
        });
    }
    #[automatically_derived]
    impl ::liveops::__private::OptionalForm for Ledger
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
macro_rules! op_type_demo_app_DOT_ledger {
    () => {};
}
