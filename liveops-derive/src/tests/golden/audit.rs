#[allow(
    deprecated,
    unexpected_cfgs,
    reason = "the operation may be deprecated, and only rust-analyzer knows `cfg(rust_analyzer)`"
)]
const _: () = {
    #[cfg(rust_analyzer)]
    use ::liveops::operation::{keys::describe, keys::{}};
    #[automatically_derived]
    impl ::liveops::LiveOperation for Audit {
        type Stage = ::liveops::NoStages;
        type State = ::liveops::NoState;
        const NAMES: ::liveops::__private::Names = ::liveops::__private::Names {
            app: "demo_app",
            name: "audit",
            op_type: "demo_app.audit",
            title: "Audit",
            host_template: "demo_app/audit.html",
            result_template: "demo_app/audit_result.html",
            result_text_template: "demo_app/audit_result.txt",
        };
        fn describe(&self) -> ::core::option::Option<::liveops::__private::String> {
            ::liveops::__private::described_by(Audit::line, self)
        }
    }
    #[automatically_derived]
    impl ::liveops::__private::OptionalForm for Audit
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
macro_rules! op_type_demo_app_DOT_audit {
    () => {};
}
